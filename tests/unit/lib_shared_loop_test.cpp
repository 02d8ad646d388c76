// Blocking sockets of one loop: whichever thread runs it, every socket is served.
#include <mizzen/blocking.hpp>
#include <mizzen/error.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <future>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace mizzen::testing {
namespace {

// Long enough never to be reached unless something is broken.
constexpr std::chrono::milliseconds forever{20'000};

struct two_dealers {
    context one;
    context other;
    blocking::dealer here{one};
    blocking::dealer there{other};

    explicit two_dealers(option::heartbeat beat = {std::chrono::milliseconds{0}}) {
        there.set(beat);
        here.connect(there.bind("tcp://127.0.0.1:*"));
    }
};

std::string take(blocking::dealer& socket) {
    message m;
    std::error_code ec;
    if (!socket.receive(m, forever, ec))
        return ec.message();
    return std::string{as_text(m.front())};
}

TEST_CASE("threads that wait in sockets of one loop are all served, whoever of them runs it") {
    context shared{1};
    constexpr int threads = 4;
    constexpr int rounds = 300;
    std::vector<std::thread> all;
    all.reserve(threads);
    std::array<int, threads> well{};
    for (int i = 0; i < threads; ++i)
        all.emplace_back([&, i] {
            blocking::rep server{shared};
            blocking::req client{shared};
            client.connect(server.bind(i % 2 == 0 ? "tcp://127.0.0.1:*" : "ipc://*"));
            std::thread answers{[&] {
                std::error_code ec;
                message m;
                while (server.receive(m, forever, ec))
                    if (!server.send(m, forever, ec))
                        break;
            }};
            for (int round = 0; round < rounds; ++round) {
                std::error_code ec;
                message m{std::to_string(round)};
                if (client.send(m, forever, ec) && client.receive(m, forever, ec) &&
                    as_text(m.front()) == std::to_string(round))
                    ++well[static_cast<std::size_t>(i)];
            }
            server.close();
            answers.join();
        });
    for (std::thread& each : all)
        each.join();
    for (const int count : well)
        CHECK(count == rounds);
}

TEST_CASE("what is sent is written though the program then waits for something else") {
    two_dealers both;
    for (int round = 0; round < 20; ++round) {
        both.there.send(message{"to wait for"});
        REQUIRE(take(both.here) == "to wait for"); // the program's thread has run the loop
        for (int i = 0; i < 5; ++i)
            both.here.send(message{std::to_string(i)});
        for (int i = 0; i < 5; ++i)
            CHECK(take(both.there) == std::to_string(i)); // from another loop
    }
}

TEST_CASE("the end of a stream is written though its sender calls no more") {
    two_dealers both;
    both.here.set(option::send_high_water_mark{100'000});
    both.here.send(message{"connected"});
    REQUIRE(take(both.there) == "connected");
    // Dense enough to be a stream, and so short that no buffer is full.
    using steady_clock = std::chrono::steady_clock;
    const auto end = steady_clock::now() + std::chrono::milliseconds{20};
    int count = 0;
    for (auto now = steady_clock::now(); now < end; now = steady_clock::now()) {
        both.here.send(message{std::to_string(count++)});
        while (steady_clock::now() < now + std::chrono::microseconds{4}) {
        }
    }
    bool ordered = true;
    for (int i = 0; i < count && ordered; ++i)
        ordered = take(both.there) == std::to_string(i);
    CHECK(ordered);
}

TEST_CASE("a peer is answered while the program is elsewhere") {
    two_dealers both{{std::chrono::milliseconds{20}, std::chrono::milliseconds{200}}};
    std::error_code ec;
    message nothing;
    CHECK_FALSE(both.here.receive(nothing, std::chrono::milliseconds{5}, ec)); // runs the loop
    both.there.send(message{"hello"});
    REQUIRE(take(both.here) == "hello");
    // Its PINGs are answered by the loop's own thread: else the peer would see it as dead.
    CHECK_FALSE(both.there.receive(nothing, std::chrono::milliseconds{600}, ec));
    CHECK(ec == std::errc::timed_out);
    CHECK(both.there.stats().disconnects == 0);
}

TEST_CASE("closing a context ends a wait that nobody else would end, whichever thread it is in") {
    for (int round = 0; round < 20; ++round) {
        context shared;
        blocking::pull lonely{shared};
        lonely.bind("tcp://127.0.0.1:*");
        std::promise<std::error_code> ended;
        std::thread waits{[&] {
            std::error_code ec;
            message m;
            // The second time the loop is this thread's already.
            lonely.receive(m, std::chrono::milliseconds{1}, ec);
            lonely.receive(m, forever, ec);
            ended.set_value(ec);
        }};
        shared.close();
        CHECK(ended.get_future().get() == errc::context_closed);
        waits.join();
    }
}

} // namespace
} // namespace mizzen::testing
