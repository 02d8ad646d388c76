// Blocking Majordomo clients and workers, and the hosted loops below them, over loopback.
#include <mizzen/error.hpp>
#include <mizzen/hosted_loop.hpp>
#include <mizzen/patterns/majordomo/blocking.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>

#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::majordomo {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;

// A broker with a loop and a thread of its own.
struct broker_thread {
    asio::io_context io{1};
    majordomo::broker node{io};
    std::string endpoint = node.bind("tcp://127.0.0.1:*");
    std::thread thread{[this] { io.run(); }};

    broker_thread() = default;
    broker_thread(const broker_thread&) = delete;
    broker_thread& operator=(const broker_thread&) = delete;
    ~broker_thread() {
        asio::post(io, [this] { node.stop(); });
        thread.join();
    }
};

majordomo::worker_options serving(const std::string& service, std::uint32_t credit = 1,
                                  majordomo::dialect::version protocol = {}) {
    majordomo::worker_options options;
    options.service = service;
    options.credit = credit;
    options.protocol = protocol;
    return options;
}

// A thread that answers with what it got, until the worker is closed.
class echo_thread {
public:
    explicit echo_thread(blocking::worker& from)
        : thread_{[&from] {
              blocking::incoming next;
              for (std::error_code ec; from.receive(next, -1ms, ec);)
                  next.reply(std::move(next.body));
          }} {}
    echo_thread(const echo_thread&) = delete;
    echo_thread& operator=(const echo_thread&) = delete;
    ~echo_thread() { thread_.join(); }

private:
    std::thread thread_;
};

} // namespace

TEST_CASE("blocking majordomo: a request waits for its reply") {
    broker_thread b;
    mizzen::context context;
    blocking::worker worker{serving("echo"), context};
    worker.connect(b.endpoint);
    blocking::client client{{}, context};
    client.connect(b.endpoint);
    std::thread answers{[&] {
        for (int i = 0; i < 2; ++i) {
            blocking::incoming next = worker.receive();
            next.reply(message{"got", next.body.text(0)});
        }
    }};
    for (const char* body : {"one", "two"}) {
        const message reply = client.request("echo", message{body});
        CHECK(reply.size() == 2);
        CHECK(reply.text(1) == body);
    }
    answers.join();
    CHECK(worker.stats().replies == 2);
    CHECK(client.stats().replies == 2);
}

TEST_CASE("blocking majordomo: failures are errors, with the reason") {
    broker_thread b;
    blocking::worker worker{serving("fails")};
    worker.connect(b.endpoint);
    blocking::client client;
    client.connect(b.endpoint);
    std::thread answers{[&] {
        worker.receive().fail("no such colour");
        static_cast<void>(worker.receive()); // and forgotten
    }};
    std::error_code ec;
    const message why = client.request("fails", message{"x"}, ec);
    CHECK(ec == majordomo::errc::handler_failed);
    CHECK(why.text(0) == "no such colour");
    CHECK_THROWS_AS(static_cast<void>(client.request("fails", message{"x"})), std::system_error);
    answers.join();
    majordomo::request_options soon;
    soon.deadline = 20ms;
    client.request("nobody", message{"x"}, soon, ec);
    CHECK((ec == majordomo::errc::timed_out || ec == majordomo::errc::expired));
    client.request("", message{"x"}, ec);
    CHECK(ec == majordomo::errc::malformed_request);
}

TEST_CASE("blocking majordomo: many requests of one client, and of several threads") {
    broker_thread b;
    blocking::worker worker{serving("echo", 50)};
    worker.connect(b.endpoint);
    blocking::client client;
    client.connect(b.endpoint);
    {
        const echo_thread first{worker};
        const echo_thread second{worker};
        std::map<std::uint64_t, std::string> sent;
        for (int i = 0; i < 3000; ++i) // more than it keeps unread
            sent.emplace(client.submit("echo", message{std::to_string(i)}), std::to_string(i));
        std::vector<std::thread> others;
        others.reserve(3);
        std::atomic<int> right = 0;
        for (int t = 0; t < 3; ++t)
            others.emplace_back([&client, &right, t] {
                for (int i = 0; i < 50; ++i) {
                    const std::string body = std::to_string(t * 1000 + i);
                    right += client.request("echo", message{body}).text(0) == body ? 1 : 0;
                }
            });
        for (int i = 0; i < 3000; ++i) {
            const blocking::answer a = client.receive();
            CHECK_FALSE(a.ec);
            CHECK(a.last);
            const auto at = sent.find(a.request);
            REQUIRE(at != sent.end());
            CHECK(a.body.text(0) == at->second);
            sent.erase(at);
        }
        for (std::thread& each : others)
            each.join();
        CHECK(right == 150);
        worker.close();
    }
    blocking::answer none;
    std::error_code ec;
    CHECK_FALSE(client.receive(none, -1ms, ec));
    CHECK(ec == mizzen::errc::wrong_state); // nothing is left to come
}

TEST_CASE("blocking majordomo: waiting has a limit, and is ended by close and cancel") {
    broker_thread b;
    blocking::worker worker{serving("s")};
    worker.connect(b.endpoint);
    blocking::client client;
    client.connect(b.endpoint);
    blocking::incoming in;
    std::error_code ec;
    CHECK_FALSE(worker.receive(in, 0ms, ec));
    CHECK(ec == mizzen::errc::would_block);
    CHECK_FALSE(worker.receive(in, 5ms, ec));
    CHECK(ec == std::errc::timed_out);

    const std::uint64_t number = client.submit("nobody", message{"x"});
    blocking::answer out;
    CHECK_FALSE(client.receive(out, 5ms, ec));
    CHECK(ec == std::errc::timed_out);
    client.cancel(number);
    REQUIRE(client.receive(out, patience, ec));
    CHECK(out.request == number);
    CHECK(out.ec == asio::error::operation_aborted);

    auto request = std::async(std::launch::async, [&] {
        std::error_code error;
        client.request("nobody", message{"x"}, error);
        return error;
    });
    auto receive = std::async(std::launch::async, [&] {
        std::error_code error;
        blocking::incoming never;
        worker.receive(never, -1ms, error);
        return error;
    });
    while (client.stats().sent < 2)
        std::this_thread::yield();
    client.close();
    worker.close();
    CHECK(request.get() == mizzen::errc::socket_closed);
    CHECK(receive.get() == mizzen::errc::socket_closed);
    client.request("s", message{"x"}, ec);
    CHECK(ec == mizzen::errc::socket_closed);
    CHECK(client.stats().sent == 2);
}

TEST_CASE("blocking majordomo: a context that closes ends all that is on it") {
    broker_thread b;
    auto context = std::make_unique<mizzen::context>();
    blocking::client client{{}, *context};
    client.connect(b.endpoint);
    blocking::worker worker{serving("s"), *context};
    worker.connect(b.endpoint);
    auto request = std::async(std::launch::async, [&] {
        std::error_code error;
        client.request("nobody", message{"x"}, error);
        return error;
    });
    while (client.stats().sent < 1)
        std::this_thread::yield();
    context->close();
    CHECK(request.get() == mizzen::errc::context_closed);
    blocking::incoming in;
    std::error_code ec;
    CHECK_FALSE(worker.receive(in, -1ms, ec));
    CHECK(ec == mizzen::errc::context_closed);
    CHECK_THROWS_AS(blocking::client({}, *context), std::system_error);
    context.reset();
}

TEST_CASE("blocking majordomo: a drain waits for what was received to be answered") {
    broker_thread b;
    blocking::worker worker{serving("s", 2)};
    worker.connect(b.endpoint);
    blocking::client client;
    client.connect(b.endpoint);
    const std::uint64_t number = client.submit("s", message{"x"});
    blocking::incoming in = worker.receive();
    std::error_code ec;
    CHECK_FALSE(worker.drain(5ms, ec));
    CHECK(ec == std::errc::timed_out);
    blocking::incoming none;
    CHECK_FALSE(worker.receive(none, -1ms, ec));
    CHECK(ec == mizzen::errc::socket_closed);
    in.reply(message{"answered"});
    blocking::answer out;
    REQUIRE(client.receive(out, patience, ec));
    CHECK(out.request == number);
    CHECK(out.body.text(0) == "answered");
}

TEST_CASE("a hosted loop runs what is posted, and waits for it with a limit") {
    mizzen::context context;
    mizzen::hosted_loop loop{context};
    mizzen::hosted_loop::waiting done;
    int value = 0;
    const int seen = loop.call(
        done, -1ms,
        [&] {
            asio::post(loop.get_executor(), [&] {
                value = 7;
                done.end();
            });
        },
        [&] { return value; });
    CHECK(seen == 7);
    mizzen::hosted_loop::waiting never;
    CHECK_FALSE(loop.call(never, 5ms, [] {}, [&] { return never.ended(); }));
    int ends = 0;
    loop.on_close([&] { ++ends; });
    context.close();
    context.close();
    CHECK(ends == 1);
    CHECK(loop.closed());
    CHECK_THROWS_AS(mizzen::hosted_loop{context}, std::system_error);
}

} // namespace mizzen::majordomo
