// Networks that delay, trickle, fall silent and cut.
#include "../interop/raw_peer.hpp"
#include "../support/fault_proxy.hpp"
#include "../support/process_limits.hpp"
#include "loop.hpp"
#include "monitor_helpers.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::testing {
namespace {

/// A server, a client, and the network between them.
template <class Server, class Client> struct apart {
    loop run;
    Server server{run.io};
    fault_proxy network{server.bind("tcp://127.0.0.1:*")};
    Client client{run.io};

    void connect() {
        client.set(option::reconnect_interval{1ms, 5ms});
        client.connect(network.endpoint());
        await_connections(run, client, 1);
        await_connections(run, server, 1);
    }
    /// Whether what either says reaches the other.
    void converse(const std::string& text) {
        send(run, client, text);
        CHECK(receive(run, server) == text);
        send(run, server, text + "/back");
        CHECK(receive(run, client) == text + "/back");
    }
};

TEST_CASE("octets that come one by one and late make the same messages") {
    apart<dealer, dealer> a;
    a.network.trickle(true);
    a.connect();
    for (const std::size_t size : {0U, 1U, 255U, 256U, 3000U})
        a.converse("first/" + std::string(size, 'x') + "//last");
    a.network.trickle(false);
    a.network.delay(5ms);
    for (int i = 0; i < 5; ++i)
        a.converse(std::to_string(i) + "/" + std::string(100'000, 'x'));
    CHECK(a.server.stats().disconnects == 0);
    CHECK(a.client.stats().disconnects == 0);
}

TEST_CASE(
    "a connection that is cut at any octet delivers no part of a message, and is made again") {
    apart<dealer, dealer> a;
    a.connect();
    const std::string text = "one/" + std::string(40, 'x') + "/two/three";
    int sent = 0;
    int newest = -1;
    const auto take = [&] {
        message m;
        while (a.server.try_receive(m)) {
            const std::string got = text_of(m);
            const int number = std::stoi(got);
            CHECK(got == std::to_string(number) + "/" + text);
            CHECK(number > newest);
            newest = number;
        }
    };
    for (std::uint64_t octets = 1; octets < 240; octets += 3) {
        const std::uint64_t before = a.network.connections();
        a.network.cut_after(way::there, octets);
        REQUIRE(a.run.until([&] {
            if (!try_send(a.client, std::to_string(sent) + "/" + text))
                ++sent;
            take();
            return a.network.connections() > before + 1;
        }));
    }
    a.network.cut_after(way::there, 0);
    send(a.run, a.client, "1000000/" + text);
    REQUIRE(a.run.until([&] { return (take(), newest == 1'000'000); }));
    CHECK(a.client.stats().disconnects > 10);
    CHECK(a.server.stats().handshakes_failed > 10);
}

TEST_CASE("a greeting that loses octets ends in time, and the next attempt is a new one") {
    apart<dealer, dealer> a;
    a.server.set(option::handshake_timeout{30ms});
    a.client.set(option::handshake_timeout{30ms});
    for (const way which : {way::there, way::back}) {
        const auto failed = a.server.stats().handshakes_failed;
        a.network.lose(which, 40);
        a.client.set(option::reconnect_interval{1ms, 5ms});
        a.client.connect(a.network.endpoint());
        a.network.cut();
        REQUIRE(a.run.until([&] { return a.server.stats().handshakes_failed > failed; }));
        a.converse("as ever");
    }
}

// --- Half-open connections ---

TEST_CASE("a peer that vanished without a word is found by heartbeats, at either end") {
    apart<router, dealer> a;
    a.server.set(option::heartbeat{20ms, 200ms});
    a.client.set(option::heartbeat{20ms, 200ms});
    a.client.set(option::routing_id{"me"});
    monitor of_server{a.server};
    monitor of_client{a.client};
    a.connect();
    send(a.run, a.client, "here");
    CHECK(receive(a.run, a.server) == "me/here");
    for (int round = 1; round <= 2; ++round) {
        a.network.silence();
        for (monitor* watch : {&of_server, &of_client}) {
            connection_event event;
            do
                event = next_event(a.run, *watch);
            while (event.kind != event_kind::disconnected);
            CHECK(event.reason == zmtp::errc::heartbeat_timeout);
        }
        CHECK(a.server.peers().empty());
        a.network.cut(); // what was left of it
        a.network.resume();
        send(a.run, a.client, "again");
        CHECK(receive(a.run, a.server) == "me/again");
    }
}

TEST_CASE("a silent peer is found by the end that has no heartbeats, by what the other asked for") {
    apart<dealer, dealer> a;
    a.client.set(option::heartbeat{20ms, 10s, 300ms}); // the server is to close after 300 ms
    a.connect();
    a.converse("hello");
    const auto heard = a.server.stats().octets_in;
    REQUIRE(a.run.until([&] { return a.server.stats().octets_in > heard; })); // a PING
    a.network.silence();
    REQUIRE(a.run.until([&] { return a.server.stats().disconnects == 1; }));
    CHECK(a.client.stats().disconnects == 0);
    a.network.cut();
    REQUIRE(a.run.until([&] { return a.client.stats().disconnects == 1; }));
    a.network.resume();
    a.converse("back");
}

TEST_CASE("without heartbeats a silent network is waited for, and nothing is lost") {
    apart<dealer, dealer> a;
    a.connect();
    a.network.silence();
    for (int i = 0; i < 100; ++i)
        send(a.run, a.client, std::to_string(i));
    CHECK(a.run.never([&] { return a.server.stats().octets_in > 1000; }, 30ms));
    a.network.resume();
    for (int i = 0; i < 100; ++i)
        CHECK(receive(a.run, a.server) == std::to_string(i));
    CHECK(a.client.stats().disconnects == 0);
}

TEST_CASE("blocking sockets on both sides of a silence find each other again") {
    context shared;
    blocking::rep server{shared};
    fault_proxy network{server.bind("tcp://127.0.0.1:*")};
    blocking::req client{shared};
    client.set(option::req_relaxed{true});
    client.set(option::req_correlate{true});
    client.set(option::heartbeat{20ms, 200ms});
    client.set(option::reconnect_interval{1ms, 5ms});
    client.connect(network.endpoint());
    for (std::uint64_t round = 1; round <= 2; ++round) {
        message m{std::to_string(round)};
        std::error_code ec;
        REQUIRE(client.send(m, 20s, ec));
        REQUIRE(server.receive(m, 20s, ec));
        CHECK(text_of(m) == std::to_string(round));
        network.silence();
        REQUIRE(server.send(m, 20s, ec));
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (client.stats().disconnects < round && std::chrono::steady_clock::now() < end)
            CHECK_FALSE(client.receive(m, 10ms, ec));
        CHECK(ec == std::errc::timed_out);
        network.cut();
        network.resume();
    }
}

// --- Connections that come and go ---

TEST_CASE("a thousand connections are lost, and between them nothing is, nor memory") {
    apart<dealer, dealer> a;
    a.client.set(option::reconnect_interval{1ms, 1ms});
    a.connect();
    std::size_t early = 0;
    for (std::uint64_t round = 1; round <= 1000; ++round) {
        send(a.run, a.client, std::to_string(round));
        REQUIRE(receive(a.run, a.server) == std::to_string(round));
        if (round == 300) // those that have gone are remembered up to then
            early = heap_in_use();
        a.network.cut();
        REQUIRE(a.run.until([&] {
            return a.client.stats().disconnects == round && a.server.stats().disconnects == round;
        }));
    }
    CHECK(heap_in_use() < early + (1 << 20));
    CHECK(a.server.stats().messages_received == 1000);
    CHECK(a.server.stats().connections >= 1000);
    CHECK(a.client.stats().dropped_disconnect == 0);
    a.converse("as ever");
}

TEST_CASE("a listener that closes while peers connect to it serves them all once it is back") {
    const std::string path = "ipc:///tmp/mizzen-test-" + std::to_string(::getpid());
    for (const std::string& where : {"tcp://127.0.0.1:*"s, path, "inproc://comes and goes"s}) {
        CAPTURE(where);
        loop run;
        dealer server{run.io};
        std::string endpoint = server.bind(where);
        std::vector<std::unique_ptr<dealer>> clients;
        for (int i = 0; i < 30; ++i) {
            dealer& client = *clients.emplace_back(std::make_unique<dealer>(run.io));
            client.set(option::reconnect_interval{1ms, 5ms});
            client.connect(endpoint);
        }
        // Each time a little further: before anything was accepted, within the handshakes, behind.
        std::uint64_t before = 0;
        for (int turns = 0; turns < 40; turns += 4) {
            for (int i = 0; i < turns; ++i)
                run.io.poll_one();
            server.unbind(endpoint);
            for (int i = 0; i < turns; ++i)
                run.io.poll_one();
            before = server.stats().connections;
            CHECK(server.bind(endpoint) == endpoint);
        }
        await_connections(run, server, before + clients.size());
        for (std::size_t i = 0; i < clients.size(); ++i)
            send(run, *clients[i], std::to_string(i));
        std::vector<bool> heard(clients.size());
        for (std::size_t count = 0; count < clients.size(); ++count) {
            const auto number = static_cast<std::size_t>(std::stoi(receive(run, server)));
            CHECK_FALSE(heard[number]);
            heard[number] = true;
        }
    }
}

TEST_CASE("a connector that is refused for a while gets through in the end") {
    apart<rep, req> a;
    a.network.refuse(true);
    a.client.set(option::reconnect_interval{1ms, 2ms});
    a.client.connect(a.network.endpoint());
    send(a.run, a.client, "question");
    REQUIRE(a.run.until([&] { return a.network.connections() > 20; }));
    a.network.refuse(false);
    CHECK(receive(a.run, a.server) == "question");
    CHECK(a.client.stats().connections == 1);
}

TEST_CASE("a subscriber whose network is cut again and again hears whole messages in order") {
    apart<pub, sub> a;
    a.client.subscribe("a");
    a.connect();
    int number = 0;
    int newest = -1;
    int heard = 0;
    const std::string rest(500, 'x');
    const auto step = [&] {
        if (number % 50 == 0)
            a.network.cut_after(way::back, 2000 + static_cast<std::uint64_t>(number % 700));
        for (int i = 0; i < 10; ++i)
            CHECK_FALSE(try_send(a.server, "a/" + std::to_string(number++) + "/" + rest));
        message m;
        for (; a.client.try_receive(m); ++heard) {
            const std::string got = text_of(m);
            const int at = std::stoi(got.substr(2));
            CHECK(got == "a/" + std::to_string(at) + "/" + rest);
            CHECK(at > newest);
            newest = at;
        }
        return heard >= 100;
    };
    REQUIRE(a.run.until(step));
    CHECK(a.client.stats().disconnects > 5);
}

} // namespace
} // namespace mizzen::testing
