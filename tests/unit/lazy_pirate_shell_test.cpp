// Lazy Pirate client and server on one loop, over loopback.
#include "pattern_helpers.hpp"
#include <mizzen/patterns/lazy_pirate/client.hpp>
#include <mizzen/patterns/lazy_pirate/server.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/router.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>

namespace mizzen::lazy_pirate {
namespace {

using namespace patterns::test;

const char any_port[] = "tcp://127.0.0.1:*";

client_options fast() {
    client_options options;
    options.timeout = 50ms;
    options.pause = 5ms;
    options.retries = 200;
    return options;
}

void echo(message body, responder answer) { answer.reply(std::move(body)); }

asio::awaitable<void> ask_twice(client& from, std::vector<std::string>& replies) {
    message first{"one"};
    const message a = co_await from.async_request(std::move(first), asio::use_awaitable);
    message second{"two"};
    const message b = co_await from.async_request(std::move(second), asio::use_awaitable);
    replies = {std::string{a.text(0)}, std::string{b.text(0)}};
}

// Takes requests and answers none until told to.
struct silent_server {
    router socket;
    std::string endpoint;

    explicit silent_server(asio::io_context& io) : socket{io}, endpoint{socket.bind(any_port)} {}
    std::optional<message> take() {
        message m;
        if (socket.try_receive(m))
            return m;
        return std::nullopt;
    }
};

} // namespace

TEST_CASE("lazy pirate: requests can be awaited, over one connection") {
    asio::io_context io{1};
    server s{io, {}, echo};
    client c{io};
    c.connect(s.bind(any_port));
    std::vector<std::string> replies;
    asio::co_spawn(io, ask_twice(c, replies), asio::detached);
    REQUIRE(run_until(io, [&] { return !replies.empty(); }));
    CHECK(replies == std::vector<std::string>{"one", "two"});
    CHECK(s.transport_stats().connections == 1);
}

TEST_CASE("lazy pirate: a plain REP returns a tagged request's id") {
    asio::io_context io{1};
    rep plain{io};
    client_options options = fast();
    options.tagged = true;
    client c{io, options};
    c.connect(plain.bind(any_port));
    outcome o;
    c.async_request(message{"a", "b"}, o.handler());
    plain.async_receive([&](std::error_code, message m) {
        plain.async_send(std::move(m), [](std::error_code) {});
    });
    REQUIRE(run_until(io, [&] { return o.ends != 0; }));
    CHECK_FALSE(o.ec);
    CHECK(o.reply == frames{"a", "b"});
}

TEST_CASE("lazy pirate: a late reply is not taken for the next request's") {
    asio::io_context io{1};
    silent_server s{io};
    client_options options = fast();
    options.retries = 0;
    client c{io, options};
    c.connect(s.endpoint);
    outcome first;
    c.async_request(message{"first"}, first.handler());
    std::optional<message> kept;
    REQUIRE(run_until(io, [&] { return (kept || (kept = s.take())) && first.ends != 0; }));
    CHECK(first.ec == errc::abandoned);
    static_cast<void>(s.socket.try_send(*kept)); // to nobody
    outcome second;
    c.async_request(message{"second"}, second.handler());
    std::optional<message> next;
    REQUIRE(run_until(io, [&] { return next || (next = s.take()); }));
    static_cast<void>(s.socket.try_send(*next));
    REQUIRE(run_until(io, [&] { return second.ends != 0; }));
    CHECK(second.reply == frames{"second"});
}

TEST_CASE("lazy pirate: a request outlives its server, which comes back") {
    asio::io_context io{1};
    auto s = std::make_unique<server>(io, server_options{}, echo);
    const std::string endpoint = s->bind(any_port);
    client c{io, fast()};
    c.connect(endpoint);
    outcome first;
    c.async_request(message{"first"}, first.handler());
    REQUIRE(run_until(io, [&] { return first.ends != 0; }));
    s.reset();
    outcome second;
    c.async_request(message{"second"}, second.handler());
    REQUIRE(run_until(io, [&] { return c.stats().attempts >= 3; }));
    CHECK(second.ends == 0);
    s = std::make_unique<server>(io, server_options{}, echo);
    REQUIRE(run_until(io, [&] { // the port may take a moment to be free
        std::error_code ec;
        s->bind(endpoint, ec);
        return !ec;
    }));
    REQUIRE(run_until(io, [&] { return second.ends != 0; }));
    CHECK_FALSE(second.ec);
    CHECK(second.reply == frames{"second"});
}

TEST_CASE("lazy pirate: a dead server costs its time once, the next request goes elsewhere") {
    asio::io_context io{1};
    silent_server dead{io};
    server alive{io, {}, echo};
    client c{io, fast()};
    c.connect(dead.endpoint);
    c.connect(alive.bind(any_port));
    outcome first;
    c.async_request(message{"first"}, first.handler());
    REQUIRE(run_until(io, [&] { return first.ends != 0; }));
    CHECK(first.reply == frames{"first"});
    const std::uint64_t attempts = c.stats().attempts;
    outcome second;
    c.async_request(message{"second"}, second.handler());
    REQUIRE(run_until(io, [&] { return second.ends != 0; }));
    CHECK(c.stats().attempts == attempts + 1);
}

TEST_CASE(
    "lazy pirate: a handler that takes longer than an attempt runs once for tagged requests") {
    asio::io_context io{1};
    std::optional<responder> held;
    int runs = 0;
    server s{io, {}, [&](const message&, responder answer) {
                 ++runs;
                 held = std::move(answer);
             }};
    client_options options = fast();
    options.tagged = true;
    client c{io, options};
    c.connect(s.bind(any_port));
    outcome o;
    c.async_request(message{"a"}, o.handler());
    REQUIRE(run_until(io, [&] { return s.stats().joined >= 2; }));
    held->reply(message{"A"});
    REQUIRE(run_until(io, [&] { return o.ends != 0; }));
    CHECK(o.reply == frames{"A"});
    CHECK(runs == 1);
}

TEST_CASE("lazy pirate: a handler's failure reaches a tagged client in its words") {
    asio::io_context io{1};
    int calls = 0;
    server s{io, {}, [&](const message&, responder answer) {
                 if (++calls == 1)
                     return answer.fail("not today");
                 throw std::runtime_error{"gone"};
             }};
    client_options options = fast();
    options.tagged = true;
    client c{io, options};
    c.connect(s.bind(any_port));
    outcome first;
    c.async_request(message{"a"}, first.handler());
    REQUIRE(run_until(io, [&] { return first.ends != 0; }));
    CHECK(first.ec == errc::handler_failed);
    CHECK(first.reply == frames{"not today"});
    outcome second;
    c.async_request(message{"b"}, second.handler());
    REQUIRE(run_until(io, [&] { return second.ends != 0; }));
    CHECK(second.ec == errc::handler_failed);
}

TEST_CASE("lazy pirate: clients of a server with its hands full are held up, and then served") {
    asio::io_context io{1};
    std::vector<responder> held;
    server_options few;
    few.max_running = 2;
    server s{io, few, [&](const message&, responder answer) { held.push_back(std::move(answer)); }};
    client_options options;
    options.max_connections = 6;
    client c{io, options};
    c.connect(s.bind(any_port));
    std::vector<outcome> all(6);
    for (outcome& each : all)
        c.async_request(message{"a"}, each.handler());
    std::size_t most = 0;
    const auto ended = [&] {
        std::size_t count = 0;
        for (const outcome& each : all)
            count += each.reply == frames{"A"} ? 1U : 0U;
        return count;
    };
    while (ended() != 6) {
        REQUIRE(run_until(io, [&] { return !held.empty() || ended() == 6; }));
        most = std::max(most, s.stats().running);
        for (responder& each : std::exchange(held, {}))
            each.reply(message{"A"});
    }
    CHECK(most <= 2);
    CHECK(s.stats().overflowed == 0);
}

TEST_CASE("lazy pirate: a request ends once: cancelled, refused or when its client goes") {
    asio::io_context io{1};
    silent_server s{io};
    client_options options = fast();
    options.max_waiting = 2;
    auto c = std::make_unique<client>(io, options);
    outcome early;
    c->async_request(message{"a"}, early.handler());
    c->connect(s.endpoint);
    std::vector<outcome> all(4);
    asio::cancellation_signal running;
    asio::cancellation_signal waiting;
    c->async_request(message{"a"}, asio::bind_cancellation_slot(running.slot(), all[0].handler()));
    c->async_request(message{"b"}, asio::bind_cancellation_slot(waiting.slot(), all[1].handler()));
    c->async_request(message{"c"}, all[2].handler());
    c->async_request(message{"d"}, all[3].handler());
    REQUIRE(run_until(io, [&] { return all[3].ends != 0 && early.ends != 0; }));
    CHECK(early.ec == errc::no_endpoint);
    CHECK(all[3].ec == errc::queue_full);
    waiting.emit(asio::cancellation_type::total);
    running.emit(asio::cancellation_type::terminal);
    REQUIRE(run_until(io, [&] { return all[0].ends != 0 && all[1].ends != 0; }));
    CHECK(all[0].ec == asio::error::operation_aborted);
    CHECK(all[1].ec == asio::error::operation_aborted);
    CHECK(all[2].ends == 0);
    c.reset();
    REQUIRE(run_until(io, [&] { return all[2].ends != 0; }));
    CHECK(all[2].ec == asio::error::operation_aborted);
    s.socket.close();
    io.run(); // nothing is left
    for (const outcome& each : all)
        CHECK(each.ends == 1);
}

TEST_CASE("lazy pirate: an endpoint that is none is said to be so") {
    asio::io_context io{1};
    client c{io};
    std::error_code ec;
    c.connect("tcp://nowhere", ec);
    CHECK(ec);
    CHECK_THROWS_AS(c.connect("nothing"), std::system_error);
    server s{io, {}, echo};
    s.bind("tcp://nowhere", ec);
    CHECK(ec);
}

} // namespace mizzen::lazy_pirate
