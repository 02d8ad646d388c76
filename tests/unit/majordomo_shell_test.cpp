// Broker, worker and client on one loop, over loopback.
#include <mizzen/dealer.hpp>
#include <mizzen/message.hpp>
#include <mizzen/option.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/majordomo/client.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>
#include <mizzen/router.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::majordomo {
namespace {

using namespace std::chrono_literals;

struct outcome {
    bool done = false;
    std::error_code ec;
    std::string text;

    auto handler() {
        return [this](std::error_code error, const message& reply) {
            done = true;
            ec = error;
            text = reply.empty() ? std::string{} : std::string{reply.text(0)};
        };
    }
};

struct pattern {
    asio::io_context io{1};
    broker node;
    std::string endpoint = node.bind("tcp://127.0.0.1:*");

    explicit pattern(const broker_options& options = fast()) : node{io, options} {}

    static broker_options fast() {
        broker_options options;
        options.heartbeat = 50ms;
        return options;
    }
    worker serve(const std::string& service, worker::handler handler) {
        worker_options options;
        options.service = service;
        options.heartbeat = 50ms;
        options.reconnect = 20ms;
        worker made{io, options, std::move(handler)};
        made.connect(endpoint);
        return made;
    }
    client ask(const client_options& options = {}) {
        client made{io, options};
        made.connect(endpoint);
        return made;
    }
    // Runs the loop until `condition` holds, at most for a while.
    template <class Condition> bool run_until(Condition condition) {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (!condition()) {
            if (io.run_one_until(limit) == 0)
                return false;
        }
        return true;
    }
};

void echo(message body, responder answer) { answer.reply(std::move(body)); }

asio::awaitable<void> request_twice(client& from, std::vector<std::string>& replies) {
    message first{"one"};
    const message a = co_await from.async_request("echo", std::move(first), asio::use_awaitable);
    message second{"two"};
    const message b = co_await from.async_request("echo", std::move(second), asio::use_awaitable);
    replies = {std::string{a.text(0)}, std::string{b.text(0)}};
}

} // namespace

TEST_CASE("a request goes to a worker and its reply comes back") {
    pattern p;
    const worker w = p.serve("echo", echo);
    client c = p.ask();
    outcome o;
    c.async_request("echo", message{"hello"}, o.handler());
    REQUIRE(p.run_until([&] { return o.done; }));
    CHECK_FALSE(o.ec);
    CHECK(o.text == "hello");
    CHECK(w.stats().replies == 1);
    CHECK(p.node.stats().replies == 2); // mmi.broker's is the other
}

TEST_CASE(
    "a client that reads nothing is held up, costs no more than its bound, and loses nothing") {
    constexpr std::size_t size = 64 * 1024;
    constexpr int wanted = 2000;
    broker_options options = pattern::fast();
    options.max_client_requests = 32;
    pattern p{options};
    const worker w = p.serve("echo", echo);
    mizzen::dealer client{p.io};
    client.set(mizzen::option::receive_high_water_mark{10});
    client.set(mizzen::option::send_high_water_mark{10});
    client.connect(p.endpoint);
    int sent = 0;
    const auto send_all = [&] {
        for (bool taken = true; taken && sent < wanted; sent += taken ? 1 : 0) {
            message request{"", "MDPC01", "echo", std::string(size, 'x')};
            taken = client.try_send(request);
        }
    };
    std::size_t most = 0;
    const auto look = [&] {
        send_all();
        most = std::max(most, p.node.stats().octets);
        return p.node.stats().held != 0;
    };
    REQUIRE(p.run_until(look));
    CHECK(sent < wanted);
    int replies = 0;
    REQUIRE(p.run_until([&] {
        send_all();
        message reply;
        while (client.try_receive(reply))
            ++replies;
        return replies == wanted;
    }));
    CHECK(p.node.stats().undeliverable == 0);
    CHECK(most < 64 * 1024 * 1024);
}

TEST_CASE("a broker that drains answers what runs, refuses what comes, and then stops") {
    pattern p;
    std::vector<responder> held;
    const worker w =
        p.serve("slow", [&](const message&, responder r) { held.push_back(std::move(r)); });
    client c = p.ask();
    outcome running;
    c.async_request("slow", message{"a"}, running.handler());
    REQUIRE(p.run_until([&] { return held.size() == 1; }));
    p.node.drain(0ms);
    outcome late;
    c.async_request("slow", message{"b"}, late.handler());
    REQUIRE(p.run_until([&] { return late.done; }));
    CHECK(late.ec == errc::stopping);
    CHECK_FALSE(p.node.stopped());
    held.front().reply(message{"A"});
    REQUIRE(p.run_until([&] { return running.done; }));
    CHECK(running.text == "A");
    REQUIRE(p.run_until([&] { return p.node.stopped(); }));
    REQUIRE(p.run_until([&] { return w.stats().disconnects == 1; }));
}

TEST_CASE("a service inside the broker is asked, asks a worker, and answers") {
    pattern p;
    const worker w = p.serve("echo", echo);
    p.node.serve_internal("inside.", [&](broker_core::call call) {
        p.node.issue("echo", std::move(call.body), {}, [&, id = call.id](broker_core::result r) {
            p.node.answer(id, std::move(r.body), r.outcome);
        });
    });
    client c = p.ask();
    outcome o;
    c.async_request("inside.twice", message{"hello"}, o.handler());
    REQUIRE(p.run_until([&] { return o.done; }));
    CHECK_FALSE(o.ec);
    CHECK(o.text == "hello");
    CHECK(p.node.stats().issued == 1);
}

TEST_CASE("requests can be awaited, and use a connection again") {
    pattern p;
    const worker w = p.serve("echo", echo);
    client c = p.ask();
    std::vector<std::string> replies;
    asio::co_spawn(p.io, request_twice(c, replies), asio::detached);
    REQUIRE(p.run_until([&] { return !replies.empty(); }));
    CHECK(replies == std::vector<std::string>{"one", "two"});
    CHECK(p.node.stats().peers == 2); // the worker is the other
}

TEST_CASE("many requests at a time all get their own reply, over one connection") {
    pattern p;
    const worker first = p.serve("echo", echo);
    const worker second = p.serve("echo", echo);
    client_options options;
    options.max_outstanding = 50;
    client c = p.ask(options);
    std::vector<outcome> outcomes(500);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        c.async_request("echo", message{std::to_string(i)}, outcomes[i].handler());
    REQUIRE(p.run_until([&] {
        return std::all_of(outcomes.begin(), outcomes.end(), [](auto& o) { return o.done; });
    }));
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        CHECK(outcomes[i].text == std::to_string(i));
    CHECK(p.node.stats().peers == 1 + 2);
}

TEST_CASE("an answer may be given later, and failure has words") {
    pattern p;
    std::vector<responder> kept;
    const worker w = p.serve(
        "later", [&](const message&, responder answer) { kept.push_back(std::move(answer)); });
    client c = p.ask();
    outcome o;
    c.async_request("later", message{"x"}, o.handler());
    REQUIRE(p.run_until([&] { return !kept.empty(); }));
    CHECK_FALSE(o.done);
    kept.front().fail("no such colour");
    REQUIRE(p.run_until([&] { return o.done; }));
    CHECK(o.ec == errc::handler_failed);
    CHECK(o.text == "no such colour");
}

TEST_CASE("a handler that forgets its responder, or throws, has failed") {
    pattern p;
    const worker forgets = p.serve("forgets", [](const message&, const responder&) {});
    const worker throws = p.serve(
        "throws", [](const message&, const responder&) { throw std::runtime_error{"bad"}; });
    client c = p.ask();
    outcome a;
    outcome b;
    c.async_request("forgets", message{"x"}, a.handler());
    c.async_request("throws", message{"x"}, b.handler());
    REQUIRE(p.run_until([&] { return a.done && b.done; }));
    CHECK(a.ec == errc::handler_failed);
    CHECK(b.ec == errc::handler_failed);
}

TEST_CASE("a request whose worker goes away is redelivered") {
    pattern p;
    std::vector<responder> kept;
    auto first = std::make_unique<worker>(
        p.serve("s", [&](const message&, responder answer) { kept.push_back(std::move(answer)); }));
    client c = p.ask();
    outcome o;
    c.async_request("s", message{"x"}, o.handler());
    REQUIRE(p.run_until([&] { return !kept.empty(); }));
    first.reset();
    const worker second = p.serve("s", echo);
    REQUIRE(p.run_until([&] { return o.done; }));
    CHECK_FALSE(o.ec);
    CHECK(o.text == "x");
    CHECK(p.node.stats().redelivered == 1);
    kept.front().reply(message{"too late"}); // its worker is gone: nothing happens
}

TEST_CASE("cancelling a request ends it, whether it waits here or at the broker") {
    pattern p;
    client_options options;
    options.max_outstanding = 1;
    options.deadline = 500ms; // which the broker is told; of a cancellation it cannot be
    client c = p.ask(options);
    outcome running;
    outcome waiting;
    asio::cancellation_signal stop_running;
    asio::cancellation_signal stop_waiting;
    c.async_request("nobody", message{"x"},
                    asio::bind_cancellation_slot(stop_running.slot(), running.handler()));
    c.async_request("nobody", message{"y"},
                    asio::bind_cancellation_slot(stop_waiting.slot(), waiting.handler()));
    REQUIRE(p.run_until([&] { return p.node.stats().queued == 1; }));
    stop_waiting.emit(asio::cancellation_type::total);
    stop_running.emit(asio::cancellation_type::terminal);
    REQUIRE(p.run_until([&] { return running.done && waiting.done; }));
    CHECK(running.ec == asio::error::operation_aborted);
    CHECK(waiting.ec == asio::error::operation_aborted);
    CHECK(p.run_until([&] { return p.node.stats().queued == 0; }));
}

TEST_CASE("destroying a client ends its requests with operation_aborted") {
    pattern p;
    outcome o;
    {
        client c = p.ask();
        c.async_request("nobody", message{"x"}, o.handler());
    }
    REQUIRE(p.run_until([&] { return o.done; }));
    CHECK(o.ec == asio::error::operation_aborted);
}

TEST_CASE("misuse of a client is an error of the request") {
    pattern p;
    client unconnected{p.io};
    client c = p.ask();
    outcome early;
    outcome unnamed;
    outcome empty;
    unconnected.async_request("s", message{"x"}, early.handler());
    c.async_request("", message{"x"}, unnamed.handler());
    c.async_request("s", message{}, empty.handler());
    REQUIRE(p.run_until([&] { return early.done && unnamed.done && empty.done; }));
    CHECK(early.ec);
    CHECK(unnamed.ec == errc::malformed_request);
    CHECK(empty.ec == errc::malformed_request);
}

TEST_CASE("a broker that says nothing of extensions is taken for a plain one") {
    asio::io_context io{1};
    mizzen::router plain{io};
    const std::string endpoint = plain.bind("tcp://127.0.0.1:*");
    client_options options;
    options.probe_timeout = 20ms;
    client c{io, options};
    c.connect(endpoint);
    outcome o;
    c.async_request("s", message{"x"}, o.handler());
    std::vector<std::string> services;
    while (services.size() < 2 && io.run_one_for(20s) != 0) {
        message m;
        while (plain.try_receive_from(m))
            services.emplace_back(m.front().empty() ? m.text(2) : "a tag");
    }
    CHECK(services == std::vector<std::string>{"mmi.broker", "s"});
}

TEST_CASE("a client that holds gets its replies when it holds no more") {
    pattern p;
    const worker w = p.serve("echo", echo);
    client c = p.ask();
    outcome first;
    c.async_request("echo", message{"one"}, first.handler());
    REQUIRE(p.run_until([&] { return first.done; }));
    outcome second;
    c.hold(true);
    c.async_request("echo", message{"two"}, second.handler());
    REQUIRE(p.run_until([&] { return w.stats().replies == 2; }));
    p.io.poll();
    CHECK_FALSE(second.done);
    c.hold(false);
    REQUIRE(p.run_until([&] { return second.done; }));
    CHECK(second.text == "two");
}

TEST_CASE("what a broker that goes away had not answered is sent to the next one") {
    pattern p;
    std::vector<responder> kept;
    const worker slow =
        p.serve("s", [&](const message&, responder answer) { kept.push_back(std::move(answer)); });
    broker other{p.io, pattern::fast()};
    const std::string second = other.bind("tcp://127.0.0.1:*");
    worker_options options;
    options.service = "s";
    worker w{p.io, options, echo};
    w.connect(second);
    client c = p.ask();
    c.connect(second);
    std::vector<outcome> outcomes(20);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        c.async_request("s", message{std::to_string(i)}, outcomes[i].handler());
    REQUIRE(p.run_until([&] { return !kept.empty(); }));
    p.node.stop();
    REQUIRE(p.run_until([&] {
        return std::all_of(outcomes.begin(), outcomes.end(), [](auto& o) { return o.done; });
    }));
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        CHECK(outcomes[i].text == std::to_string(i));
    CHECK(c.stats().failovers >= 1);
}

TEST_CASE("a client finds the one broker of its list that is there") {
    pattern p;
    const worker w = p.serve("echo", echo);
    std::string nobody;
    {
        mizzen::router closed{p.io};
        nobody = closed.bind("tcp://127.0.0.1:*");
    }
    client c{p.io};
    c.connect(nobody);
    c.connect(p.endpoint);
    outcome o;
    c.async_request("echo", message{"x"}, o.handler());
    REQUIRE(p.run_until([&] { return o.done; }));
    CHECK(o.text == "x");
}

TEST_CASE("a worker comes back to a broker that was restarted") {
    pattern p;
    const worker w = p.serve("echo", echo);
    REQUIRE(p.run_until([&] { return p.node.stats().workers == 1; }));
    p.node.stop();
    p.node = broker{p.io, pattern::fast()};
    // The port is free once the old listener is gone.
    p.node.bind(p.endpoint);
    REQUIRE(p.run_until([&] { return p.node.stats().workers == 1; }));
    client c = p.ask();
    outcome o;
    c.async_request("echo", message{"back"}, o.handler());
    REQUIRE(p.run_until([&] { return o.done; }));
    CHECK(o.text == "back");
}

TEST_CASE("handlers that are due together: one that throws or ends the client takes none from the "
          "others") {
    pattern p;
    constexpr std::size_t count = 10;
    std::vector<responder> kept;
    worker_options several;
    several.service = "later";
    several.credit = count;
    worker w{p.io, several,
             [&](const message&, responder answer) { kept.push_back(std::move(answer)); }};
    w.connect(p.endpoint);
    client c = p.ask();
    std::size_t called = 0;
    for (std::size_t i = 0; i < count; ++i)
        c.async_request("later", message{"x"}, [&](std::error_code, const message&) {
            if (++called == 2)
                throw std::runtime_error{"a handler's own"};
            if (called == 4)
                c.stop();
        });
    REQUIRE(p.run_until([&] { return kept.size() == count; }));
    for (responder& each : kept)
        each.reply(message{"y"});
    CHECK_THROWS_AS(p.run_until([&] { return called == count; }), std::runtime_error);
    REQUIRE(p.run_until([&] { return called == count; }));
    REQUIRE(p.run_until([&] { return p.node.stats().peers == 1; })); // the worker
    CHECK(called == count);
}

TEST_CASE("a request's time begins when it is asked, however long other handlers take") {
    pattern p;
    const worker w = p.serve("echo", echo);
    client_options options;
    options.timeout = 500ms;
    options.retries = 0;
    client c = p.ask(options);
    outcome warm;
    c.async_request("echo", message{"x"}, warm.handler());
    REQUIRE(p.run_until([&] { return warm.done; }));
    outcome second;
    c.async_request("echo", message{"x"}, [&](std::error_code, const message&) {
        const auto until = std::chrono::steady_clock::now() + 600ms;
        while (std::chrono::steady_clock::now() < until) {
        }
        c.async_request("echo", message{"y"}, second.handler());
    });
    REQUIRE(p.run_until([&] { return second.done; }));
    CHECK_FALSE(second.ec);
    CHECK(second.text == "y");
}

TEST_CASE("all can be destroyed at any time, and the loop then ends") {
    asio::io_context io{1};
    {
        broker node{io};
        const std::string endpoint = node.bind("tcp://127.0.0.1:*");
        worker_options options;
        options.service = "echo";
        worker w{io, options, echo};
        w.connect(endpoint);
        client c{io};
        c.connect(endpoint);
        c.async_request("echo", message{"x"}, [](std::error_code, const message&) {});
        io.poll();
    }
    CHECK(io.run_for(20s) > 0);
    CHECK(io.stopped());
}

} // namespace mizzen::majordomo
