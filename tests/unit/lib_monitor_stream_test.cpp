// Monitors as streams: waiting, bounds, and who outlives whom.
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include "monitor_helpers.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/pub.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

// What a callback of async_receive_event was called with.
struct outcome {
    std::optional<std::error_code> ec;
    connection_event event;

    auto handler() {
        return [this](std::error_code result, connection_event told) {
            ec = result;
            event = std::move(told);
        };
    }
};

// Makes as many events as wanted at once: a listener is two.
template <class Socket> void come_and_go(Socket& socket, int times) {
    for (int i = 0; i < times; ++i)
        socket.unbind(socket.bind("inproc://" + std::to_string(i)));
}

TEST_CASE("an event that is there is given out by a later turn, one that is not when it comes") {
    loop run;
    dealer socket{run.io};
    monitor watch{socket};
    socket.bind("inproc://a");
    outcome first;
    watch.async_receive_event(first.handler());
    CHECK_FALSE(first.ec);
    REQUIRE(run.until([&] { return first.ec.has_value(); }));
    CHECK_FALSE(*first.ec);
    CHECK(first.event.kind == event_kind::listening);

    outcome second;
    outcome third;
    watch.async_receive_event(second.handler());
    watch.async_receive_event(third.handler());
    CHECK(run.never([&] { return second.ec || third.ec; }, 20ms));
    socket.unbind("inproc://a");
    socket.bind("inproc://b");
    CHECK_FALSE(second.ec);
    REQUIRE(run.until([&] { return second.ec && third.ec; }));
    CHECK(second.event.kind == event_kind::listener_closed);
    CHECK(third.event.kind == event_kind::listening);
    CHECK(is_silent(watch));
}

asio::awaitable<std::string> story_of(monitor watch) {
    std::string story;
    try {
        for (;;) {
            const connection_event event = co_await watch.async_receive_event(asio::use_awaitable);
            story += name_of(event.kind);
            story += ' ';
        }
    } catch (const std::system_error& e) {
        CHECK(e.code() == errc::socket_closed);
    }
    co_return story;
}

TEST_CASE("a coroutine follows a socket from before its bind to its end") {
    loop run;
    auto server = std::make_unique<dealer>(run.io);
    std::string story;
    asio::co_spawn(run.io, story_of(monitor{*server}),
                   [&](const std::exception_ptr&, std::string told) { story = std::move(told); });
    {
        dealer client{run.io};
        client.connect(server->bind("tcp://127.0.0.1:*"));
        await_connections(run, *server, 1);
    }
    REQUIRE(run.until([&] { return server->stats().disconnects == 1; }));
    server.reset();
    REQUIRE(run.until([&] { return !story.empty(); }));
    CHECK(story == "listening accepted handshake_succeeded disconnected listener_closed ");
}

TEST_CASE("when nobody takes events the oldest are dropped and counted") {
    loop run;
    dealer socket{run.io};
    monitor watch{socket, 3};
    come_and_go(socket, 5);
    CHECK(watch.dropped() == 7);
    CHECK(expect(run, watch, event_kind::listener_closed).endpoint == "inproc://3");
    CHECK(expect(run, watch, event_kind::listening).endpoint == "inproc://4");
    come_and_go(socket, 1);
    CHECK(watch.dropped() == 7);
    CHECK(expect(run, watch, event_kind::listener_closed).endpoint == "inproc://4");
    expect(run, watch, event_kind::listening);
    expect(run, watch, event_kind::listener_closed);
    CHECK(is_silent(watch));

    monitor smallest{socket, 0};
    come_and_go(socket, 1);
    CHECK(smallest.dropped() == 1);
    expect(run, smallest, event_kind::listener_closed);

    monitor ordinary{socket};
    come_and_go(socket, 500);
    CHECK(ordinary.dropped() == 0);
    come_and_go(socket, 1);
    CHECK(ordinary.dropped() == 2);
}

TEST_CASE("several monitors of one socket each tell all that happens while they are there") {
    loop run;
    pub socket{run.io};
    monitor first{socket};
    auto brief = std::make_unique<monitor>(socket);
    socket.bind("inproc://a");
    expect(run, *brief, event_kind::listening);
    brief.reset();
    socket.unbind("inproc://a");
    monitor last{socket};
    socket.bind("inproc://b");
    for (const std::string story : {"listening", "listener_closed", "listening"})
        CHECK(name_of(next_event(run, first).kind) == story);
    CHECK(expect(run, last, event_kind::listening).endpoint == "inproc://b");
    CHECK(is_silent(first));
    CHECK(is_silent(last));
}

TEST_CASE("a monitor outlives its socket and tells its end, and then that it is closed") {
    loop run;
    dealer client{run.io};
    std::optional<dealer> server{run.io};
    monitor watch{*server};
    client.connect(server->bind("tcp://127.0.0.1:*"));
    await_connections(run, *server, 1);
    await_connections(run, client, 1);
    server.reset();
    for (const std::string story :
         {"listening", "accepted", "handshake_succeeded", "listener_closed"})
        CHECK(name_of(next_event(run, watch).kind) == story);
    CHECK(is_silent(watch)); // the peer has not closed yet
    outcome last;
    outcome after;
    watch.async_receive_event(last.handler());
    watch.async_receive_event(after.handler());
    REQUIRE(run.until([&] { return last.ec && after.ec; }));
    CHECK(last.event.kind == event_kind::disconnected);
    CHECK_FALSE(last.event.reason);
    CHECK(*after.ec == errc::socket_closed);
    CHECK(no_event(watch) == errc::socket_closed);
    outcome late;
    watch.async_receive_event(late.handler());
    CHECK_FALSE(late.ec);
    REQUIRE(run.until([&] { return late.ec.has_value(); }));
    CHECK(*late.ec == errc::socket_closed);
}

TEST_CASE("closing ends what was on its way, with no reason to tell") {
    loop run;
    raw_listener listener{run};
    dealer socket{run.io};
    socket.set(option::linger{0ms});
    socket.connect(listener.endpoint());
    raw_peer silent{run, socket.bind("tcp://127.0.0.1:*")};
    monitor watch{socket};
    for (int open = 0; open < 2;) // one end each
        open += next_event(run, watch).kind != event_kind::connecting ? 1 : 0;
    socket.close();
    int failed = 0;
    int ended = 0;
    connection_event event;
    std::error_code ec;
    while (watch.try_receive_event(event, ec)) {
        CHECK_FALSE(event.reason);
        failed += event.kind == event_kind::handshake_failed ? 1 : 0;
        ended += event.kind == event_kind::ended ? 1 : 0;
    }
    CHECK(failed == 2);
    CHECK(ended == 1);
    CHECK(ec == errc::socket_closed);
}

TEST_CASE("a socket that never did anything is told to be closed, also to those who come later") {
    loop run;
    dealer socket{run.io};
    monitor before{socket};
    CHECK(is_silent(before));
    socket.close();
    monitor after{socket};
    CHECK(no_event(before) == errc::socket_closed);
    CHECK(no_event(after) == errc::socket_closed);
}

TEST_CASE("an operation that is cancelled takes no event away") {
    loop run;
    dealer socket{run.io};
    monitor watch{socket};
    asio::cancellation_signal stop;
    outcome cancelled;
    outcome next;
    watch.async_receive_event(asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
    watch.async_receive_event(next.handler());
    stop.emit(asio::cancellation_type::total);
    socket.bind("inproc://a");
    CHECK_FALSE(cancelled.ec);
    REQUIRE(run.until([&] { return cancelled.ec && next.ec; }));
    CHECK(*cancelled.ec == asio::error::operation_aborted);
    CHECK_FALSE(*next.ec);
    CHECK(next.event.kind == event_kind::listening);
    stop.emit(asio::cancellation_type::total); // too late, and harmless
}

TEST_CASE("destroying or replacing a monitor aborts what waits") {
    loop run;
    dealer socket{run.io};
    asio::cancellation_signal stop;
    for (const bool destroy : {true, false}) {
        CAPTURE(destroy);
        outcome waiting;
        std::optional<monitor> watch{socket};
        watch->async_receive_event(asio::bind_cancellation_slot(stop.slot(), waiting.handler()));
        if (destroy)
            watch.reset();
        else
            *watch = monitor{socket};
        CHECK_FALSE(waiting.ec);
        stop.emit(asio::cancellation_type::total);
        REQUIRE(run.until([&] { return waiting.ec.has_value(); }));
        CHECK(*waiting.ec == asio::error::operation_aborted);
    }
    socket.bind("inproc://a"); // which nobody is told of
}

TEST_CASE("a monitor can be moved, with its events and what waits") {
    loop run;
    dealer socket{run.io};
    monitor first{socket};
    outcome waiting;
    first.async_receive_event(waiting.handler());
    monitor second{std::move(first)};
    socket.bind("inproc://a");
    REQUIRE(run.until([&] { return waiting.ec.has_value(); }));
    CHECK(waiting.event.kind == event_kind::listening);
    dealer moved{std::move(socket)};
    moved.unbind("inproc://a");
    expect(run, second, event_kind::listener_closed);
}

TEST_CASE("a loop may be destroyed while a monitor waits") {
    loop run;
    dealer socket{run.io};
    monitor watch{socket};
    watch.async_receive_event([held = std::make_shared<int>(1)](std::error_code, const auto&) {});
    run.io.poll();
}

} // namespace
} // namespace mizzen::testing
