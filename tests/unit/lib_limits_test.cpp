// What peers can cost: memory while nobody reads, and descriptors.
#include "../interop/raw_peer.hpp"
#include "../support/process_limits.hpp"
#include "loop.hpp"
#include "monitor_helpers.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/router.hpp>

#include <asio/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::testing {
namespace {

constexpr std::size_t size_of_body = 64 * 1024;
const std::string large(size_of_body, 'x');
constexpr std::size_t slack = 2 << 20; // what is in the midst of being written, and small things

// --- A stream in pieces ---

TEST_CASE("a stream comes whole however it is cut, also while a body's memory grows") {
    loop run;
    pull receiver{run.io};
    raw_peer peer{run, receiver.bind("tcp://127.0.0.1:*")};
    peer.handshake("PUSH");
    await_connections(run, receiver, 1);
    std::string stream;
    std::vector<std::string> sent;
    for (const std::size_t size :
         {0UL, 1UL, 62UL, 255UL, 256UL, 5000UL, 70'000UL, 300'000UL, 3UL}) {
        sent.emplace_back(size, static_cast<char>('a' + sent.size()));
        stream += frame(sent.back());
    }
    std::uint64_t written = receiver.stats().octets_in;
    for (std::size_t at = 0, piece = 0; at < stream.size(); at += piece) {
        piece = std::min((at * 7 + 1) % 193 + 1, stream.size() - at);
        peer.write(std::string_view{stream}.substr(at, piece));
        written += piece;
        REQUIRE(run.until([&] { return receiver.stats().octets_in == written; }));
    }
    for (const std::string& body : sent)
        CHECK(receive(run, receiver) == body);
}

// --- A peer that stops reading ---

TEST_CASE("a peer that stops reading holds up the sender, and costs no more than the marks say") {
    loop run;
    push sender{run.io};
    sender.set(option::send_high_water_mark{50});
    raw_peer stuck{run, sender.bind("tcp://127.0.0.1:*")};
    stuck.handshake("PULL");
    await_connections(run, sender, 1);
    const std::size_t before = heap_in_use();
    std::size_t most = 0;
    std::size_t most_queued = 0;
    std::uint64_t taken = 0;
    const auto push_more = [&] {
        message m{large};
        bool any = false;
        for (; sender.try_send(m); m = message{large}, any = true)
            ++taken;
        const auto queue = sender.peers().front().send_queue;
        CHECK(queue.messages <= 50);
        most_queued = std::max(most_queued, queue.octets);
        most = std::max(most, heap_in_use());
        return any;
    };
    REQUIRE(run.until([&] { return push_more() && run.never(push_more, 30ms); }));
    CHECK(most_queued <= 50 * (size_of_body + 16));
    CHECK(most <= before + 51 * size_of_body + slack);
    bool sent = false;
    sender.async_send(message{large}, [&](std::error_code ec) { sent = !ec; });
    CHECK(run.never([&] { return sent; }, 10ms));
    // What the program gave and what the kernel took differ by the queue and what is in writing.
    CHECK(taken * size_of_body <= sender.stats().octets_out + 52 * size_of_body);
    for (std::uint64_t i = 0; i < taken; ++i)
        REQUIRE(stuck.receive() == large);
    CHECK(sent);
    CHECK(stuck.receive() == large);
    CHECK(sender.peers().front().send_queue.octets == 0);
    CHECK(sender.stats().dropped_full == 0);
}

TEST_CASE("a subscriber that stops reading costs a PUB its mark, however much is published") {
    loop run;
    pub sender{run.io};
    sender.set(option::send_high_water_mark{20});
    const std::string endpoint = sender.bind("tcp://127.0.0.1:*");
    raw_peer stuck{run, endpoint};
    stuck.handshake("SUB");
    stuck.write(frame("\1", 0));
    REQUIRE(run.until([&] { return sender.peers().size() == 1; }));
    // Until the kernel holds all it can.
    REQUIRE(run.until([&] { return (try_send(sender, large), sender.stats().dropped_full > 10); }));
    const std::size_t before = heap_in_use();
    std::size_t most = 0;
    for (int i = 0; i < 20'000; ++i) { // 1.3 GB
        CHECK_FALSE(try_send(sender, large));
        if (i % 100 == 0) {
            run.io.poll();
            most = std::max(most, heap_in_use());
        }
    }
    CHECK(most <= before + 20 * size_of_body + slack);
    CHECK(sender.peers().front().send_queue.octets <= 20 * (size_of_body + 16));
    CHECK(sender.stats().dropped_full >= 19'000);
    CHECK(sender.stats().dropped_full == sender.peers().front().traffic.dropped_full);
}

TEST_CASE("a program that stops receiving holds up its peers, and costs no more than the marks") {
    loop run;
    pull receiver{run.io};
    receiver.set(option::receive_high_water_mark{20});
    raw_peer peer{run, receiver.bind("tcp://127.0.0.1:*")};
    peer.handshake("PUSH");
    const std::string wire = frame(large);
    std::string_view rest = wire;
    std::uint64_t written = 0;
    const std::size_t before = heap_in_use();
    std::size_t most = 0;
    const auto write_more = [&] {
        const std::size_t some = peer.write_some(rest);
        rest.remove_prefix(some);
        written += some;
        if (rest.empty())
            rest = wire;
        most = std::max(most, heap_in_use());
        return some != 0;
    };
    REQUIRE(run.until([&] { return !write_more() && !run.until(write_more, 30ms); }));
    const auto queue = receiver.peers().front().receive_queue;
    CHECK(queue.messages == 20);
    CHECK(queue.octets <= 20 * (size_of_body + 16));
    CHECK(most <= before + 22 * size_of_body + slack);
    CHECK(receiver.stats().octets_in <= 22 * size_of_body + slack);
    const std::uint64_t whole = written / wire.size();
    for (std::uint64_t i = 0; i < whole; ++i)
        REQUIRE(receive(run, receiver) == large);
}

TEST_CASE("a full receive queue keeps nobody from connecting again, and from sending") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::reconnect_interval{1ms, 5ms});
    client.connect(listener.endpoint());
    {
        raw_peer peer = listener.accept();
        peer.handshake("DEALER");
        for (int i = 0; i < 3; ++i)
            peer.send("unread");
        REQUIRE(run.until([&] {
            const auto peers = client.peers();
            return !peers.empty() && peers.front().receive_queue.messages == 3;
        }));
        client.set(option::receive_high_water_mark{1});
    }
    raw_peer peer = listener.accept();
    peer.handshake("DEALER");
    send(run, client, "still here");
    CHECK(peer.receive() == "still here");
    peer.send("one more");
    for (const auto* expected : {"unread", "unread", "unread", "one more"})
        CHECK(receive(run, client) == expected);
}

TEST_CASE("a thread that sends to a peer that stops reading is held up, and told when time is up") {
    context shared;
    blocking::push sender{shared};
    sender.set(option::send_high_water_mark{10});
    loop run;
    raw_peer stuck{run, sender.bind("tcp://127.0.0.1:*")};
    stuck.handshake("PULL");
    const std::size_t before = heap_in_use();
    std::error_code ec;
    std::uint64_t taken = 0;
    for (message m{large}; sender.send(m, 50ms, ec); m = message{large})
        ++taken;
    CHECK(ec == std::errc::timed_out);
    CHECK(sender.peers().front().send_queue.messages <= 10);
    CHECK(heap_in_use() <= before + 12 * size_of_body + slack);
    for (std::uint64_t i = 0; i < taken; ++i)
        REQUIRE(stuck.receive() == large);
    message m{large};
    CHECK(sender.send(m, 20s, ec));
    CHECK(stuck.receive() == large);
    sender.set(option::linger{0ms});
}

// --- Many peers ---

TEST_CASE("ten thousand connections are opened and closed, and leave no memory behind") {
    constexpr std::size_t all = 10'000;
    const std::size_t limit = raise_descriptor_limit();
    REQUIRE(limit > 200);
    const std::size_t batch = std::min<std::size_t>(all / 4, (limit - 100) / 2);
    loop run;
    router server{run.io};
    server.set(option::max_handshakes{batch});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    std::size_t early = 0;
    for (std::size_t done = 0; done < all; done += batch) {
        std::vector<raw_peer> peers;
        peers.reserve(batch);
        for (std::size_t i = 0; i < batch; ++i) {
            peers.emplace_back(run, endpoint).write(greeting() + ready("DEALER") + frame("hello"));
            if (i % 64 == 0)
                run.io.poll();
        }
        await_connections(run, server, done + batch);
        CHECK(server.peers().size() == batch);
        for (std::size_t i = 0; i < batch; ++i)
            CHECK(receive_message(run, server).size() == 2);
        for (std::size_t i = 0; i < batch; ++i)
            i % 2 == 0 ? peers[i].close() : peers[i].reset();
        REQUIRE(run.until([&] { return server.stats().disconnects == done + batch; }));
        CHECK(server.peers().empty());
        if (done == 0)
            early = heap_in_use();
    }
    CHECK(server.stats().connections >= all);
    CHECK(heap_in_use() <= early + (1 << 20));
}

TEST_CASE("of many peers with one id the first is served, or with handover the last") {
    for (const bool handover : {false, true}) {
        CAPTURE(handover);
        loop run;
        router server{run.io};
        server.set(option::router_handover{handover});
        const std::string endpoint = server.bind("tcp://127.0.0.1:*");
        std::vector<raw_peer> peers;
        for (std::size_t i = 0; i < 100; ++i) {
            raw_peer& peer = peers.emplace_back(run, endpoint);
            peer.write(greeting() + ready("DEALER", "same") + frame(std::to_string(i)));
            REQUIRE(run.until([&] {
                const auto now = server.stats();
                return now.connections + now.handshakes_failed == i + 1;
            }));
        }
        const std::size_t served = handover ? 99 : 0;
        for (std::size_t i = 0; i < peers.size(); ++i)
            if (i != served)
                CHECK(peers[i].is_closed());
        CHECK(server.peers().size() == 1);
        send(run, server, "same/to you");
        peers[served].read_greeting();
        CHECK(peers[served].read_frame().flags == command);
        CHECK(peers[served].receive() == "to you");
    }
}

// --- No descriptors left ---

TEST_CASE("without descriptors, peers are served, and those that wait are accepted in the end") {
    constexpr std::size_t waiting = 50;
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*"}) {
        CAPTURE(where);
        loop run;
        dealer server{run.io};
        monitor watch{server};
        const std::string endpoint = server.bind(where);
        dealer there{run.io};
        there.connect(endpoint);
        await_connections(run, server, 1);
        await_connections(run, there, 1);
        std::vector<std::unique_ptr<dealer>> late;
        for (std::size_t i = 0; i < waiting; ++i) {
            late.push_back(std::make_unique<dealer>(run.io));
            late.back()->set(option::reconnect_interval{1ms, 5ms});
        }
        {
            const no_descriptors left;
            for (const auto& each : late) // these have no descriptor to connect with
                each->connect(endpoint);
            for (int i = 0; i < 20; ++i) {
                send(run, there, "ask");
                CHECK(receive(run, server) == "ask");
                send(run, server, "answer");
                CHECK(receive(run, there) == "answer");
            }
            REQUIRE(run.until([&] { return late.back()->stats().connect_retries > 2; }));
        }
        await_connections(run, server, 1 + waiting);
        CHECK(server.stats().disconnects == 0);
        CHECK(there.stats().disconnects == 0);
        for (const auto& each : late)
            send(run, *each, "at last");
        for (std::size_t i = 0; i < waiting; ++i)
            CHECK(receive(run, server) == "at last");
    }
}

TEST_CASE("a listener without descriptors tries again until it has some, and harms nobody") {
    constexpr std::size_t waiting = 50;
    loop run;
    dealer server{run.io};
    monitor watch{server};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer there{run.io};
    there.connect(endpoint);
    await_connections(run, server, 1);
    std::vector<raw_peer> peers; // known to the kernel only
    peers.reserve(waiting);
    for (std::size_t i = 0; i < waiting; ++i)
        peers.emplace_back(run, endpoint);
    {
        const no_descriptors left;
        for (int failures = 0; failures < 2;) {
            const auto event = next_event(run, watch);
            if (event.kind != event_kind::accept_failed)
                continue;
            CHECK(event.reason == asio::error::no_descriptors);
            ++failures;
            send(run, there, "ask");
            CHECK(receive(run, server) == "ask");
        }
        CHECK(server.stats().connections == 1);
    }
    for (raw_peer& each : peers) {
        each.handshake("DEALER");
        each.send("at last");
        CHECK(receive(run, server) == "at last");
    }
    CHECK(server.stats().disconnects == 0);
}

TEST_CASE("an endpoint cannot be bound without descriptors, and can be once there are some") {
    loop run;
    dealer server{run.io};
    std::error_code ec;
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*"}) {
        {
            const no_descriptors left;
            CHECK(server.bind(where, ec) == "");
            CHECK(ec == asio::error::no_descriptors);
        }
        CHECK(server.bind(where, ec) != "");
        CHECK_FALSE(ec);
    }
}

} // namespace
} // namespace mizzen::testing
