// Freelance clients and servers on one loop, over loopback.
#include "pattern_helpers.hpp"
#include <mizzen/error.hpp>
#include <mizzen/patterns/freelance/client.hpp>
#include <mizzen/patterns/freelance/server.hpp>
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
#include <stdexcept>

namespace mizzen::freelance {
namespace {

using namespace patterns::test;

const char any_port[] = "tcp://127.0.0.1:*";

server_options of(model how) {
    server_options options;
    options.how = how;
    return options;
}
client_options asks(model how) {
    client_options options;
    options.how = how;
    options.timeout = 20'000ms;
    options.another_after = 50ms;
    options.ping = 50ms;
    options.ttl = 200ms;
    return options;
}

request_handler says(std::string who) {
    return [who = std::move(who)](message body, responder answer) {
        body.push_back(who);
        answer.reply(std::move(body));
    };
}

asio::awaitable<void> ask_once(client& from, std::string& reply) {
    message body{"hello"};
    const message m = co_await from.async_request(std::move(body), asio::use_awaitable);
    reply = m.text(0);
}

} // namespace

TEST_CASE("freelance: requests are answered by both models, and can be awaited") {
    for (const model how : {model::shotgun, model::complex}) {
        asio::io_context io{1};
        server a{io, of(how), says("a")};
        server b{io, of(how), says("b")};
        client c{io, asks(how)};
        c.connect(a.bind(any_port));
        c.connect(b.bind(any_port));
        std::string reply;
        asio::co_spawn(io, ask_once(c, reply), asio::detached);
        REQUIRE(run_until(io, [&] { return !reply.empty(); }));
        CHECK(reply == "hello");
    }
}

TEST_CASE("freelance: when a server goes, another one answers, and it is asked again once back") {
    for (const model how : {model::shotgun, model::complex}) {
        asio::io_context io{1};
        auto a = std::make_unique<server>(io, of(how), says("a"));
        server b{io, of(how), says("b")};
        client c{io, asks(how)};
        const std::string at = a->bind(any_port);
        c.connect(at);
        const auto ask = [&] {
            outcome o;
            c.async_request(message{"x"}, o.handler());
            REQUIRE(run_until(io, [&] { return o.ends != 0; }));
            CHECK_FALSE(o.ec);
            return o.reply.back();
        };
        CHECK(ask() == "a");
        c.connect(b.bind(any_port));
        a.reset();
        CHECK(ask() == "b");
        a = std::make_unique<server>(io, of(how), says("a"));
        CHECK(a->bind(at) == at);
        REQUIRE(run_until(io, [&] { return c.stats().alive == 2; }));
        if (how == model::complex)
            CHECK(ask() == "a");
    }
}

TEST_CASE("freelance: a server that is stopped in the middle is left, with what it had") {
    asio::io_context io{1};
    router silent{io}; // takes everything, and says nothing
    server good{io, of(model::complex), says("good")};
    client_options options = asks(model::complex);
    options.another_after = 0ms;
    client c{io, options};
    c.connect(silent.bind(any_port));
    REQUIRE(run_until(io, [&] { return c.stats().alive == 1; }));
    c.connect(good.bind(any_port));
    outcome o;
    c.async_request(message{"x"}, o.handler());
    REQUIRE(run_until(io, [&] { return o.ends != 0; }));
    CHECK(o.reply == frames{"x", "good"});
    CHECK(c.stats().expired >= 1);
    c.disconnect(good.bind("tcp://127.0.0.1:*"), o.ec); // another port of the same
    CHECK(o.ec == mizzen::errc::no_such_endpoint);
}

TEST_CASE("freelance: a plain REP will do for a shotgun's server") {
    asio::io_context io{1};
    rep plain{io};
    client c{io, asks(model::shotgun)};
    c.connect(plain.bind(any_port));
    outcome o;
    c.async_request(message{"hello"}, o.handler());
    message m;
    REQUIRE(run_until(io, [&] { return plain.try_receive(m); }));
    CHECK(frames_of(m) == frames{"1", "hello"});
    message reply = message_of({"1", "OK"});
    CHECK(plain.try_send(reply));
    REQUIRE(run_until(io, [&] { return o.ends != 0; }));
    CHECK(o.reply == frames{"OK"});
}

// As the Guide's third client: it knows a server by what it connects to.
TEST_CASE("freelance: a server calls itself by its endpoint, or by the name that it is given") {
    asio::io_context io{1};
    server s{io, of(model::complex), says("s")};
    server named{io, of(model::complex), says("named")};
    router foreign{io};
    foreign.set(option::router_mandatory{true});
    const std::string at = s.bind(any_port);
    const std::string other = named.bind(any_port, "tcp://example.test:5555");
    foreign.connect(at);
    foreign.connect(other);
    for (const std::string& id : {at, "tcp://example.test:5555"s}) {
        std::error_code ec;
        REQUIRE(run_until(io, [&] {
            message m = message_of({id, "7", "hello"});
            return foreign.try_send(m, ec);
        }));
        message got;
        REQUIRE(run_until(io, [&] { return foreign.try_receive(got); }));
        CHECK(got.text(0) == id);
        CHECK(got.text(1) == "7");
        CHECK(got.text(2) == "hello");
    }
    std::error_code ec;
    CHECK(s.bind(any_port, std::string(256, 'n'), ec).empty());
    CHECK(ec == mizzen::errc::invalid_option);
}

TEST_CASE("freelance: a handler that fails is told, and one that forgets its answer as well") {
    asio::io_context io{1};
    server s{io, of(model::complex), [](message body, responder answer) {
                 if (body.text(0) == "throw")
                     throw std::runtime_error{"broken"};
                 if (body.text(0) == "fail")
                     answer.fail("because");
             }};
    client c{io, asks(model::complex)};
    c.connect(s.bind(any_port));
    for (const char* how : {"throw", "fail", "forget"}) {
        outcome o;
        c.async_request(message{how}, o.handler());
        REQUIRE(run_until(io, [&] { return o.ends != 0; }));
        CHECK(o.ec == errc::handler_failed);
        CHECK(o.reply.size() == 1);
    }
}

TEST_CASE("freelance: bad endpoints and requests without servers are errors") {
    asio::io_context io{1};
    client c{io};
    std::error_code ec;
    c.connect("nonsense", ec);
    CHECK(ec);
    CHECK_THROWS_AS(c.connect("carrier://pigeon"), std::system_error);
    CHECK_THROWS_AS(c.disconnect("tcp://127.0.0.1:1"), std::system_error);
    outcome o;
    c.async_request(message{"x"}, o.handler());
    CHECK(o.ends == 0); // never from within the call
    REQUIRE(run_until(io, [&] { return o.ends != 0; }));
    CHECK(o.ec == errc::no_endpoint);
}

TEST_CASE("freelance: a request can be cancelled, and stopping ends all of them") {
    asio::io_context io{1};
    router silent{io};
    client c{io, asks(model::complex)};
    c.connect(silent.bind(any_port));
    asio::cancellation_signal signal;
    outcome cancelled;
    outcome stopped;
    c.async_request(message{"a"}, asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    c.async_request(message{"b"}, stopped.handler());
    signal.emit(asio::cancellation_type::terminal);
    REQUIRE(run_until(io, [&] { return cancelled.ends != 0; }));
    CHECK(cancelled.ec == asio::error::operation_aborted);
    CHECK(stopped.ends == 0);
    c.stop();
    c.stop();
    REQUIRE(run_until(io, [&] { return stopped.ends != 0; }));
    CHECK(stopped.ec == asio::error::operation_aborted);
    outcome late;
    c.async_request(message{"c"}, late.handler());
    REQUIRE(run_until(io, [&] { return late.ends != 0; }));
    CHECK(late.ec == asio::error::operation_aborted);
}

} // namespace mizzen::freelance
