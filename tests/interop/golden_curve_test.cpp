// CURVE with real libzmq, frame by frame: each side sends what the other would in its place, but
// for what is random.
#include "../../lib/src/curve/security.hpp"
#include "libzmq_peer.hpp"
#include "protection.hpp"
#include "wire_peer.hpp"

#include <doctest/doctest.h>
#include <zmq.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::testing {
namespace {

using zmtp::role;
using zmtp::testing::hex;

/// The frames behind the greeting: flags, octets, name, and the counter where there is one.
std::vector<std::string> frames_of(std::string_view octets) {
    std::vector<std::string> out;
    octets.remove_prefix(std::min(octets.size(), zmtp::greeting_size));
    while (octets.size() >= 2) {
        const bool wide = (octets[0] & 2) != 0;
        std::size_t size = 0;
        for (const char octet : octets.substr(1, wide ? 8 : 1))
            size = size * 256 + static_cast<unsigned char>(octet);
        const auto body = octets.substr(wide ? 9 : 2, size);
        const std::string name{body.substr(1, static_cast<std::size_t>(body[0]))};
        std::size_t count_at = name.size() + 1;
        if (name == "HELLO")
            count_at = 112;
        if (name == "INITIATE")
            count_at = 105;
        out.push_back(std::to_string(octets[0]) + " " + std::to_string(size) + " " + name);
        if (name != "WELCOME" && name != "ERROR")
            out.back() += " " + hex(zmtp::as_octets(body.substr(count_at, 8)));
        octets.remove_prefix((wide ? 9 : 2) + body.size());
    }
    return out;
}

struct curve_session {
    zmq_context context;
    zmq_peer theirs{context, ZMQ_DEALER};
    role side;
    curve::server_security serving{curve::secret_key{keys().server.secret_key.octets}};
    curve::secret_key own{keys().client.secret_key.octets};
    curve::client_security calling{keys().server.public_key.octets, &own};
    zmtp::config cfg{.type = zmtp::socket_type::dealer,
                     .mechanism = side == role::server
                                      ? static_cast<const zmtp::security*>(&serving)
                                      : &calling};
    wire_peer ours;

    explicit curve_session(role us) : side{us}, ours{us, cfg, joined()} {}

    void talk() {
        const auto hear = [&](std::size_t count) {
            REQUIRE(ours.until([&] { return ours.got.messages.size() == count; }));
        };
        const auto they_hear = [&](const parts& expected) {
            REQUIRE(ours.until([&] { return ours.link().output().empty(); }));
            parts got;
            REQUIRE(theirs.receive(got));
            CHECK(got == expected);
        };
        REQUIRE(ours.until_handshake());
        if (side == role::server) {
            REQUIRE(theirs.send({"a", "", "bc"}));
            hear(1);
            CHECK(ours.got.messages[0] == parts{"a", "", "bc"});
            ours.send({std::string(223, 'x')});
            they_hear({std::string(223, 'x')});
        } else {
            ours.send({"a", "", "bc"});
            they_hear({"a", "", "bc"});
            REQUIRE(theirs.send({std::string(223, 'x')}));
            hear(1);
            CHECK(ours.got.messages[0] == parts{std::string(223, 'x')});
        }
    }

private:
    posix_socket joined() {
        if (side == role::server)
            make_curve_client(theirs);
        else
            make_curve_server(theirs);
        return dial(theirs.bind());
    }
};

TEST_CASE("CURVE: the commands of client and server have the sizes and counters of libzmq's") {
    const std::vector<std::string> client{
        "4 200 HELLO 0000000000000001",  "6 292 INITIATE 0000000000000002",
        "0 34 MESSAGE 0000000000000003", "0 33 MESSAGE 0000000000000004",
        "0 35 MESSAGE 0000000000000005",
    };
    const std::vector<std::string> server{
        "4 168 WELCOME",
        "4 65 READY 0000000000000001",
        "2 256 MESSAGE 0000000000000002",
    };
    curve_session we_serve{role::server};
    we_serve.talk();
    CHECK(frames_of(we_serve.ours.heard) == client);
    CHECK(frames_of(we_serve.ours.said) == server);
    curve_session they_serve{role::client};
    they_serve.talk();
    CHECK(frames_of(they_serve.ours.said) == client);
    CHECK(frames_of(they_serve.ours.heard) == server);
}

TEST_CASE("CURVE: libzmq closes on a message of ours that comes again, as we do on one of its") {
    curve_session we_call{role::client};
    we_call.talk();
    const std::size_t before = we_call.ours.said.size();
    we_call.ours.send({"once"});
    REQUIRE(we_call.ours.until([&] { return we_call.ours.link().output().empty(); }));
    we_call.ours.say(we_call.ours.said.substr(before));
    CHECK(we_call.ours.until([&] { return we_call.ours.at_end() || !we_call.ours.is_open(); }));
    parts got;
    CHECK(we_call.theirs.receive(got));
    CHECK(got == parts{"once"});
    CHECK_FALSE(we_call.theirs.receive(got, ZMQ_DONTWAIT));
}

} // namespace
} // namespace mizzen::testing
