// PUSH, PULL and PAIR (30/PIPELINE, 31/EXPAIR), and options that several types share.
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mizzen::testing {
namespace {

template <class Socket, class Option>
constexpr bool has_option = requires(Socket& s, Option o) { s.set(o); };
template <class Socket> constexpr bool sends = requires(Socket& s, message& m) { s.try_send(m); };
template <class Socket>
constexpr bool receives = requires(Socket& s, message& m) { s.try_receive(m); };

TEST_CASE("what a type cannot do does not compile") {
    CHECK(has_option<router, option::router_mandatory>);
    CHECK_FALSE(has_option<dealer, option::router_mandatory>);
    CHECK_FALSE(has_option<pair, option::conflate>);
    CHECK_FALSE(sends<pull>);
    CHECK_FALSE(receives<push>);
    CHECK((sends<push> && receives<pull> && sends<pair> && receives<pair>));
}

TEST_CASE("check 110: a PUSH sends seven messages to three peers as three, two, two") {
    loop run;
    push socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    std::vector<raw_peer> peers;
    for (std::uint64_t i = 0; i < 3; ++i) {
        peers.emplace_back(run, endpoint).handshake("PULL");
        await_connections(run, socket, i + 1);
    }
    for (int i = 0; i < 7; ++i)
        send(run, socket, std::to_string(i) + "/whole");
    for (int i = 0; i < 7; ++i)
        CHECK(peers[static_cast<std::size_t>(i % 3)].receive() == std::to_string(i) + "/whole");
}

TEST_CASE("check 110: a PULL receives of two peers in turn") {
    loop run;
    pull socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer a{run, endpoint};
    raw_peer b{run, endpoint};
    a.handshake("PUSH");
    b.handshake("PUSH");
    await_connections(run, socket, 2);
    const auto before = socket.stats().octets_in;
    std::string from_a;
    std::string from_b;
    for (int i = 0; i < 4; ++i) {
        from_a += frames_of("a" + std::to_string(i));
        from_b += frames_of("b" + std::to_string(i));
    }
    a.write(from_a);
    b.write(from_b);
    REQUIRE(run.until(
        [&] { return socket.stats().octets_in == before + from_a.size() + from_b.size(); }));
    std::string order;
    for (int i = 0; i < 8; ++i)
        order += receive(run, socket);
    CHECK((order == "a0b0a1b1a2b2a3b3" || order == "b0a0b1a1b2a2b3a3"));
}

TEST_CASE("a PUSH without a peer would block, and what a peer sends to it is dropped and counted") {
    loop run;
    push socket{run.io};
    CHECK(try_send(socket, "x") == errc::would_block);
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("PULL");
    await_connections(run, socket, 1);
    peer.send("nonsense");
    REQUIRE(run.until([&] { return socket.stats().dropped_unexpected == 1; }));
    send(run, socket, "still there");
    CHECK(peer.receive() == "still there");
}

TEST_CASE("check 120: a PAIR has one peer; a second one is closed and changes nothing") {
    loop run;
    pair ours{run.io};
    const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
    CHECK(try_send(ours, "x") == errc::would_block);
    raw_peer silent{run, endpoint}; // never finishes its handshake: has no part in anything
    raw_peer first{run, endpoint};
    first.handshake("PAIR");
    await_connections(run, ours, 1);
    raw_peer second{run, endpoint};
    second.write(greeting() + ready("PAIR") + frames_of("from the second"));
    CHECK(second.is_closed());
    send(run, ours, "to the first");
    CHECK(first.receive() == "to the first");
    first.send("back");
    CHECK(receive(run, ours) == "back");
    first.close();
    REQUIRE(run.until([&] { return ours.stats().disconnects == 1; }));
    raw_peer third{run, endpoint};
    third.handshake("PAIR");
    send(run, ours, "to the third");
    CHECK(third.receive() == "to the third");
}

TEST_CASE("two PAIRs talk, whoever binds, and what was sent before is delivered") {
    loop run;
    pair a{run.io};
    pair b{run.io};
    b.connect(a.bind("tcp://127.0.0.1:*"));
    send(run, b, "early/bird");
    CHECK(receive(run, a) == "early/bird");
    send(run, a, "back");
    CHECK(receive(run, b) == "back");
}

TEST_CASE("with immediate, messages wait for a connection instead of queueing for none") {
    loop run;
    dealer nobody{run.io};
    const std::string endpoint = nobody.bind("tcp://127.0.0.1:*");
    nobody.close();
    push socket{run.io};
    socket.set(option::immediate{true});
    socket.connect(endpoint);
    CHECK(try_send(socket, "x") == errc::would_block);
    pull other{run.io};
    other.bind(endpoint);
    send(run, socket, "y");
    CHECK(receive(run, other) == "y");
}

TEST_CASE("with conflate, the newest message is the one there is") {
    loop run;
    push sender{run.io};
    pull receiver{run.io};
    sender.set(option::conflate{true});
    receiver.set(option::conflate{true});
    raw_listener nobody{run}; // does not shake hands; what is queued for it conflates
    sender.connect(nobody.endpoint());
    for (int i = 0; i < 5000; ++i)
        CHECK_FALSE(try_send(sender, std::to_string(i)));
    CHECK(sender.stats().dropped_conflated == 4999);

    raw_peer peer{run, receiver.bind("tcp://127.0.0.1:*")};
    peer.handshake("PUSH");
    std::string all;
    for (int i = 0; i < 100; ++i)
        all += frames_of(std::to_string(i));
    peer.write(all);
    REQUIRE(run.until([&] { return receiver.stats().dropped_conflated >= 99; }));
    CHECK(receive(run, receiver) == "99");
}

TEST_CASE("check 109: with probe_router, an empty message is the first of a connection") {
    loop run;
    dealer socket{run.io};
    socket.set(option::probe_router{true});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    for (int i = 0; i < 2; ++i) {
        raw_peer peer{run, endpoint};
        peer.handshake("DEALER");
        CHECK(peer.receive().empty());
    }
}

TEST_CASE("a routing id given for the next connect wins, and can be sent to before it is there") {
    loop run;
    router server{run.io};
    router client{run.io};
    server.set(option::routing_id{"what it says"});
    client.set(option::routing_id{"client"});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    client.set(option::connect_routing_id{"what we say"});
    client.connect(endpoint);
    client.set(option::router_mandatory{true});
    CHECK(try_send(client, "what it says/x") == errc::no_route);
    send(run, client, "what we say/early");
    CHECK(receive(run, server) == "client/early");
    send(run, server, "client/back");
    CHECK(receive(run, client) == "what we say/back");
    client.set(option::connect_routing_id{"what we say"});
    std::error_code ec;
    client.connect(endpoint, ec);
    CHECK(ec == errc::duplicate_routing_id);
}

TEST_CASE("check 98: with req_correlate, a reply needs its request's id; with req_relaxed, one may "
          "ask again") {
    loop run;
    req socket{run.io};
    socket.set(option::req_correlate{true});
    socket.set(option::req_relaxed{true});
    raw_peer peer{run, socket.bind("tcp://127.0.0.1:*")};
    peer.handshake("REP");
    await_connections(run, socket, 1);
    send(run, socket, "first");
    const raw_frame id_1 = peer.read_frame();
    CHECK(id_1.body.size() == 4);
    CHECK(peer.receive() == "/first");
    send(run, socket, "second");
    const raw_frame id_2 = peer.read_frame();
    CHECK(peer.receive() == "/second");
    CHECK(id_1.body != id_2.body);
    peer.write(frame(id_1.body, more) + frame("", more) + frame("late"));
    peer.write(frame("", more) + frame("without an id"));
    peer.write(frame(id_2.body, more) + frame("", more) + frame("right"));
    CHECK(receive(run, socket) == "right");
    CHECK(socket.stats().dropped_unexpected == 2);
    CHECK(try_receive(socket) == errc::wrong_state);
}

} // namespace
} // namespace mizzen::testing
