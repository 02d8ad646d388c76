// Queue, workers and clients of both pirates on one loop, over loopback.
#include "pattern_helpers.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/patterns/lazy_pirate/client.hpp>
#include <mizzen/patterns/simple_pirate/queue.hpp>
#include <mizzen/patterns/simple_pirate/worker.hpp>
#include <mizzen/req.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

namespace mizzen::paranoid_pirate {
namespace {

using namespace patterns::test;

const char any_port[] = "tcp://127.0.0.1:*";

void echo(message body, responder answer) { answer.reply(std::move(body)); }

// One of either protocol, with everything in a hurry.
struct pattern {
    asio::io_context io{1};
    protocol speaks;
    std::unique_ptr<queue> node;
    std::string front;
    std::string back;

    explicit pattern(protocol how, queue_options options = {}) : speaks{how} {
        options.heartbeat = 50ms;
        start(options, any_port, any_port);
    }
    void start(const queue_options& options, const std::string& at, const std::string& at_back) {
        if (speaks == protocol::simple)
            node = std::make_unique<simple_pirate::queue>(io, options);
        else
            node = std::make_unique<queue>(io, options);
        const auto bound = [this](auto bind) { // the port may take a moment to be free
            REQUIRE(run_until(io, bind));
        };
        bound([&] {
            std::error_code ec;
            front = node->bind_frontend(at, ec);
            return !ec;
        });
        bound([&] {
            std::error_code ec;
            back = node->bind_backend(at_back, ec);
            return !ec;
        });
    }
    std::unique_ptr<worker> serve(request_handler handler) {
        worker_options options;
        options.heartbeat = 50ms;
        options.reconnect = 20ms;
        std::unique_ptr<worker> made;
        if (speaks == protocol::simple)
            made = std::make_unique<simple_pirate::worker>(io, options, std::move(handler));
        else
            made = std::make_unique<worker>(io, options, std::move(handler));
        made->connect(back);
        return made;
    }
    lazy_pirate::client ask(milliseconds timeout = 20s, bool tagged = false) {
        lazy_pirate::client_options options;
        options.timeout = timeout;
        options.pause = 5ms;
        options.retries = 500;
        options.tagged = tagged;
        options.max_connections = 100;
        lazy_pirate::client made{io, options};
        made.connect(front);
        return made;
    }
    void await_workers(std::size_t count) {
        REQUIRE(run_until(io, [&] { return node->stats().workers == count; }));
    }
};

const protocol both[] = {protocol::simple, protocol::paranoid};

} // namespace

TEST_CASE("pirates: many requests get their own replies from several workers") {
    for (const protocol how : both) {
        pattern p{how};
        const auto first = p.serve(echo);
        const auto second = p.serve(echo);
        p.await_workers(2);
        lazy_pirate::client c = p.ask();
        std::vector<outcome> all(300);
        for (std::size_t i = 0; i < all.size(); ++i)
            c.async_request(message{std::to_string(i)}, all[i].handler());
        for (std::size_t i = 0; i < all.size(); ++i) {
            REQUIRE(run_until(p.io, [&] { return all[i].ends != 0; }));
            CHECK(all[i].reply == frames{std::to_string(i)});
        }
        CHECK(first->stats().replies != 0);
        CHECK(second->stats().replies != 0);
        CHECK(p.node->stats().malformed == 0);
    }
}

TEST_CASE("pirates: a REQ is served, and gets several parts") {
    for (const protocol how : both) {
        pattern p{how};
        const auto w = p.serve(echo);
        req plain{p.io};
        plain.set(option::req_correlate{true}); // another frame in the envelope
        plain.connect(p.front);
        std::optional<frames> reply;
        plain.async_send(message{"a", "", "b"}, [&](std::error_code) {
            plain.async_receive([&](std::error_code, const message& m) { reply = frames_of(m); });
        });
        REQUIRE(run_until(p.io, [&] { return reply.has_value(); }));
        CHECK(*reply == frames{"a", "", "b"});
    }
}

TEST_CASE("pirates: the request of a worker that goes is another worker's") {
    for (const protocol how : both) {
        pattern p{how};
        std::vector<responder> held;
        auto lost = p.serve([&](const message&, responder r) { held.push_back(std::move(r)); });
        p.await_workers(1);
        lazy_pirate::client c = p.ask();
        outcome o;
        c.async_request(message{"a"}, o.handler());
        REQUIRE(run_until(p.io, [&] { return !held.empty(); }));
        lost.reset();
        const auto w = p.serve(echo);
        REQUIRE(run_until(p.io, [&] { return o.ends != 0; }));
        CHECK(o.reply == frames{"a"});
        CHECK(p.node->stats().redelivered == 1);
        CHECK(c.stats().attempts == 1);
    }
}

TEST_CASE("pirates: workers come back to a queue that was restarted, and requests are served") {
    for (const protocol how : both) {
        pattern p{how};
        const auto w = p.serve(echo);
        p.await_workers(1);
        lazy_pirate::client c = p.ask(100ms);
        const std::string front = p.front;
        const std::string back = p.back;
        p.node.reset();
        outcome o;
        c.async_request(message{"a"}, o.handler());
        queue_options options;
        options.heartbeat = 50ms;
        p.start(options, front, back);
        REQUIRE(run_until(p.io, [&] { return o.ends != 0; }));
        CHECK(o.reply == frames{"a"});
        CHECK(w->stats().registrations >= 2);
    }
}

TEST_CASE("pirates: an idle worker that falls silent is given up, and one that is heard is not") {
    pattern p{protocol::paranoid};
    dealer silent{p.io};
    silent.connect(p.back);
    message ready{"\1"};
    REQUIRE(silent.try_send(ready));
    const auto w = p.serve(echo);
    p.await_workers(2);
    REQUIRE(run_until(p.io, [&] { return p.node->stats().expired_workers == 1; }));
    CHECK(p.node->stats().workers == 1);
    lazy_pirate::client c = p.ask();
    outcome o;
    c.async_request(message{"a"}, o.handler());
    REQUIRE(run_until(p.io, [&] { return o.ends != 0; }));
    CHECK(o.reply == frames{"a"});
}

TEST_CASE("pirates: a long job is no death, while both ends are heard") {
    pattern p{protocol::paranoid};
    std::vector<responder> held;
    const auto w = p.serve([&](const message&, responder r) { held.push_back(std::move(r)); });
    lazy_pirate::client c = p.ask();
    outcome o;
    c.async_request(message{"a"}, o.handler());
    REQUIRE(run_until(p.io, [&] { return !held.empty(); }));
    const std::uint64_t heard = p.node->stats().heartbeats_in;
    REQUIRE(run_until(p.io, [&] { return p.node->stats().heartbeats_in >= heard + 5; }));
    held[0].reply(message{"A"});
    REQUIRE(run_until(p.io, [&] { return o.ends != 0; }));
    CHECK(o.reply == frames{"A"});
    CHECK(p.node->stats().expired_workers == 0);
    CHECK(w->stats().lost_queues == 0);
}

TEST_CASE("pirates: a handler's failure reaches a tagged client through the queue") {
    for (const protocol how : both) {
        pattern p{how};
        const auto w =
            p.serve([](const message&, const responder&) { throw std::runtime_error{"broken"}; });
        lazy_pirate::client c = p.ask(20s, true);
        outcome o;
        c.async_request(message{"a"}, o.handler());
        REQUIRE(run_until(p.io, [&] { return o.ends != 0; }));
        CHECK(o.ec == lazy_pirate::errc::handler_failed);
        CHECK(w->stats().registrations == 1);
    }
}

TEST_CASE("pirates: a client that sends on while the queue is full waits, and loses nothing") {
    queue_options options;
    options.max_waiting = 10;
    options.max_waiting_per_client = 10;
    pattern p{protocol::paranoid, options};
    dealer many{p.io};
    many.set(option::send_high_water_mark{0});
    many.connect(p.front);
    constexpr int count = 20'000;
    int sent = 0;
    for (; sent < count; ++sent) {
        message m{"", "0123456789012345678901234567890123456789"};
        if (!many.try_send(m))
            break;
    }
    REQUIRE(run_until(p.io, [&] { return p.node->stats().paused == 1; }));
    std::size_t most = 0;
    const auto w = p.serve(echo);
    int received = 0;
    REQUIRE(run_until(p.io, [&] {
        most = std::max(most, p.node->stats().waiting);
        message m;
        while (many.try_receive(m))
            ++received;
        return received == sent;
    }));
    CHECK(sent == count);
    CHECK(most < 5000); // what had been read when it was held up
    CHECK(p.node->stats().pauses > 1);
}

TEST_CASE("pirates: a queue that drains answers what it has, and says so once") {
    for (const protocol how : both) {
        pattern p{how};
        std::vector<responder> held;
        const auto w = p.serve([&](const message&, responder r) { held.push_back(std::move(r)); });
        lazy_pirate::client c = p.ask();
        outcome o;
        c.async_request(message{"a"}, o.handler());
        REQUIRE(run_until(p.io, [&] { return !held.empty(); }));
        int drained = 0;
        p.node->drain([&] { ++drained; });
        outcome late;
        lazy_pirate::client other = p.ask(20s, true);
        other.async_request(message{"b"}, late.handler());
        REQUIRE(run_until(p.io, [&] { return late.ends != 0; }));
        CHECK(late.ec == lazy_pirate::errc::queue_full);
        CHECK(drained == 0);
        held[0].reply(message{"A"});
        REQUIRE(run_until(p.io, [&] { return drained != 0 && o.ends != 0; }));
        CHECK(o.reply == frames{"A"});
        CHECK(drained == 1);
    }
}

TEST_CASE("pirates: a worker that drains answers what it has, and leaves the rest to others") {
    const std::string large(4 << 20, 'A'); // more than the connection takes at once
    for (const protocol how : both) {
        pattern p{how};
        std::vector<responder> held;
        const auto w = p.serve([&](const message&, responder r) { held.push_back(std::move(r)); });
        lazy_pirate::client c = p.ask();
        outcome first;
        c.async_request(message{"a"}, first.handler());
        REQUIRE(run_until(p.io, [&] { return !held.empty(); }));
        int drained = 0;
        w->drain([&] { ++drained; });
        outcome second; // given to it by the queue as soon as it has answered, or to the other
        c.async_request(message{"b"}, second.handler());
        const auto other = p.serve(echo);
        REQUIRE(run_until(p.io, [&] { return second.ends != 0; }));
        CHECK(drained == 0);
        held[0].reply(message{large});
        REQUIRE(run_until(p.io, [&] { return drained != 0 && first.ends != 0; }));
        CHECK(first.reply == frames{large});
        p.await_workers(1);
        outcome third;
        c.async_request(message{"c"}, third.handler());
        REQUIRE(run_until(p.io, [&] { return third.ends != 0; }));
        CHECK(third.reply == frames{"c"});
        CHECK(w->stats().requests == 1);
        CHECK(drained == 1);
        int idle = 0;
        other->drain([&] { ++idle; });
        CHECK(idle == 0); // never from within the call
        REQUIRE(run_until(p.io, [&] { return idle == 1; }));
        p.await_workers(0);
    }
}

TEST_CASE("pirates: a worker may be stopped while it drains, and says no more") {
    pattern p{protocol::paranoid};
    std::vector<responder> held;
    const auto w = p.serve([&](const message&, responder r) { held.push_back(std::move(r)); });
    lazy_pirate::client c = p.ask();
    outcome o;
    c.async_request(message{"a"}, o.handler());
    REQUIRE(run_until(p.io, [&] { return !held.empty(); }));
    bool drained = false;
    w->drain([&] { drained = true; });
    w->stop();
    w->drain([&] { drained = true; });
    const auto other = p.serve(echo);
    REQUIRE(run_until(p.io, [&] { return o.ends != 0; }));
    CHECK(o.reply == frames{"a"});
    held.clear();
    CHECK_FALSE(drained);
}

} // namespace mizzen::paranoid_pirate
