// The proxy: what it carries, how it is steered, and how it ends.
#include "loop.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>
#include <mizzen/proxy.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>
#include <mizzen/xsub.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace mizzen::testing {
namespace {

// Runs a proxy and keeps what it completed with.
auto into(std::optional<std::error_code>& result) {
    return [&result](std::error_code ec) { result = ec; };
}

TEST_CASE("a proxy of ROUTER and DEALER is a queue between clients and servers") {
    loop run;
    router front{run.io};
    dealer back{run.io};
    const std::string asked = front.bind("inproc://front");
    const std::string answered = back.bind("tcp://127.0.0.1:*");
    proxy queue{front, back};
    std::optional<std::error_code> ended;
    queue.async_run(into(ended));
    req first{run.io};
    req second{run.io};
    first.connect(asked);
    second.connect(asked);
    rep server{run.io};
    server.connect(answered);
    for (int i = 0; i < 20; ++i) {
        req& client = i % 2 == 0 ? first : second;
        send(run, client, "question/" + std::to_string(i));
        CHECK(receive(run, server) == "question/" + std::to_string(i));
        send(run, server, "answer");
        CHECK(receive(run, client) == "answer");
    }
    CHECK(queue.stats().front.messages_in == 20);
    CHECK(queue.stats().back.messages_out == 20);
    CHECK(queue.stats().front.messages_out == 20);
    CHECK(queue.stats().front.octets_out == 20 * (6 + 5)); // with the client's routing id
    CHECK(queue.stats().dropped == 0);
    queue.stop();
    REQUIRE(run.until([&] { return ended.has_value(); }));
    CHECK_FALSE(*ended);
    send(run, first, "to nobody");
    CHECK(run.never([&] { return try_receive(server) != errc::would_block; }));
}

TEST_CASE("a proxy of XSUB and XPUB forwards topics one way and subscriptions the other") {
    loop run;
    xsub front{run.io};
    xpub back{run.io};
    proxy forwarder{front, back};
    pub publisher{run.io};
    sub subscriber{run.io};
    publisher.connect(front.bind("inproc://publishers"));
    subscriber.connect(back.bind("inproc://subscribers"));
    std::optional<std::error_code> ended;
    forwarder.async_run(into(ended));
    subscriber.subscribe("a");
    message got;
    REQUIRE(run.until([&] {
        message m = parts_of("a/1");
        message other = parts_of("b/1");
        return publisher.try_send(other) && publisher.try_send(m) && subscriber.try_receive(got);
    }));
    CHECK(text_of(got) == "a/1");
    CHECK_FALSE(ended.has_value());
}

TEST_CASE("a proxy of PULL and PUSH copies what it carries, and a slow end holds up the other") {
    loop run;
    pull front{run.io};
    push back{run.io};
    push copies{run.io};
    front.set(option::receive_high_water_mark{5});
    back.set(option::send_high_water_mark{5});
    proxy streamer{front, back};
    streamer.capture(copies);
    std::optional<std::error_code> ended;
    streamer.async_run(into(ended));
    pull watcher{run.io};
    copies.connect(watcher.bind("inproc://copies"));
    push source{run.io};
    source.set(option::send_high_water_mark{5});
    source.connect(front.bind("inproc://in"));
    const std::string out = back.bind("inproc://out");
    int sent = 0;
    CHECK(run.never([&] { // there is no sink yet
        message m{std::to_string(sent)};
        sent += source.try_send(m) ? 1 : 0;
        return sent > 100;
    }));
    pull sink{run.io};
    sink.connect(out);
    for (int i = 0; i < sent; ++i) {
        CHECK(receive(run, sink) == std::to_string(i));
        CHECK(receive(run, watcher) == std::to_string(i));
    }
    CHECK_FALSE(ended.has_value());
}

TEST_CASE("a proxy is steered by messages, and answers a REQ") {
    loop run;
    pull front{run.io};
    push back{run.io};
    rep commands{run.io};
    proxy streamer{front, back};
    streamer.control(commands);
    std::optional<std::error_code> ended;
    streamer.async_run(into(ended));
    req console{run.io};
    console.connect(commands.bind("inproc://control"));
    push source{run.io};
    source.connect(front.bind("inproc://in"));
    pull sink{run.io};
    sink.connect(back.bind("inproc://out"));
    send(run, source, "one");
    CHECK(receive(run, sink) == "one");

    send(run, console, "PAUSE");
    CHECK(receive(run, console) == "");
    send(run, source, "two");
    CHECK(run.never([&] { return try_receive(sink) != errc::would_block; }));
    send(run, console, "STATISTICS");
    const message numbers = receive_message(run, console);
    REQUIRE(numbers.size() == 8);
    const auto number = [&](std::size_t part) {
        std::uint64_t value = 0;
        REQUIRE(numbers[part].size() == sizeof value);
        std::memcpy(&value, numbers[part].data(), sizeof value);
        return value;
    };
    CHECK(number(0) == 1); // the front's messages in
    CHECK(number(1) == 3); // and octets
    CHECK(number(6) == 1); // the back's messages out
    CHECK(number(7) == 3);
    CHECK(number(2) + number(3) + number(4) + number(5) == 0);
    for (const auto* wrong : {"pause", "PAUSE/now", ""}) {
        send(run, console, wrong);
        CHECK(receive(run, console) == "ERROR");
    }
    send(run, console, "RESUME");
    CHECK(receive(run, console) == "");
    CHECK(receive(run, sink) == "two");
    send(run, console, "TERMINATE");
    CHECK(receive(run, console) == "");
    REQUIRE(run.until([&] { return ended.has_value(); }));
    CHECK_FALSE(*ended);
}

TEST_CASE("a proxy ends when a socket is closed, when it is cancelled, and when it is destroyed") {
    loop run;
    dealer front{run.io};
    dealer back{run.io};
    std::optional<std::error_code> ended;
    SUBCASE("closed") {
        proxy between{front, back};
        between.async_run(into(ended));
        back.close();
        REQUIRE(run.until([&] { return ended.has_value(); }));
        CHECK(*ended == errc::socket_closed);
    }
    SUBCASE("cancelled") {
        proxy between{front, back};
        asio::cancellation_signal stop;
        between.async_run(asio::bind_cancellation_slot(stop.slot(), into(ended)));
        run.io.poll();
        stop.emit(asio::cancellation_type::terminal);
        REQUIRE(run.until([&] { return ended.has_value(); }));
        CHECK(*ended == asio::error::operation_aborted);
    }
    SUBCASE("destroyed") {
        {
            proxy between{front, back};
            between.async_run(into(ended));
            run.io.poll();
        }
        REQUIRE(run.until([&] { return ended.has_value(); }));
        CHECK(*ended == asio::error::operation_aborted);
        dealer peer{run.io};
        peer.connect(front.bind("inproc://again"));
        send(run, peer, "the sockets are free again");
        CHECK(receive(run, front) == "the sockets are free again");
    }
}

TEST_CASE("a proxy refuses sockets of different executors") {
    loop run;
    asio::io_context other;
    dealer front{run.io};
    dealer back{other};
    CHECK_THROWS_AS((proxy{front, back}), std::invalid_argument);
    dealer right{run.io};
    proxy between{front, right};
    CHECK_THROWS_AS(between.capture(back), std::invalid_argument);
    CHECK_THROWS_AS(between.control(back), std::invalid_argument);
}

TEST_CASE("a blocking proxy carries, is steered, and ends with its context") {
    using namespace std::chrono_literals;
    context shared;
    blocking::router front{shared};
    blocking::dealer back{shared};
    blocking::rep commands{shared};
    blocking::push copies{shared};
    blocking::req client{shared};
    blocking::rep server{shared};
    blocking::req console{shared};
    blocking::pull watcher{shared};
    client.connect(front.bind("inproc://front"));
    server.connect(back.bind("inproc://back"));
    console.connect(commands.bind("inproc://control"));
    copies.connect(watcher.bind("inproc://copies"));
    std::error_code ended;
    proxy_stats carried;
    std::thread other{[&] { carried = blocking::proxy(front, back, &copies, &commands, ended); }};
    const auto told = [&](std::string_view command) {
        console.send(message{command});
        return text_of(console.receive());
    };
    client.send(message{"question"});
    CHECK(text_of(server.receive()) == "question");
    server.send(message{"answer"});
    CHECK(text_of(client.receive()) == "answer");
    CHECK(text_of(watcher.receive()).ends_with("/question"));
    CHECK(text_of(watcher.receive()).ends_with("/answer"));
    CHECK(told("PAUSE") == "");
    client.send(message{"held up"});
    message m;
    std::error_code ec;
    CHECK_FALSE(server.receive(m, 50ms, ec));
    CHECK(told("nonsense") == "ERROR");
    CHECK(told("RESUME") == "");
    CHECK(text_of(server.receive()) == "held up");
    SUBCASE("TERMINATE") {
        CHECK(told("TERMINATE") == "");
        other.join();
        CHECK_FALSE(ended);
    }
    SUBCASE("the context") {
        shared.close();
        other.join();
        CHECK(ended == errc::context_closed);
    }
    CHECK(carried.front.messages_in == 2);
    CHECK(carried.back.messages_in == 1);
}

} // namespace
} // namespace mizzen::testing
