// PINGs, PONGs and what silence means, in virtual time.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

TEST_CASE("check 85: PING is answered with PONG and its context") {
    lone_end end;
    end.shake();
    CHECK(end.hear("04 07 04 'PING' 0000").says() == hex("04 05 04 'PONG'"));
    CHECK(end.hear("04 08 04 'PING' 0000 'x'").says() == hex("04 06 04 'PONG' 'x'"));
    CHECK(end.hear("04 17 04 'PING' 0000 '0123456789abcdef'").says() ==
          hex("04 15 04 'PONG' '0123456789abcdef'"));
    CHECK(end.got.messages.empty());
    CHECK_FALSE(end.got.closed);
}

TEST_CASE("check 86: of a longer context 16 octets come back, and a PONG unasked is ignored") {
    lone_end end;
    end.shake();
    CHECK(end.hear("04 18 04 'PING' 0000 '0123456789abcdefg'").says() ==
          hex("04 15 04 'PONG' '0123456789abcdef'"));
    CHECK(end.hear("06 0000000000000400 04 'PING' 0000 41*1017").says() ==
          hex("04 15 04 'PONG' 41*16"));
    CHECK(end.hear("04 05 04 'PONG' | 04 08 04 'PONG' 'abc' | 00 02 'hi'").says() == "");
    CHECK(end.got.messages == std::vector<parts>{{"hi"}});
    CHECK_FALSE(end.got.closed);
}

TEST_CASE("check 87: a PING too short for its TTL closes the connection") {
    for (const char* ping : {"04 05 04 'PING'", "04 06 04 'PING' 00"}) {
        lone_end end;
        end.shake().hear(ping);
        CHECK(end.got.closed == errc::malformed_command);
        CHECK(end.says() == "");
    }
}

TEST_CASE("check 88: silence after a PING closes the connection once its TTL is over") {
    lone_end end;
    end.shake().hear("04 07 04 'PING' 0005");
    CHECK(end.c.deadline() == end.now + 500ms);
    end.wait(499ms);
    CHECK(end.c.is_open());
    end.wait(1ms);
    CHECK(end.got.closed == errc::ttl_expired);
}

TEST_CASE("check 89: anything that comes ends a TTL, and a PING sets its own") {
    lone_end message_came;
    message_came.shake().hear("04 07 04 'PING' 0005").wait(300ms).hear("00 02 'hi'").wait(2s);
    CHECK(message_came.c.is_open());
    CHECK_FALSE(message_came.c.deadline().has_value());

    lone_end command_came;
    command_came.shake().hear("04 07 04 'PING' 0005").wait(300ms).hear("04 00").wait(2s);
    CHECK(command_came.c.is_open());

    lone_end longer;
    longer.shake().hear("04 07 04 'PING' 0005").wait(300ms).hear("04 07 04 'PING' 0032");
    CHECK(longer.c.deadline() == longer.now + 5s);
    longer.wait(1500ms);
    CHECK(longer.c.is_open());

    lone_end none;
    none.shake().hear("04 07 04 'PING' 0005").wait(300ms).hear("04 07 04 'PING' 0000").wait(2s);
    CHECK(none.c.is_open());

    lone_end half; // a frame that is not whole does not count
    half.shake().hear("04 07 04 'PING' 0005").wait(300ms).hear("00 02 'h'").wait(300ms);
    CHECK(half.got.closed == errc::ttl_expired);
}

TEST_CASE("check 90: a TTL of 656 tenths is 65.6 seconds, and the largest is almost two hours") {
    lone_end end;
    end.shake().hear("04 07 04 'PING' 0290").wait(65'599ms);
    CHECK(end.c.is_open());
    end.wait(1ms);
    CHECK(end.got.closed == errc::ttl_expired);
    lone_end longest;
    longest.shake().hear("04 07 04 'PING' FFFF");
    CHECK(longest.c.deadline() == longest.now + 6'553'500ms);
}

TEST_CASE("check 91: PINGs go out at their interval and silence after one closes") {
    config cfg{.type = socket_type::pull, .beat = {.interval = 200ms, .ttl = 1s}};
    lone_end end{cfg};
    end.shake().wait(199ms);
    CHECK(end.says() == "");
    end.wait(1ms);
    CHECK(end.says() == hex("04 07 04 'PING' 000A"));
    end.wait(199ms);
    CHECK(end.c.is_open());
    end.wait(1ms);
    CHECK(end.got.closed == errc::heartbeat_timeout);
    CHECK(end.got.closed == condition::lost);
}

TEST_CASE("check 92: any frame satisfies a PING, and a timeout of 0 asks for none") {
    config cfg{.type = socket_type::pull, .beat = {.interval = 200ms, .ttl = 1s}};
    for (const char* answer : {"04 05 04 'PONG'", "00 02 'hi'", "04 00", "01 01 'a' 00 00"}) {
        lone_end end{cfg};
        end.shake();
        for (int i = 0; i < 10; ++i) {
            end.wait(200ms);
            CHECK(end.says() == hex("04 07 04 'PING' 000A"));
            end.wait(0ms).hear(answer);
        }
        CHECK(end.c.is_open());
    }
    cfg.beat.timeout = 0ms;
    lone_end patient{cfg};
    patient.shake().wait(10s);
    CHECK(patient.c.is_open());
    CHECK(patient.says().size() == 50 * 2 * 9);
}

TEST_CASE("a timeout longer than the interval lets several PINGs go unanswered") {
    config cfg{.type = socket_type::pull, .beat = {.interval = 100ms, .timeout = 350ms}};
    lone_end end{cfg};
    end.shake().wait(449ms);
    CHECK(end.c.is_open());
    CHECK(end.says() == hex("04 07 04 'PING' 0000") + hex("04 07 04 'PING' 0000") +
                            hex("04 07 04 'PING' 0000") + hex("04 07 04 'PING' 0000"));
    end.wait(1ms);
    CHECK(end.got.closed == errc::heartbeat_timeout);
}

TEST_CASE("rule 10: the TTL of a PING is at most 65.5 seconds") {
    config cfg{.type = socket_type::pull, .beat = {.interval = 100ms, .ttl = 100s}};
    lone_end end{cfg};
    CHECK(end.shake().wait(100ms).says() == hex("04 07 04 'PING' 028F"));
    cfg.beat.ttl = 199ms;
    lone_end down{cfg};
    CHECK(down.shake().wait(100ms).says() == hex("04 07 04 'PING' 0001"));
}

TEST_CASE("check 93: PINGs are sent to and answered for a peer of 3.0") {
    config cfg{.type = socket_type::pull, .beat = {.interval = 100ms}};
    lone_end end{cfg};
    end.hear(wire("FF 00*8 7F 03 00 'NULL' 00*48") + ready_of("PUSH"));
    end.says();
    CHECK(end.hear("04 07 04 'PING' 0000").says() == hex("04 05 04 'PONG'"));
    CHECK(end.wait(100ms).says() == hex("04 07 04 'PING' 0000"));
}

TEST_CASE("two connections with heartbeats keep each other alive") {
    const heartbeat beat{.interval = 100ms, .timeout = 50ms, .ttl = 200ms};
    peer_pair pair{{.type = socket_type::dealer, .beat = beat},
                   {.type = socket_type::router, .beat = beat}};
    pair.deliver();
    pair.wait(5s);
    CHECK(pair.client.c.is_open());
    CHECK(pair.server.c.is_open());
    CHECK(pair.client.got.messages.empty());
}

TEST_CASE("a PONG waits for room and is sent as soon as there is some") {
    lone_end end{{.type = socket_type::dealer, .write_batch = 4096}};
    end.shake("ROUTER");
    while (end.c.can_send())
        CHECK_FALSE(end.send({std::string(70, 'x')}));
    for (int i = 0; i < 50; ++i)
        end.hear("04 08 04 'PING' 0000 'a'");
    end.hear("04 08 04 'PING' 0000 'z'");
    CHECK(end.c.is_open());
    const std::string out = end.says();
    CHECK(out.ends_with(hex("04 06 04 'PONG' 'z'"))); // the newest of those that had to wait
}

TEST_CASE("every whole frame is a sign of life, also of a message that goes on") {
    const bytes inner[] = {wire("01 01 'a'"), wire("01 00"),
                           wire("03 0000000000005000") + filled(0x5000),
                           wire("03 0000000000020000") + filled(0x20000)};
    for (const bytes& frame : inner) {
        lone_end asked;
        asked.shake().hear("04 07 04 'PING' 0005").wait(400ms).hear(frame);
        CHECK_FALSE(asked.c.deadline().has_value());
        CHECK(asked.wait(400ms).c.is_open());
        CHECK(asked.got.messages.empty());

        lone_end asking{{.type = socket_type::pull, .beat = {.interval = 200ms}}};
        asking.shake();
        for (int i = 0; i < 10; ++i) {
            asking.wait(200ms);
            CHECK(asking.says() == hex("04 07 04 'PING' 0000"));
            for (octets rest{frame}; !rest.empty(); rest = rest.subspan(rest.size() / 2 + 1))
                asking.hear(rest.first(rest.size() / 2 + 1)); // not all of it at once
        }
        CHECK(asking.c.is_open());
        asking.wait(400ms);
        CHECK(asking.got.closed == errc::heartbeat_timeout);
    }
}

TEST_CASE("the longest spans of time are for ever, and not over at once") {
    constexpr milliseconds longest = milliseconds::max();
    for (const time_point start : {time_point{}, time_point{24h * 365 * 100}, time_point::min()}) {
        counting_allocator memory;
        const config cfg{.type = socket_type::pull,
                         .limit = {.handshake_time = longest},
                         .beat = {.interval = longest, .timeout = longest, .ttl = longest},
                         .memory = &memory};
        connection c{role::server, cfg, start};
        c.handle_timeout(start + 24h);
        CHECK(c.is_open());
        seen got;
        feed(c, greeting_3_1() + ready_of("PUSH"), start + 24h, got);
        CHECK(got.handshakes == 1);
        c.handle_timeout(start + 48h);
        CHECK(c.is_open());
    }
    lone_end pinging{{.type = socket_type::pull, .beat = {.interval = 1s, .timeout = longest}}};
    CHECK(pinging.shake().wait(1h).c.is_open());
}
