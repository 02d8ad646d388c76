// How operations, connections and sockets begin and end.
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

// --- Operations ---

TEST_CASE("a callback is never called inside the function that starts the operation") {
    loop run;
    dealer a{run.io};
    dealer b{run.io};
    b.connect(a.bind("tcp://127.0.0.1:*"));
    std::string got;
    bool sent = false;
    a.async_receive([&](std::error_code ec, message m) { got = ec ? "failed" : text_of(m); });
    b.async_send(parts_of("one/two"), [&](std::error_code ec) { sent = !ec; });
    CHECK_FALSE(sent);
    REQUIRE(run.until([&] { return !got.empty(); }));
    CHECK(got == "one/two");
    CHECK(sent);
    got.clear();
    send(run, b, "there already");
    bool there = false;
    a.async_wait_receive([&](std::error_code ec) { there = !ec; });
    REQUIRE(run.until([&] { return there; }));
    a.async_receive([&](std::error_code, message m) { got = text_of(m); });
    CHECK(got == "");
    REQUIRE(run.until([&] { return !got.empty(); }));
}

TEST_CASE("operations that wait are served in the order they were started") {
    loop run;
    dealer a{run.io};
    std::string sent;
    std::string got;
    for (int i = 0; i < 5; ++i) {
        a.async_send(message{std::to_string(i)},
                     [&, i](std::error_code ec) { sent += ec ? "!" : std::to_string(i); });
        a.async_receive([&, i](std::error_code ec, message m) {
            got += (ec ? "!" : std::to_string(i)) + text_of(m) + ' ';
        });
    }
    CHECK(run.never([&] { return !sent.empty(); }, 10ms));
    dealer b{run.io};
    b.connect(a.bind("tcp://127.0.0.1:*"));
    for (int i = 0; i < 5; ++i) {
        CHECK(receive(run, b) == std::to_string(i));
        send(run, b, std::string(1, static_cast<char>('a' + i)));
    }
    REQUIRE(run.until([&] { return got.size() >= 15; }));
    CHECK(sent == "01234");
    CHECK(got == "0a 1b 2c 3d 4e ");
}

TEST_CASE("a future waits for a message that another thread's loop receives") {
    asio::io_context io;
    dealer a{io};
    dealer b{io};
    b.connect(a.bind("tcp://127.0.0.1:*"));
    auto got = a.async_receive(asio::use_future);
    auto sent = b.async_send(parts_of("from/afar"), asio::use_future);
    std::thread other{[&] { io.run_for(20s); }};
    const bool in_time = got.wait_for(20s) == std::future_status::ready;
    io.stop();
    other.join();
    REQUIRE(in_time);
    CHECK(text_of(got.get()) == "from/afar");
    sent.get();
}

asio::awaitable<void> answer_three(rep& server) {
    for (int i = 0; i < 3; ++i) {
        message request = co_await server.async_receive(asio::use_awaitable);
        request.push_back("answered");
        co_await server.async_send(std::move(request), asio::use_awaitable);
    }
}
asio::awaitable<void> ask_three(req& client, std::string& answers) {
    for (int i = 0; i < 3; ++i) {
        message question{std::to_string(i)};
        co_await client.async_send(std::move(question), asio::use_awaitable);
        const message answer = co_await client.async_receive(asio::use_awaitable);
        answers += text_of(answer) + ' ';
    }
}

TEST_CASE("coroutines ask and answer, and see errors as exceptions") {
    loop run;
    rep server{run.io};
    req client{run.io};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    std::string answers;
    std::exception_ptr thrown;
    bool done = false;
    asio::co_spawn(run.io, answer_three(server), asio::detached);
    asio::co_spawn(run.io, ask_three(client, answers), [&](std::exception_ptr e) {
        thrown = std::move(e);
        done = true;
    });
    REQUIRE(run.until([&] { return done; }));
    CHECK_FALSE(thrown);
    CHECK(answers == "0/answered 1/answered 2/answered ");
    std::error_code misuse;
    asio::co_spawn(
        run.io,
        [&]() -> asio::awaitable<void> {
            co_await client.async_receive(asio::redirect_error(asio::use_awaitable, misuse));
        },
        asio::detached);
    REQUIRE(run.until([&] { return bool(misuse); }));
    CHECK(misuse == errc::wrong_state);
}

TEST_CASE("a cancelled receive loses no message") {
    loop run;
    dealer a{run.io};
    dealer b{run.io};
    b.connect(a.bind("tcp://127.0.0.1:*"));
    await_connections(run, a, 1);
    for (const auto how : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                           asio::cancellation_type::total}) {
        asio::cancellation_signal stop;
        std::optional<std::error_code> first;
        std::string second;
        a.async_receive(asio::bind_cancellation_slot(
            stop.slot(), [&](std::error_code ec, message) { first = ec; }));
        a.async_receive([&](std::error_code, message m) { second = text_of(m); });
        stop.emit(how);
        send(run, b, "kept");
        REQUIRE(run.until([&] { return first && !second.empty(); }));
        CHECK(*first == asio::error::operation_aborted);
        CHECK(second == "kept");
        stop.emit(how); // of what is over: nothing happens
    }
}

TEST_CASE("a cancelled send withdraws its message whole") {
    loop run;
    dealer a{run.io};
    asio::cancellation_signal stop;
    std::optional<std::error_code> first;
    bool second = false;
    a.async_send(
        parts_of("withdrawn/whole"),
        asio::bind_cancellation_slot(stop.slot(), [&](std::error_code ec) { first = ec; }));
    a.async_send(parts_of("stays"), [&](std::error_code ec) { second = !ec; });
    stop.emit(asio::cancellation_type::total);
    REQUIRE(run.until([&] { return first.has_value(); }));
    CHECK(*first == asio::error::operation_aborted);
    dealer b{run.io};
    b.connect(a.bind("tcp://127.0.0.1:*"));
    CHECK(receive(run, b) == "stays");
    CHECK(second);
}

TEST_CASE("waits can be cancelled") {
    loop run;
    dealer a{run.io};
    asio::cancellation_signal stop;
    std::vector<std::error_code> results;
    const auto note = [&](std::error_code ec) { results.push_back(ec); };
    a.async_wait_receive(asio::bind_cancellation_slot(stop.slot(), note));
    stop.emit(asio::cancellation_type::terminal);
    a.async_wait_send(asio::bind_cancellation_slot(stop.slot(), note));
    stop.emit(asio::cancellation_type::terminal);
    REQUIRE(run.until([&] { return results.size() == 2; }));
    CHECK(results[0] == asio::error::operation_aborted);
    CHECK(results[1] == asio::error::operation_aborted);
}

TEST_CASE("destroying or closing a socket aborts what waits") {
    loop run;
    for (const bool destroy : {true, false}) {
        CAPTURE(destroy);
        auto socket = std::make_unique<dealer>(run.io);
        std::vector<std::error_code> results;
        const auto note = [&](std::error_code ec) { results.push_back(ec); };
        socket->async_receive([&](std::error_code ec, message m) {
            CHECK(m.empty());
            note(ec);
        });
        socket->async_send(parts_of("x"), note);
        socket->async_wait_receive(note);
        socket->async_wait_send(note);
        if (destroy)
            socket.reset();
        else
            socket->close();
        CHECK(results.empty());
        REQUIRE(run.until([&] { return results.size() == 4; }));
        for (const std::error_code ec : results)
            CHECK(ec == asio::error::operation_aborted);
    }
}

TEST_CASE("a loop may be destroyed with operations under way, and its sockets before or after") {
    {
        loop run;
        dealer a{run.io};
        dealer b{run.io};
        b.connect(a.bind("tcp://127.0.0.1:*"));
        a.async_receive([held = std::make_shared<int>(1)](std::error_code, message) {});
        run.io.poll();
    }
    std::optional<dealer> last;
    {
        loop run;
        dealer peer{run.io};
        last.emplace(run.io);
        last->connect(peer.bind("tcp://127.0.0.1:*"));
        await_connections(run, *last, 1);
        last.reset();
    }
}

TEST_CASE("a closed socket says so") {
    loop run;
    dealer a{run.io};
    CHECK(a.is_open());
    a.close();
    a.close();
    CHECK_FALSE(a.is_open());
    CHECK(try_send(a, "x") == errc::socket_closed);
    CHECK(try_receive(a) == errc::socket_closed);
    std::error_code ec;
    a.bind("tcp://127.0.0.1:*", ec);
    CHECK(ec == errc::socket_closed);
    a.connect("tcp://127.0.0.1:1", ec);
    CHECK(ec == errc::socket_closed);
    std::error_code late;
    a.async_receive([&](std::error_code result, message) { late = result; });
    REQUIRE(run.until([&] { return bool(late); }));
    CHECK(late == asio::error::operation_aborted);
}

TEST_CASE("a socket can be moved, with its connections and what waits") {
    loop run;
    dealer a{run.io};
    dealer b{run.io};
    b.connect(a.bind("tcp://127.0.0.1:*"));
    std::string got;
    a.async_receive([&](std::error_code, message m) { got = text_of(m); });
    dealer moved{std::move(a)};
    send(run, b, "follows");
    REQUIRE(run.until([&] { return !got.empty(); }));
    CHECK(got == "follows");
    dealer other{run.io};
    std::error_code aborted;
    other.async_receive([&](std::error_code ec, message) { aborted = ec; });
    other = std::move(moved);
    REQUIRE(run.until([&] { return bool(aborted); }));
    CHECK(aborted == asio::error::operation_aborted);
    send(run, b, "again");
    CHECK(receive(run, other) == "again");
}

TEST_CASE("a thread pool is refused as an executor, and a strand of it is not") {
    asio::thread_pool pool{2};
    CHECK_THROWS_AS(dealer{pool.get_executor()}, std::invalid_argument);
    auto strand = asio::make_strand(pool);
    std::promise<std::string> got;
    std::optional<dealer> a;
    std::optional<dealer> b;
    asio::post(strand, [&] {
        a.emplace(asio::any_io_executor{strand});
        b.emplace(asio::any_io_executor{strand});
        b->connect(a->bind("tcp://127.0.0.1:*"));
        a->async_receive(asio::bind_executor(
            strand, [&](std::error_code, message m) { got.set_value(text_of(m)); }));
        b->async_send(parts_of("across"), asio::bind_executor(strand, [](std::error_code) {}));
    });
    auto result = got.get_future();
    REQUIRE(result.wait_for(20s) == std::future_status::ready);
    CHECK(result.get() == "across");
    asio::post(strand, [&] {
        a.reset();
        b.reset();
    });
    pool.join();
}

// --- Closing ---

TEST_CASE("what was sent right before close is delivered within the linger time") {
    loop run;
    dealer server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    {
        dealer client{run.io};
        client.set(option::linger{20s});
        client.connect(endpoint);
        await_connections(run, client, 1);
        for (int i = 0; i < 50; ++i)
            send(run, client, std::to_string(i) + "/" + std::string(100'000, 'x'));
        client.close();
    }
    for (int i = 0; i < 50; ++i)
        CHECK(receive(run, server) == std::to_string(i) + "/" + std::string(100'000, 'x'));
}

TEST_CASE("what was sent before there was a connection is delivered after close as well") {
    loop run;
    dealer server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    {
        dealer client{run.io};
        client.connect(endpoint);
        send(run, client, "early");
    }
    CHECK(receive(run, server) == "early");
}

TEST_CASE("an answer sent right before close reaches a peer that goes on talking meanwhile") {
    loop run;
    raw_listener listener{run};
    dealer server{run.io};
    server.set(option::linger{20s});
    server.connect(listener.endpoint());
    raw_peer peer = listener.accept();
    peer.handshake("DEALER");
    peer.socket().set_option(asio::socket_base::receive_buffer_size{4096});
    const std::string answer(400'000, 'x');
    const auto before = server.stats().octets_out;
    send(run, server, answer);
    server.close();
    // All is with the kernel now, and most of it still on our side.
    REQUIRE(run.until([&] { return server.stats().octets_out > before + answer.size(); }));
    for (int i = 0; i < 10; ++i) {
        peer.send("unread"); // were it left so, closing would reset the connection
        run.until([&] { return run.io.poll() == 0; });
    }
    CHECK(peer.receive() == answer);
    CHECK(peer.is_closed());
}

TEST_CASE("with a linger of zero, what is queued is dropped at close") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::linger{0ms});
    client.connect(listener.endpoint());
    raw_peer peer = listener.accept();
    peer.handshake("DEALER");
    const std::string large(1 << 20, 'x');
    for (int i = 0; i < 40; ++i)
        send(run, client, large);
    client.close();
    CHECK(client.stats().dropped_disconnect > 0);
    CHECK(peer.is_closed());
}

TEST_CASE("a linger ends at its time when the peer does not read") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::linger{50ms});
    client.connect(listener.endpoint());
    raw_peer peer = listener.accept();
    peer.handshake("DEALER");
    const std::string large(1 << 20, 'x');
    for (int i = 0; i < 40; ++i)
        send(run, client, large);
    const auto before = std::chrono::steady_clock::now();
    client.close();
    REQUIRE(run.until([&] { return client.stats().disconnects == 1; }));
    CHECK(std::chrono::steady_clock::now() - before >= 50ms);
    CHECK(client.stats().dropped_disconnect > 0);
}

TEST_CASE("nothing of a closed socket keeps the loop running") {
    asio::io_context io;
    {
        dealer a{io};
        dealer b{io};
        dealer nobody{io};
        b.connect(a.bind("tcp://127.0.0.1:*"));
        nobody.set(option::linger{30ms});
        nobody.connect("tcp://127.0.0.1:1");
        message m{"for nobody"};
        CHECK(nobody.try_send(m));
        io.run_for(20ms);
    }
    const auto before = std::chrono::steady_clock::now();
    io.restart();
    io.run_for(20s);
    CHECK(std::chrono::steady_clock::now() - before < 10s);
    CHECK(io.stopped());
}

// --- Connections lost ---

TEST_CASE("messages queued while the peer restarts are delivered to it once it is back") {
    loop run;
    dealer client{run.io};
    client.set(option::reconnect_interval{5ms, 20ms});
    std::string endpoint = "tcp://127.0.0.1:*";
    for (int round = 0; round < 3; ++round) {
        dealer server{run.io};
        server.set(option::linger{0ms});
        endpoint = server.bind(endpoint);
        client.connect(endpoint); // once is enough
        const auto up = static_cast<std::uint64_t>(round) + 1;
        await_connections(run, client, up);
        for (int i = 0; i < 10 && round > 0; ++i)
            CHECK(receive(run, server) == std::to_string(i));
        server.close();
        REQUIRE(run.until([&] { return client.stats().disconnects == up; }));
        for (int i = 0; i < 10; ++i)
            CHECK_FALSE(try_send(client, std::to_string(i)));
    }
}

TEST_CASE("a peer that is killed within a frame delivers nothing of it, and the others go on") {
    loop run;
    dealer server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer good{run.io};
    good.connect(endpoint);
    await_connections(run, server, 1);
    for (const bool by_reset : {false, true}) {
        CAPTURE(by_reset);
        const auto before = server.stats();
        raw_peer victim{run, endpoint};
        victim.handshake("DEALER");
        victim.write(frames_of("whole") + frame("first", more) +
                     frame(std::string(100'000, 'x'), more).substr(0, 60'000));
        REQUIRE(run.until([&] { return server.stats().octets_in >= before.octets_in + 60'000; }));
        if (by_reset)
            victim.reset();
        else
            victim.close();
        REQUIRE(run.until([&] { return server.stats().disconnects == before.disconnects + 1; }));
        CHECK(receive(run, server) == "whole");
        send(run, good, "still here");
        CHECK(receive(run, server) == "still here");
        CHECK(try_receive(server) == errc::would_block);
    }
}

TEST_CASE("a message over the limit closes its connection only") {
    loop run;
    router server{run.io};
    server.set(option::max_message_size{1000});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer good{run, endpoint};
    good.handshake("DEALER", "good");
    const auto announce = [&](std::string_view octets) {
        raw_peer bad{run, endpoint};
        bad.handshake("DEALER", "bad");
        bad.write(octets);
        return bad.is_closed();
    };
    CHECK(announce(number(long_size, 1) + number(1001, 8)));
    CHECK(announce(number(long_size, 1) + number(std::uint64_t{1} << 40, 8)));
    CHECK(announce(number(long_size, 1) + number(~std::uint64_t{0}, 8)));
    CHECK(announce(frame(std::string(600, 'x'), more) + frame(std::string(401, 'x'))));
    const std::string largest(1000, 'x');
    good.send(largest);
    CHECK(receive(run, server) == "good/" + largest);
}

TEST_CASE("a lost connection is tried again with growing pauses") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::reconnect_interval{20ms, 80ms});
    client.connect(listener.endpoint());
    std::vector<std::chrono::steady_clock::time_point> calls;
    for (int i = 0; i < 5; ++i) {
        listener.accept().close();
        calls.push_back(std::chrono::steady_clock::now());
    }
    for (std::size_t i = 1; i < calls.size(); ++i) {
        CAPTURE(i);
        CHECK(calls[i] - calls[i - 1] >= 15ms);
    }
    CHECK(calls[4] - calls[3] >= 70ms);
    // A handshake that succeeds sets the pause back.
    raw_peer peer = listener.accept();
    peer.handshake("DEALER");
    await_connections(run, client, 1);
    const auto lost = std::chrono::steady_clock::now();
    peer.close();
    CHECK(listener.is_called(20s));
    CHECK(std::chrono::steady_clock::now() - lost < 1s);
    CHECK(client.stats().connect_retries >= 5);
}

TEST_CASE("a peer that answers with ERROR is not asked again, and its queue takes no more") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::reconnect_interval{1ms, 1ms});
    client.connect(listener.endpoint());
    raw_peer peer = listener.accept();
    peer.write(greeting());
    peer.read_greeting();
    peer.write(frame("\x05"
                     "ERROR\x03"
                     "400",
                     command));
    CHECK(peer.is_closed());
    CHECK_FALSE(listener.is_called(60ms));
    CHECK(try_send(client, "x") == errc::would_block);
}

// --- Strangers ---

TEST_CASE("two hundred strangers come and go without harm to a good peer") {
    loop run;
    dealer server{run.io};
    server.set(option::handshake_timeout{200ms});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer good{run.io};
    good.connect(endpoint);
    await_connections(run, good, 1);
    std::vector<raw_peer> strangers;
    std::uint32_t state = 1;
    for (int i = 0; i < 200; ++i) {
        raw_peer& stranger = strangers.emplace_back(run, endpoint);
        std::string noise;
        switch (i % 4) {
        case 0: noise = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"; break;
        case 1:
            for (int octet = 0; octet < 300; ++octet)
                noise += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
            break;
        case 2: noise = greeting().substr(0, 32); break;
        default: noise = greeting() + ready("PUB"); break;
        }
        stranger.write(noise);
        if (i % 20 == 0) {
            send(run, good, std::to_string(i));
            CHECK(receive(run, server) == std::to_string(i));
        }
    }
    REQUIRE(run.until([&] { return server.stats().handshakes_failed == 200; }));
    for (raw_peer& stranger : strangers)
        CHECK(stranger.is_closed());
    send(run, good, "unharmed");
    CHECK(receive(run, server) == "unharmed");
    CHECK(try_receive(server) == errc::would_block);
    CHECK(server.stats().connections == 1);
    CHECK(server.stats().disconnects == 0);
}

TEST_CASE("while too many shake hands, others wait to be accepted, and are in the end") {
    loop run;
    dealer server{run.io};
    server.set(option::max_handshakes{2});
    server.set(option::handshake_timeout{100ms});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    std::vector<raw_peer> silent;
    silent.reserve(6);
    for (int i = 0; i < 6; ++i)
        silent.emplace_back(run, endpoint);
    dealer good{run.io};
    good.connect(endpoint);
    send(run, good, "at last");
    CHECK(receive(run, server) == "at last");
    CHECK(server.stats().handshakes_failed >= 5); // one may be silent beside the good one
    REQUIRE(run.until([&] { return server.stats().handshakes_failed == 6; }));
    for (int i = 0; i < 10; ++i) { // comings and goings leave no trace in the count
        raw_peer passing{run, endpoint};
        passing.handshake("DEALER");
        passing.send("hi");
        CHECK(receive(run, server) == "hi");
    }
}

TEST_CASE("with busy_poll the loop does not sleep while something may come, but seldom in vain") {
    loop run;
    dealer from{run.io};
    dealer to{run.io};
    to.set(option::busy_poll{2ms});
    to.connect(from.bind("tcp://127.0.0.1:*"));
    int looks = 0;
    for (int i = 0; i < 64; ++i) {
        bool received = false;
        to.async_receive([&](std::error_code ec, const message&) { received = !ec; });
        from.async_send(message{"now and then"}, [](std::error_code) {});
        int turns = 0;
        while (!received || run.io.run_one_for(5ms) == 1) { // until it sleeps
            REQUIRE((received || run.io.run_one_for(5s) == 1));
            ++turns;
        }
        looks += turns > 100 ? 1 : 0;
    }
    CHECK(looks >= 1);
    CHECK(looks <= 7); // at most after 0, 1, 3, 7, 15 and 31 more, and one for the handshake
    std::error_code ec;
    to.set(option::busy_poll{-1us}, ec);
    CHECK(ec == errc::invalid_option);
}

} // namespace
} // namespace mizzen::testing
