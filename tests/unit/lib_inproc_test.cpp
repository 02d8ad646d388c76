// inproc: sockets of one process, on one loop and on several threads.
#include "loop.hpp"
#include <mizzen/context.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>
#include <mizzen/xsub.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <exception>
#include <string>
#include <system_error>
#include <thread>

namespace mizzen::testing {
namespace {

TEST_CASE("over inproc, every type talks as it does over a network") {
    loop run;
    SUBCASE("REQ and REP") {
        rep server{run.io};
        CHECK(server.bind("inproc://a") == "inproc://a");
        req client{run.io};
        client.connect("inproc://a");
        for (int i = 0; i < 3; ++i) {
            send(run, client, "question/of two parts");
            CHECK(receive(run, server) == "question/of two parts");
            send(run, server, std::string(100'000, 'x'));
            CHECK(receive(run, client).size() == 100'000);
        }
    }
    SUBCASE("DEALER and ROUTER, whose routing ids are told") {
        router server{run.io};
        server.set(option::routing_id{"server"});
        server.bind("inproc://a");
        router client{run.io};
        client.set(option::routing_id{"client"});
        client.connect("inproc://a");
        await_connections(run, client, 1);
        send(run, client, "server/hello");
        CHECK(receive(run, server) == "client/hello");
        send(run, server, "client/welcome");
        CHECK(receive(run, client) == "server/welcome");
        dealer nameless{run.io};
        nameless.connect("inproc://a");
        send(run, nameless, "me");
        message asked = receive_message(run, server);
        CHECK(asked.front().size() == 5);
        CHECK(server.try_send(asked));
        CHECK(receive(run, nameless) == "me");
    }
    SUBCASE("PUB and SUB, by topic") {
        pub publisher{run.io};
        publisher.bind("inproc://a");
        sub subscriber{run.io};
        subscriber.subscribe("b");
        subscriber.connect("inproc://a");
        message m;
        REQUIRE(run.until([&] { // the subscription is on its way
            message out = parts_of("ba/0");
            return publisher.try_send(out) && subscriber.try_receive(m);
        }));
        send(run, publisher, "a/1");
        send(run, publisher, "b/2");
        subscriber.unsubscribe("b");
        subscriber.subscribe("c");
        std::string last;
        REQUIRE(run.until([&] {
            message out = parts_of("c/3");
            CHECK(publisher.try_send(out));
            if (subscriber.try_receive(m))
                last = text_of(m);
            return last == "c/3";
        }));
    }
    SUBCASE("XPUB and XSUB, subscriptions as messages") {
        xpub publisher{run.io};
        publisher.set(option::xpub_welcome{"welcome"});
        publisher.bind("inproc://a");
        xsub subscriber{run.io};
        subscriber.connect("inproc://a");
        send(run, subscriber, "\1topic");
        CHECK(receive(run, publisher) == "\1topic");
        CHECK(receive(run, subscriber) == "welcome");
        send(run, publisher, "topic one");
        CHECK(receive(run, subscriber) == "topic one");
        send(run, subscriber, "upstream");
        CHECK(receive(run, publisher) == "upstream");
        subscriber.close();
        CHECK(receive(run, publisher) == std::string("\0topic", 6));
    }
    SUBCASE("PAIR, and a third is refused") {
        pair left{run.io};
        left.bind("inproc://a");
        pair right{run.io};
        right.connect("inproc://a");
        send(run, right, "1");
        CHECK(receive(run, left) == "1");
        send(run, left, "2");
        CHECK(receive(run, right) == "2");
        pair third{run.io};
        third.connect("inproc://a");
        CHECK(run.until([&] { return third.stats().connect_retries > 0; }));
        CHECK(left.stats().connections == 1);
    }
    SUBCASE("a probe comes first") {
        router server{run.io};
        server.bind("inproc://a");
        dealer client{run.io};
        client.set(option::probe_router{true});
        client.connect("inproc://a");
        send(run, client, "second");
        CHECK(receive_message(run, server).size() == 2);
        CHECK(receive(run, server).ends_with("/second"));
    }
}

TEST_CASE("one may connect to an inproc name before it is bound, and again after") {
    loop run;
    dealer client{run.io};
    client.set(option::reconnect_interval{1ms, 10ms});
    client.connect("inproc://later");
    send(run, client, "1");
    {
        dealer server{run.io};
        server.bind("inproc://later");
        send(run, client, "2");
        CHECK(receive(run, server) == "1");
        CHECK(receive(run, server) == "2");
        send(run, server, "3");
        server.unbind("inproc://later");
        CHECK(receive(run, client) == "3");
        REQUIRE(run.until([&] { return client.stats().disconnects == 1; }));
    }
    send(run, client, "4");
    dealer server{run.io};
    server.bind("inproc://later");
    CHECK(receive(run, server) == "4");
    CHECK(client.stats().connections == 2);
}

TEST_CASE("what was sent before the connector closed arrives, within its linger") {
    loop run;
    {
        push brief{run.io};
        brief.connect("inproc://late");
        send(run, brief, "kept");
        push hasty{run.io};
        hasty.set(option::linger{0ms});
        hasty.connect("inproc://late");
        send(run, hasty, "dropped");
    }
    pull server{run.io};
    server.bind("inproc://late");
    CHECK(receive(run, server) == "kept");
    {
        push third{run.io};
        third.connect("inproc://late");
        await_connections(run, third, 1);
        for (int i = 0; i < 100; ++i)
            send(run, third, std::to_string(i));
        third.disconnect("inproc://late");
        CHECK(try_send(third, "nobody") == errc::would_block);
    }
    for (int i = 0; i < 100; ++i)
        CHECK(receive(run, server) == std::to_string(i));
    CHECK(try_receive(server) == errc::would_block);
}

TEST_CASE("an inproc name is bound once in a context") {
    loop run;
    context other;
    std::error_code ec;
    {
        pull first{run.io};
        first.bind("inproc://one");
        pull second{run.io};
        CHECK(second.bind("inproc://one", ec) == "");
        CHECK(ec == asio::error::address_in_use);
        pull elsewhere{run.io, other};
        CHECK(elsewhere.bind("inproc://one") == "inproc://one");
        push sender{run.io, other};
        sender.connect("inproc://one");
        send(run, sender, "here");
        CHECK(receive(run, elsewhere) == "here");
        CHECK(try_receive(first) == errc::would_block);
        first.unbind("inproc://one");
        CHECK(second.bind("inproc://one", ec) == "inproc://one");
    }
    pull third{run.io};
    CHECK(third.bind("inproc://one") == "inproc://one");
}

TEST_CASE("types that do not fit give up over inproc, and the name still serves others") {
    loop run;
    rep server{run.io};
    server.bind("inproc://strict");
    push stranger{run.io};
    stranger.connect("inproc://strict");
    REQUIRE(run.until([&] { return try_send(stranger, "no") == errc::would_block; }));
    req client{run.io};
    client.connect("inproc://strict");
    send(run, client, "yes");
    CHECK(receive(run, server) == "yes");
}

TEST_CASE("a receiver that does not receive holds up the sender, and all arrives once it does") {
    loop run;
    pull slow{run.io};
    slow.set(option::receive_high_water_mark{10});
    slow.bind("inproc://slow");
    push sender{run.io};
    sender.set(option::send_high_water_mark{10});
    sender.connect("inproc://slow");
    int sent = 0;
    const auto fill = [&] {
        message m{std::to_string(sent)};
        sent += sender.try_send(m) ? 1 : 0;
        return sent > 30; // a queue at either end, and one between
    };
    CHECK(run.never(fill));
    CHECK(sent >= 20);
    for (int i = 0; i < sent; ++i)
        CHECK(receive(run, slow) == std::to_string(i));
    send(run, sender, "more");
    CHECK(receive(run, slow) == "more");
}

TEST_CASE("peers over inproc are reported, in order with their messages") {
    loop run;
    router server{run.io};
    server.set(option::report_peers{true});
    server.bind("inproc://watched");
    {
        dealer client{run.io};
        client.connect("inproc://watched");
        send(run, client, "hello");
    }
    std::string seen;
    REQUIRE(run.until([&] {
        message m;
        if (server.try_receive_from(m))
            seen += m.peer_notice() == notice::peer_up     ? "up "
                    : m.peer_notice() == notice::peer_down ? "down"
                                                           : text_of(m) + ' ';
        return seen.size() > 10;
    }));
    CHECK(seen == "up hello down");
}

asio::awaitable<void> echo(rep& server, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        message m = co_await server.async_receive(asio::use_awaitable);
        co_await server.async_send(std::move(m), asio::use_awaitable);
    }
}

TEST_CASE("questions and answers between two threads") {
    constexpr int rounds = 2000;
    asio::io_context there;
    rep server{there};
    server.bind("inproc://threads");
    asio::co_spawn(there, echo(server, rounds), asio::detached);
    std::thread other{[&] { there.run(); }};
    loop run;
    req client{run.io};
    client.connect("inproc://threads");
    bool all = true;
    for (int i = 0; i < rounds && all; ++i) {
        send(run, client, std::to_string(i));
        all = receive(run, client) == std::to_string(i);
    }
    CHECK(all);
    asio::post(there, [&] { server.close(); });
    other.join();
}

// Sends numbers until told to stop, in bursts.
asio::awaitable<void> flood(push& sender, int count) {
    for (int i = 0; i < count;) {
        message m{std::to_string(i)};
        if (sender.try_send(m))
            ++i;
        else
            co_await sender.async_wait_send(asio::use_awaitable);
    }
}

TEST_CASE("messages between two threads keep their order, and none is lost or doubled") {
    constexpr int count = 200'000;
    loop run;
    pull receiver{run.io};
    receiver.bind("inproc://order");
    std::thread other{[&] {
        asio::io_context there;
        push sender{there};
        sender.connect("inproc://order");
        asio::co_spawn(there, flood(sender, count),
                       [&](const std::exception_ptr&) { there.stop(); });
        there.run(); // what is queued at the end is the peer's
    }};
    int next = 0;
    bool ordered = true;
    CHECK(run.until([&] {
        message m;
        while (receiver.try_receive(m))
            ordered = ordered && text_of(m) == std::to_string(next++);
        return next == count;
    }));
    CHECK(ordered);
    other.join();
}

TEST_CASE("sockets on several threads come and go while others send to them") {
    std::atomic<bool> stop = false;
    std::atomic<int> received = 0;
    std::thread churn{[&] {
        for (int i = 0; !stop && i < 10'000; ++i) {
            asio::io_context there;
            pull brief{there};
            std::error_code ec;
            brief.bind("inproc://churn", ec);
            there.run_for(1ms);
            message m;
            while (brief.try_receive(m))
                ++received;
        }
    }};
    loop run;
    push sender{run.io};
    sender.set(option::reconnect_interval{1ms, 2ms});
    sender.connect("inproc://churn");
    CHECK(run.until([&] {
        message m{"x"};
        static_cast<void>(sender.try_send(m));
        return received > 1000 && sender.stats().disconnects > 20;
    }));
    stop = true;
    churn.join();
}

} // namespace
} // namespace mizzen::testing
