// The life of a connection, as its peer sees it and as its owner does.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

#include <array>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

constexpr std::array all_types{socket_type::pair,   socket_type::pub,  socket_type::sub,
                               socket_type::req,    socket_type::rep,  socket_type::dealer,
                               socket_type::router, socket_type::pull, socket_type::push,
                               socket_type::xpub,   socket_type::xsub};

// What a PULL says before anything else: greeting, then READY.
constexpr std::string_view our_greeting = "FF 00*8 7F 03 01 'NULL' 00*16 00 00*31";

std::error_code closed_by(std::string_view text, config cfg = {.type = socket_type::pull}) {
    lone_end end{cfg};
    end.hear(greeting_3_1()).hear(text);
    CHECK(end.got.messages.empty());
    CHECK(end.got.handshakes == 0);
    return end.got.closed;
}

// After the handshake: whatever that is, the connection lives on and delivers what follows.
void alive_after(std::string_view text, socket_type type = socket_type::pull,
                 std::string_view peer = "PUSH") {
    CAPTURE(text);
    lone_end end{{.type = type}};
    end.shake(peer).hear(text).hear("00 02 'hi'");
    CHECK_FALSE(end.got.closed);
    CHECK(end.got.messages == std::vector<parts>{{"hi"}});
    CHECK(end.says() == "");
}

} // namespace

// --- Greeting ---

TEST_CASE("rule 1: the whole greeting is out before the peer has said anything") {
    for (const role side : {role::client, role::server}) {
        lone_end end{{.type = socket_type::pull}, side};
        CHECK(end.says() == hex(our_greeting));
        CHECK_FALSE(end.c.can_send());
        CHECK(end.c.is_open());
        CHECK_FALSE(end.c.handshake_done());
    }
}

TEST_CASE("check 4: READY follows the peer's greeting, however that is cut") {
    const bytes stream = greeting_3_1() + ready_of("PUSH") + wire("00 02 'hi'");
    for (const auto& pieces : every_cut(stream)) {
        lone_end end;
        for (const octets piece : pieces)
            end.hear(piece);
        CHECK(end.got.handshakes == 1);
        CHECK_FALSE(end.got.closed);
        CHECK(end.got.messages == std::vector<parts>{{"hi"}});
        CHECK(end.says() ==
              hex(our_greeting) + hex("04 1A 05 'READY' 0B 'Socket-Type' 00000004 'PULL'"));
    }
}

TEST_CASE("check 51: READY does not wait for the peer's READY, in either role") {
    for (const role side : {role::client, role::server}) {
        lone_end end{{.type = socket_type::pull}, side};
        end.hear(octets{greeting_3_1()}.first(63));
        CHECK(end.says() == hex(our_greeting));
        end.hear("00");
        CHECK(end.says() == hex("04 1A 05 'READY' 0B 'Socket-Type' 00000004 'PULL'"));
    }
}

TEST_CASE("check 9: a peer with another mechanism sees our greeting and no READY") {
    lone_end end;
    end.hear("FF 00*8 7F 03 01 'CURVE' 00*47");
    CHECK(end.got.closed == errc::mechanism_mismatch);
    CHECK(end.got.closed == condition::refused);
    CHECK(end.says() == hex(our_greeting));
}

TEST_CASE("strangers are closed as soon as they show and nothing of theirs is delivered") {
    const auto refused = [](std::string_view text) {
        lone_end end;
        end.hear(text);
        CHECK(end.got.messages.empty());
        return end.got.closed;
    };
    CHECK(refused("'GE'") == errc::not_zmtp);
    CHECK(refused("'GET / HTTP/1.1' 0D 0A 41*300") == errc::not_zmtp);
    CHECK(refused("01 00 03 00 'hi'") == errc::zmtp_1_peer);
    CHECK(refused("FF 00*7 04 00 'XYZ'") == errc::zmtp_1_peer);
    CHECK(refused("FF 00*8 7F 01 08 00 00 00 02 'hi'") == errc::zmtp_2_peer);
}

TEST_CASE("a closed connection says so again and takes nothing more") {
    lone_end end;
    end.hear("'GE'");
    for (int i = 0; i < 3; ++i) {
        seen again;
        drain(end.c, again);
        CHECK(again.closed == errc::not_zmtp);
    }
    CHECK(end.c.prepare().empty());
    CHECK_FALSE(end.c.deadline().has_value());
    CHECK(end.send({"x"}) == errc::not_ready);
    end.c.handle_timeout(end.now + 1h);
    end.c.end_of_stream();
    end.c.commit(0, end.now);
    seen again;
    drain(end.c, again);
    CHECK(again.closed == errc::not_zmtp);
}

TEST_CASE("what the peer said of itself can be asked for") {
    lone_end end{{.type = socket_type::router}};
    end.hear(wire("FF 00*8 7F 03 00 'NULL' 00*48") +
             wire("04 35 05 'READY' 0B 'Socket-Type' 00000006 'DEALER' 08 'Identity' 00000003 'abc'"
                  "03 'X-a' 00000001 'v'"));
    CHECK(end.got.handshakes == 1);
    CHECK(end.c.peer_type() == socket_type::dealer);
    CHECK(end.c.peer_minor() == 0);
    CHECK(as_text(end.c.peer_routing_id()) == "abc");
    CHECK(hex(end.c.peer_metadata()) ==
          hex("0B 'Socket-Type' 00000006 'DEALER' 08 'Identity' 00000003 'abc' 03 'X-a' 00000001"
              "'v'"));
}

// --- READY ---

TEST_CASE("check 32: READY has the specified octets for all types") {
    const auto ready = [](socket_type type, octets id = {}) {
        lone_end end{{.type = type, .routing_id = id}};
        end.says();
        end.hear(greeting_3_1());
        return end.says();
    };
    const auto plain = [](std::string_view head, std::string_view type) {
        return hex(std::string{head} + " 05 'READY' 0B 'Socket-Type' 0000000" +
                   std::to_string(type.size()) + " '" + std::string{type} + "'");
    };
    const std::string no_identity = hex("08 'Identity' 00000000");
    CHECK(ready(socket_type::req) == plain("04 26", "REQ") + no_identity);
    CHECK(ready(socket_type::dealer) ==
          hex("04 29 05 'READY' 0B 'Socket-Type' 00000006 'DEALER' 08 'Identity' 00000000"));
    CHECK(ready(socket_type::router) == plain("04 29", "ROUTER") + no_identity);
    CHECK(ready(socket_type::rep) == plain("04 19", "REP"));
    CHECK(ready(socket_type::pub) == plain("04 19", "PUB"));
    CHECK(ready(socket_type::sub) == plain("04 19", "SUB"));
    CHECK(ready(socket_type::xpub) == plain("04 1A", "XPUB"));
    CHECK(ready(socket_type::xsub) == plain("04 1A", "XSUB"));
    CHECK(ready(socket_type::push) == plain("04 1A", "PUSH"));
    CHECK(ready(socket_type::pull) == plain("04 1A", "PULL"));
    CHECK(ready(socket_type::pair) == plain("04 1A", "PAIR"));

    CHECK(ready(socket_type::req, as_octets("ID")) ==
          hex("04 28 05 'READY' 0B 'Socket-Type' 00000003 'REQ' 08 'Identity' 00000002 'ID'"));
    const bytes longest = filled(255);
    CHECK(ready(socket_type::dealer, longest) ==
          hex("06 0000000000000128 05 'READY' 0B 'Socket-Type' 00000006 'DEALER'"
              "08 'Identity' 000000FF") +
              hex(longest));
    CHECK(ready(socket_type::pull, as_octets("ID")) == plain("04 1A", "PULL"));
}

TEST_CASE("check 33: unknown properties and binary values in a long READY are accepted") {
    lone_end end;
    end.hear(greeting_3_1() +
             wire("06 00000000000001AE 05 'READY' 0B 'Socket-Type' 00000004 'PUSH'"
                  "03 'X-a' 00000181") +
             filled(0x181) + wire("05 'other' 00000001 00") + wire("00 02 'hi'"));
    // 6 + 20 + 8 + 385 + 11 = 430
    CHECK_FALSE(end.got.closed);
    CHECK(end.got.messages == std::vector<parts>{{"hi"}});
}

TEST_CASE("check 34: property names are read without regard to case") {
    lone_end end;
    end.hear(greeting_3_1()).hear("04 1A 05 'READY' 0B 'sOCKET-tYPE' 00000004 'PUSH'");
    CHECK(end.got.handshakes == 1);
    CHECK(closed_by("04 19 05 'READY' 0B 'socket-type' 00000003 'SUB'") ==
          errc::incompatible_socket_type);
}

TEST_CASE("check 35: a socket type is case-sensitive and has to be there") {
    CHECK(closed_by("04 1A 05 'READY' 0B 'Socket-Type' 00000004 'push'") ==
          errc::incompatible_socket_type);
    CHECK(closed_by("04 16 05 'READY' 0B 'Socket-Type' 00000000") ==
          errc::incompatible_socket_type);
    CHECK(closed_by("04 06 05 'READY'") == errc::missing_socket_type);
    CHECK(closed_by("04 0F 05 'READY' 03 'X-a' 00000001 'b'") == errc::missing_socket_type);
}

TEST_CASE("check 36: an incompatible peer is told so in an ERROR before the close") {
    lone_end end;
    end.hear(greeting_3_1());
    end.says();
    end.hear(ready_of("SUB") + wire("00 02 'hi'"));
    CHECK(end.got.closed == errc::incompatible_socket_type);
    CHECK(end.got.closed == condition::refused);
    CHECK(end.got.messages.empty());
    CHECK(end.says() == hex("04 1F 05 'ERROR' 18 'incompatible socket type'"));
}

TEST_CASE("check 37: of all 121 pairs of types just the compatible ones get through") {
    for (const socket_type ours : all_types)
        for (const socket_type theirs : all_types) {
            CAPTURE(name_of(ours));
            CAPTURE(name_of(theirs));
            peer_pair pair{{.type = ours}, {.type = theirs}};
            pair.deliver();
            const bool fits = compatible(ours, theirs);
            for (const lone_end* end : {&pair.client, &pair.server}) {
                CHECK(end->got.handshakes == (fits ? 1 : 0));
                CHECK(end->c.handshake_done() == fits);
                CHECK(end->c.is_open() == fits);
            }
        }
}

TEST_CASE("checks 38, 39 and 40: malformed metadata closes the connection") {
    const std::string good = "05 'READY' 0B 'Socket-Type' 00000004 'PUSH'";
    const auto with = [&](std::string_view tail) {
        bytes frame = wire("04 00") + wire(good) + wire(tail);
        frame[1] = static_cast<std::byte>(frame.size() - 2);
        lone_end end;
        end.hear(greeting_3_1() + frame);
        CHECK(end.got.handshakes == 0);
        CHECK(end.memory.largest < 128 * 1024);
        return end.got.closed;
    };
    for (const char* tail :
         {"00", "00*2", "00*3", "00*4", "03 'X'", "03 'X-a' 000000", "03 'X-a' 00000002 'b'",
          "03 'X-a' FFFFFFFF", "03 'X-a' 80000000", "00 00000000", "00 00000001 'a'"}) {
        CAPTURE(tail);
        CHECK(with(tail) == errc::malformed_metadata);
    }
    CHECK(with("0B 'SOCKET-type' 00000004 'PUSH'") == errc::duplicate_property);
    CHECK(with("08 'Identity' 00000001 'a' 08 'identity' 00000001 'a'") ==
          errc::duplicate_property);
    CHECK(with("08 'Identity' 00000002 00 'a'") == errc::invalid_routing_id);
}

TEST_CASE("a routing id has up to 255 octets") {
    const auto with = [](std::size_t size) {
        bytes body = wire("05 'READY' 0B 'Socket-Type' 00000004 'PUSH' 08 'Identity' 0000");
        body.push_back(static_cast<std::byte>(size >> 8));
        body.push_back(static_cast<std::byte>(size));
        body.insert(body.end(), size, std::byte{'i'});
        bytes frame = wire("06 000000000000");
        frame.push_back(static_cast<std::byte>(body.size() >> 8));
        frame.push_back(static_cast<std::byte>(body.size()));
        lone_end end;
        end.hear(greeting_3_1() + frame + body);
        CHECK(end.c.peer_routing_id().size() == (size <= 255 ? size : 0));
        return end.got.closed;
    };
    CHECK_FALSE(with(0));
    CHECK_FALSE(with(255));
    CHECK(with(256) == errc::invalid_routing_id);
}

TEST_CASE("metadata has up to 64 properties") {
    const auto with = [](int others) {
        bytes body = wire("05 'READY' 0B 'Socket-Type' 00000004 'PUSH'");
        for (int i = 0; i < others; ++i)
            body = std::move(body) + wire("01 'x' 00000000");
        bytes frame = wire("06 000000000000");
        frame.push_back(static_cast<std::byte>(body.size() >> 8));
        frame.push_back(static_cast<std::byte>(body.size()));
        lone_end end;
        end.hear(greeting_3_1() + frame + body);
        return end.got.closed;
    };
    CHECK_FALSE(with(63));
    CHECK(with(64) == errc::too_many_properties);
}

TEST_CASE("check 41: READY needs the command flag and minds no other") {
    const auto with = [](std::string_view flags) {
        lone_end end;
        end.hear(greeting_3_1() + wire(flags) +
                 wire("1A 05 'READY' 0B 'Socket-Type' 00000004 'PUSH' 00 02 'hi'"));
        CHECK(end.got.messages.size() == (end.got.closed ? 0U : 1U));
        return end.got.closed;
    };
    CHECK_FALSE(with("04"));
    CHECK_FALSE(with("05"));
    CHECK_FALSE(with("FC"));
    CHECK(with("00") == errc::unexpected_frame);
}

TEST_CASE("check 42: whatever comes first and is not READY closes the connection") {
    CHECK(closed_by("00 02 'hi'") == errc::unexpected_frame);
    CHECK(closed_by("00 00") == errc::unexpected_frame);
    CHECK(closed_by("04 04 03 'FOO'") == errc::unexpected_frame);
    CHECK(closed_by("04 07 04 'PING' 0000") == errc::unexpected_frame);
    CHECK(closed_by("04 00") == errc::malformed_command);
    CHECK(closed_by("04 03 09 'AB'") == errc::malformed_command);
    CHECK(closed_by("04 04 00 'abc'") == errc::malformed_command);
    CHECK(closed_by("04 06 05 'ready'") == errc::unexpected_frame);
}

TEST_CASE("a message within the handshake is refused at its first frame, not at its last") {
    CHECK(closed_by("01 00") == errc::unexpected_frame);
    CHECK(closed_by("01 01 'a' 04 04 03 'FOO'") == errc::unexpected_frame);
    CHECK(closed_by("02 0000000000100000 'abc'") == errc::unexpected_frame);
}

TEST_CASE("a message within the handshake is what is wrong, whatever follows its first frame") {
    const bytes stream = greeting_3_1() + wire("01 05 'early' 02 8000000000000000");
    for (const auto& cuts : every_cut(stream)) {
        lone_end end;
        for (const octets piece : cuts)
            end.hear(piece);
        CHECK(end.got.closed == errc::unexpected_frame);
        CHECK(end.got.failed_at == greeting_size);
    }
}

TEST_CASE("a command over 16 KiB is refused in the handshake by its header") {
    CHECK(closed_by("06 0000000000004001") == errc::command_too_large);
    CHECK(closed_by("06 FFFFFFFFFFFFFFFF") == errc::frame_size_out_of_range);
}

TEST_CASE("with a limit that allows it, a READY of 20 KiB is taken in whatever pieces it comes") {
    const bytes stream = greeting_3_1() +
                         wire("06 0000000000005024 05 'READY' 0B 'Socket-Type' 00000004 'PUSH' "
                              "05 'X-Big' 00005000") +
                         filled(0x5000) + wire("00 02 'hi'");
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, stream.size()}) {
        lone_end end{{.type = socket_type::pull,
                      .limit = {.max_command_size = 32'000, .max_metadata_size = 32'000}}};
        for (octets rest{stream}; !rest.empty(); rest = rest.subspan(std::min(step, rest.size())))
            end.hear(rest.first(std::min(step, rest.size())));
        CHECK(end.got.messages == std::vector<parts>{{"hi"}});
    }
}

TEST_CASE("check 29: the limit of messages does not count for READY") {
    config cfg{.type = socket_type::pull};
    cfg.limit.max_message_size = 10;
    lone_end end{cfg};
    end.shake().hear("00 0A '0123456789'");
    CHECK(end.got.messages.size() == 1);
    end.hear("00 0B");
    CHECK(end.got.closed == errc::message_too_large);
}

// --- ERROR ---

TEST_CASE("check 43: an ERROR in the handshake closes and its reason can be read") {
    lone_end end;
    end.hear(greeting_3_1()).hear("04 0A 05 'ERROR' 03 '400'");
    CHECK(end.got.closed == errc::refused_by_peer);
    CHECK(end.got.closed == condition::refused);
    CHECK(end.c.refusal() == "400");
    lone_end empty;
    empty.hear(greeting_3_1()).hear("04 07 05 'ERROR' 00");
    CHECK(empty.got.closed == errc::refused_by_peer);
    CHECK(empty.c.refusal().empty());
    lone_end more; // octets behind the reason are passed over
    more.hear(greeting_3_1()).hear("04 0C 05 'ERROR' 03 '400' 00 00");
    CHECK(more.got.closed == errc::refused_by_peer);
    CHECK(more.c.refusal() == "400");
}

TEST_CASE("check 44: an ERROR whose reason does not fit is malformed") {
    CHECK(closed_by("04 06 05 'ERROR'") == errc::malformed_command);
    CHECK(closed_by("04 07 05 'ERROR' 01") == errc::malformed_command);
    CHECK(closed_by("04 0A 05 'ERROR' FF '400'") == errc::malformed_command);
}

// --- Traffic ---

TEST_CASE("rule 3: no message is taken before both sides are ready") {
    lone_end end{{.type = socket_type::push}};
    const auto refused = [&] {
        CHECK_FALSE(end.c.can_send());
        message m{"early"};
        std::error_code ec;
        end.c.send(std::move(m), ec);
        CHECK(ec == errc::not_ready);
        CHECK(ec == condition::misuse);
        CHECK(parts_of(m) == parts{"early"}); // NOLINT(bugprone-use-after-move)
    };
    refused();
    end.hear(greeting_3_1());
    refused(); // our READY is out, the peer's is not in
    CHECK(end.says() ==
          hex(our_greeting) + hex("04 1A 05 'READY' 0B 'Socket-Type' 00000004 'PUSH'"));
    end.hear(ready_of("PULL"));
    CHECK(end.c.can_send());
    CHECK_FALSE(end.send({"now", ""}));
    CHECK(end.says() == hex("01 03 'now' 00 00"));
}

TEST_CASE("check 49: messages in one burst with greeting and READY are delivered") {
    lone_end end;
    end.hear(greeting_3_1() + ready_of("PUSH") + wire("00 02 'hi' 01 01 'a' 00 01 'b'"));
    CHECK(end.got.handshakes == 1);
    CHECK(end.got.messages == std::vector<parts>{{"hi"}, {"a", "b"}});
}

TEST_CASE("a message without parts is not sent") {
    lone_end end{{.type = socket_type::push}};
    end.shake("PULL");
    CHECK(end.send({}) == errc::empty_message);
    CHECK(end.c.is_open());
    CHECK(end.says() == "");
    CHECK_FALSE(end.send({""}));
    CHECK(end.says() == hex("00 00"));
}

TEST_CASE("an event clears the error that its variable held before") {
    lone_end end;
    end.shake();
    const bytes two = wire("00 01 'a' 04 00 00 01 'b'");
    std::copy(two.begin(), two.end(), end.c.prepare()[0].begin());
    end.c.commit(two.size(), end.now);
    for (const event expected : {event::message, event::message, event::need_input}) {
        message m;
        std::error_code ec = errc::empty_message;
        CHECK(end.c.next_event(m, ec) == expected);
        CHECK_FALSE(ec);
    }
}

TEST_CASE("events other than a message leave the message variable alone") {
    lone_end end;
    end.hear(greeting_3_1());
    const bytes early = wire("00 02 'hi'");
    std::copy(early.begin(), early.end(), end.c.prepare()[0].begin());
    end.c.commit(early.size(), end.now);
    message m{"mine"};
    std::error_code ec;
    CHECK(end.c.next_event(m, ec) == event::closed);
    CHECK(parts_of(m) == parts{"mine"});
}

TEST_CASE("check 45: READY or ERROR again is ignored") {
    alive_after("04 1A 05 'READY' 0B 'Socket-Type' 00000004 'PUSH'");
    alive_after("04 19 05 'READY' 0B 'Socket-Type' 00000003 'SUB'");
    alive_after("04 0A 05 'ERROR' 03 '400'");
}

TEST_CASE("checks 46 and 47: unknown, empty and malformed commands are ignored") {
    alive_after("04 07 03 'FOO123'");
    alive_after("04 00");
    alive_after("04 03 09 'AB'");
    alive_after("04 04 00 'abc'");
    alive_after("05 04 03 'FOO'");
    alive_after("06 0000000000000004 03 'FOO'");
}

TEST_CASE("check 50: SUBSCRIBE and CANCEL at a type that has no subscribers are ignored") {
    const std::string both = "04 0B 09 'SUBSCRIBE' 'A' 04 08 06 'CANCEL' 'B'";
    alive_after(both);
    alive_after(both, socket_type::dealer, "ROUTER");
    alive_after(both, socket_type::router, "DEALER");
}

TEST_CASE("the end of the stream closes the connection") {
    lone_end end;
    end.shake().hear("01 01 'a'");
    end.c.end_of_stream();
    drain(end.c, end.got);
    CHECK(end.got.closed == errc::end_of_stream);
    CHECK(end.got.closed == condition::lost);
    CHECK(end.got.messages.empty());
}

TEST_CASE("two connections exchange messages of all sizes, however few octets pass at a time") {
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000},
                                   std::size_t{100'000}, std::size_t{SIZE_MAX}}) {
        CAPTURE(step);
        peer_pair pair{{.type = socket_type::dealer}, {.type = socket_type::router}};
        pair.deliver(step);
        CHECK(pair.client.got.handshakes == 1);
        CHECK(pair.server.got.handshakes == 1);
        std::vector<parts> sent;
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{255}, std::size_t{256},
              std::size_t{3000}, std::size_t{20'000}, std::size_t{200'000}}) {
            if (step < 1000 && size > 20'000)
                continue;
            const std::string body = as_string(filled(size));
            for (const parts& m : {parts{body}, parts{"id", "", body}, parts{body, body, "x"}}) {
                if (!pair.client.c.can_send())
                    pair.deliver(step);
                CHECK_FALSE(pair.client.send(m));
                sent.push_back(m);
            }
            pair.deliver(step);
            CHECK_FALSE(pair.server.send({body, "back"}));
        }
        pair.deliver(step);
        CHECK((pair.server.got.messages == sent));
        CHECK(pair.client.got.messages.size() == sent.size() / 3);
    }
}

TEST_CASE("the same events come out however a whole session is cut") {
    const bytes stream = greeting_3_1() + ready_of("PUSH") +
                         wire("00 02 'hi' 01 01 'a' 04 09 04 'PING' 0000 'cc' 00 01 'b'"
                              "04 00 02 0000000000000002 'lf' 05 04 03 'FOO' 02 8000000000000000");
    seen expected;
    std::string answer;
    for (const auto& pieces : every_cut(stream)) {
        lone_end end;
        for (const octets piece : pieces)
            end.hear(piece);
        if (expected.messages.empty()) {
            expected = end.got;
            answer = end.says();
            CHECK(expected.messages == std::vector<parts>{{"hi"}, {"a", "b"}, {"lf"}});
            CHECK(expected.closed == errc::frame_size_out_of_range);
        } else {
            CHECK((end.got == expected));
            CHECK(end.says() == answer);
        }
    }
}

// --- Time ---

TEST_CASE("check 15: a handshake that takes too long is given up") {
    config cfg{.type = socket_type::pull};
    cfg.limit.handshake_time = 500ms;
    for (const std::size_t heard : {std::size_t{0}, std::size_t{10}, std::size_t{64}}) {
        lone_end end{cfg};
        end.hear(octets{greeting_3_1()}.first(heard)).wait(499ms);
        CHECK(end.c.is_open());
        end.wait(1ms);
        CHECK(end.got.closed == errc::handshake_timeout);
    }
    lone_end quick{cfg};
    quick.shake().wait(10s);
    CHECK(quick.c.is_open());
    CHECK_FALSE(quick.c.deadline().has_value());
    cfg.limit.handshake_time = 0ms;
    lone_end patient{cfg};
    CHECK_FALSE(patient.c.deadline().has_value());
    patient.wait(24h);
    CHECK(patient.c.is_open());
}
