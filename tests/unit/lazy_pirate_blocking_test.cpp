// Blocking Lazy Pirate clients over loopback.
#include <mizzen/error.hpp>
#include <mizzen/patterns/lazy_pirate/blocking.hpp>
#include <mizzen/patterns/lazy_pirate/server.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::lazy_pirate {
namespace {

using namespace std::chrono_literals;

// A server with a loop and a thread of its own. "silence" gets no answer, "fail" a failure.
struct server_thread {
    asio::io_context io{1};
    std::vector<lazy_pirate::responder> silent;
    lazy_pirate::server node{io, {}, [this](message body, lazy_pirate::responder answer) {
                                 if (body.text(0) == "silence")
                                     silent.push_back(std::move(answer));
                                 else if (body.text(0) == "fail")
                                     answer.fail("no such colour");
                                 else
                                     answer.reply(std::move(body));
                             }};
    std::string endpoint = node.bind("tcp://127.0.0.1:*");
    std::thread thread{[this] { io.run(); }};

    server_thread() = default;
    server_thread(const server_thread&) = delete;
    server_thread& operator=(const server_thread&) = delete;
    ~server_thread() {
        asio::post(io, [this] { node.stop(); });
        thread.join();
    }
};

lazy_pirate::client_options quick() {
    lazy_pirate::client_options options;
    options.timeout = 20ms;
    options.retries = 1;
    options.pause = 1ms;
    return options;
}

void await_attempt(const blocking::client& client) {
    while (client.stats().attempts < 1)
        std::this_thread::yield();
}

std::error_code error_of(blocking::client& client, const char* body) {
    std::error_code ec;
    client.request(message{body}, ec);
    return ec;
}

} // namespace

TEST_CASE("blocking lazy pirate: a request waits for its reply") {
    server_thread s;
    mizzen::context context;
    blocking::client client{{}, context};
    client.connect(s.endpoint);
    for (const char* body : {"one", "two"}) {
        const message reply = client.request(message{body, "more"});
        CHECK(reply.size() == 2);
        CHECK(reply.text(0) == body);
    }
    CHECK(client.stats().replies == 2);
}

TEST_CASE("blocking lazy pirate: failures are errors, with the reason") {
    server_thread s;
    lazy_pirate::client_options tagged;
    tagged.tagged = true;
    blocking::client client{tagged};
    std::error_code ec;
    client.request(message{"x"}, ec);
    CHECK(ec == lazy_pirate::errc::no_endpoint);
    client.connect("nowhere", ec);
    CHECK(ec);
    CHECK_THROWS_AS(client.connect("nowhere"), std::system_error);
    client.connect(s.endpoint);
    const message why = client.request(message{"fail"}, ec);
    CHECK(ec == lazy_pirate::errc::handler_failed);
    CHECK(why.text(0) == "no such colour");
    CHECK_THROWS_AS(static_cast<void>(client.request(message{"fail"})), std::system_error);
    client.request(message{}, ec);
    CHECK(ec == lazy_pirate::errc::malformed_request);
    CHECK_FALSE(error_of(client, "good"));
}

TEST_CASE("blocking lazy pirate: a request without a reply is sent again, and then abandoned") {
    server_thread s;
    blocking::client client{quick()};
    client.connect(s.endpoint);
    std::error_code ec;
    const message why = client.request(message{"silence"}, ec);
    CHECK(ec == lazy_pirate::errc::abandoned);
    CHECK_FALSE(why.text(0).empty());
    CHECK(client.stats().attempts == 2);
    CHECK(client.stats().abandoned == 1);
}

TEST_CASE("blocking lazy pirate: several threads ask at once") {
    server_thread s;
    lazy_pirate::client_options options;
    options.max_connections = 4;
    blocking::client client{options};
    client.connect(s.endpoint);
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    threads.reserve(6); // more than there are connections: some wait
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&client, &right, t] {
            for (int i = 0; i < 50; ++i) {
                const std::string body = std::to_string(t * 1000 + i);
                right += client.request(message{body}).text(0) == body ? 1 : 0;
            }
        });
    for (std::thread& each : threads)
        each.join();
    CHECK(right == 300);
}

TEST_CASE("blocking lazy pirate: close ends a call that waits, and all later ones") {
    server_thread s;
    blocking::client client;
    client.connect(s.endpoint);
    auto request = std::async(std::launch::async, [&] { return error_of(client, "silence"); });
    await_attempt(client);
    client.close();
    CHECK(request.get() == mizzen::errc::socket_closed);
    CHECK(error_of(client, "x") == mizzen::errc::socket_closed);
    std::error_code ec;
    client.connect(s.endpoint, ec);
    CHECK(ec == mizzen::errc::socket_closed);
    CHECK(client.stats().requests == 1); // as they were
    client = blocking::client{};
    client.connect(s.endpoint);
    CHECK_FALSE(error_of(client, "x"));
}

TEST_CASE("blocking lazy pirate: a context that closes ends a call that waits") {
    server_thread s;
    auto context = std::make_unique<mizzen::context>();
    blocking::client client{{}, *context};
    client.connect(s.endpoint);
    auto request = std::async(std::launch::async, [&] { return error_of(client, "silence"); });
    await_attempt(client);
    context->close();
    CHECK(request.get() == mizzen::errc::context_closed);
    CHECK_THROWS_AS(blocking::client({}, *context), std::system_error);
    context.reset();
}

} // namespace mizzen::lazy_pirate
