// DEALER and ROUTER: taking turns, routing ids, marks and what is dropped (28/REQREP).
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace mizzen::testing {
namespace {

// Raw peers that have become a bound socket's, in this order.
template <class Socket>
std::vector<raw_peer> connect_peers(loop& run, Socket& socket, int count, std::string_view type) {
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    std::vector<raw_peer> peers;
    for (int i = 0; i < count; ++i) {
        peers.emplace_back(run, endpoint).handshake(type);
        await_connections(run, socket, static_cast<std::uint64_t>(i) + 1);
    }
    return peers;
}

// Reads a message of a router that has the peer's id in front; gives the id.
std::string receive_from(loop& run, router& socket, std::string_view body) {
    const message m = receive_message(run, socket);
    REQUIRE(m.size() == 2);
    CHECK(m.text(1) == body);
    return std::string{m.text(0)};
}

// --- Turns ---

TEST_CASE("check 110: seven messages go to three peers as three, two, two, each whole") {
    loop run;
    dealer socket{run.io};
    auto peers = connect_peers(run, socket, 3, "DEALER");
    for (int i = 0; i < 7; ++i)
        send(run, socket, std::to_string(i) + "/" + std::string(300, 'x') + "/");
    for (int i = 0; i < 7; ++i)
        CHECK(peers[static_cast<std::size_t>(i % 3)].receive() ==
              std::to_string(i) + "/" + std::string(300, 'x') + "/");
    for (raw_peer& peer : peers)
        CHECK(peer.is_quiet(10ms));
}

TEST_CASE("messages of several peers are received in turn") {
    loop run;
    dealer socket{run.io};
    auto peers = connect_peers(run, socket, 2, "DEALER");
    const auto before = socket.stats().octets_in;
    std::string a;
    std::string b;
    for (int i = 0; i < 4; ++i) {
        a += frames_of("a" + std::to_string(i));
        b += frames_of("b" + std::to_string(i));
    }
    peers[0].write(a);
    REQUIRE(run.until([&] { return socket.stats().octets_in == before + a.size(); }));
    peers[1].write(b);
    REQUIRE(run.until([&] { return socket.stats().octets_in == before + a.size() + b.size(); }));
    for (const auto* expected : {"a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"})
        CHECK(receive(run, socket) == expected);
}

TEST_CASE("a peer that says much does not keep the others waiting") {
    loop run;
    dealer socket{run.io};
    auto peers = connect_peers(run, socket, 2, "DEALER");
    std::string flood;
    for (int i = 0; i < 3000; ++i)
        flood += frames_of("flood");
    peers[0].write(flood);
    REQUIRE(receive(run, socket) == "flood");
    const auto before = socket.stats().octets_in;
    peers[1].send("quiet");
    REQUIRE(run.until([&] { return socket.stats().octets_in > before; }, 2s));
    int seen = 0;
    while (receive(run, socket) != "quiet")
        ++seen;
    CHECK(seen < 1200); // not more than what the first peer's mark let in
}

TEST_CASE("a DEALER without a peer would block, and has room as soon as one comes") {
    loop run;
    dealer socket{run.io};
    CHECK(try_send(socket, "x") == errc::would_block);
    CHECK(try_receive(socket) == errc::would_block);
    bool room = false;
    socket.async_wait_send([&](std::error_code ec) { room = !ec; });
    CHECK(run.never([&] { return room; }, 10ms));
    auto peers = connect_peers(run, socket, 1, "ROUTER");
    REQUIRE(run.until([&] { return room; }));
    CHECK_FALSE(try_send(socket, "x"));
    CHECK(peers[0].receive() == "x");
}

// --- Marks ---

TEST_CASE("a peer that does not read makes a DEALER block at its mark, and memory stays bounded") {
    loop run;
    dealer socket{run.io};
    socket.set(option::send_high_water_mark{10});
    auto peers = connect_peers(run, socket, 1, "DEALER");
    const std::string large(100'000, 'x');
    std::uint64_t taken = 0;
    REQUIRE(run.until([&] {
        message m{large};
        while (socket.try_send(m)) {
            ++taken;
            m = message{large};
        }
        // Blocked now; is it for good?
        return run.never([&] { return socket.try_send(m) && ++taken != 0; }, 30ms);
    }));
    // The mark, one that is being written, and what the kernel holds.
    const std::uint64_t written = socket.stats().octets_out;
    CHECK(taken * large.size() <= written + 13 * large.size());
    CHECK(try_send(socket, "more") == errc::would_block);

    bool sent = false;
    socket.async_send(parts_of("last"), [&](std::error_code ec) { sent = !ec; });
    CHECK(run.never([&] { return sent; }, 10ms));
    for (std::uint64_t i = 0; i < taken; ++i)
        REQUIRE(peers[0].receive() == large);
    CHECK(sent);
    CHECK(peers[0].receive() == "last");
}

TEST_CASE("the mark in octets holds as well, and one message above it is taken") {
    loop run;
    dealer socket{run.io};
    socket.set(option::high_water_octets{1'000'000});
    socket.connect("tcp://127.0.0.1:1"); // nobody
    CHECK_FALSE(try_send(socket, std::string(3'000'000, 'x')));
    CHECK(try_send(socket, "y") == errc::would_block);
}

TEST_CASE("messages for a peer that is not there yet wait up to the mark") {
    loop run;
    dealer socket{run.io};
    socket.set(option::send_high_water_mark{5});
    socket.connect("tcp://127.0.0.1:1");
    for (int i = 0; i < 5; ++i)
        CHECK_FALSE(try_send(socket, "x"));
    CHECK(try_send(socket, "x") == errc::would_block);
}

TEST_CASE("a program that does not receive stops the reading at its mark, and loses nothing") {
    loop run;
    dealer socket{run.io};
    socket.set(option::receive_high_water_mark{10});
    auto peers = connect_peers(run, socket, 1, "DEALER");
    const std::string large = frame(std::string(100'000, 'x'));
    std::size_t written = 0;
    const auto write_rest = [&] { // of the message that was begun
        const std::string_view rest = std::string_view{large}.substr(written % large.size());
        const std::size_t size = peers[0].write_some(rest);
        written += size;
        return size != 0;
    };
    const auto write_more = [&] {
        while (write_rest()) {
        }
    };
    REQUIRE(run.until([&] {
        const std::size_t before = written;
        write_more();
        return run.never(
            [&] {
                write_more();
                return written != before;
            },
            30ms);
    }));
    CHECK(socket.stats().octets_in < 13 * large.size() + (1 << 20));
    CHECK(written < 64 * large.size() + (16 << 20));
    // What is missing of the last message goes once there is room.
    std::size_t received = 0;
    message m;
    REQUIRE(run.until([&] {
        if (written % large.size() != 0)
            write_rest();
        if (socket.try_receive(m)) {
            ++received;
            CHECK(m.size() == 1);
            CHECK(m.front().size() == 100'000);
        }
        return written % large.size() == 0 && received == written / large.size();
    }));
}

// --- Routing ids ---

TEST_CASE("check 103: a ROUTER has messages begin with their sender's id, and sends to that id") {
    loop run;
    router socket{run.io};
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER", "ID");
    peer.send("msg");
    CHECK(receive(run, socket) == "ID/msg");
    send(run, socket, "ID/x");
    CHECK(peer.read(3) == "\x00\x01x"s);
}

TEST_CASE("a routing id may be any octets") {
    loop run;
    router socket{run.io};
    const std::string id = "\x01\x00\xFF\r\n%s"s;
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER", id);
    peer.send("msg");
    CHECK(receive(run, socket) == id + "/msg");
    send(run, socket, id + "/answer");
    CHECK(peer.receive() == "answer");
}

TEST_CASE("check 104: a peer without an id is given one of five octets, the first zero") {
    loop run;
    router socket{run.io};
    auto peers = connect_peers(run, socket, 5, "DEALER");
    std::set<std::string> ids;
    for (raw_peer& peer : peers) {
        peer.send("hello");
        const std::string id = receive_from(run, socket, "hello");
        CHECK(id.size() == 5);
        CHECK(id[0] == '\0');
        ids.insert(id);
        message answer;
        answer.push_back(id).push_back("answer");
        CHECK(socket.try_send(answer));
        CHECK(peer.receive() == "answer");
    }
    CHECK(ids.size() == 5);
}

TEST_CASE("check 105: a ROUTER drops and counts what goes to nobody") {
    loop run;
    router socket{run.io};
    CHECK_FALSE(try_send(socket, "nobody/x"));
    CHECK(socket.stats().dropped_no_route == 1);
    CHECK(try_send(socket, "only an id") == errc::empty_message);
}

TEST_CASE("check 105: a mandatory ROUTER says that nobody is there, or that its queue is full") {
    loop run;
    router socket{run.io};
    socket.set(option::router_mandatory{true});
    socket.set(option::send_high_water_mark{2});
    CHECK(try_send(socket, "nobody/x") == errc::no_route);
    message kept = parts_of("nobody/x");
    CHECK_FALSE(socket.try_send(kept));
    CHECK(text_of(kept) == "nobody/x");
    bool failed = false;
    socket.async_send(parts_of("nobody/x"),
                      [&](std::error_code ec) { failed = ec == errc::no_route; });
    REQUIRE(run.until([&] { return failed; }));

    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER", "ID");
    await_connections(run, socket, 1);
    const std::string large = "ID/" + std::string(1 << 20, 'x');
    std::error_code ec;
    int sent = 0;
    REQUIRE(run.until([&] {
        ec = try_send(socket, large);
        sent += ec ? 0 : 1;
        return ec &&
               run.never([&] { return !(ec = try_send(socket, large)) && ++sent != 0; }, 30ms);
    }));
    CHECK(ec == errc::would_block);
    CHECK(socket.stats().dropped_full == 0);
    for (int i = 0; i < sent; ++i)
        CHECK(peer.receive() == std::string(1 << 20, 'x'));
    CHECK_FALSE(try_send(socket, "ID/again"));
    CHECK(peer.receive() == "again");
}

TEST_CASE("a ROUTER drops and counts what goes to a peer whose queue is full") {
    loop run;
    router socket{run.io};
    socket.set(option::send_high_water_mark{2});
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER", "ID");
    await_connections(run, socket, 1);
    const std::string large = "ID/" + std::string(1 << 20, 'x');
    REQUIRE(run.until([&] {
        CHECK_FALSE(try_send(socket, large));
        return socket.stats().dropped_full >= 3;
    }));
}

TEST_CASE("check 106: a second peer of the same id is refused, and the first stays usable") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer first{run, endpoint};
    first.handshake("DEALER", "ID");
    await_connections(run, socket, 1);
    raw_peer second{run, endpoint};
    second.write(greeting() + ready("DEALER", "ID") + frames_of("intruder"));
    CHECK(second.is_closed());
    first.send("mine");
    CHECK(receive(run, socket) == "ID/mine");
    send(run, socket, "ID/yours");
    CHECK(first.receive() == "yours");
    CHECK(socket.stats().connections == 1);
    CHECK(socket.stats().handshakes_failed == 1);

    first.close(); // and the id is free again
    REQUIRE(run.until([&] { return socket.stats().disconnects == 1; }));
    raw_peer third{run, endpoint};
    third.handshake("DEALER", "ID");
    third.send("again");
    CHECK(receive(run, socket) == "ID/again");
}

TEST_CASE("check 107: with handover, a second peer takes the id and the first is closed") {
    loop run;
    router socket{run.io};
    socket.set(option::router_handover{true});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer first{run, endpoint};
    first.handshake("DEALER", "ID");
    await_connections(run, socket, 1);
    const auto before = socket.stats().octets_in;
    first.send("before");
    REQUIRE(run.until([&] { return socket.stats().octets_in > before; }));
    raw_peer second{run, endpoint};
    second.handshake("DEALER", "ID");
    await_connections(run, socket, 2);
    CHECK(first.is_closed());
    second.send("after");
    INFO("what the first had said before is still its word under that id");
    CHECK(receive(run, socket) == "ID/before");
    CHECK(receive(run, socket) == "ID/after");
    send(run, socket, "ID/hello");
    CHECK(second.receive() == "hello");
}

TEST_CASE("check 108: an id that starts with a zero octet, or is too long, is refused") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (const auto& id : {"\0abcd"s, std::string(256, 'x')}) {
        raw_peer peer{run, endpoint};
        peer.write(greeting() + ready("DEALER", id));
        CHECK(peer.is_closed());
    }
    raw_peer longest{run, endpoint};
    const std::string longest_id(255, 'x');
    longest.handshake("DEALER", longest_id);
    longest.send("fine");
    CHECK(receive(run, socket) == longest_id + "/fine");
}

TEST_CASE("two ROUTERs call each other by their ids") {
    loop run;
    router a{run.io};
    router b{run.io};
    a.set(option::routing_id{"a"});
    b.set(option::routing_id{"b"});
    b.set(option::router_mandatory{true});
    b.connect(a.bind("tcp://127.0.0.1:*"));
    await_connections(run, b, 1);
    send(run, b, "a/hello");
    CHECK(receive(run, a) == "b/hello");
    send(run, a, "b/hello yourself");
    CHECK(receive(run, b) == "a/hello yourself");
}

TEST_CASE("a peer that comes back with its id is found again") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (int i = 0; i < 3; ++i) {
        raw_peer peer{run, endpoint};
        peer.handshake("DEALER", "ID");
        peer.send("hello");
        CHECK(receive(run, socket) == "ID/hello");
        send(run, socket, "ID/answer");
        CHECK(peer.receive() == "answer");
        peer.close();
        const auto left = static_cast<std::uint64_t>(i) + 1;
        REQUIRE(run.until([&] { return socket.stats().disconnects == left; }));
    }
}

TEST_CASE("what a peer said before it left can be received, and its id is still in front") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer peer{run, endpoint};
    peer.handshake("DEALER", "ID");
    for (int i = 0; i < 300; ++i)
        peer.send(std::to_string(i));
    peer.close();
    REQUIRE(run.until([&] { return socket.stats().disconnects == 1; }));
    for (int i = 0; i < 300; ++i)
        CHECK(receive(run, socket) == "ID/" + std::to_string(i));
    CHECK(try_receive(socket) == errc::would_block);
}

TEST_CASE("what came before a connection ended can be received, beyond the mark as well") {
    for (const bool by_unbind : {true, false}) {
        CAPTURE(by_unbind);
        loop run;
        router socket{run.io};
        socket.set(option::receive_high_water_mark{10});
        const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
        raw_peer peer{run, endpoint};
        peer.handshake("DEALER", "ID");
        await_connections(run, socket, 1);
        std::string burst;
        for (int i = 0; i < 100; ++i)
            burst += frames_of(std::to_string(i));
        const auto before = socket.stats().octets_in;
        peer.write(burst);
        REQUIRE(run.until([&] { return socket.stats().octets_in == before + burst.size(); }));
        if (by_unbind) {
            socket.unbind(endpoint);
        } else {
            peer.reset();
            for (int i = 0; i < 3; ++i) { // the first to notice is who writes
                CHECK_FALSE(try_send(socket, "ID/x"));
                run.io.poll();
            }
        }
        for (int i = 0; i < 100; ++i)
            CHECK(receive(run, socket) == "ID/" + std::to_string(i));
        REQUIRE(run.until([&] { return socket.stats().disconnects == 1; }));
        CHECK(try_receive(socket) == errc::would_block);
    }
}

TEST_CASE("a peer that a ROUTER has paused is held up alone, and goes on where it was") {
    for (const std::string name : {"tcp://127.0.0.1:*", "inproc://paused"}) {
        CAPTURE(name);
        loop run;
        router server{run.io};
        server.set(option::heartbeat{5ms, 50ms});
        const std::string endpoint = server.bind(name);
        dealer first{run.io};
        first.set(option::routing_id{"1"});
        first.set(option::send_high_water_mark{10});
        first.connect(endpoint);
        dealer second{run.io};
        second.set(option::routing_id{"2"});
        second.connect(endpoint);
        send(run, first, "hello");
        const message hello = receive_message(run, server);
        server.pause(hello.peer());
        int sent = 0;
        while (sent < 100'000 &&
               run.until([&] { return !try_send(first, std::string(1000, 'x')); }, 100ms))
            ++sent;
        CHECK(sent < 100'000); // it is held up
        send(run, second, "hello");
        std::string seen;
        for (int i = 0; i < 1000 && seen != "2/hello"; ++i)
            seen = receive(run, server);
        CHECK(seen == "2/hello");
        CHECK(run.never([&] { return !try_receive(server); }));
        CHECK(server.stats().disconnects == 0); // its silence is our doing
        server.resume(hello.peer());
        for (int i = 0; i < sent; ++i)
            CHECK(receive_message(run, server).peer() == hello.peer());
        std::error_code ec;
        server.pause(12'345, ec);
        CHECK(ec == errc::no_route);
        CHECK_THROWS_AS(server.resume(12'345), std::system_error);
    }
}

// --- Connections by peer id, and notices ---

TEST_CASE("a ROUTER sends to one connection, and says once that is gone") {
    loop run;
    router socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer peer{run, endpoint};
    peer.handshake("DEALER", "ID");
    peer.send("hello");
    message m;
    REQUIRE(run.until([&] { return socket.try_receive_from(m); }));
    CHECK(text_of(m) == "hello");
    const peer_id who = m.peer();
    CHECK(who != 0);
    std::error_code ec;
    message answer = parts_of("a/b");
    CHECK(socket.try_send_to(who, answer, ec));
    CHECK(peer.receive() == "a/b");
    message none;
    CHECK_FALSE(socket.try_send_to(who, none, ec));
    CHECK(ec == errc::empty_message);
    peer.close();
    REQUIRE(run.until([&] { return socket.stats().disconnects == 1; }));
    message late = parts_of("late");
    CHECK_FALSE(socket.try_send_to(who, late, ec));
    CHECK(ec == errc::no_route);
    CHECK(text_of(late) == "late");

    raw_peer again{run, endpoint}; // the same routing id, another connection
    again.handshake("DEALER", "ID");
    await_connections(run, socket, 2);
    CHECK_FALSE(socket.try_send_to(who, late, ec));
    CHECK(ec == errc::no_route);
}

TEST_CASE("a connection whose queue is full is named so by try_send_to") {
    loop run;
    router socket{run.io};
    socket.set(option::send_high_water_mark{1});
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER");
    peer.send("hello");
    message m;
    REQUIRE(run.until([&] { return socket.try_receive_from(m); }));
    const peer_id who = m.peer();
    std::error_code ec;
    REQUIRE(run.until([&] {
        message large{std::string(1 << 20, 'x')};
        static_cast<void>(socket.try_send_to(who, large, ec));
        return ec && run.never([&] { return socket.try_send_to(who, large, ec); }, 30ms);
    }));
    CHECK(ec == errc::would_block);
}

TEST_CASE("peers that come and go are reported in order with what they say") {
    loop run;
    router socket{run.io};
    socket.set(option::report_peers{true});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    peer_id last = 0;
    for (int round = 0; round < 2; ++round) {
        raw_peer peer{run, endpoint};
        peer.handshake("DEALER", "ID");
        peer.write(frames_of("one") + frames_of("two"));
        peer.close();
        const auto left = static_cast<std::uint64_t>(round) + 1;
        REQUIRE(run.until([&] { return socket.stats().disconnects == left; }));
        message m;
        REQUIRE(socket.try_receive_from(m));
        CHECK(m.peer_notice() == notice::peer_up);
        CHECK(m.empty());
        const peer_id who = m.peer();
        CHECK(who != last);
        last = who;
        for (const auto* said : {"one", "two"}) {
            REQUIRE(socket.try_receive_from(m));
            CHECK(m.peer_notice() == notice::none);
            CHECK(m.peer() == who);
            CHECK(text_of(m) == said);
        }
        REQUIRE(socket.try_receive_from(m));
        CHECK(m.peer_notice() == notice::peer_down);
        CHECK(m.empty());
        CHECK(m.peer() == who);
        CHECK_FALSE(socket.try_receive_from(m));
    }
}

TEST_CASE("a peer that had no room is reported once it has some again, and only then") {
    loop run;
    router socket{run.io};
    socket.set(option::report_peers{true});
    socket.set(option::send_high_water_mark{4});
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER");
    message m;
    REQUIRE(run.until([&] { return socket.try_receive_from(m); }));
    const peer_id who = m.peer();
    std::error_code ec;
    for (bool full = false; !full;) { // as much as the kernel takes, and the mark
        full = run.never(
            [&] {
                message large{std::string(1 << 20, 'x')};
                return socket.try_send_to(who, large, ec);
            },
            30ms);
    }
    REQUIRE(ec == errc::would_block);
    CHECK_FALSE(socket.try_receive_from(m));
    bool told = false;
    socket.async_wait_receive([&](std::error_code) { told = true; });
    REQUIRE(run.until([&] {
        static_cast<void>(peer.read(1 << 20));
        return told;
    }));
    REQUIRE(socket.try_receive_from(m));
    CHECK(m.peer_notice() == notice::peer_writable);
    CHECK(m.peer() == who);
    message next{"x"};
    CHECK(socket.try_send_to(who, next, ec));
    CHECK(run.never([&] { return socket.try_receive_from(m); }));
}

TEST_CASE("check 120: a stranger that does not shake hands is not reported, and takes no turns") {
    loop run;
    router socket{run.io};
    socket.set(option::report_peers{true});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer stranger{run, endpoint};
    stranger.write(greeting());
    stranger.read_greeting();
    message m;
    CHECK(run.never([&] { return socket.try_receive_from(m); }));
    dealer alone{run.io};
    raw_peer silent{run, alone.bind("tcp://127.0.0.1:*")};
    silent.write(greeting());
    silent.read_greeting();
    CHECK(try_send(alone, "x") == errc::would_block);
}

TEST_CASE("what is queued for an accepted peer that leaves is dropped and counted") {
    loop run;
    router socket{run.io};
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER", "ID");
    await_connections(run, socket, 1);
    const std::string large = "ID/" + std::string(1 << 20, 'x');
    for (int i = 0; i < 40; ++i)
        CHECK_FALSE(try_send(socket, large));
    static_cast<void>(peer.read(64));
    peer.reset();
    REQUIRE(run.until([&] { return socket.stats().disconnects == 1; }));
    CHECK(socket.stats().dropped_disconnect > 0);
}

} // namespace
} // namespace mizzen::testing
