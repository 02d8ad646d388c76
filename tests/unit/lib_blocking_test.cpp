// Blocking sockets: calls that wait, time-outs, poll, and how contexts end.
#include "loop.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

// Long enough never to be reached unless something is broken.
constexpr std::chrono::milliseconds forever{20'000};

template <class Socket> std::string receive(Socket& socket) {
    message m;
    std::error_code ec;
    const bool received = socket.receive(m, forever, ec);
    INFO(ec.message());
    REQUIRE(received);
    return text_of(m);
}
template <class Socket> void send(Socket& socket, std::string_view text) {
    message m = parts_of(text);
    std::error_code ec;
    const bool sent = socket.send(m, forever, ec);
    INFO(text, ": ", ec.message());
    REQUIRE(sent);
}

template <class Socket>
concept can_send = requires(Socket& s, message m) { s.send(std::move(m)); };
template <class Socket>
concept can_receive = requires(Socket& s) { s.receive(); };

TEST_CASE("what a type cannot do does not compile in its blocking form either") {
    CHECK(can_send<blocking::push>);
    CHECK_FALSE(can_send<blocking::pull>);
    CHECK_FALSE(can_send<blocking::sub>);
    CHECK(can_receive<blocking::pull>);
    CHECK_FALSE(can_receive<blocking::push>);
    CHECK_FALSE(can_receive<blocking::pub>);
    CHECK_FALSE(std::is_copy_constructible_v<blocking::req>);
    CHECK(std::is_nothrow_move_constructible_v<blocking::req>);
}

TEST_CASE("blocking calls wait for each other across threads, whatever the transport") {
    for (const std::string name : {"tcp://127.0.0.1:*", "ipc://*", "inproc://blocking"}) {
        CAPTURE(name);
        context shared{2};
        blocking::rep server{shared};
        const std::string endpoint = server.bind(name);
        constexpr int rounds = 300;
        std::thread other{[&] {
            for (int i = 0; i < rounds; ++i)
                server.send(server.receive());
        }};
        blocking::req client{shared};
        client.connect(endpoint);
        for (int i = 0; i < rounds; ++i) {
            send(client, std::to_string(i) + "/" + std::string(1000, 'x'));
            CHECK(receive(client) == std::to_string(i) + "/" + std::string(1000, 'x'));
        }
        other.join();
        CHECK(client.stats().messages_received == rounds);
    }
}

TEST_CASE("a blocking sender is held up by its receiver, and nothing is lost or reordered") {
    constexpr int count = 100'000;
    context shared;
    blocking::pull receiver{shared};
    const std::string endpoint = receiver.bind("tcp://127.0.0.1:*");
    std::thread other{[&] {
        blocking::push sender{shared};
        sender.set(option::linger{-1ms});
        sender.connect(endpoint);
        for (int i = 0; i < count; ++i)
            sender.send(message{std::to_string(i)});
    }}; // the socket is gone by then: the context writes what is left
    bool ordered = true;
    for (int i = 0; i < count && ordered; ++i)
        ordered = receive(receiver) == std::to_string(i);
    CHECK(ordered);
    other.join();
}

TEST_CASE(
    "a blocking call gives up after its time, and a message that was not taken is as it was") {
    context shared;
    blocking::dealer lonely{shared};
    std::error_code ec;
    message m{"kept"};
    CHECK_FALSE(lonely.send(m, 5ms, ec));
    CHECK(ec == std::errc::timed_out);
    CHECK(text_of(m) == "kept");
    CHECK_FALSE(lonely.try_send(m, ec));
    CHECK(ec == errc::would_block);
    CHECK(text_of(m) == "kept");
    CHECK_FALSE(lonely.receive(m, 5ms, ec));
    CHECK(ec == std::errc::timed_out);
    CHECK_FALSE(lonely.try_receive(m, ec));
    CHECK(ec == errc::would_block);
    lonely.set(option::receive_timeout{5ms});
    lonely.set(option::send_timeout{5ms});
    CHECK_THROWS_AS(static_cast<void>(lonely.receive()), std::system_error);
    CHECK_THROWS_AS(lonely.send(message{"x"}), std::system_error);
}

TEST_CASE("misuse of a blocking socket is an error at once") {
    context shared;
    std::error_code ec;
    message m{"x"};
    blocking::req client{shared};
    CHECK_FALSE(client.receive(m, forever, ec));
    CHECK(ec == errc::wrong_state);
    blocking::router server{shared};
    server.set(option::router_mandatory{true});
    message routed = parts_of("nobody/x");
    CHECK_FALSE(server.send(routed, forever, ec));
    CHECK(ec == errc::no_route);
    message empty;
    CHECK_FALSE(server.send(empty, ec));
    CHECK(ec == errc::empty_message);
    CHECK(server.bind("nowhere", ec) == "");
    CHECK(ec == errc::endpoint_without_transport);
    CHECK_THROWS_AS(server.connect("tcp://x"), std::system_error);
    CHECK_THROWS_AS(server.set(option::backlog{0}), std::system_error);
    server.close();
    CHECK_FALSE(server.is_open());
    CHECK_FALSE(server.try_receive(m, ec));
    CHECK(ec == errc::socket_closed);
    CHECK(server.bind("inproc://x", ec) == "");
    CHECK(ec == errc::socket_closed);
}

TEST_CASE("a blocking socket that was moved from is closed, and can be assigned to") {
    context shared;
    blocking::pull first{shared};
    const std::string endpoint = first.bind("tcp://127.0.0.1:*");
    blocking::pull second = std::move(first);
    // NOLINTBEGIN(bugprone-use-after-move): which is what this is about
    std::error_code ec;
    message m;
    CHECK_FALSE(first.is_open());
    CHECK_FALSE(first.receive(m, forever, ec));
    CHECK(ec == errc::socket_closed);
    CHECK(first.bind("tcp://127.0.0.1:*", ec) == "");
    CHECK(ec == errc::socket_closed);
    first.connect(endpoint, ec);
    CHECK(ec == errc::socket_closed);
    first.set(option::linger{0ms}, ec);
    CHECK(ec == errc::socket_closed);
    CHECK(first.peers().empty());
    CHECK_FALSE(first.peer(1));
    CHECK(first.stats().connections == 0);
    std::array<blocking::poll_item, 1> items{{{&first}}};
    CHECK(blocking::poll(items, 0ms, ec) == 0);
    CHECK(ec == errc::socket_closed);
    first.close();
    first = std::move(second);
    blocking::push sender{shared};
    sender.connect(endpoint);
    send(sender, "here");
    CHECK(receive(first) == "here");
    // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("a mandatory router waits while its peer's queue is full") {
    context shared;
    blocking::router server{shared};
    server.set(option::router_mandatory{true});
    server.set(option::send_high_water_mark{2});
    blocking::dealer client{shared};
    client.set(option::routing_id{"client"});
    client.set(option::receive_high_water_mark{2});
    client.connect(server.bind("inproc://full"));
    send(client, "hello");
    CHECK(receive(server) == "client/hello");
    std::error_code ec;
    int sent = 0;
    for (message m = parts_of("client/x"); server.send(m, 20ms, ec); m = parts_of("client/x"))
        ++sent;
    CHECK(ec == std::errc::timed_out);
    CHECK(sent >= 2);
    std::thread reader{[&] {
        for (int i = 0; i < sent + 1; ++i)
            static_cast<void>(receive(client));
    }};
    send(server, "client/last");
    reader.join();
}

TEST_CASE("a second thread in a blocking call is told so, and close ends the first one's") {
    context shared;
    blocking::pull socket{shared};
    socket.bind("tcp://127.0.0.1:*");
    std::error_code first;
    std::thread other{[&] {
        message m;
        socket.receive(m, forever, first);
    }};
    std::error_code ec;
    message m;
    do // until the other thread waits
        socket.try_receive(m, ec);
    while (ec != errc::in_use);
    CHECK(socket.bind("inproc://second", ec) == "");
    CHECK(ec == errc::in_use);
    CHECK(socket.is_open());
    socket.close();
    other.join();
    CHECK(first == errc::socket_closed);
}

TEST_CASE("closing a context ends what waits in it, and what is queued is still written") {
    context receiving;
    blocking::pull receiver{receiving};
    const std::string endpoint = receiver.bind("tcp://127.0.0.1:*");
    std::error_code seen;
    {
        context shared;
        blocking::push sender{shared};
        sender.set(option::linger{-1ms});
        sender.connect(endpoint);
        blocking::pull waits{shared};
        std::thread other{[&] {
            message m;
            waits.receive(m, forever, seen);
        }};
        for (int i = 0; i < 1000; ++i)
            send(sender, std::to_string(i));
        shared.close();
        other.join();
        message m{"late"};
        std::error_code ec;
        CHECK_FALSE(sender.send(m, ec));
        CHECK(ec == errc::context_closed);
        CHECK_THROWS_AS(blocking::push{shared}, std::system_error);
        shared.close(); // again
    }
    CHECK(seen == errc::context_closed);
    for (int i = 0; i < 1000; ++i)
        CHECK(receive(receiver) == std::to_string(i));
}

TEST_CASE("poll waits for any of several sockets") {
    context shared;
    blocking::pull one{shared};
    blocking::pull two{shared};
    const std::string first = one.bind("tcp://127.0.0.1:*");
    const std::string second = two.bind("inproc://two");
    blocking::push to_one{shared};
    blocking::push to_two{shared};
    std::array<blocking::poll_item, 4> items{{{&one}, {&two}, {&to_one, false, true}, {&one}}};
    CHECK(blocking::poll(items, 0ms) == 0);
    CHECK(blocking::poll(items, 5ms) == 0);
    to_two.connect(second);
    send(to_two, "x");
    CHECK(blocking::poll(items, forever) == 1);
    CHECK(items[1].can_receive);
    CHECK_FALSE(items[0].can_receive);
    CHECK(receive(two) == "x");
    std::thread other{[&] {
        to_one.connect(first);
        send(to_one, "y");
    }};
    while (!items[0].can_receive)
        CHECK(blocking::poll(items) > 0);
    other.join();
    CHECK(blocking::poll(items, 0ms) == 3); // it can be received twice, and more be sent
    CHECK(items[2].can_send);
    two.close();
    std::error_code ec;
    CHECK(blocking::poll(items, forever, ec) == 0);
    CHECK(ec == errc::socket_closed);
    CHECK_THROWS_AS(blocking::poll(items, 0ms), std::system_error);
}

TEST_CASE("a blocking socket can be moved between threads") {
    context shared;
    blocking::rep server{shared};
    blocking::req client{shared};
    client.connect(server.bind("inproc://moved"));
    send(client, "1");
    std::thread other{[moved = std::move(server)]() mutable {
        CHECK(receive(moved) == "1");
        send(moved, "2");
    }};
    CHECK(receive(client) == "2");
    other.join();
    blocking::req next{shared};
    client = std::move(next); // which closes what it was
    std::error_code ec;
    message m;
    CHECK_FALSE(client.receive(m, ec));
    CHECK(ec == errc::wrong_state);
}

TEST_CASE("blocking and asynchronous sockets of a context meet by name") {
    context shared;
    loop run;
    dealer server{run.io, shared};
    server.bind("inproc://mixed");
    blocking::dealer client{shared};
    client.connect("inproc://mixed");
    send(client, "question");
    CHECK(testing::receive(run, server) == "question");
    testing::send(run, server, "answer");
    message answer;
    std::error_code ec;
    REQUIRE(run.until([&] { return client.try_receive(answer, ec); }));
    CHECK(text_of(answer) == "answer");
}

TEST_CASE("subscriptions and the first message after them, by blocking sockets") {
    context shared;
    blocking::xpub publisher{shared};
    const std::string endpoint = publisher.bind("tcp://127.0.0.1:*");
    blocking::sub subscriber{shared};
    subscriber.subscribe("a");
    subscriber.connect(endpoint);
    CHECK(receive(publisher) == "\1a");
    send(publisher, "b/unwanted");
    send(publisher, "a/wanted");
    CHECK(receive(subscriber) == "a/wanted");
    subscriber.unsubscribe("a");
    CHECK(receive(publisher) == std::string("\0a", 2));
}

TEST_CASE("a child process may close what it inherited, without harm to its parent") {
    context shared;
    blocking::rep server{shared};
    blocking::req client{shared};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    const std::string path = server.bind("ipc://*").substr(6);
    send(client, "before");
    CHECK(receive(server) == "before");
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        client.close();
        {
            const blocking::rep gone = std::move(server);
        }
        shared.close();
        ::_exit(0);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(::access(path.c_str(), F_OK) == 0); // the file is the parent's
    send(server, "after");
    CHECK(receive(client) == "after");
    for (int i = 0; i < 10; ++i) {
        send(client, std::to_string(i));
        CHECK(receive(server) == std::to_string(i));
        send(server, "ok");
        CHECK(receive(client) == "ok");
    }
}

} // namespace
} // namespace mizzen::testing
