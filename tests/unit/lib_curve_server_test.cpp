// CURVE's server against a client made by hand out of libsodium (26/CurveZMQ; specs' 9.6).
#include "../../lib/src/event_queue.hpp"
#include "../../lib/src/socket_core.hpp"
#include "curve_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>

using namespace mizzen::zmtp;
using namespace mizzen::curve;
using namespace mizzen::curve::testing;

namespace {

std::chrono::steady_clock::time_point pretended;
std::chrono::steady_clock::time_point pretended_now() noexcept { return pretended; }

server_security make_server() {
    return server_security{secret_key{server_pair().secret}, &pretended_now};
}

struct served {
    server_security security;
    lone_end end;
    client_script client;
    bytes initiate;

    explicit served(config cfg = {.type = socket_type::dealer})
        : security{secret_key{server_pair().secret}, &pretended_now}, end{with(cfg)},
          client{.server = server_pair().open} {
        end.says();
        end.hear(curve_greeting());
    }
    served& hello() {
        end.hear(frame(4, client.hello_body()));
        const bytes welcome = written(end.c);
        REQUIRE(welcome.size() == 170);
        CHECK(hex(octets{welcome}.first(2)) == "04A8");
        client.read_welcome(octets{welcome}.subspan(2));
        initiate = client.initiate_body(client.vouch());
        return *this;
    }
    served& finish() {
        hello();
        end.hear(frame(4, initiate));
        return answer(verdict::accepted);
    }
    served& answer(verdict what) {
        REQUIRE(end.got.questions == 1);
        std::error_code ec;
        end.c.authenticate(what, end.now, ec);
        drain(end.c, end.got);
        return *this;
    }

private:
    config with(config cfg) const {
        cfg.mechanism = &security;
        return cfg;
    }
};

std::error_code refused(const std::function<bytes(const client_script&)>& body) {
    served at;
    at.hello();
    at.end.hear(frame(4, body(at.client)));
    CHECK(at.end.got.questions == 0);
    CHECK(at.end.says().empty());
    return at.end.got.closed;
}
std::error_code refused_hello(const bytes& body) {
    served at;
    at.end.hear(frame(4, body));
    CHECK(at.end.says().empty());
    return at.end.got.closed;
}

} // namespace

TEST_CASE("CURVE server: a client by the RFC gets in, and the program is told its key") {
    served at;
    at.hello();
    at.end.hear(frame(4, at.initiate));
    REQUIRE(at.end.c.credentials().size() == 1);
    CHECK(hex(at.end.c.credentials()[0]) == hex(at.client.permanent.open));
    CHECK(at.end.says().empty()); // not before it has decided
    at.answer(verdict::accepted);
    CHECK(at.end.got.handshakes == 1);
    CHECK(hex(at.end.c.user_id()) == hex(at.client.permanent.open));
    CHECK(at.end.c.peer_type() == socket_type::dealer);
    const bytes ready = written(at.end.c);
    CHECK(hex(octets{ready}.subspan(2, 14)) == hex("05 'READY' 00*7 01"));
    CHECK(hex(at.client.open_from_server("CurveZMQREADY---", octets{ready}.subspan(8))) ==
          hex(metadata_of("DEALER") + wire("08 'Identity' 00000000")));
}

TEST_CASE("CURVE server: messages go out in plain frames, with counters from 2") {
    served at;
    at.finish().end.says();
    CHECK_FALSE(at.end.send({"a", ""}));
    const bytes sent = written(at.end.c);
    CHECK(hex(octets{sent}.first(18)) == hex("00 22 07 'MESSAGE' 00*7 02"));
    const octets first = octets{sent}.subspan(2, 34);
    CHECK(hex(at.client.open_from_server("CurveZMQMESSAGES", first.subspan(8))) == hex("01 'a'"));
    CHECK(hex(octets{sent}.subspan(36, 18)) == hex("00 21 07 'MESSAGE' 00*7 03"));
    CHECK(hex(at.client.open_from_server("CurveZMQMESSAGES", octets{sent}.subspan(46))) == "00");
}

TEST_CASE(
    "CURVE server: a client's messages come in, with gaps in their counters but no way back") {
    served at;
    at.finish();
    const auto say = [&](std::uint64_t count, std::string_view plain, unsigned flags = 0) {
        at.end.hear(frame(flags, at.client.message_body(count, wire(plain))));
    };
    say(3, "01 'a'");
    say(4, "FC 'b'"); // bits that say nothing
    say(1004, "00");
    say(1005, "00 'c'", 4); // marked as a command outside, as the RFC has it
    CHECK(at.end.got.messages == std::vector<parts>{{"a", "b"}, {""}, {"c"}});
    at.end.says();
    say(1006, "02 04 'PING' 0000");
    const bytes pong = written(at.end.c);
    REQUIRE(pong.size() > 10);
    CHECK(hex(at.client.open_from_server("CurveZMQMESSAGES", octets{pong}.subspan(10))) ==
          hex("02 04 'PONG'"));
    say(1006, "00 'd'");
    CHECK(at.end.got.closed == errc::protection_failed);
    CHECK(at.end.got.messages.size() == 3);
    CHECK(at.end.says().empty());
}

TEST_CASE("CURVE server: a message that is not the client's closes, and nothing is said") {
    const auto closed_by = [](const std::function<bytes(const client_script&)>& body) {
        served at;
        at.finish().end.says();
        at.end.hear(frame(0, body(at.client)));
        CHECK(at.end.got.messages.empty());
        CHECK(at.end.says().empty());
        return at.end.got.closed;
    };
    for (std::size_t at = 0; at < 38; ++at)
        CHECK(closed_by([&](const client_script& c) {
                  bytes body = c.message_body(3, wire("00 'hello'"));
                  body[at] ^= std::byte{1};
                  return body;
              }) == errc::protection_failed);
    CHECK(closed_by([](const client_script& c) { return c.message_body(3, {}); }) ==
          errc::protection_failed);
    CHECK(closed_by([](const client_script&) { return wire("'plain'"); }) ==
          errc::protection_failed);
    CHECK(closed_by([](const client_script& c) { return c.message_body(2, wire("00")); }) ==
          errc::protection_failed);
    CHECK(closed_by([](const client_script& c) { // a message of ours, sent back
              return wire("07 'MESSAGE' 00*7 03") + sealed(wire("00 'x'"),
                                                           text("CurveZMQMESSAGES") + count_of(3),
                                                           c.transient_server, c.transient.secret);
          }) == errc::protection_failed);
}

TEST_CASE("CURVE server: a HELLO that is not by the RFC is refused without a word") {
    const client_script good{.server = server_pair().open};
    CHECK_FALSE(served{}.hello().end.got.closed);
    for (const std::size_t size : {7U, 100U, 199U, 201U}) {
        bytes body = good.hello_body();
        body.resize(size);
        CHECK(refused_hello(body) == errc::malformed_command);
    }
    const auto with = [&](std::size_t at, unsigned octet) {
        bytes body = good.hello_body();
        body[at] = static_cast<std::byte>(octet);
        return refused_hello(body);
    };
    CHECK(with(6, 2) == errc::malformed_command);
    CHECK(with(7, 1) == errc::malformed_command);
    for (std::size_t at = 8; at < 80; ++at)
        CHECK(with(at, 1) == errc::malformed_command); // padding
    CHECK(refused_hello(good.hello_body(1, bytes(64, std::byte{1}))) == errc::protection_failed);
    const client_script stray{.server = key_pair{9}.open};
    CHECK(refused_hello(stray.hello_body()) == errc::protection_failed);
    bytes weak = good.hello_body(); // a key with which anybody has the same secret
    std::fill_n(weak.begin() + 80, 32, std::byte{0});
    CHECK(refused_hello(weak) == errc::protection_failed);
}

TEST_CASE("CURVE server: commands come in their order, once each") {
    CHECK(refused_hello(wire("08 'INITIATE' 00*300")) == errc::unexpected_frame);
    CHECK(refused_hello(wire("07 'WELCOME' 00*160")) == errc::unexpected_frame);
    CHECK(refused_hello(wire("05 'READY'")) == errc::unexpected_frame);
    CHECK(refused([](const client_script& c) { return c.hello_body(2); }) ==
          errc::unexpected_frame);
    served again;
    again.hello();
    again.end.hear(frame(4, again.initiate));
    again.answer(verdict::accepted).end.hear(frame(4, again.initiate));
    CHECK(again.end.got.closed == errc::protection_failed);
}

TEST_CASE("CURVE server: an INITIATE that is not by the RFC is refused without a word") {
    using script = client_script;
    CHECK(refused([](const script& c) {
              bytes body = c.initiate_body(c.vouch());
              body.resize(256);
              return body;
          }) == errc::malformed_command);
    CHECK(refused([](const script& c) { return c.initiate_body(c.vouch(), 1); }) ==
          errc::protection_failed);
    const key_pair other;
    const auto vouched = [](const std::function<bytes(const script&)>& vouch) {
        return refused([&](const script& c) { return c.initiate_body(vouch(c)); });
    };
    CHECK(vouched([&](const script& c) {
              return c.vouch(c.transient.open, c.server, other.secret);
          }) == errc::protection_failed);
    CHECK(vouched([&](const script& c) {
              return c.vouch(other.open, c.server, c.permanent.secret);
          }) == errc::protection_failed);
    CHECK(vouched([&](const script& c) {
              return c.vouch(c.transient.open, other.open, c.permanent.secret);
          }) == errc::protection_failed);
    CHECK(refused([&](script c) {
              const key_pair own;
              c.permanent.open = own.open; // somebody else's
              return c.initiate_body(c.vouch());
          }) == errc::protection_failed);
    CHECK(refused([&](script c) {
              c.type = "PUB";
              return wire("05 'HELLO'") + c.initiate_body(c.vouch());
          }) == errc::unexpected_frame);
}

TEST_CASE("CURVE server: a cookie is good on its own connection only, and unchanged") {
    served first;
    first.hello();
    for (std::size_t at = 0; at < first.client.cookie.size(); ++at)
        CHECK(refused([&](client_script c) {
                  c.cookie[at] ^= std::byte{0x80};
                  return c.initiate_body(c.vouch());
              }) == errc::protection_failed);
    // Another connection of the same server's.
    lone_end second{{.type = socket_type::dealer, .mechanism = &first.security}};
    second.hear(curve_greeting() + frame(4, first.client.hello_body()));
    second.says();
    second.hear(frame(4, first.initiate));
    CHECK(second.got.closed == errc::protection_failed);
    CHECK(second.got.questions == 0);
    first.end.hear(frame(4, first.initiate));
    CHECK(first.end.got.questions == 1);
}

TEST_CASE("CURVE server: a client's whole stream, replayed, fails at INITIATE") {
    served first;
    first.finish();
    const bytes recorded = curve_greeting() + frame(4, first.client.hello_body()) +
                           frame(4, first.initiate) +
                           frame(0, first.client.message_body(3, wire("00 'pay me'")));
    lone_end second{{.type = socket_type::dealer, .mechanism = &first.security}};
    second.hear(recorded);
    CHECK(second.got.closed == errc::protection_failed);
    CHECK(second.got.questions == 0);
    CHECK(second.got.messages.empty());
}

TEST_CASE("CURVE server: a HELLO leaves nothing behind in its memory") {
    served at{{.type = socket_type::dealer, .spare_memory = 0}};
    const std::size_t before = at.end.memory.in_use;
    at.hello();
    CHECK(at.end.memory.in_use <= before);
}

TEST_CASE("CURVE server: a cookie is good for a minute, and not for two") {
    const auto after = [](std::chrono::seconds time) {
        served at;
        at.hello();
        pretended += time;
        at.end.hear(frame(4, at.initiate));
        return at.end.got.questions;
    };
    CHECK(after(59s) == 1);
    CHECK(after(60s) == 1);
    CHECK(after(119s) == 1);
    CHECK(after(120s) == 0);
    cookies some;
    std::array<std::byte, cookies::size> cookie;
    std::array<std::byte, cookies::size> another;
    public_key theirs{};
    secret_key ours;
    REQUIRE(some.seal(theirs, ours, pretended, cookie));
    REQUIRE(some.seal(theirs, ours, pretended + 61s, another)); // the key has changed once
    CHECK(some.open(cookie, pretended + 62s, theirs, ours));
    CHECK(some.open(another, pretended + 62s, theirs, ours));
    REQUIRE(some.seal(theirs, ours, pretended + 122s, another));
    CHECK_FALSE(some.open(cookie, pretended + 122s, theirs, ours));
}

TEST_CASE("CURVE server: who is not let in is told by an ERROR in clear, or not at all") {
    const auto said = [](verdict what) {
        served at;
        at.hello();
        at.end.hear(frame(4, at.initiate));
        at.answer(what);
        CHECK(at.end.got.closed == errc::authentication_failed);
        return at.end.says();
    };
    CHECK(said(verdict::refused) == hex("04 0A 05 'ERROR' 03 '400'"));
    CHECK(said(verdict::server_error) == hex("04 0A 05 'ERROR' 03 '500'"));
    CHECK(said(verdict::try_later).empty());
}

TEST_CASE("CURVE server: metadata is looked at within its limits, before anybody is asked") {
    for (const auto& [metadata, reason] : std::vector<std::pair<bytes, errc>>{
             {wire("00"), errc::malformed_metadata},
             {{}, errc::missing_socket_type},
             {metadata_of("PUB"), errc::incompatible_socket_type},
             {metadata_of("DEALER") + wire("01 'X' 00003000") + bytes(0x3000),
              errc::metadata_too_large}}) {
        served at;
        at.hello();
        const client_script& c = at.client;
        at.end.hear(frame(4, wire("08 'INITIATE'") + c.cookie + count_of(2) +
                                 sealed(to_bytes(c.permanent.open) + c.vouch() + metadata,
                                        text("CurveZMQINITIATE") + count_of(2), c.transient_server,
                                        c.transient.secret)));
        CHECK(at.end.got.closed == reason);
        CHECK(at.end.got.questions == 0);
    }
}

TEST_CASE("CURVE server: the outer as-server octet and padding say nothing") {
    served at;
    lone_end other{{.type = socket_type::dealer, .mechanism = &at.security}};
    other.hear("FF 01*8 7F 03 00 'CURVE' 00*15 01 FF*31");
    CHECK_FALSE(other.got.closed);
}

TEST_CASE("CURVE server: without a usable key or in the wrong role there is no mechanism") {
    const server_security good = make_server();
    CHECK_FALSE(good.check());
    CHECK(good.create(role::client, default_allocator()) == nullptr);
    // Our own INITIATE or READY has to fit where the peer's limits are ours.
    const std::string value(16 * 1024 - 16 - initiate_overhead - 100, 'x');
    const property large{"X-large", as_octets(value)};
    config cfg{.type = socket_type::push, .properties = {&large, 1}, .mechanism = &good};
    CHECK_FALSE(check(cfg));
    const std::string more = value + std::string(100, 'x');
    const property larger{"X-large", as_octets(more)};
    cfg.properties = {&larger, 1};
    CHECK(check(cfg) == errc::command_too_large);
}

namespace {

// A socket whose CURVE server a client made by hand speaks to, and what its monitor is told.
class watched_server {
public:
    watched_server() {
        std::error_code ec;
        mizzen::option::curve_server own;
        own.secret_key.octets = server_pair().secret;
        core_.options.security = mizzen::detail::make_security(own, ec);
        CHECK_FALSE(ec);
        core_.events.add(events_);
        session_ = &core_.add_accepted("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", {});
        written();
        hear(curve_greeting());
    }
    void hear(const bytes& said) {
        std::copy(said.begin(), said.end(), session_->link->prepare()[0].begin());
        core_.received(*session_, said.size(), {});
    }
    bytes written() {
        bytes all;
        for (auto spans = core_.output(*session_); !spans.empty();
             spans = core_.output(*session_)) {
            all.insert(all.end(), spans[0].begin(), spans[0].end());
            core_.written(*session_, spans[0].size());
        }
        return all;
    }
    void greet(client_script& client) {
        hear(frame(4, client.hello_body()));
        client.read_welcome(octets{written()}.subspan(2));
    }
    std::string detail() {
        core_.transport_lost(*session_, session_->why, {});
        mizzen::connection_event event;
        std::error_code ec;
        while (events_->take(event, ec))
            if (event.kind == mizzen::event_kind::handshake_failed)
                return event.detail;
        return "no event";
    }

private:
    mizzen::detail::socket_core core_{socket_type::dealer, 1};
    std::shared_ptr<mizzen::detail::event_queue> events_ =
        std::make_shared<mizzen::detail::event_queue>(10);
    mizzen::detail::session* session_ = nullptr;
};

} // namespace

TEST_CASE("CURVE server: a monitor is told what did not open, where the peer is told nothing") {
    const key_pair other{7};
    client_script client{.server = server_pair().open};
    watched_server server;
    SUBCASE("a HELLO for another server") {
        client.server = other.open;
        server.hear(frame(4, client.hello_body()));
        CHECK(server.detail() == "HELLO: for another server key, or broken");
    }
    SUBCASE("a cookie of another connection") {
        watched_server before;
        client_script earlier{.server = server_pair().open};
        before.greet(earlier);
        server.greet(client);
        client.cookie = earlier.cookie;
        server.hear(frame(4, client.initiate_body(client.vouch())));
        CHECK(server.detail() ==
              "INITIATE: not with the cookie that this connection was given, or too late");
    }
    SUBCASE("somebody else's key") {
        server.greet(client);
        server.hear(frame(4, client.initiate_body(client.vouch(client.transient.open, client.server,
                                                               other.secret))));
        CHECK(server.detail() ==
              "INITIATE: the client does not have the key that it shows, or it is broken");
    }
}
