// What a socket knows of its peers, and counts for each.
#include "../../lib/src/socket_core.hpp"
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/peer_info.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mizzen::testing {
namespace {

using zmtp::socket_type;

/// The only peer, once it is there.
template <class Socket> peer_info only_peer(loop& run, const Socket& socket) {
    REQUIRE(run.until([&] { return socket.peers().size() == 1; }));
    return socket.peers().front();
}
/// A peer that is known, there or gone.
template <class Socket> peer_info known_peer(const Socket& socket, peer_id id) {
    const std::optional<peer_info> found = socket.peer(id);
    REQUIRE(found);
    return *found;
}
template <class Socket> void await_disconnects(loop& run, const Socket& socket, std::uint64_t n) {
    REQUIRE(run.until([&] { return socket.stats().disconnects >= n; }));
}

traffic_stats sum_of(const std::vector<traffic_stats>& all) {
    traffic_stats sum;
    for (const traffic_stats& each : all) {
        sum.messages_sent += each.messages_sent;
        sum.messages_received += each.messages_received;
        sum.octets_in += each.octets_in;
        sum.octets_out += each.octets_out;
        sum.dropped_full += each.dropped_full;
        sum.dropped_malformed += each.dropped_malformed;
        sum.dropped_unexpected += each.dropped_unexpected;
        sum.dropped_disconnect += each.dropped_disconnect;
        sum.dropped_unwanted += each.dropped_unwanted;
        sum.dropped_conflated += each.dropped_conflated;
    }
    return sum;
}
void check_same(const traffic_stats& a, const traffic_stats& b) {
    CHECK(a.messages_sent == b.messages_sent);
    CHECK(a.messages_received == b.messages_received);
    CHECK(a.octets_in == b.octets_in);
    CHECK(a.octets_out == b.octets_out);
    CHECK(a.dropped_full == b.dropped_full);
    CHECK(a.dropped_malformed == b.dropped_malformed);
    CHECK(a.dropped_unexpected == b.dropped_unexpected);
    CHECK(a.dropped_disconnect == b.dropped_disconnect);
    CHECK(a.dropped_unwanted == b.dropped_unwanted);
    CHECK(a.dropped_conflated == b.dropped_conflated);
}

// --- Who is there ---

TEST_CASE("each end of a TCP connection knows the other's address, type and routing id") {
    loop run;
    const auto before = std::chrono::steady_clock::now();
    router server{run.io};
    server.set(option::routing_id{"the server"});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer client{run.io};
    client.set(option::routing_id{"the client"});
    const std::string named = "tcp://localhost" + endpoint.substr(endpoint.rfind(':'));
    CHECK(server.peers().empty());
    client.connect(named);

    const peer_info there = only_peer(run, client);
    CHECK(there.id != 0);
    CHECK(there.endpoint == named);
    CHECK(there.address == endpoint);
    CHECK(there.type == socket_type::router);
    CHECK(there.routing_id == "the server");
    CHECK(there.mechanism == "NULL");
    CHECK(there.user_id == "");
    CHECK(there.properties.empty());
    CHECK(there.since >= before);
    CHECK(there.since <= std::chrono::steady_clock::now());
    CHECK_FALSE(there.until);

    const peer_info here = only_peer(run, server);
    CHECK(here.endpoint == endpoint);
    CHECK(here.address.starts_with("tcp://127.0.0.1:"));
    CHECK(here.address != endpoint);
    CHECK(here.type == socket_type::dealer);
    CHECK(here.routing_id == "the client");
    CHECK(known_peer(server, here.id).address == here.address);
}

TEST_CASE("a peer over ipc or inproc has the endpoint for its address") {
    for (const std::string where : {"ipc://*", "inproc://here"}) {
        CAPTURE(where);
        loop run;
        router server{run.io};
        server.set(option::routing_id{"the server"});
        const std::string endpoint = server.bind(where);
        dealer client{run.io};
        client.connect(endpoint);
        const peer_info there = only_peer(run, client);
        CHECK(there.endpoint == endpoint);
        CHECK(there.address == endpoint);
        CHECK(there.type == socket_type::router);
        CHECK(there.routing_id == "the server");
        CHECK(there.mechanism == (where == "ipc://*" ? "NULL" : ""));
        const peer_info here = only_peer(run, server);
        CHECK(here.endpoint == endpoint);
        CHECK(here.address == endpoint);
        CHECK(here.type == socket_type::dealer);
        CHECK(here.routing_id.size() == 5); // made up by the ROUTER
        send(run, client, "from the peer");
        CHECK(receive_message(run, server).front().size() == 5);
    }
}

TEST_CASE("what a peer's application says of itself is handed on, other properties are not") {
    loop run;
    dealer server{run.io};
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    peer.write(greeting());
    peer.write(frame("\x05READY"s + property("Socket-Type", "DEALER") +
                         property("X-Zone", "north") + property("Resource", "x") +
                         property("x-", "") + property("x-empty", "") + property("X-Zone", "again"),
                     command));
    const peer_info about = only_peer(run, server);
    REQUIRE(about.properties.size() == 3);
    CHECK(about.properties[0].name == "X-Zone");
    CHECK(about.properties[0].value == "north");
    CHECK(about.properties[1].name == "x-empty");
    CHECK(about.properties[1].value == "");
    CHECK(about.properties[2].value == "again");
    peer.close();
    await_disconnects(run, server, 1);
    CHECK(known_peer(server, about.id).properties.size() == 3);
}

// What came from the session's peer, as if a transport had read it.
void hear(detail::socket_core& core, detail::session& s, std::string_view text) {
    const std::span<std::byte> room = s.link->prepare()[0];
    std::copy_n(as_octets(text).begin(), text.size(), room.begin());
    core.received(s, text.size(), zmtp::time_point{});
}

TEST_CASE("who a peer says it is, where its mechanism has it do so, is told") {
    detail::socket_core core{socket_type::pull, 1};
    std::error_code ec;
    core.options.security = detail::make_security(option::plain_server{{{"admin", "secret"}}}, ec);
    CHECK_FALSE(ec);
    detail::session& s = core.add_accepted("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", {});
    hear(core, s,
         greeting(1, "PLAIN") + frame("\x05HELLO\x05"
                                      "admin\x06secret",
                                      command));
    hear(core, s, frame("\x08INITIATE" + property("Socket-Type", "PUSH"), command));
    REQUIRE(core.peers().size() == 1);
    const peer_info there = core.peers()[0];
    CHECK(there.user_id == "admin");
    CHECK(there.mechanism == "PLAIN");
    core.transport_lost(s, zmtp::errc::end_of_stream, {});
    CHECK(core.peer(there.id)->user_id == "admin");
}

TEST_CASE("peers are told in the order in which they came, without those in their handshake") {
    loop run;
    router server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer silent{run, endpoint};
    std::vector<std::unique_ptr<dealer>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<dealer>(run.io));
        clients.back()->set(option::routing_id{std::to_string(i)});
        clients.back()->connect(endpoint);
        await_connections(run, server, clients.size());
    }
    const auto all = server.peers();
    REQUIRE(all.size() == 20);
    for (std::size_t i = 0; i < all.size(); ++i)
        CHECK(all[i].routing_id == std::to_string(i));
    CHECK_FALSE(server.peer(0));
    CHECK_FALSE(server.peer(1'000'000));
}

// --- Who has gone ---

TEST_CASE("a message leads to its sender, also once that has gone") {
    loop run;
    router server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    std::string address;
    {
        dealer client{run.io};
        client.set(option::routing_id{"brief"});
        client.connect(endpoint);
        send(run, client, "first");
        const message m = receive_message(run, server);
        const peer_info about = known_peer(server, m.peer());
        CHECK(about.routing_id == "brief");
        CHECK_FALSE(about.until);
        address = about.address;
        send(run, client, "last");
    }
    await_disconnects(run, server, 1);
    CHECK(server.peers().empty());
    const message last = receive_message(run, server);
    const peer_info gone = known_peer(server, last.peer());
    CHECK(gone.routing_id == "brief");
    CHECK(gone.address == address);
    CHECK(gone.type == socket_type::dealer);
    CHECK(gone.mechanism == "NULL");
    REQUIRE(gone.until);
    CHECK(*gone.until >= gone.since);
    CHECK(gone.reason == zmtp::errc::end_of_stream);
    CHECK(gone.traffic.messages_received == 2);
}

TEST_CASE("every socket type's messages say who sent them") {
    for (const std::string where : {"tcp://127.0.0.1:*", "inproc://here"}) {
        CAPTURE(where);
        loop run;
        rep server{run.io};
        const std::string endpoint = server.bind(where);
        req client{run.io};
        client.connect(endpoint);
        send(run, client, "question");
        CHECK(known_peer(server, receive_message(run, server).peer()).type == socket_type::req);
        send(run, server, "answer");
        CHECK(known_peer(client, receive_message(run, client).peer()).type == socket_type::rep);
    }
}

TEST_CASE("what was queued before there was a connection says who sent it as well") {
    for (const std::string where : {"tcp://127.0.0.1:*", "inproc://here"}) {
        CAPTURE(where);
        loop run;
        std::string endpoint;
        {
            pull early{run.io};
            endpoint = early.bind(where);
        }
        dealer client{run.io};
        client.set(option::reconnect_interval{1ms, 1ms});
        client.set(option::probe_router{true}); // which goes ahead of what is queued
        client.connect(endpoint);
        send(run, client, "early");
        dealer server{run.io};
        server.bind(endpoint);
        for (const std::string text : {"", "early"}) {
            const message m = receive_message(run, server);
            CHECK(text_of(m) == text);
            CHECK(known_peer(server, m.peer()).type == socket_type::dealer);
        }
    }
}

TEST_CASE("each connection of a connector is another peer") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::reconnect_interval{1ms, 1ms});
    client.connect(listener.endpoint());
    std::vector<peer_id> ids;
    for (int i = 0; i < 3; ++i) {
        raw_peer peer = listener.accept();
        peer.handshake("DEALER", std::to_string(i));
        peer.send("hello");
        ids.push_back(receive_message(run, client).peer());
        CHECK(only_peer(run, client).id == ids.back());
        peer.close();
        await_disconnects(run, client, ids.size());
    }
    CHECK(ids[0] != ids[1]);
    CHECK(ids[1] != ids[2]);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const peer_info gone = known_peer(client, ids[i]);
        CHECK(gone.until);
        CHECK(gone.routing_id == std::to_string(i));
        CHECK(gone.traffic.messages_received == 1);
    }
}

TEST_CASE("of the peers that have gone, as many as is said are known, the last ones") {
    loop run;
    dealer server{run.io};
    server.bind("inproc://brief");
    std::vector<peer_id> ids;
    for (std::size_t i = 0; i < gone_peers_kept + 3; ++i) {
        push wrong{run.io}; // a handshake that fails takes no place
        wrong.connect("inproc://brief");
        dealer client{run.io};
        client.connect("inproc://brief");
        send(run, client, "hello");
        ids.push_back(receive_message(run, server).peer());
        client.close();
        await_disconnects(run, server, ids.size());
    }
    for (std::size_t i = 0; i < ids.size(); ++i)
        CHECK(server.peer(ids[i]).has_value() == (i >= 3));
}

// --- What is counted ---

TEST_CASE("what is counted for each peer adds up to what the socket counts") {
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*", "inproc://sum"}) {
        CAPTURE(where);
        loop run;
        router server{run.io};
        server.set(option::routing_id{"server"});
        const std::string endpoint = server.bind(where);
        std::vector<peer_id> ids;
        dealer lasting{run.io};
        lasting.connect(endpoint);
        for (int i = 1; i <= 3; ++i) {
            dealer client{run.io};
            client.set(option::routing_id{"brief"});
            client.connect(endpoint);
            for (int n = 0; n < 10 * i; ++n) {
                send(run, client, std::string(300, 'x'));
                send(run, lasting, "y");
            }
            for (int n = 0; n < 20 * i; ++n) {
                message m = receive_message(run, server);
                if (as_text(m.front()) == "brief")
                    ids.resize(static_cast<std::size_t>(i), m.peer());
                CHECK(server.try_send(m));
            }
            for (int n = 0; n < 10 * i; ++n) {
                CHECK(receive(run, client).size() == 300);
                CHECK(receive(run, lasting) == "y");
            }
            send(run, client, "unread while it was there");
            client.close();
            await_disconnects(run, server, static_cast<std::uint64_t>(i));
            CHECK(known_peer(server, ids.back()).receive_queue.messages == 1);
            CHECK(known_peer(server, ids.back()).traffic.messages_received == 10 * ids.size());
            CHECK(receive(run, server) == "brief/unread while it was there");
        }
        std::vector<traffic_stats> all;
        all.reserve(ids.size());
        for (const peer_id id : ids)
            all.push_back(known_peer(server, id).traffic);
        for (std::size_t i = 0; i < all.size(); ++i) {
            CHECK(all[i].messages_received == 10 * (i + 1) + 1);
            CHECK(all[i].messages_sent == 10 * (i + 1));
            CHECK(all[i].octets_in > 3000 * (i + 1));
            CHECK(all[i].octets_out > 3000 * (i + 1));
        }
        all.push_back(only_peer(run, server).traffic);
        check_same(sum_of(all), server.stats());
        check_same(only_peer(run, lasting).traffic, lasting.stats());
        CHECK(lasting.stats().messages_received == 60);
    }
}

TEST_CASE("octets of a handshake that failed are the socket's only") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::reconnect_interval{1ms, 1ms});
    client.connect(listener.endpoint());
    send(run, client, "queued");
    raw_peer broken = listener.accept();
    broken.write(greeting());
    broken.read_greeting();
    broken.close();
    raw_peer good = listener.accept();
    good.handshake("DEALER");
    CHECK(good.receive() == "queued");
    const traffic_stats of_peer = only_peer(run, client).traffic;
    CHECK(of_peer.messages_sent == 1);
    CHECK(client.stats().octets_in == of_peer.octets_in + 64);
    CHECK(client.stats().octets_out > of_peer.octets_out + 64);
}

// One message of each socket is dropped for the peer's sake; both count it.
template <class Socket>
void check_dropped(loop& run, const Socket& socket, std::uint64_t traffic_stats::* what,
                   std::uint64_t times) {
    REQUIRE(run.until([&] { return socket.stats().*what >= times; }));
    CHECK(socket.stats().*what == times);
    CHECK(only_peer(run, socket).traffic.*what == times);
}

TEST_CASE("drops are counted for the peer and the reason") {
    loop run;
    SUBCASE("a full queue") {
        router server{run.io};
        server.set(option::send_high_water_mark{10});
        raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
        peer.handshake("DEALER", "slow");
        await_connections(run, server, 1);
        std::uint64_t sent = 0;
        REQUIRE(run.until([&] {
            message m{"slow", std::string(1 << 20, 'x')};
            CHECK(server.try_send(m));
            ++sent;
            return server.stats().dropped_full > 2;
        }));
        check_dropped(run, server, &traffic_stats::dropped_full, 3);
        const peer_info about = only_peer(run, server);
        CHECK(about.traffic.messages_sent == sent - 3);
        CHECK(about.send_queue.messages == 10);
        CHECK(about.send_queue.octets > 10 << 20);
        server.set(option::linger{0ms});
        server.close();
        CHECK(server.stats().dropped_disconnect == 10);
        check_same(known_peer(server, about.id).traffic, server.stats());
    }
    SUBCASE("no envelope") {
        rep server{run.io};
        raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
        peer.handshake("DEALER");
        peer.send("no delimiter");
        peer.send("/request");
        CHECK(receive(run, server) == "request");
        check_dropped(run, server, &traffic_stats::dropped_malformed, 1);
    }
    SUBCASE("nobody waits for it") {
        req client{run.io};
        raw_peer peer{run, client.bind("tcp://127.0.0.1:*")};
        peer.handshake("REP");
        peer.send("/reply to nothing");
        check_dropped(run, client, &traffic_stats::dropped_unexpected, 1);
    }
    SUBCASE("another topic") {
        sub subscriber{run.io};
        subscriber.subscribe("wanted");
        raw_peer peer{run, subscriber.bind("tcp://127.0.0.1:*")};
        peer.handshake("PUB");
        peer.send("another");
        peer.send("wanted");
        CHECK(receive(run, subscriber) == "wanted");
        check_dropped(run, subscriber, &traffic_stats::dropped_unwanted, 1);
    }
    SUBCASE("a newer one") {
        pull receiver{run.io};
        receiver.set(option::conflate{true});
        raw_peer peer{run, receiver.bind("tcp://127.0.0.1:*")};
        peer.handshake("PUSH");
        peer.send("old");
        peer.send("older");
        peer.send("new");
        check_dropped(run, receiver, &traffic_stats::dropped_conflated, 2);
        CHECK(receive(run, receiver) == "new");
    }
}

TEST_CASE("what is dropped of a peer that has gone is counted for it") {
    loop run;
    pull server{run.io};
    server.set(option::high_water_octets{800'000});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    std::vector<peer_id> ids;
    for (std::uint64_t gone = 1; gone <= 2; ++gone) {
        raw_peer peer{run, endpoint};
        peer.handshake("PUSH");
        await_connections(run, server, gone);
        ids.push_back(only_peer(run, server).id);
        peer.send(std::string(700'000, 'x')); // two of those are not kept
        peer.close();
        await_disconnects(run, server, gone);
    }
    CHECK(server.stats().dropped_disconnect == 1);
    CHECK(known_peer(server, ids[0]).traffic.dropped_disconnect == 0);
    CHECK(known_peer(server, ids[1]).traffic.dropped_disconnect == 1);
}

TEST_CASE("what waits for the program is told, in messages and octets") {
    loop run;
    pull server{run.io};
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    peer.handshake("PUSH");
    for (int i = 0; i < 3; ++i)
        peer.send(std::string(100, 'x'));
    REQUIRE(run.until([&] { return only_peer(run, server).receive_queue.messages == 3; }));
    CHECK(only_peer(run, server).receive_queue.octets == 306);
    CHECK(only_peer(run, server).traffic.messages_received == 0);
    CHECK(receive(run, server).size() == 100);
    CHECK(only_peer(run, server).receive_queue.messages == 2);
    CHECK(only_peer(run, server).receive_queue.octets == 204);
    CHECK(only_peer(run, server).traffic.messages_received == 1);
}

} // namespace
} // namespace mizzen::testing
