// Blocking Freelance clients over loopback.
#include <mizzen/error.hpp>
#include <mizzen/patterns/freelance/blocking.hpp>
#include <mizzen/patterns/freelance/server.hpp>

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

namespace mizzen::freelance {
namespace {

using namespace std::chrono_literals;

freelance::server_options serves(freelance::model how) {
    freelance::server_options options;
    options.how = how;
    return options;
}
freelance::client_options patient(freelance::model how) {
    freelance::client_options options;
    options.how = how;
    options.timeout = 20s;
    return options;
}

// A server with a loop and a thread of its own. "silence" gets no answer, "fail" a failure.
struct server_thread {
    freelance::model how = freelance::model::complex;
    asio::io_context io{1};
    std::vector<freelance::responder> silent;
    freelance::server node{io, serves(how), [this](message body, freelance::responder answer) {
                               if (body.text(0) == "silence")
                                   silent.push_back(std::move(answer));
                               else if (body.text(0) == "fail")
                                   answer.fail("no such colour");
                               else
                                   answer.reply(std::move(body));
                           }};
    std::string endpoint = node.bind("tcp://127.0.0.1:*");
    std::thread thread{[this] { io.run(); }};

    explicit server_thread(freelance::model kind = freelance::model::complex) : how{kind} {}
    server_thread(const server_thread&) = delete;
    server_thread& operator=(const server_thread&) = delete;
    ~server_thread() {
        asio::post(io, [this] { node.stop(); });
        thread.join();
    }
};

void await_copy(const blocking::client& client) {
    while (client.stats().copies < 1)
        std::this_thread::yield();
}

std::error_code error_of(blocking::client& client, const char* body) {
    std::error_code ec;
    client.request(message{body}, ec);
    return ec;
}

} // namespace

TEST_CASE("blocking freelance: a request waits for its reply, in both models") {
    for (const auto how : {freelance::model::shotgun, freelance::model::complex}) {
        server_thread a{how};
        server_thread b{how};
        mizzen::context context;
        blocking::client client{patient(how), context};
        client.connect(a.endpoint);
        client.connect(b.endpoint);
        for (const char* body : {"one", "two"}) {
            const message reply = client.request(message{body, "more"});
            CHECK(reply.size() == 2);
            CHECK(reply.text(0) == body);
        }
        CHECK(client.stats().replies == 2);
        CHECK(client.stats().servers == 2);
    }
}

TEST_CASE("blocking freelance: failures are errors, with the reason") {
    server_thread s;
    blocking::client client{patient(freelance::model::complex)};
    CHECK(error_of(client, "x") == freelance::errc::no_endpoint);
    std::error_code ec;
    client.connect("nowhere", ec);
    CHECK(ec);
    CHECK_THROWS_AS(client.connect("nowhere"), std::system_error);
    client.connect(s.endpoint);
    const message why = client.request(message{"fail"}, ec);
    CHECK(ec == freelance::errc::handler_failed);
    CHECK(why.text(0) == "no such colour");
    CHECK_THROWS_AS(static_cast<void>(client.request(message{"fail"})), std::system_error);
    client.request(message{}, ec);
    CHECK(ec == freelance::errc::malformed_request);
    CHECK_FALSE(error_of(client, "good"));
}

TEST_CASE("blocking freelance: servers can be removed") {
    server_thread s;
    blocking::client client{patient(freelance::model::complex)};
    client.connect(s.endpoint);
    CHECK_FALSE(error_of(client, "x"));
    client.disconnect(s.endpoint);
    CHECK(error_of(client, "x") == freelance::errc::no_endpoint);
    std::error_code ec;
    client.disconnect(s.endpoint, ec);
    CHECK(ec == mizzen::errc::no_such_endpoint);
    CHECK_THROWS_AS(client.disconnect(s.endpoint), std::system_error);
}

TEST_CASE("blocking freelance: a request without a reply is abandoned") {
    server_thread s;
    freelance::client_options options;
    options.timeout = 20ms;
    blocking::client client{options};
    client.connect(s.endpoint);
    CHECK(error_of(client, "silence") == freelance::errc::abandoned);
    CHECK(client.stats().abandoned == 1);
}

TEST_CASE("blocking freelance: several threads ask at once") {
    server_thread a;
    server_thread b;
    freelance::client_options options = patient(freelance::model::complex);
    options.prefer = freelance::preference::latency;
    options.hedge = true;
    blocking::client client{options};
    client.connect(a.endpoint);
    client.connect(b.endpoint);
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    threads.reserve(6);
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

TEST_CASE("blocking freelance: close ends a call that waits, and all later ones") {
    server_thread s;
    blocking::client client{patient(freelance::model::complex)};
    client.connect(s.endpoint);
    auto request = std::async(std::launch::async, [&] { return error_of(client, "silence"); });
    await_copy(client);
    client.close();
    CHECK(request.get() == mizzen::errc::socket_closed);
    CHECK(error_of(client, "x") == mizzen::errc::socket_closed);
    std::error_code ec;
    client.connect(s.endpoint, ec);
    CHECK(ec == mizzen::errc::socket_closed);
    client.disconnect(s.endpoint, ec);
    CHECK(ec == mizzen::errc::socket_closed);
    CHECK(client.stats().requests == 1); // as they were
    client = blocking::client{patient(freelance::model::complex)};
    client.connect(s.endpoint);
    CHECK_FALSE(error_of(client, "x"));
}

TEST_CASE("blocking freelance: a context that closes ends a call that waits") {
    server_thread s;
    auto context = std::make_unique<mizzen::context>();
    blocking::client client{patient(freelance::model::complex), *context};
    client.connect(s.endpoint);
    auto request = std::async(std::launch::async, [&] { return error_of(client, "silence"); });
    await_copy(client);
    context->close();
    CHECK(request.get() == mizzen::errc::context_closed);
    CHECK_THROWS_AS(blocking::client({}, *context), std::system_error);
    context.reset();
}

} // namespace mizzen::freelance
