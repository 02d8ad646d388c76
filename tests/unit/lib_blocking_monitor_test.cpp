// Monitors and peers of blocking sockets.
#include <mizzen/blocking.hpp>
#include <mizzen/blocking_monitor.hpp>
#include <mizzen/error.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace mizzen::testing {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a thread follows a blocking socket from its bind to its end while others use it") {
    context shared;
    blocking::rep server{shared};
    std::string story;
    std::thread watcher{[&story, watch = blocking::monitor{server}]() mutable {
        connection_event event;
        std::error_code ec;
        while (watch.receive_event(event, 20s, ec)) {
            story += name_of(event.kind);
            story += ' ';
        }
        story += ec == errc::socket_closed ? "closed" : ec.message();
    }};
    {
        blocking::req client{shared};
        client.connect(server.bind("tcp://127.0.0.1:*"));
        client.send(message{"question"});
        const message asked = server.receive();
        const auto peer = server.peer(asked.peer());
        REQUIRE(peer);
        CHECK(peer->type == zmtp::socket_type::req);
        CHECK(peer->traffic.messages_received == 1);
        CHECK(server.peers().size() == 1);
        server.send(message{"answer"});
        CHECK(as_text(client.receive().front()) == "answer");
        blocking::monitor gone{server};
        client.close();
        CHECK(gone.receive_event().kind == event_kind::disconnected);
    }
    CHECK(server.peers().empty());
    server.close();
    watcher.join();
    CHECK(story == "listening accepted handshake_succeeded disconnected listener_closed closed");
}

TEST_CASE("a blocking monitor waits as long as it is told to") {
    context shared;
    blocking::pair socket{shared};
    blocking::monitor watch{socket, 1};
    connection_event event;
    std::error_code ec;
    CHECK_FALSE(watch.try_receive_event(event, ec));
    CHECK(ec == errc::would_block);
    const auto before = std::chrono::steady_clock::now();
    CHECK_FALSE(watch.receive_event(event, 30ms, ec));
    CHECK(ec == std::errc::timed_out);
    CHECK(std::chrono::steady_clock::now() - before >= 30ms);
    socket.bind("inproc://a");
    socket.bind("inproc://b");
    CHECK(watch.dropped() == 1);
    blocking::monitor moved{std::move(watch)};
    CHECK(moved.receive_event(event, 20s, ec));
    CHECK(event.endpoint == "inproc://b");
    socket.close();
    CHECK(moved.receive_event().kind == event_kind::listener_closed);
    CHECK_THROWS_AS(static_cast<void>(moved.receive_event()), std::system_error);
}

TEST_CASE("a blocking monitor outlives its socket and its context") {
    std::optional<blocking::monitor> watch;
    {
        context shared;
        blocking::push socket{shared};
        watch.emplace(socket);
        socket.connect("inproc://nobody");
    }
    CHECK(watch->receive_event().kind == event_kind::connecting);
    CHECK(watch->receive_event().kind == event_kind::ended);
    connection_event event;
    std::error_code ec;
    CHECK_FALSE(watch->receive_event(event, 20s, ec));
    CHECK(ec == errc::socket_closed);
}

TEST_CASE("a child that inherited a blocking monitor can let it go") {
    context shared;
    blocking::pull socket{shared};
    std::optional<blocking::monitor> watch{socket};
    const pid_t child = ::fork();
    if (child == 0) {
        watch.reset();
        ::_exit(0);
    }
    int status = -1;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    socket.bind("inproc://a");
    CHECK(watch->receive_event().kind == event_kind::listening);
}

} // namespace
} // namespace mizzen::testing
