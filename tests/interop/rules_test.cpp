// The rules that decide whether implementations understand each other, and the places where libzmq
// departs from the RFCs: with libzmq where it is libzmq's doing, by hand where it is ours.
#include "../unit/loop.hpp"
#include "libzmq_peer.hpp"
#include "raw_peer.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::testing {
namespace {

void their_send(loop& run, zmq_peer& peer, const parts& message) {
    REQUIRE(run.until([&] { return peer.send(message, ZMQ_DONTWAIT); }));
}
parts their_receive(loop& run, zmq_peer& peer) {
    parts got;
    REQUIRE(run.until([&] { return peer.receive(got, ZMQ_DONTWAIT); }));
    return got;
}
std::string ping(unsigned tenths, std::string_view context = {}) {
    return frame("\x04PING"s + number(tenths, 2) + std::string{context}, command);
}
std::string pong(std::string_view context = {}) {
    return frame("\x04PONG"s + std::string{context}, command);
}
// A peer of a bound socket, its handshake done.
template <class Socket>
raw_peer joined_peer(loop& run, Socket& socket, std::string_view type = "DEALER",
                     std::string_view identity = {}) {
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake(type, identity);
    return peer;
}
// That the connection still carries messages in.
void check_alive(loop& run, dealer& socket, raw_peer& peer) {
    peer.send("alive");
    CHECK(receive(run, socket) == "alive");
}

// --- Rules 1 to 3: the start ---

TEST_CASE("rule 1: the greeting does not wait for the peer's") {
    loop run;
    dealer socket{run.io};
    raw_peer silent{run, socket.bind("tcp://127.0.0.1:*")};
    CHECK(silent.read_greeting() == greeting());
    raw_listener listener{run};
    socket.connect(listener.endpoint());
    CHECK(listener.accept().read_greeting() == greeting());
}

TEST_CASE(
    "rule 1: a greeting that comes by steps of 10, 1 and 53 octets, or octet by octet, is read") {
    loop run;
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    const std::string all = greeting() + ready("DEALER") + frames_of("a//b");
    for (const bool singly : {false, true}) {
        raw_peer peer{run, endpoint};
        std::size_t at = 0;
        for (const auto step : std::array<std::size_t, 3>{10, 1, 53}) {
            for (std::size_t i = 0; i < step; i += singly ? 1 : step) {
                const auto before = socket.stats().octets_in;
                const std::size_t size = singly ? 1 : step;
                peer.write(std::string_view{all}.substr(at, size));
                at += size;
                REQUIRE(run.until([&] { return socket.stats().octets_in == before + size; }));
            }
        }
        for (; at < all.size(); ++at) {
            const auto before = socket.stats().octets_in;
            peer.write(std::string_view{all}.substr(at, 1));
            REQUIRE(run.until([&] { return socket.stats().octets_in == before + 1; }));
        }
        CHECK(receive(run, socket) == "a//b");
    }
}

TEST_CASE("rule 2, D1, D2: padding, as-server and filler of a greeting are not looked at") {
    loop run;
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    std::string odd = greeting();
    odd.replace(1, 8, 8, '\xAA');
    odd.replace(32, 32, 32, '\x55');
    raw_peer peer{run, endpoint};
    peer.write(odd + ready("DEALER") + frames_of("odd"));
    CHECK(receive(run, socket) == "odd");

    zmq_context context;
    zmq_peer named{context, ZMQ_DEALER};
    named.set(ZMQ_ROUTING_ID, std::string(255, 'n')); // its length is in libzmq's padding
    named.connect(endpoint);
    their_send(run, named, {"named"});
    CHECK(receive(run, socket) == "named");
}

TEST_CASE("check 48, rule 3: no message leaves before the peer's READY has come") {
    loop run;
    raw_listener listener{run};
    dealer socket{run.io};
    socket.connect(listener.endpoint());
    send(run, socket, "queued");
    raw_peer peer = listener.accept();
    peer.write(greeting());
    peer.read_greeting();
    CHECK(peer.read_frame().flags == command); // READY, without waiting for the peer's
    CHECK(peer.is_quiet());
    peer.write(ready("DEALER"));
    CHECK(peer.receive() == "queued");
}

TEST_CASE("rule 3: libzmq takes what was queued before it was there") {
    loop run;
    zmq_context context;
    zmq_peer theirs{context, ZMQ_DEALER};
    const std::string endpoint = theirs.bind();
    for (int i = 0; i < 10; ++i) {
        dealer socket{run.io};
        socket.connect(endpoint);
        send(run, socket, "first");
        send(run, socket, "second");
        CHECK(their_receive(run, theirs) == parts{"first"});
        CHECK(their_receive(run, theirs) == parts{"second"});
    }
}

TEST_CASE("D3: higher versions are spoken to, ZMTP 2.0 is closed, and nothing of it is delivered") {
    loop run;
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (const unsigned version : {3U, 4U, 255U}) {
        CAPTURE(version);
        std::string hello = greeting(9);
        hello[10] = static_cast<char>(version);
        raw_peer peer{run, endpoint};
        peer.write(hello + ready("DEALER") + frames_of("hi"));
        CHECK(receive(run, socket) == "hi");
    }
    for (const char version : {'\0', '\1', '\2'}) {
        raw_peer peer{run, endpoint};
        peer.write("\xFF"s + std::string(8, '\0') + '\x7F' + version + "\x05\x00\x00\x00\x02hi"s);
        CHECK(peer.is_closed());
    }
    CHECK(try_receive(socket) == errc::would_block);
}

TEST_CASE("D4: the lowest bit of the signature's last octet decides") {
    loop run;
    dealer socket{run.io};
    std::string hello = greeting();
    hello[9] = '\x01';
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.write(hello + ready("DEALER") + frames_of("hi"));
    CHECK(receive(run, socket) == "hi");
}

TEST_CASE("D5, D34: what is not ZMTP 3, or ZMTP 1.0, is closed, and nothing of it is delivered") {
    loop run;
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    const auto http = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"s;
    for (const std::string& opening :
         {http + std::string(300, 'x'), "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s,
          "\x01\x00\x03\x00hi"s, "\xFF\x00\x00\x00\x00\x00\x00\x00\x04\x00XYZ"s, "\x00"s}) {
        raw_peer peer{run, endpoint};
        peer.write(opening);
        CHECK(peer.is_closed());
    }
    CHECK(try_receive(socket) == errc::would_block);
    CHECK(socket.stats().connections == 0);
}

TEST_CASE("D29: a peer of another mechanism still gets the whole greeting, then the end") {
    loop run;
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (const auto& mechanism : {"CURVE"s, "PLAIN"s, "null"s, "NULLX"s, "NULL\0x"s}) {
        CAPTURE(mechanism);
        raw_peer peer{run, endpoint};
        peer.write(greeting(1, mechanism) + ready("DEALER"));
        CHECK(peer.read_greeting() == greeting());
        CHECK(peer.is_closed());
    }
    CHECK(socket.stats().connections == 0);
}

// --- Frames ---

TEST_CASE("D7: reserved flags are ignored; a command's MORE too; but READY has to be a command") {
    loop run;
    dealer socket{run.io};
    raw_peer peer = joined_peer(run, socket);
    peer.write("\xF8\x02hi"s);
    CHECK(receive(run, socket) == "hi");
    peer.write("\x05\x04\x03"s + "FOO"); // MORE and COMMAND
    check_alive(run, socket, peer);
    peer.write("\x02\x00\x00\x00\x00\x00\x00\x00\x02lf"s); // a long size for a short body
    CHECK(receive(run, socket) == "lf");
    raw_peer plain{run, socket.bind("tcp://127.0.0.1:*")};
    std::string message = ready("DEALER");
    message[0] = '\0';
    plain.write(greeting() + message);
    CHECK(plain.is_closed());
}

TEST_CASE("D33: the limit of a message counts all its parts and leaves the handshake alone") {
    loop run;
    dealer socket{run.io};
    socket.set(option::max_message_size{10});
    raw_peer peer = joined_peer(run, socket); // READY is longer than that
    peer.send("12345/67890");
    CHECK(receive(run, socket) == "12345/67890");
    peer.send("12345/678901");
    CHECK(peer.is_closed());
}

TEST_CASE("rule 9, D26: a command between the frames of a message does not tear it apart") {
    loop run;
    dealer socket{run.io};
    raw_peer peer = joined_peer(run, socket);
    peer.write(frame("a", more) + frame("\x03"s + "FOO", command) + frame("", more) +
               ping(0, "ctx") + frame("b"));
    CHECK(receive(run, socket) == "a//b");
    CHECK(peer.read_frame().body == "\x04PONGctx");
    const std::string large(100'000, 'x');
    peer.write(frame(large, more) + ping(0) + frame(large));
    CHECK(receive(run, socket) == large + "/" + large);
}

TEST_CASE("D26: libzmq's PINGs in the midst of long messages leave them whole, both ways") {
    loop run;
    zmq_context context;
    zmq_peer theirs{context, ZMQ_DEALER};
    theirs.set(ZMQ_HEARTBEAT_IVL, 1);
    theirs.set(ZMQ_HEARTBEAT_TIMEOUT, 5000);
    dealer socket{run.io};
    socket.set(option::heartbeat{1ms, 5000ms});
    theirs.connect(socket.bind("tcp://127.0.0.1:*"));
    await_connections(run, socket, 1);
    parts expected;
    for (std::size_t i = 0; i < 10; ++i)
        expected.emplace_back(i * 30'000, static_cast<char>('a' + i));
    std::string joined = expected[0];
    for (std::size_t i = 1; i < expected.size(); ++i)
        joined += "/" + expected[i];
    for (int i = 0; i < 20; ++i) {
        their_send(run, theirs, expected);
        send(run, socket, joined);
        CHECK((receive(run, socket) == joined));
        CHECK((their_receive(run, theirs) == expected));
    }
    CHECK(socket.stats().disconnects == 0);
}

// --- Metadata ---

TEST_CASE("D8: property names are read in any case, values are not; unknown ones are passed over") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    const auto shake = [&](const std::string& metadata) {
        raw_peer peer{run, endpoint};
        peer.write(greeting() + frame("\x05READY" + metadata, command) + frames_of("hi"));
        return peer;
    };
    raw_peer fine = shake(property("socket-TYPE", "DEALER") + property("iDENTITY", "me") +
                          property("X-own", std::string(300, '\0')) + property("Other", ""));
    CHECK(receive(run, socket) == "me/hi");
    CHECK(shake(property("Socket-Type", "dealer")).is_closed());
    CHECK(shake(property("Socket-Type", "DEALER") + property("", "x")).is_closed());
    CHECK(shake(property("Socket-Type", "DEALER") + property("Socket-Type", "DEALER")).is_closed());
    CHECK(shake(property("Identity", "no type")).is_closed());
    CHECK(shake(property("Socket-Type", "DEALER") + "\x01").is_closed());
    CHECK(shake(property("Socket-Type", "DEALER") + "\x01x\xFF\xFF\xFF\xFF").is_closed());
    CHECK(try_receive(socket) == errc::would_block);
}

template <class Socket> void check_types(std::string_view allowed) {
    loop run;
    Socket socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (const auto* type : {"REQ", "REP", "DEALER", "ROUTER", "PUB", "XPUB", "SUB", "XSUB", "PUSH",
                             "PULL", "PAIR", "STREAM", ""}) {
        CAPTURE(type);
        const bool fits =
            *type != '\0' &&
            (" " + std::string{allowed} + " ").find(" "s + type + " ") != std::string::npos;
        const auto before = socket.stats().connections;
        raw_peer peer{run, endpoint};
        peer.write(greeting() + ready(type));
        peer.read_greeting();
        CHECK(peer.read_frame().body.substr(0, 6) == "\x05READY");
        if (fits) {
            await_connections(run, socket, before + 1);
        } else {
            CHECK(peer.read_frame().body.substr(0, 6) == "\x05"
                                                         "ERROR");
            CHECK(peer.is_closed());
            CHECK(socket.stats().connections == before);
        }
    }
}

TEST_CASE("D9: a socket type that does not fit is told so with an ERROR and closed") {
    check_types<req>("REP ROUTER");
    check_types<rep>("REQ DEALER");
    check_types<dealer>("REP DEALER ROUTER");
    check_types<router>("REQ DEALER ROUTER");
}

template <class Socket> std::string ready_of(std::string_view peer_type, bool named) {
    loop run;
    Socket socket{run.io};
    if (named)
        socket.set(option::routing_id{"me"});
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    return peer.handshake(peer_type).substr(6);
}

TEST_CASE("D10, D23: REQ, DEALER and ROUTER announce Identity, REP does not; nobody a Resource") {
    const auto type = [](std::string_view name) { return property("Socket-Type", name); };
    CHECK(ready_of<req>("REP", true) == type("REQ") + property("Identity", "me"));
    CHECK(ready_of<req>("REP", false) == type("REQ") + property("Identity", ""));
    CHECK(ready_of<dealer>("REP", true) == type("DEALER") + property("Identity", "me"));
    CHECK(ready_of<router>("REQ", true) == type("ROUTER") + property("Identity", "me"));
    CHECK(ready_of<rep>("REQ", false) == type("REP"));
}

TEST_CASE("what has to be READY and is not closes the connection, and nothing is delivered") {
    loop run;
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (const std::string& first :
         {frames_of("message"), frame("\x03"s + "FOO", command), frame("", command), ping(0),
          frame("\x05"
                "ERROR\x03"
                "400",
                command),
          frame("\x05"
                "ERROR\x09"
                "400",
                command),
          frame("\x05"
                "ERROR",
                command)}) {
        raw_peer peer{run, endpoint};
        peer.write(greeting() + first);
        CHECK(peer.is_closed());
    }
    CHECK(try_receive(socket) == errc::would_block);
    CHECK(socket.stats().connections == 0);
}

// --- Commands after the handshake ---

TEST_CASE("D12: SUBSCRIBE and CANCEL are not delivered to the program") {
    loop run;
    dealer socket{run.io};
    raw_peer peer = joined_peer(run, socket);
    peer.write(frame("\x09SUBSCRIBEtopic", command) + frame("\x06"
                                                            "CANCELtopic",
                                                            command));
    check_alive(run, socket, peer);
    router other{run.io};
    raw_peer second = joined_peer(run, other, "DEALER", "id");
    second.write(frame("\x09SUBSCRIBEtopic", command) + frames_of("alive"));
    CHECK(receive(run, other) == "id/alive");
}

TEST_CASE(
    "D15: READY, ERROR, unknown, empty and truncated commands after the handshake are ignored") {
    loop run;
    dealer socket{run.io};
    raw_peer peer = joined_peer(run, socket);
    peer.write(ready("DEALER", "new name"));
    peer.write(frame("\x05"
                     "ERROR\x03"
                     "400",
                     command));
    peer.write(frame("\x03"
                     "FOO123",
                     command));
    peer.write(frame("", command) +
               frame("\x09"
                     "AB",
                     command) +
               frame("\x00"
                     "abc"s,
                     command));
    check_alive(run, socket, peer);
}

TEST_CASE("rule 10: a PING is answered whatever version the peer announced") {
    loop run;
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (const int minor : {0, 1, 2}) {
        raw_peer peer{run, endpoint};
        peer.write(greeting(minor) + ready("DEALER"));
        peer.read_greeting();
        peer.read_frame();
        peer.write(ping(0) + ping(0, "c"));
        std::string pongs = peer.read(7);
        if (pongs == pong()) // one PONG may stand for both
            pongs = peer.read(8);
        else
            pongs += peer.read(1);
        CHECK(pongs == pong("c"));
        peer.write(ping(0, "sixteen octets.."));
        CHECK(peer.read_frame().body == "\x04PONGsixteen octets..");
    }
}

TEST_CASE("rule 10: heartbeats are off until asked for, and a TTL over 65.5 seconds is refused") {
    loop run;
    dealer socket{run.io};
    raw_peer peer = joined_peer(run, socket);
    CHECK(peer.is_quiet());
    std::error_code ec;
    socket.set(option::heartbeat{100ms, 100ms, 65'600ms}, ec);
    CHECK(ec == errc::invalid_option);
}

TEST_CASE("our PINGs carry the TTL in tenths of a second; silence after one closes, any answer "
          "does not") {
    loop run;
    dealer socket{run.io};
    socket.set(option::heartbeat{50ms, 100ms, 65'500ms});
    raw_peer answering = joined_peer(run, socket);
    raw_peer silent = joined_peer(run, socket);
    for (int i = 0; i < 6; ++i) {
        const raw_frame asked = answering.read_frame();
        CHECK(asked.flags == command);
        CHECK(asked.body == "\x04PING\x02\x8F"s); // 655
        answering.write(i % 2 == 0 ? pong() : frames_of("as good"));
    }
    CHECK(silent.is_closed());
    CHECK(socket.stats().disconnects == 1);
}

TEST_CASE("D24: a TTL is counted in more than sixteen bits of milliseconds, and is kept") {
    loop run;
    dealer socket{run.io};
    raw_peer patient = joined_peer(run, socket);
    patient.write(ping(656)); // 64 ms for libzmq
    CHECK(patient.read_frame().body == "\x04PONG");
    CHECK(patient.is_quiet(150ms));
    raw_peer strict = joined_peer(run, socket);
    const auto before = std::chrono::steady_clock::now();
    strict.write(ping(2));
    CHECK(strict.is_closed());
    CHECK(std::chrono::steady_clock::now() - before >= 195ms);
    raw_peer mild = joined_peer(run, socket);
    mild.write(ping(2) + frames_of("any frame ends it"));
    mild.read_frame();
    CHECK(mild.is_quiet(300ms));
}

TEST_CASE("D25: a PONG repeats sixteen octets at most, and a PING without a TTL is not answered") {
    loop run;
    dealer socket{run.io};
    raw_peer peer = joined_peer(run, socket);
    peer.write(ping(0, "sixteen octets..and more") + pong("unasked") + pong());
    CHECK(peer.read_frame().body == "\x04PONGsixteen octets..");
    check_alive(run, socket, peer);
    peer.write(frame("\x04PING\x00"s, command));
    CHECK(peer.is_closed());
}

TEST_CASE("rule 10, D24: a libzmq that pings stays connected, whoever binds") {
    for (const bool we_bind : {true, false}) {
        CAPTURE(we_bind);
        loop run;
        zmq_context context;
        zmq_peer theirs{context, ZMQ_DEALER};
        theirs.set(ZMQ_HEARTBEAT_IVL, 20);
        theirs.set(ZMQ_HEARTBEAT_TIMEOUT, 2000);
        theirs.set(ZMQ_HEARTBEAT_TTL, 2000);
        dealer socket{run.io};
        if (we_bind)
            theirs.connect(socket.bind("tcp://127.0.0.1:*"));
        else
            socket.connect(theirs.bind());
        await_connections(run, socket, 1);
        const auto before = socket.stats();
        // Ten PINGs of nine octets come and as many PONGs of seven go.
        REQUIRE(run.until([&] {
            return socket.stats().octets_in >= before.octets_in + 10 * 9 &&
                   socket.stats().octets_out >= before.octets_out + 10 * 7;
        }));
        their_send(run, theirs, {"still", "here"});
        CHECK(receive(run, socket) == "still/here");
        CHECK(socket.stats().disconnects == 0);
        CHECK(socket.stats().connections == 1);
    }
}

TEST_CASE("rule 10: libzmq answers our PINGs and honours their TTL") {
    loop run;
    zmq_context context;
    zmq_peer theirs{context, ZMQ_DEALER};
    dealer socket{run.io};
    socket.set(option::heartbeat{20ms, 2000ms, 2000ms});
    socket.connect(theirs.bind());
    await_connections(run, socket, 1);
    const auto before = socket.stats().octets_in;
    REQUIRE(run.until([&] { return socket.stats().octets_in >= before + 10 * 7; }));
    their_send(run, theirs, {"here"});
    CHECK(receive(run, socket) == "here");
    CHECK(socket.stats().disconnects == 0);
}

TEST_CASE("D27: a message right behind READY, in one segment with the greeting, is delivered") {
    loop run;
    dealer socket{run.io};
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.write(greeting() + ready("DEALER") + frames_of("a/b") + frames_of("c"));
    CHECK(receive(run, socket) == "a/b");
    CHECK(receive(run, socket) == "c");
}

// --- Routing ids ---

TEST_CASE("D28: of two libzmq peers with one id the second is closed, not left mute") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    zmq_context context;
    zmq_peer first{context, ZMQ_DEALER};
    first.set(ZMQ_ROUTING_ID, "ID");
    first.connect(endpoint);
    await_connections(run, socket, 1);
    zmq_peer second{context, ZMQ_DEALER};
    second.set(ZMQ_ROUTING_ID, "ID");
    second.set(ZMQ_RECONNECT_IVL, 10);
    second.connect(endpoint);
    REQUIRE(run.until([&] { return socket.stats().handshakes_failed >= 2; }));
    their_send(run, first, {"mine"});
    CHECK(receive(run, socket) == "ID/mine");
    send(run, socket, "ID/yours");
    CHECK(their_receive(run, first) == parts{"yours"});
    first.close(); // the second keeps trying and is served now
    await_connections(run, socket, 2);
    their_send(run, second, {"my turn"});
    CHECK(receive(run, socket) == "ID/my turn");
}

TEST_CASE("D28: with handover the first libzmq peer is closed") {
    loop run;
    router socket{run.io};
    socket.set(option::router_handover{true});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    zmq_context context;
    zmq_peer first{context, ZMQ_DEALER};
    first.set(ZMQ_ROUTING_ID, "ID");
    first.set(ZMQ_RECONNECT_IVL, 60'000);
    first.connect(endpoint);
    await_connections(run, socket, 1);
    zmq_peer second{context, ZMQ_DEALER};
    second.set(ZMQ_ROUTING_ID, "ID");
    second.connect(endpoint);
    await_connections(run, socket, 2);
    REQUIRE(run.until([&] { return socket.stats().disconnects == 1; }));
    send(run, socket, "ID/yours");
    CHECK(their_receive(run, second) == parts{"yours"});
}

TEST_CASE("D36: two libzmq REQs with one id are both served by a REP") {
    loop run;
    rep socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    zmq_context context;
    zmq_peer a{context, ZMQ_REQ};
    zmq_peer b{context, ZMQ_REQ};
    for (zmq_peer* peer : {&a, &b}) {
        peer->set(ZMQ_ROUTING_ID, "ID");
        peer->connect(endpoint);
    }
    their_send(run, a, {"a"});
    their_send(run, b, {"b"});
    for (int i = 0; i < 2; ++i) {
        const std::string request = receive(run, socket);
        send(run, socket, "to " + request);
    }
    CHECK(their_receive(run, a) == parts{"to a"});
    CHECK(their_receive(run, b) == parts{"to b"});
}

// --- Rule 12: what a libzmq client takes as final ---

TEST_CASE("rule 12, D30: a libzmq client that our limit disconnects comes back by itself") {
    loop run;
    dealer socket{run.io};
    socket.set(option::max_message_size{1000});
    zmq_context context;
    zmq_peer client{context, ZMQ_DEALER};
    client.set(ZMQ_RECONNECT_IVL, 10);
    client.connect(socket.bind("tcp://127.0.0.1:*"));
    await_connections(run, socket, 1);
    for (std::uint64_t round = 1; round <= 3; ++round) {
        their_send(run, client, {std::string(1001, 'x')});
        REQUIRE(run.until([&] { return socket.stats().disconnects == round; }));
        await_connections(run, socket, round + 1);
        their_send(run, client, {"good"});
        CHECK(receive(run, socket) == "good");
        send(run, socket, "answer");
        CHECK(their_receive(run, client) == parts{"answer"});
    }
}

TEST_CASE(
    "rule 12: a libzmq client of the wrong kind is refused for good, and the others are served") {
    loop run;
    rep socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    zmq_context context;
    zmq_peer wrong{context, ZMQ_SUB};
    wrong.set(ZMQ_RECONNECT_IVL, 1);
    wrong.connect(endpoint);
    REQUIRE(run.until([&] { return socket.stats().handshakes_failed == 1; }));
    CHECK(run.never([&] { return socket.stats().handshakes_failed > 1; }));
    zmq_peer right{context, ZMQ_REQ};
    right.connect(endpoint);
    their_send(run, right, {"hello"});
    CHECK(receive(run, socket) == "hello");
    send(run, socket, "there");
    CHECK(their_receive(run, right) == parts{"there"});
}

TEST_CASE("rule 12: unbinding and binding again finds libzmq's clients again") {
    loop run;
    zmq_context context;
    zmq_peer client{context, ZMQ_DEALER};
    client.set(ZMQ_RECONNECT_IVL, 10);
    dealer socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    client.connect(endpoint);
    for (std::uint64_t round = 1; round <= 3; ++round) {
        await_connections(run, socket, round);
        their_send(run, client, {"a", "", "b"});
        CHECK(receive(run, socket) == "a//b");
        socket.unbind(endpoint);
        CHECK(socket.bind(endpoint) == endpoint);
    }
}

TEST_CASE(
    "rule 12, D35: a libzmq REQ that a ROUTER answered wrongly is gone, and the next is served") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    zmq_context context;
    zmq_peer client{context, ZMQ_REQ};
    client.set(ZMQ_ROUTING_ID, "ID");
    client.set(ZMQ_RECONNECT_IVL, 1);
    client.connect(endpoint);
    their_send(run, client, {"question"});
    CHECK(receive(run, socket) == "ID//question");
    send(run, socket, "ID/no delimiter");
    REQUIRE(run.until([&] { return socket.stats().disconnects == 1; }));
    CHECK(run.never([&] { return socket.stats().connections > 1; }));
    zmq_peer next{context, ZMQ_REQ};
    next.set(ZMQ_ROUTING_ID, "ID");
    next.connect(endpoint);
    their_send(run, next, {"question"});
    CHECK(receive(run, socket) == "ID//question");
    send(run, socket, "ID//answer");
    CHECK(their_receive(run, next) == parts{"answer"});
}

TEST_CASE("libzmq's own listener may restart, and what we queued meanwhile arrives") {
    loop run;
    zmq_context context;
    dealer socket{run.io};
    socket.set(option::reconnect_interval{5ms, 20ms});
    std::string endpoint = "tcp://127.0.0.1:*";
    for (std::uint64_t round = 1; round <= 3; ++round) {
        zmq_peer server{context, ZMQ_DEALER};
        REQUIRE(run.until([&] { // libzmq frees the port in its own time
            try {
                endpoint = server.bind(endpoint);
                return true;
            } catch (const std::exception&) {
                return false;
            }
        }));
        socket.connect(endpoint); // once is enough
        await_connections(run, socket, round);
        if (round > 1)
            CHECK(their_receive(run, server) == parts{"meanwhile"});
        server.close();
        REQUIRE(run.until([&] { return socket.stats().disconnects == round; }));
        CHECK_FALSE(try_send(socket, "meanwhile"));
    }
}

} // namespace
} // namespace mizzen::testing
