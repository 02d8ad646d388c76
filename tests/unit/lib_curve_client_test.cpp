// CURVE's client against a server made by hand out of libsodium, and against our own
// (26/CurveZMQ).
#include "../../lib/src/curve/traffic.hpp"
#include "curve_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>

#include <functional>

using namespace mizzen::zmtp;
using namespace mizzen::curve;
using namespace mizzen::curve::testing;

namespace {

const key_pair& client_pair() {
    static const key_pair one{1};
    return one;
}

// What a server may do wrong.
struct server_script {
    key_pair transient{};
    key transient_client{};
    bytes cookie = random_bytes(96);

    bytes welcome_body() const {
        const bytes number = random_bytes(16);
        return wire("07 'WELCOME'") + number +
               sealed(to_bytes(transient.open) + cookie, text("WELCOME-") + number,
                      transient_client, server_pair().secret);
    }
    bytes ready_body(const bytes& metadata, std::uint64_t count = 1) const {
        return wire("05 'READY'") + count_of(count) +
               sealed(metadata, text("CurveZMQREADY---") + count_of(count), transient_client,
                      transient.secret);
    }
    bytes message_body(std::uint64_t count, const bytes& plain) const {
        return wire("07 'MESSAGE'") + count_of(count) +
               sealed(plain, text("CurveZMQMESSAGES") + count_of(count), transient_client,
                      transient.secret);
    }
    bytes open_from_client(std::string_view start, octets nonce_and_box) const {
        return opened(nonce_and_box.subspan(8), text(start) + to_bytes(nonce_and_box.first(8)),
                      transient_client, transient.secret);
    }
};

struct calling {
    client_security security;
    lone_end end;
    server_script server;
    bytes hello;

    explicit calling(bool own_key = true, config cfg = {.type = socket_type::dealer})
        : security{server_pair().open, own_key ? &own() : nullptr}, end{with(cfg), role::client} {
        CHECK(written(end.c).size() == greeting_size);
        end.hear(curve_greeting());
        hello = written(end.c);
        REQUIRE(hello.size() == 202);
        server.transient_client = key_at(hello, 2 + 80);
    }
    bytes welcome() {
        end.hear(frame(4, server.welcome_body()));
        return written(end.c);
    }
    calling& finish(std::string_view type = "DEALER") {
        welcome();
        end.hear(frame(4, server.ready_body(metadata_of(type))));
        CHECK(end.got.handshakes == 1);
        return *this;
    }

private:
    static const secret_key& own() {
        static const secret_key key{client_pair().secret};
        return key;
    }
    config with(config cfg) const {
        cfg.mechanism = &security;
        return cfg;
    }
};

struct our_pair {
    server_security server_side{secret_key{server_pair().secret}};
    secret_key own{client_pair().secret};
    client_security client_side{server_pair().open, &own};
    peer_pair ends;

    explicit our_pair(socket_type a = socket_type::dealer, socket_type b = socket_type::dealer,
                      std::size_t spare = 256 * 1024)
        : ends{{.type = a, .mechanism = &client_side, .spare_memory = spare},
               {.type = b, .mechanism = &server_side, .spare_memory = spare}} {}
    our_pair& finish(std::size_t step = SIZE_MAX) {
        ends.deliver(step);
        if (ends.server.got.questions == 1) {
            std::error_code ec;
            ends.server.c.authenticate(verdict::accepted, ends.server.now, ec);
            drain(ends.server.c, ends.server.got);
        }
        ends.deliver(step);
        return *this;
    }
};

// Turns an octet of what the client, or the server, says while they shake hands.
void with_octet_turned(std::size_t at, bool of_client, std::byte by, our_pair& pair) {
    std::size_t said[2] = {0, 0};
    for (bool moved = true; moved;) {
        moved = false;
        for (const bool from_client : {true, false}) {
            lone_end& from = from_client ? pair.ends.client : pair.ends.server;
            lone_end& to = from_client ? pair.ends.server : pair.ends.client;
            bytes data = written(from.c);
            std::size_t& before = said[from_client ? 0 : 1];
            if (from_client == of_client && at >= before && at < before + data.size())
                data[at - before] ^= by;
            before += data.size();
            to.hear(data);
            std::error_code ec;
            if (to.got.questions == 1 && !to.got.handshakes)
                to.c.authenticate(verdict::accepted, to.now, ec);
            drain(to.c, to.got);
            moved = moved || !data.empty();
        }
    }
}

} // namespace

TEST_CASE("CURVE client: HELLO is what the RFC has, and only the server can open it") {
    const calling at;
    const octets body = octets{at.hello}.subspan(2);
    CHECK(hex(octets{at.hello}.first(2)) == "04C8");
    CHECK(hex(body.first(80)) == hex("05 'HELLO' 01 00 00*72"));
    CHECK(hex(body.subspan(112, 8)) == hex("00*7 01"));
    CHECK(hex(opened(body.subspan(120), text("CurveZMQHELLO---") + count_of(1),
                     at.server.transient_client, server_pair().secret)) == hex("00*64"));
    CHECK(calling{}.server.transient_client != at.server.transient_client);
}

TEST_CASE("CURVE client: INITIATE returns the cookie, and vouches for the transient key") {
    calling at;
    const bytes said = at.welcome();
    CHECK(hex(octets{said}.first(9)) == hex("06 00*6 01") + hex("24")); // 257 + 35
    const octets body = octets{said}.subspan(9);
    CHECK(hex(body.first(9)) == hex("08 'INITIATE'"));
    CHECK(hex(body.subspan(9, 96)) == hex(at.server.cookie));
    CHECK(hex(body.subspan(105, 8)) == hex("00*7 02"));
    const bytes plain = at.server.open_from_client("CurveZMQINITIATE", body.subspan(105));
    REQUIRE(plain.size() == 128 + 35);
    CHECK(hex(key_at(plain, 0)) == hex(client_pair().open));
    CHECK(hex(opened(octets{plain}.subspan(48, 80),
                     text("VOUCH---") + to_bytes(octets{plain}.subspan(32, 16)), client_pair().open,
                     at.server.transient.secret)) ==
          hex(to_bytes(at.server.transient_client) + to_bytes(server_pair().open)));
    CHECK(hex(octets{plain}.subspan(128)) ==
          hex(metadata_of("DEALER") + wire("08 'Identity' 00000000")));
}

TEST_CASE("CURVE client: without keys of its own it is somebody else on each connection") {
    const auto key_said = [] {
        calling at{false};
        const bytes said = at.welcome();
        REQUIRE(said.size() > 9 + 113);
        return hex(
            octets{at.server.open_from_client("CurveZMQINITIATE", octets{said}.subspan(9 + 105))}
                .first(32));
    };
    CHECK(key_said() != key_said());
}

TEST_CASE("CURVE client: messages go both ways, counted from 3 by the client") {
    calling at;
    at.finish();
    CHECK_FALSE(at.end.send({"a"}));
    const bytes sent = written(at.end.c);
    CHECK(hex(octets{sent}.first(18)) == hex("00 22 07 'MESSAGE' 00*7 03"));
    CHECK(hex(at.server.open_from_client("CurveZMQMESSAGEC", octets{sent}.subspan(10))) ==
          hex("00 'a'"));
    at.end.hear(frame(0, at.server.message_body(2, wire("01 'b'"))) +
                frame(0, at.server.message_body(3, wire("00 'c'"))));
    CHECK(at.end.got.messages == std::vector<parts>{{"b", "c"}});
    at.end.hear(frame(0, at.server.message_body(3, wire("00 'd'"))));
    CHECK(at.end.got.closed == errc::protection_failed);
    calling same_count; // as READY's
    same_count.finish();
    same_count.end.hear(frame(0, same_count.server.message_body(1, wire("00 'd'"))));
    CHECK(same_count.end.got.closed == errc::protection_failed);
}

TEST_CASE("CURVE client: a server's commands that are not by the RFC close the connection") {
    using script = server_script;
    const auto refused = [](const std::function<bytes(const script&)>& body, bool welcomed) {
        calling at;
        if (welcomed)
            at.welcome();
        at.end.hear(frame(4, body(at.server)));
        CHECK(at.end.says().empty());
        CHECK(at.end.got.handshakes == 0);
        return at.end.got.closed;
    };
    for (const std::size_t size : {8U, 167U, 169U})
        CHECK(refused(
                  [&](const script& s) {
                      bytes body = s.welcome_body();
                      body.resize(size);
                      return body;
                  },
                  false) == errc::malformed_command);
    CHECK(refused([](const script&) { return wire("05 'HELLO' 00*194"); }, false) ==
          errc::unexpected_frame); // two clients
    CHECK(refused([](const script& s) { return s.ready_body(metadata_of("DEALER")); }, false) ==
          errc::unexpected_frame);
    CHECK(refused([](const script& s) { return s.welcome_body(); }, true) ==
          errc::unexpected_frame);
    CHECK(refused([](const script&) { return wire("05 'READY' 00*23"); }, true) ==
          errc::malformed_command);
    CHECK(refused([](const script&) { return wire("05 'READY' 00*24"); }, true) ==
          errc::protection_failed);
    CHECK(refused([](const script& s) { return s.ready_body({}); }, true) ==
          errc::missing_socket_type);
    CHECK(refused([](const script& s) { return s.ready_body(wire("00")); }, true) ==
          errc::malformed_metadata);
    CHECK(refused(
              [](script s) { // a WELCOME by who has not the server's key
                  s.transient_client = key_pair{}.open;
                  return s.welcome_body();
              },
              false) == errc::protection_failed);
    CHECK(refused(
              [](script s) { // a transient key with which anybody has the same secret
                  s.transient.open.fill(std::byte{0});
                  return s.welcome_body();
              },
              false) == errc::protection_failed);
}

TEST_CASE("CURVE client: an ERROR ends it for good, before WELCOME and before READY") {
    for (const bool welcomed : {false, true}) {
        calling at;
        if (welcomed)
            at.welcome();
        at.end.hear("04 0A 05 'ERROR' 03 '400'");
        CHECK(at.end.got.closed == errc::refused_by_peer);
        CHECK(at.end.got.closed == condition::refused);
        CHECK(at.end.c.refusal() == "400");
    }
}

TEST_CASE("CURVE client: a server's key of small order is nobody's, and is not used") {
    const key weak{};
    const client_security how{weak, nullptr};
    lone_end end{{.type = socket_type::dealer, .mechanism = &how}, role::client};
    end.says();
    end.hear(curve_greeting());
    CHECK(end.got.closed == errc::protection_failed);
    CHECK(how.create(role::server, default_allocator()) == nullptr);
}

TEST_CASE("CURVE: our two ends shake hands however few octets pass at a time") {
    for (const std::size_t step : {std::size_t{1}, std::size_t{100}, SIZE_MAX}) {
        our_pair pair;
        pair.finish(step);
        REQUIRE(pair.ends.client.got.handshakes == 1);
        CHECK(hex(pair.ends.server.c.user_id()) == hex(client_pair().open));
        std::vector<parts> sent;
        for (const std::size_t size : {0U, 1U, 31U, 32U, 222U, 223U, 511U, 512U, 5'000U, 70'000U}) {
            sent.push_back({std::string(size, 'x')});
            sent.push_back({"", std::string(size, 'y'), "tail"});
        }
        for (const parts& m : sent) {
            CHECK_FALSE(pair.ends.client.send(m));
            CHECK_FALSE(pair.ends.server.send(m));
            pair.ends.deliver(step == 1 ? 1'000 : step);
        }
        CHECK(pair.ends.server.got.messages == sent);
        CHECK(pair.ends.client.got.messages == sent);
    }
}

TEST_CASE("CURVE: subscriptions go as commands within, or as messages to a 3.0 peer") {
    our_pair pair{socket_type::sub, socket_type::xpub};
    pair.finish();
    std::error_code ec;
    pair.ends.client.c.subscribe(as_octets("topic"), ec);
    pair.ends.client.c.cancel(as_octets(std::string(1'000, 't')), ec);
    pair.ends.deliver();
    CHECK(pair.ends.server.got.topics ==
          std::vector<std::string>{"+topic", "-" + std::string(1'000, 't')});
    calling at{true, {.type = socket_type::sub}};
    at.finish("PUB");
    at.end.c.subscribe(as_octets("top"), ec);
    const bytes sent = written(at.end.c);
    CHECK(hex(at.server.open_from_client("CurveZMQMESSAGEC", octets{sent}.subspan(10))) ==
          hex("02 09 'SUBSCRIBE' 'top'"));
}

TEST_CASE("CURVE: two servers wait for each other until the handshake's time is over") {
    const server_security how{secret_key{server_pair().secret}};
    peer_pair pair{{.type = socket_type::dealer, .mechanism = &how},
                   {.type = socket_type::dealer, .mechanism = &how}};
    lone_end end{{.type = socket_type::dealer, .mechanism = &how}};
    end.hear(curve_greeting());
    CHECK_FALSE(end.got.closed);
    end.wait(30s);
    CHECK(end.got.closed == errc::handshake_timeout);
}

TEST_CASE("CURVE: a handshake with any octet turned ends cleanly, and nobody gets in by it") {
    our_pair whole;
    bytes said[2];
    for (bool moved = true; moved;) {
        moved = false;
        for (const int side : {0, 1}) {
            lone_end& from = side == 0 ? whole.ends.client : whole.ends.server;
            lone_end& to = side == 0 ? whole.ends.server : whole.ends.client;
            const bytes data = written(from.c);
            said[side] = said[side] + data;
            to.hear(data);
            std::error_code ec;
            to.c.authenticate(verdict::accepted, to.now, ec);
            drain(to.c, to.got);
            moved = moved || !data.empty();
        }
    }
    REQUIRE(whole.ends.client.got.handshakes == 1);
    for (const bool of_client : {true, false})
        for (std::size_t at = 0; at < said[of_client ? 0 : 1].size(); ++at) {
            our_pair pair;
            with_octet_turned(at, of_client, std::byte{0x40}, pair);
            const lone_end& hearer = of_client ? pair.ends.server : pair.ends.client;
            CAPTURE(of_client);
            CAPTURE(at);
            const std::size_t behind = at - std::min(at, greeting_size);
            const bool says_nothing = // padding, minor version, as-server, filler; reserved flags
                (at >= 1 && at <= 9) || (at >= 10 && at <= 11) ||
                (at >= 32 && at < greeting_size) ||
                (at >= greeting_size && (behind == 0 || behind == (of_client ? 202U : 170U)));
            if (says_nothing)
                continue;
            CHECK(hearer.got.handshakes == 0);
            CHECK((hearer.got.closed || hearer.c.deadline())); // else its time will run out
        }
}

TEST_CASE("CURVE: memory refused at any request of a handshake closes, and nothing leaks") {
    for (const bool of_client : {true, false})
        for (std::size_t at = 1; at < 16; ++at) {
            our_pair pair{socket_type::dealer, socket_type::dealer, 0};
            lone_end& end = of_client ? pair.ends.client : pair.ends.server;
            end.memory.refuse_at = end.memory.asked + at;
            pair.finish();
            if (end.got.closed)
                CHECK(end.got.closed == errc::not_enough_memory);
            else
                CHECK(end.got.handshakes == 1);
        }
}

TEST_CASE("CURVE: a counter at its end seals no more") {
    traffic end;
    end.sent = UINT64_MAX - 1;
    std::array<std::byte, 33> out;
    CHECK(end.seal(0, {}, out.data()));
    CHECK_FALSE(end.seal(0, {}, out.data()));
}
