// What crashes, or has crashed, other implementations: heartbeats beside a slow reader, and closing
// while something is under way. Meant to run under the sanitizers above all.
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

constexpr auto transports = {"tcp://127.0.0.1:*", "ipc://*", "inproc://known crashes"};

// --- Heartbeats beside a slow SUB with a small receive mark ---

/// Whether each is the number behind the one before, or a later one.
class rising {
public:
    void take(const message& m) {
        const int number = std::stoi(std::string{m.text(0)});
        CHECK(number > newest_);
        newest_ = number;
        ++count_;
    }
    [[nodiscard]] int count() const { return count_; }

private:
    int newest_ = -1;
    int count_ = 0;
};

TEST_CASE("heartbeats and a slow SUB with a small mark get on, whoever sends them") {
    const auto body = "/" + std::string(2000, 'x');
    for (const int who : {0, 1, 2}) { // SUB, PUB, both
        CAPTURE(who);
        loop run;
        pub publisher{run.io};
        sub slow{run.io};
        publisher.set(option::send_high_water_mark{50});
        slow.set(option::receive_high_water_mark{1});
        slow.set(option::reconnect_interval{1ms, 5ms});
        slow.subscribe("");
        if (who != 0)
            publisher.set(option::heartbeat{2ms, 10ms, 100ms});
        if (who != 1)
            slow.set(option::heartbeat{2ms, 10ms, 100ms});
        slow.connect(publisher.bind("tcp://127.0.0.1:*"));
        rising heard;
        int number = 0;
        int turns = 0;
        REQUIRE(run.until([&] {
            for (int i = 0; i < 100; ++i)
                CHECK_FALSE(try_send(publisher, std::to_string(number++) + body));
            message m;
            if (++turns % 5 == 0 && slow.try_receive(m))
                heard.take(m);
            return heard.count() >= 40;
        }));
        if (who == 0) { // who does not read does not mind the silence
            CHECK(publisher.stats().dropped_full > 0);
            CHECK(slow.stats().disconnects == 0);
        }
    }
}

const std::string bulky(10'000, 'x');

TEST_CASE("a SUB that is closed while it is full and a heartbeat is due is no trouble to the PUB") {
    loop run;
    pub publisher{run.io};
    publisher.set(option::heartbeat{1ms, 5ms, 100ms});
    const std::string endpoint = publisher.bind("tcp://127.0.0.1:*");
    for (int round = 0; round < 30; ++round) {
        sub slow{run.io};
        slow.set(option::receive_high_water_mark{1});
        slow.set(option::heartbeat{1ms, 5ms, 100ms});
        slow.set(option::linger{0ms});
        slow.subscribe("");
        slow.connect(endpoint);
        const auto full = [&] {
            const auto peers = slow.peers();
            return !peers.empty() && peers.front().receive_queue.messages == 1;
        };
        REQUIRE(run.until([&] { return (try_send(publisher, bulky), full()); }));
        for (int turn = 0; turn < round; ++turn)
            run.io.poll_one();
    }
    REQUIRE(run.until([&] { return publisher.peers().empty(); }));
}

TEST_CASE("heartbeats and slow blocking SUBs with small marks get on") {
    context shared{2};
    blocking::pub publisher{shared};
    publisher.set(option::heartbeat{2ms, 20ms, 200ms});
    publisher.set(option::send_high_water_mark{20});
    const std::string endpoint = publisher.bind("tcp://127.0.0.1:*");
    std::atomic<int> listening = 3;
    std::vector<std::thread> others;
    others.reserve(3);
    for (int i = 0; i < 3; ++i) {
        others.emplace_back([&] {
            blocking::sub slow{shared};
            slow.set(option::receive_high_water_mark{2});
            slow.set(option::heartbeat{2ms, 20ms, 200ms});
            slow.set(option::reconnect_interval{1ms, 5ms});
            slow.subscribe("");
            slow.connect(endpoint);
            rising heard;
            message m;
            std::error_code ec;
            while (heard.count() < 50 && slow.receive(m, 20s, ec)) {
                heard.take(m);
                std::this_thread::yield();
            }
            CHECK(heard.count() == 50);
            --listening;
        });
    }
    for (int number = 0; listening != 0; ++number)
        publisher.send(message{std::to_string(number)});
    for (std::thread& each : others)
        each.join();
}

// --- Closing while handshaking ---

TEST_CASE("a socket closed at any octet of a handshake lets the peer go, whatever its linger") {
    const std::string whole = greeting() + ready("DEALER") + frame("hello");
    for (const auto linger : {0ms, 20ms}) {
        for (std::size_t octets = 0; octets <= whole.size(); octets += 7) {
            CAPTURE(octets);
            loop run;
            auto server = std::make_unique<dealer>(run.io);
            server->set(option::linger{linger});
            raw_peer peer{run, server->bind("tcp://127.0.0.1:*")};
            peer.write(std::string_view{whole}.substr(0, octets));
            REQUIRE(run.until([&] { return server->stats().octets_in == octets; }));
            octets % 2 == 0 ? server->close() : server.reset();
            CHECK(peer.is_closed());
        }
    }
}

TEST_CASE(
    "a connector closed at any octet of a handshake lets the peer go, with what it has queued") {
    const std::string whole = greeting() + ready("DEALER");
    for (const auto linger : {0ms, 20ms}) {
        for (std::size_t octets = 0; octets <= whole.size(); octets += 7) {
            CAPTURE(octets);
            loop run;
            raw_listener listener{run};
            dealer client{run.io};
            client.set(option::linger{linger});
            client.connect(listener.endpoint());
            CHECK_FALSE(try_send(client, "for nobody yet"));
            raw_peer peer = listener.accept();
            peer.write(std::string_view{whole}.substr(0, octets));
            REQUIRE(run.until([&] { return client.stats().octets_in == octets; }));
            client.close();
            CHECK(peer.is_closed());
        }
    }
}

TEST_CASE("sockets closed in each turn of a handshake with each other leave nothing behind") {
    for (const std::string where : transports) {
        CAPTURE(where);
        for (int turns = 0; turns < 24; ++turns) {
            loop run;
            dealer server{run.io};
            dealer client{run.io};
            server.set(option::linger{0ms});
            client.set(option::linger{0ms});
            client.connect(server.bind(where));
            CHECK_FALSE(try_send(client, "hello"));
            for (int i = 0; i < turns; ++i)
                run.io.poll_one();
            (turns % 2 == 0 ? server : client).close();
            for (int i = 0; i < 3; ++i)
                run.io.poll_one();
            (turns % 2 == 0 ? client : server).close();
            REQUIRE(run.until([&] { return run.io.poll() == 0; }));
        }
    }
}

TEST_CASE("blocking sockets closed while they shake hands, by their own threads or the context") {
    for (const std::string where : transports) {
        CAPTURE(where);
        for (int round = 0; round < 20; ++round) {
            context shared{2};
            blocking::dealer server{shared};
            server.set(option::linger{0ms});
            const std::string endpoint = server.bind(where);
            std::vector<std::thread> others;
            others.reserve(3);
            for (int i = 0; i < 3; ++i) {
                others.emplace_back([&, i] {
                    std::error_code ec;
                    blocking::dealer client{shared};
                    client.set(option::linger{i * 5ms}, ec);
                    client.connect(endpoint, ec);
                    message m{"hello"};
                    static_cast<void>(client.send(m, 1ms * i, ec));
                });
            }
            if (round % 2 == 0)
                server.close();
            for (std::thread& each : others)
                each.join();
            if (round % 4 == 1)
                shared.close();
        }
    }
}

// --- A context that closes with messages lingering ---

TEST_CASE(
    "a context closes in time with messages for nobody, for who does not read, and for who does") {
    loop run;
    raw_listener deaf{run};
    context receiving;
    blocking::pull reads{receiving};
    const std::string live = reads.bind("tcp://127.0.0.1:*");
    for (const auto linger : {0ms, 1ms, 30ms}) {
        CAPTURE(linger.count());
        context shared{2};
        std::vector<blocking::push> senders;
        for (const std::string& endpoint : {"tcp://127.0.0.1:1"s, "ipc://@nobody is here"s,
                                            "inproc://nobody"s, deaf.endpoint(), live}) {
            blocking::push& sender = senders.emplace_back(shared);
            sender.set(option::linger{linger});
            sender.set(option::reconnect_interval{1ms, 2ms});
            sender.connect(endpoint);
            std::error_code ec;
            for (int i = 0; i < 500; ++i) {
                message m{std::string(1000, 'x')};
                static_cast<void>(sender.send(m, 0ms, ec));
            }
        }
        raw_peer silent = deaf.accept();
        const auto before = std::chrono::steady_clock::now();
        shared.close();
        CHECK(std::chrono::steady_clock::now() - before < 10s);
        for (blocking::push& each : senders) {
            message m{"late"};
            std::error_code ec;
            CHECK_FALSE(each.send(m, ec));
            CHECK(ec == errc::context_closed);
        }
    }
}

TEST_CASE("a context that lingers without end delivers all to slow peers, and closes then") {
    for (const std::string where : transports) {
        CAPTURE(where);
        constexpr int count = 2000;
        context shared;
        context receiving;
        // inproc names are a context's.
        blocking::pull reads{where.starts_with("inproc") ? shared : receiving};
        reads.set(option::receive_high_water_mark{10});
        const std::string endpoint = reads.bind(where);
        std::thread closes{[&] {
            blocking::push sender{shared};
            sender.set(option::send_high_water_mark{0});
            sender.set(option::linger{-1ms});
            sender.connect(endpoint);
            for (int i = 0; i < count; ++i)
                sender.send(message{std::to_string(i)});
            sender.close();
            if (!where.starts_with("inproc"))
                shared.close();
        }};
        bool ordered = true;
        for (int i = 0; i < count && ordered; ++i) {
            message m;
            std::error_code ec;
            ordered = reads.receive(m, 20s, ec) && text_of(m) == std::to_string(i);
        }
        CHECK(ordered);
        closes.join();
    }
}

TEST_CASE("a context closes under threads that send, receive, poll, bind and connect") {
    for (int round = 0; round < 6; ++round) {
        context shared{2};
        std::atomic<int> busy = 0;
        std::vector<std::thread> others;
        const auto start = [&](auto work) {
            others.emplace_back([&shared, &busy, work] {
                try {
                    ++busy;
                    for (;;)
                        work(shared);
                } catch (const std::system_error& ended) {
                    CHECK(ended.code() == errc::context_closed);
                }
            });
        };
        start([](context& in) {
            blocking::push sender{in};
            sender.set(option::linger{5ms});
            sender.connect("inproc://meet");
            for (int i = 0; i < 100; ++i)
                sender.send(message{"x"});
        });
        start([](context& in) {
            blocking::pull receiver{in};
            receiver.bind("inproc://meet");
            for (int i = 0; i < 50; ++i)
                static_cast<void>(receiver.receive());
        });
        start([](context& in) {
            blocking::dealer a{in};
            blocking::dealer b{in};
            a.set(option::linger{5ms});
            b.set(option::linger{5ms});
            b.connect(a.bind("tcp://127.0.0.1:*"));
            b.send(message{"x"});
            blocking::poll_item items[] = {{&a}, {&b}};
            blocking::poll(items);
            static_cast<void>(a.receive());
        });
        while (busy != 3)
            std::this_thread::yield();
        for (int i = 0; i < round * 50; ++i)
            std::this_thread::yield();
        shared.close();
        for (std::thread& each : others)
            each.join();
    }
}

// --- One socket in the hands of several threads ---

TEST_CASE(
    "of threads that use one blocking socket each gets a result or is told that it is in use") {
    context shared{2};
    blocking::dealer server{shared};
    blocking::dealer client{shared};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    std::atomic<int> in_use = 0;
    const auto use = [&](int who) {
        const auto judge = [&](std::error_code ec) {
            in_use += static_cast<int>(ec == errc::in_use);
            CHECK((!ec || ec == errc::in_use || ec == errc::would_block ||
                   ec == std::errc::timed_out));
        };
        for (int i = 0; i < 200; ++i) {
            std::error_code ec;
            message m{"x"};
            static_cast<void>(client.send(m, 1ms, ec));
            judge(ec);
            static_cast<void>(server.receive(m, 1ms, ec));
            judge(ec);
            if (who == 0)
                server.set(option::receive_high_water_mark{1000}, ec);
            judge(ec);
            blocking::poll_item items[] = {{&client}, {&server}};
            blocking::poll(items, 1ms, ec);
            judge(ec);
            static_cast<void>(server.stats());
            static_cast<void>(server.peers());
        }
    };
    std::vector<std::thread> others;
    others.reserve(3);
    for (int who = 0; who < 3; ++who)
        others.emplace_back(use, who);
    for (std::thread& each : others)
        each.join();
    CHECK(in_use > 0);
}

// --- Messages to a peer that is just leaving ---

TEST_CASE(
    "a ROUTER goes on sending to peers that leave, by each way to leave, and serves the rest") {
    for (const bool mandatory : {false, true}) {
        CAPTURE(mandatory);
        loop run;
        router server{run.io};
        server.set(option::router_mandatory{mandatory});
        const std::string endpoint = server.bind("tcp://127.0.0.1:*");
        raw_peer stays{run, endpoint};
        stays.handshake("DEALER", "stays");
        for (int round = 0; round < 60; ++round) {
            raw_peer leaves{run, endpoint};
            leaves.handshake("DEALER", "leaves");
            leaves.send("hi");
            const message hi = receive_message(run, server);
            CHECK(text_of(hi) == "leaves/hi");
            for (int i = 0; i < 5; ++i)
                CHECK_FALSE(try_send(server, "leaves/" + std::string(5000, 'x')));
            round % 2 == 0 ? leaves.close() : leaves.reset();
            for (int turn = 0; turn < 12; ++turn) {
                const std::error_code ec = try_send(server, "leaves/more");
                CHECK((!ec || (mandatory && ec == errc::no_route)));
                message m{"to the connection"};
                std::error_code to;
                CHECK((server.try_send_to(hi.peer(), m, to) || to == errc::no_route));
                if (turn % 3 == round % 3)
                    run.io.poll_one();
            }
            REQUIRE(run.until([&] { return server.peers().size() == 1; }));
            CHECK_FALSE(try_send(server, "stays/" + std::to_string(round)));
            CHECK(stays.receive() == std::to_string(round));
        }
        const auto stats = server.stats();
        CHECK(stats.disconnects == 60);
        CHECK((mandatory || stats.dropped_no_route > 0));
    }
}

TEST_CASE("a REP answers, a PUB publishes and a PUSH pushes to peers that are just leaving") {
    loop run;
    rep server{run.io};
    pub publisher{run.io};
    push pusher{run.io};
    const std::string ask = server.bind("tcp://127.0.0.1:*");
    const std::string hear = publisher.bind("tcp://127.0.0.1:*");
    const std::string take = pusher.bind("tcp://127.0.0.1:*");
    for (int round = 0; round < 40; ++round) {
        raw_peer asks{run, ask};
        raw_peer hears{run, hear};
        raw_peer takes{run, take};
        asks.handshake("REQ");
        hears.handshake("SUB");
        takes.handshake("PULL");
        asks.send("/question");
        hears.write(frame("\1", 0));
        CHECK(receive(run, server) == "question");
        REQUIRE(run.until([&] { return pusher.peers().size() == 1; }));
        for (raw_peer* each : {&asks, &hears, &takes})
            round % 2 == 0 ? each->close() : each->reset();
        for (int turn = 0; turn < round % 8; ++turn)
            run.io.poll_one();
        CHECK_FALSE(try_send(server, "answer"));
        for (int i = 0; i < 20; ++i) {
            CHECK_FALSE(try_send(publisher, std::string(3000, 'x')));
            const auto ec = try_send(pusher, std::string(3000, 'x'));
            CHECK((!ec || ec == errc::would_block));
        }
        REQUIRE(run.until([&] {
            return server.peers().empty() && publisher.peers().empty() && pusher.peers().empty();
        }));
    }
}

TEST_CASE("threads send to peers that leave while they do, over every transport") {
    for (const std::string where : transports) {
        CAPTURE(where);
        context shared{2};
        blocking::router server{shared};
        const std::string endpoint = server.bind(where);
        std::atomic<int> running = 3;
        std::vector<std::thread> others;
        others.reserve(3);
        for (int i = 0; i < 3; ++i) {
            others.emplace_back([&, i] {
                for (int round = 0; round < 40; ++round) {
                    blocking::dealer leaves{shared};
                    leaves.set(option::linger{round % 3 * 1ms});
                    leaves.set(option::routing_id{"peer " + std::to_string(i)});
                    leaves.connect(endpoint);
                    message m{"hi"};
                    std::error_code ec;
                    CHECK(leaves.send(m, 20s, ec));
                    if (round % 2 == 0)
                        static_cast<void>(leaves.receive(m, 5ms, ec));
                }
                --running;
            });
        }
        message m;
        std::error_code ec;
        while (running != 0) {
            if (!server.receive(m, 1ms, ec))
                continue;
            const std::string id{m.text(0)};
            for (int i = 0; i < 10; ++i) {
                message answer{id};
                answer.push_back(std::string(2000, 'x'));
                CHECK(server.send(answer, 20s, ec));
            }
        }
        for (std::thread& each : others)
            each.join();
    }
}

} // namespace
} // namespace mizzen::testing
