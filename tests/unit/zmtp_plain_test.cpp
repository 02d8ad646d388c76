// The PLAIN mechanism and the program's verdict, octet by octet.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/plain.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

const plain_security with_secret{"admin", "secret"};
const plain_security for_server;

constexpr std::string_view client_greeting = "FF 00*8 7F 03 01 'PLAIN' 00*15 00 00*31";
constexpr std::string_view server_greeting = "FF 00*8 7F 03 01 'PLAIN' 00*15 01 00*31";
constexpr std::string_view hello = "04 13 05 'HELLO' 05 'admin' 06 'secret'";
constexpr std::string_view welcome = "04 08 07 'WELCOME'";
constexpr std::string_view push = "0B 'Socket-Type' 00000004 'PUSH'";
constexpr std::string_view pull = "0B 'Socket-Type' 00000004 'PULL'";

std::string text(std::initializer_list<std::string_view> pieces) {
    std::string out;
    for (const std::string_view piece : pieces)
        out += std::string{piece} + " ";
    return out;
}
std::string initiate() { return text({"04 1D 08 'INITIATE'", push}); }
std::string ready(std::string_view type) { return text({"04 1A 05 'READY'", type}); }

config server_config() { return {.type = socket_type::pull, .mechanism = &for_server}; }
config client_config() { return {.type = socket_type::push, .mechanism = &with_secret}; }

std::error_code answer(lone_end& end, verdict what) {
    std::error_code ec = make_error_code(errc::empty_message);
    end.c.authenticate(what, end.now, ec);
    drain(end.c, end.got);
    return ec;
}

// What a server that accepts whoever it is asked about makes of a stream.
seen accepting_server(std::string_view stream) {
    lone_end end{server_config()};
    end.hear(client_greeting);
    end.hear(stream);
    if (end.got.questions == 1 && end.c.is_open())
        CHECK_FALSE(answer(end, verdict::accepted));
    return end.got;
}

} // namespace

TEST_CASE("check 55: a PLAIN client opens with HELLO, its user name and password") {
    lone_end end{client_config(), role::client};
    CHECK(end.says() == hex(client_greeting));
    end.hear(server_greeting);
    CHECK(end.says() == hex(hello));
    end.hear(welcome);
    CHECK(end.says() == hex(initiate()));
    CHECK(end.got.handshakes == 0);
    end.hear(ready(pull));
    CHECK(end.got.handshakes == 1);
    CHECK(end.c.peer_type() == socket_type::pull);
    CHECK_FALSE(end.send({"hi"}));
    CHECK(end.says() == hex("00 02 'hi'")); // a plain frame
}

TEST_CASE("check 56: a PLAIN server asks, welcomes, and answers INITIATE with READY") {
    lone_end end{server_config(), role::server};
    CHECK(end.says() == hex(server_greeting)); // which says as-server, as 24/ZMTP-PLAIN has it
    end.hear(client_greeting);
    CHECK(end.says().empty());
    end.hear(hello);
    CHECK(end.got.questions == 1);
    REQUIRE(end.c.credentials().size() == 2);
    CHECK(as_text(end.c.credentials()[0]) == "admin");
    CHECK(as_text(end.c.credentials()[1]) == "secret");
    CHECK(end.says().empty());
    CHECK(end.c.user_id().empty());
    CHECK_FALSE(answer(end, verdict::accepted));
    CHECK(end.c.credentials().empty());
    CHECK(end.says() == hex(welcome));
    end.hear(initiate());
    CHECK(end.got.handshakes == 1);
    CHECK(end.says() == hex(ready(pull)));
    end.hear("00 02 'hi'");
    CHECK(end.got.messages == std::vector<parts>{{"hi"}});
}

TEST_CASE(
    "check 57: a HELLO that does not end exactly is closed without a WELCOME, and says where") {
    const auto refused_at = [](std::string_view body) {
        const seen got = accepting_server(body);
        CHECK(got.closed == errc::malformed_command);
        CHECK(got.questions == 0);
        return got.failed_at - greeting_size;
    };
    CHECK(refused_at("04 06 05 'HELLO'") == 8);
    CHECK(refused_at("04 07 05 'HELLO' 01") == 8);
    CHECK(refused_at("04 0C 05 'HELLO' 06 'admin'") == 8);
    CHECK(refused_at("04 0C 05 'HELLO' 05 'admin'") == 14);
    CHECK(refused_at("04 12 05 'HELLO' 05 'admin' 06 'secre'") == 14);
    CHECK(refused_at("04 14 05 'HELLO' 05 'admin' 06 'secret' 00") == 21);
}

TEST_CASE("check 58: empty and 255-octet names and passwords are handed on as they are") {
    lone_end end{server_config()};
    end.hear(text({client_greeting, "04 08 05 'HELLO' 00 00"}));
    REQUIRE(end.c.credentials().size() == 2);
    CHECK(end.c.credentials()[0].empty());
    CHECK(end.c.credentials()[1].empty());

    const std::string name(255, 'n');
    const std::string password(255, 'p');
    const plain_security longest{name, password};
    peer_pair pair{{.type = socket_type::push, .mechanism = &longest}, server_config()};
    pair.deliver();
    REQUIRE(pair.server.c.credentials().size() == 2);
    CHECK(as_text(pair.server.c.credentials()[0]) == name);
    CHECK(as_text(pair.server.c.credentials()[1]) == password);
    CHECK_FALSE(answer(pair.server, verdict::accepted));
    pair.deliver();
    CHECK(pair.client.got.handshakes == 1);
    CHECK(pair.server.got.handshakes == 1);
}

TEST_CASE("a user name or password of over 255 octets is refused from the start, not cut") {
    const std::string longest(255, 'x');
    const std::string longer(256, 'x');
    for (const auto& [name, password] :
         {std::pair{longest, longer}, {longer, longest}, {longest, longest}}) {
        const plain_security client{name, password};
        const config cfg{.type = socket_type::push, .mechanism = &client};
        lone_end end{cfg, role::client};
        drain(end.c, end.got);
        CHECK(check(cfg) == end.got.closed);
        if (name.size() + password.size() == 2 * 255) {
            CHECK_FALSE(end.got.closed);
            continue;
        }
        CHECK(end.got.closed == errc::invalid_credentials);
        CHECK(end.got.closed == condition::refused);
        CHECK(end.says().empty());
    }
}

TEST_CASE("check 59: steps out of order are closed by a PLAIN server") {
    for (const std::string& stream :
         {initiate(), ready(push), text({hello, hello}), text({hello, ready(push)}),
          text({welcome}), std::string{"00 02 'hi'"}, text({hello, "00 02 'hi'"}),
          std::string{"04 04 03 'FOO'"}}) {
        CAPTURE(stream);
        const seen got = accepting_server(stream);
        CHECK(got.closed == errc::unexpected_frame);
        CHECK(got.messages.empty());
    }
}

TEST_CASE("check 60: steps out of order are closed by a PLAIN client") {
    const auto closed_with = [](std::string_view stream) {
        lone_end end{client_config(), role::client};
        end.hear(text({server_greeting, stream}));
        CHECK(end.got.handshakes == 0);
        return end.got.closed;
    };
    CHECK(closed_with("04 09 07 'WELCOME' 00") == errc::malformed_command);
    CHECK(closed_with(ready(pull)) == errc::unexpected_frame);
    CHECK(closed_with(text({welcome, welcome})) == errc::unexpected_frame);
    CHECK(closed_with("00 02 'hi'") == errc::unexpected_frame);
    CHECK(closed_with(text({welcome, "00 02 'hi'"})) == errc::unexpected_frame);
    CHECK(closed_with(hello) == errc::unexpected_frame); // two clients
}

TEST_CASE("check 61, D21: a refused peer is told so by a code, and the connection closes at once") {
    const auto refuse = [](verdict what) {
        lone_end end{server_config()};
        end.hear(text({client_greeting, hello}));
        end.says();
        CHECK_FALSE(answer(end, what));
        CHECK(end.got.closed == errc::authentication_failed);
        CHECK(end.got.closed == condition::refused);
        CHECK(end.c.credentials().empty());
        return end.says();
    };
    CHECK(refuse(verdict::refused) == hex("04 0A 05 'ERROR' 03 '400'"));
    CHECK(refuse(verdict::server_error) == hex("04 0A 05 'ERROR' 03 '500'"));
    CHECK(refuse(verdict::try_later).empty());
}

TEST_CASE("check 62, rule 11, D16: a PLAIN client understands ERROR, also as libzmq misspells it") {
    for (const std::string_view error : {"04 0A 05 'ERROR' 03 '400'", "04 09 5E 'RROR' 03 '400'"}) {
        for (const std::string_view before : {std::string_view{}, welcome}) {
            lone_end end{client_config(), role::client};
            end.hear(text({server_greeting, before, error}));
            CHECK(end.got.closed == errc::refused_by_peer);
            CHECK(end.got.closed == condition::refused);
            CHECK(end.c.refusal() == "400");
        }
    }
}

TEST_CASE("check 63: a PLAIN server whose program never answers lets nobody in") {
    lone_end end{server_config()};
    end.hear(text({client_greeting, hello, initiate()}));
    CHECK(end.got.questions == 1);
    end.says();
    end.wait(29'999ms);
    CHECK(end.c.is_open());
    end.wait(1ms);
    CHECK(end.got.closed == errc::handshake_timeout);
    CHECK(end.says().empty());
}

TEST_CASE("a peer's user name stays known when its password is forgotten") {
    for (const verdict what : {verdict::accepted, verdict::refused, verdict::try_later}) {
        lone_end end{server_config()};
        end.hear(text({client_greeting, hello}));
        CHECK_FALSE(answer(end, what));
        const octets name = end.c.user_id();
        CHECK(as_text(name) == "admin");
        CHECK(hex(octets{name.data(), 11}) == "61646D696E000000000000"); // no "secret" behind it
        end.hear(initiate());
        CHECK(end.got.handshakes == (what == verdict::accepted ? 1 : 0));
        end.c.end_of_stream();
        CHECK(as_text(end.c.user_id()) == "admin");
    }
    lone_end nobody{server_config()};
    nobody.hear(text({client_greeting, "04 0E 05 'HELLO' 00 06 'secret'"}));
    CHECK_FALSE(answer(nobody, verdict::accepted));
    CHECK(nobody.c.user_id().empty());
}

TEST_CASE("a verdict may come later, and what the peer sent meanwhile waits for it") {
    lone_end end{server_config()};
    end.hear(text({client_greeting, hello, initiate(), "00 02 'hi'"}));
    drain(end.c, end.got);
    CHECK(end.got.questions == 1); // told once
    end.wait(10s);
    CHECK_FALSE(answer(end, verdict::accepted));
    CHECK(end.got.handshakes == 1);
    CHECK(end.got.messages == std::vector<parts>{{"hi"}});
}

TEST_CASE("a peer that floods while a verdict is waited for is not read any more") {
    config cfg = server_config();
    cfg.read_block = 32 * 1024;
    lone_end end{cfg};
    end.hear(text({client_greeting, hello}));
    for (int i = 0; i < 100 && !end.c.prepare().empty(); ++i)
        end.hear(octets{filled(std::min<std::size_t>(1000, end.c.prepare()[0].size()))});
    CHECK(end.c.prepare().empty());
    CHECK(end.c.is_open());
    CHECK(end.memory.in_use < 40 * 1024);
    CHECK_FALSE(answer(end, verdict::accepted));
    CHECK_FALSE(end.c.is_open()); // that was no INITIATE
}

TEST_CASE("a verdict that nobody waits for is the program's mistake and changes nothing") {
    lone_end end{server_config()};
    CHECK(answer(end, verdict::accepted) == errc::no_question);
    end.hear(text({client_greeting, hello}));
    CHECK_FALSE(answer(end, verdict::accepted));
    CHECK(answer(end, verdict::refused) == errc::no_question);
    end.hear(initiate());
    CHECK(end.got.handshakes == 1);
    CHECK(answer(end, verdict::refused) == errc::no_question);
    CHECK(end.c.is_open());
}

TEST_CASE("check 52: with authentication, NULL sends READY once the program has accepted") {
    lone_end end{{.type = socket_type::pull, .authenticate = true}};
    end.hear(greeting_3_1() + ready_of("PUSH") + wire("00 02 'hi'"));
    CHECK(end.got.questions == 1);
    CHECK(end.c.credentials().empty());
    CHECK(end.says() == hex(greeting_3_1()));
    CHECK_FALSE(answer(end, verdict::accepted));
    CHECK(end.says() == hex(ready(pull)));
    CHECK(end.got.handshakes == 1);
    CHECK(end.got.messages == std::vector<parts>{{"hi"}});
    CHECK(end.c.user_id().empty());
}

TEST_CASE("checks 53 and 54: with authentication, NULL tells the peer a refusal but not a delay") {
    for (const auto& [what, said] : std::vector<std::pair<verdict, std::string>>{
             {verdict::refused, "04 0A 05 'ERROR' 03 '400'"},
             {verdict::server_error, "04 0A 05 'ERROR' 03 '500'"},
             {verdict::try_later, ""}}) {
        lone_end end{{.type = socket_type::pull, .authenticate = true}};
        end.hear(greeting_3_1());
        end.says();
        CHECK_FALSE(answer(end, what));
        CHECK(end.says() == hex(said));
        CHECK(end.got.closed == errc::authentication_failed);
    }
}

TEST_CASE("check 14: a peer of ZMTP 1.0 or 2.0 does not get around PLAIN, nor around the program's "
          "verdict") {
    const config judging{.type = socket_type::pull, .authenticate = true}; // by NULL
    for (const config& cfg : {server_config(), judging})
        for (const auto& [stream, why] : std::vector<std::pair<std::string_view, errc>>{
                 {"01 00 03 00 'hi'", errc::zmtp_1_peer},
                 {"FF 0000000000000004 00 'XYZ' 03 00 'hi'", errc::zmtp_1_peer},
                 {"FF 00*8 7F 01 08 00 00 00 02 'hi'", errc::zmtp_2_peer}}) {
            lone_end end{cfg};
            end.hear(stream);
            CHECK(end.got.closed == why);
            CHECK(end.got.questions == 0);
            CHECK(end.got.messages.empty());
        }
    lone_end end{server_config()};
    end.hear("FF 00*8 7F 03 01 'NULL' 00*48");
    CHECK(end.got.closed == errc::mechanism_mismatch);
}

TEST_CASE("check 84: as-server of the peer changes nothing") {
    for (const std::string_view theirs : {client_greeting, server_greeting}) {
        lone_end server{server_config()};
        server.hear(text({theirs, hello}));
        CHECK(server.got.questions == 1);
        lone_end client{client_config(), role::client};
        client.hear(text({theirs, welcome}));
        CHECK(client.c.is_open());
    }
}

TEST_CASE("check 15: stopping after WELCOME, or before HELLO, is given up in time") {
    for (const std::string& stream : {text({client_greeting}), text({client_greeting, hello})}) {
        config cfg = server_config();
        cfg.limit.handshake_time = 500ms;
        lone_end end{cfg};
        end.hear(stream);
        if (end.got.questions != 0)
            CHECK_FALSE(answer(end, verdict::accepted));
        end.wait(499ms);
        CHECK(end.c.is_open());
        end.wait(1ms);
        CHECK(end.got.closed == errc::handshake_timeout);
    }
}

TEST_CASE("a PLAIN handshake gives the same however its octets are cut") {
    const bytes stream = wire(text({client_greeting, hello, initiate(), "00 02 'hi'"}));
    for (const auto& cuts : every_cut(stream)) {
        lone_end end{server_config()};
        for (const octets piece : cuts) {
            end.hear(piece);
            if (end.got.questions == 1 && !end.c.credentials().empty())
                CHECK_FALSE(answer(end, verdict::accepted));
        }
        CHECK(end.got.messages == std::vector<parts>{{"hi"}});
        CHECK(end.got.handshakes == 1);
    }
}

TEST_CASE(
    "memory refused at any request of a PLAIN handshake closes that connection, and no leak") {
    for (std::size_t refused = 1; refused < 20; ++refused) {
        peer_pair pair{client_config(), server_config()};
        pair.server.memory.refuse_at = pair.server.memory.asked + refused;
        pair.client.memory.refuse_at = pair.client.memory.asked + refused;
        pair.deliver();
        if (pair.server.got.questions != 0 && answer(pair.server, verdict::accepted))
            CHECK_FALSE(pair.server.c.is_open());
        pair.deliver();
        for (lone_end* end : {&pair.client, &pair.server})
            CHECK((end->c.handshake_done() || !end->c.is_open() || !pair.server.c.is_open() ||
                   !pair.client.c.is_open()));
    }
}

TEST_CASE("secrets are compared whole") {
    const auto same = [](std::string_view a, std::string_view b) {
        return same_secret(as_octets(a), as_octets(b));
    };
    CHECK(same("", ""));
    CHECK(same("secret", "secret"));
    CHECK_FALSE(same("secret", "secreT"));
    CHECK_FALSE(same("secret", "Secret"));
    CHECK_FALSE(same("secret", "secretsecret"));
    CHECK_FALSE(same("secretsecret", "secret"));
    CHECK_FALSE(same("", "x"));
    CHECK_FALSE(same("x", ""));
}

TEST_CASE("a password is in no memory of a connection's once the handshake is done") {
    for (const std::size_t length : {20U, 255U}) {
        const std::string name(length, 'n');
        const std::string password(length, 'p');
        const plain_security says{name, password};
        for (const verdict what : {verdict::accepted, verdict::refused}) {
            peer_pair pair{{.type = socket_type::push, .mechanism = &says},
                           {.type = socket_type::pull, .mechanism = &for_server}};
            pair.client.memory.secret = password;
            pair.server.memory.secret = password;
            pair.deliver();
            REQUIRE(pair.server.got.questions == 1);
            CHECK(pair.server.memory.holds_secret()); // so that the program can look at it
            CHECK_FALSE(answer(pair.server, what));
            pair.deliver();
            CHECK(pair.server.got.handshakes == (what == verdict::accepted ? 1 : 0));
            for (const auto* memory : {&pair.client.memory, &pair.server.memory}) {
                CHECK_FALSE(memory->holds_secret());
                CHECK_FALSE(memory->gave_back_secret);
            }
        }
    }
}
