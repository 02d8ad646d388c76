// What monitors tell of a socket's listeners and connections.
#include "../interop/raw_peer.hpp"
#include "../support/process_limits.hpp"
#include "loop.hpp"
#include "monitor_helpers.hpp"
#include <mizzen/connection_event.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/push.hpp>
#include <mizzen/router.hpp>
#include <mizzen/zmtp/error.hpp>

#include <asio/error.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

namespace mizzen::testing {
namespace {

using zmtp::socket_type;

// --- When all goes well ---

TEST_CASE("a listener's monitor tells of it and of those that connect, over every transport") {
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*", "inproc://told"}) {
        CAPTURE(where);
        loop run;
        const auto before = std::chrono::steady_clock::now();
        router server{run.io};
        monitor watch{server};
        const std::string endpoint = server.bind(where);
        const auto listening = expect(run, watch, event_kind::listening);
        CHECK(listening.endpoint == endpoint);
        CHECK(listening.peer.id == 0);
        CHECK(listening.at >= before);
        {
            dealer client{run.io};
            client.set(option::routing_id{"client"});
            client.connect(endpoint);
            const auto accepted = expect(run, watch, event_kind::accepted);
            CHECK(accepted.endpoint == endpoint);
            CHECK(accepted.peer.id != 0);
            CHECK(accepted.peer.address.starts_with(where.substr(0, where.find('*'))));
            CHECK(accepted.at >= listening.at);

            const auto done = expect(run, watch, event_kind::handshake_succeeded);
            CHECK(done.endpoint == endpoint);
            CHECK(done.peer.id == accepted.peer.id);
            CHECK(done.peer.address == accepted.peer.address);
            CHECK(done.peer.type == socket_type::dealer);
            CHECK(done.peer.routing_id == "client");
            CHECK(done.peer.mechanism == (where.starts_with("inproc") ? "" : "NULL"));
            CHECK(server.peers().at(0).id == done.peer.id);
        }
        const auto gone = expect(run, watch, event_kind::disconnected);
        CHECK(gone.endpoint == endpoint);
        CHECK(gone.peer.id == server.peer(gone.peer.id)->id);
        CHECK(gone.peer.routing_id == "client");
        CHECK(gone.peer.type == socket_type::dealer);
        CHECK(gone.reason == zmtp::errc::end_of_stream);
        server.unbind(endpoint);
        CHECK(expect(run, watch, event_kind::listener_closed).endpoint == endpoint);
        CHECK(is_silent(watch));
    }
}

TEST_CASE("a connector's monitor tells of each attempt until it ends, over every transport") {
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*", "inproc://told"}) {
        CAPTURE(where);
        loop run;
        router server{run.io};
        server.set(option::routing_id{"server"});
        const std::string endpoint = server.bind(where);
        dealer client{run.io};
        monitor watch{client};
        client.connect(endpoint);
        CHECK(expect(run, watch, event_kind::connecting).endpoint == endpoint);
        const auto connected = expect(run, watch, event_kind::connected);
        CHECK(connected.endpoint == endpoint);
        CHECK(connected.peer.address == endpoint);
        CHECK(connected.peer.id != 0);
        const auto done = expect(run, watch, event_kind::handshake_succeeded);
        CHECK(done.endpoint == endpoint);
        CHECK(done.peer.id == connected.peer.id);
        CHECK(done.peer.type == socket_type::router);
        CHECK(done.peer.routing_id == "server");
        CHECK_FALSE(done.reason);
        client.disconnect(endpoint);
        const auto gone = expect(run, watch, event_kind::disconnected);
        CHECK(gone.peer.id == connected.peer.id);
        CHECK_FALSE(gone.reason); // the program asked for it
        CHECK_FALSE(gone.position);
        const auto ended = expect(run, watch, event_kind::ended);
        CHECK(ended.endpoint == endpoint);
        CHECK(ended.peer.id == 0);
        CHECK_FALSE(ended.peer.type);
        CHECK(ended.peer.routing_id == "");
        CHECK_FALSE(ended.reason);
        CHECK(is_silent(watch));
    }
}

// --- When there is nobody, or no way ---

TEST_CASE("an attempt that finds nobody is told, and how long the next one is away") {
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*"}) {
        CAPTURE(where);
        loop run;
        std::string endpoint;
        {
            router brief{run.io};
            endpoint = brief.bind(where);
        }
        dealer client{run.io};
        client.set(option::reconnect_interval{20ms, 20ms});
        monitor watch{client};
        client.connect(endpoint);
        for (int i = 0; i < 2; ++i) {
            CHECK(expect(run, watch, event_kind::connecting).endpoint == endpoint);
            const auto failed = expect(run, watch, event_kind::connect_failed);
            CHECK(failed.endpoint == endpoint);
            CHECK(failed.reason.value() == (where == "ipc://*" ? ENOENT : ECONNREFUSED));
            CHECK(failed.peer.id == 0);
            const auto retrying = expect(run, watch, event_kind::retrying);
            CHECK(retrying.endpoint == endpoint);
            CHECK(retrying.delay >= 20ms);
            CHECK(retrying.delay < 40ms);
        }
        client.disconnect(endpoint);
        auto last = next_event(run, watch);
        for (; last.kind != event_kind::ended; last = next_event(run, watch))
            CHECK(last.endpoint == endpoint);
        CHECK_FALSE(last.reason);
    }
}

TEST_CASE("a connection that is lost is told, and tried again") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    client.set(option::reconnect_interval{1ms, 1ms});
    monitor watch{client};
    client.connect(listener.endpoint());
    peer_id before = 0;
    for (int i = 0; i < 3; ++i) {
        raw_peer peer = listener.accept();
        peer.handshake("DEALER");
        expect(run, watch, event_kind::connecting);
        expect(run, watch, event_kind::connected);
        const peer_id id = expect(run, watch, event_kind::handshake_succeeded).peer.id;
        CHECK(id != before);
        before = id;
        peer.close();
        CHECK(expect(run, watch, event_kind::disconnected).peer.id == id);
        const auto retrying = expect(run, watch, event_kind::retrying);
        CHECK(retrying.peer.id == 0);
        CHECK(retrying.peer.address == "");
    }
}

TEST_CASE("a bind that fails is told with its reason, one that makes no sense is not") {
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*", "inproc://taken"}) {
        CAPTURE(where);
        loop run;
        router first{run.io};
        const std::string endpoint = first.bind(where);
        router second{run.io};
        monitor watch{second};
        std::error_code ec;
        second.bind("nonsense", ec);
        second.bind(endpoint, ec);
        const auto failed = expect(run, watch, event_kind::bind_failed);
        CHECK(failed.endpoint == endpoint);
        CHECK(failed.reason == ec);
        CHECK(failed.reason == asio::error::address_in_use);
        CHECK(is_silent(watch));
    }
}

TEST_CASE("a connection that cannot be accepted is told, and accepted later") {
    loop run;
    dealer server{run.io};
    monitor watch{server};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer peer{run, endpoint};
    expect(run, watch, event_kind::listening);
    {
        const no_descriptors left;
        const auto failed = expect(run, watch, event_kind::accept_failed);
        CHECK(failed.endpoint == endpoint);
        CHECK(failed.reason == asio::error::no_descriptors);
    }
    auto next = next_event(run, watch);
    while (next.kind == event_kind::accept_failed)
        next = next_event(run, watch);
    CHECK(next.kind == event_kind::accepted);
}

// --- When a handshake fails ---

/// A socket that a raw peer has connected to, and its monitor behind those events.
template <class Socket> struct watched {
    loop run;
    Socket socket{run.io};
    monitor watch{socket};

    raw_peer connect() {
        if (endpoint_.empty()) {
            endpoint_ = socket.bind("tcp://127.0.0.1:*");
            expect(run, watch, event_kind::listening);
        }
        raw_peer peer{run, endpoint_};
        expect(run, watch, event_kind::accepted);
        return peer;
    }
    connection_event failure() { return expect(run, watch, event_kind::handshake_failed); }

private:
    std::string endpoint_;
};

TEST_CASE("garbage is told by reason and place, before and after the handshake") {
    watched<dealer> server;
    {
        raw_peer peer = server.connect();
        peer.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const auto failed = server.failure();
        CHECK(failed.reason == zmtp::errc::not_zmtp);
        CHECK(failed.reason == zmtp::condition::broken_peer);
        CHECK(failed.position == 0);
        CHECK(failed.peer.address.starts_with("tcp://127.0.0.1:"));
        CHECK_FALSE(failed.peer.type);
        CHECK(libzmq_event(failed) == 0x2000);
    }
    {
        raw_peer peer = server.connect();
        peer.write(greeting() + frame("too early"));
        const auto failed = server.failure();
        CHECK(failed.reason == zmtp::errc::unexpected_frame);
        CHECK(failed.position == 64);
    }
    {
        raw_peer peer = server.connect();
        peer.write(greeting() + ready("DEALER", "loud"));
        const auto done = expect(server.run, server.watch, event_kind::handshake_succeeded);
        peer.write(frame("fine") + number(long_size, 1) + number(~std::uint64_t{0}, 8));
        const auto gone = expect(server.run, server.watch, event_kind::disconnected);
        CHECK(gone.reason == zmtp::errc::frame_size_out_of_range);
        CHECK(gone.position == 64 + ready("DEALER", "loud").size() + frame("fine").size());
        CHECK(gone.peer.id == done.peer.id);
        CHECK(gone.peer.routing_id == "loud");
        CHECK(server.socket.peer(gone.peer.id)->reason == gone.reason);
    }
    CHECK(is_silent(server.watch));
}

TEST_CASE("a mechanism that is not ours is told, and a connector ends for it") {
    watched<dealer> server;
    raw_peer peer = server.connect();
    peer.write(greeting(1, "CURVE"));
    const auto failed = server.failure();
    CHECK(failed.reason == zmtp::errc::mechanism_mismatch);
    CHECK(failed.position == 12);
    CHECK(is_silent(server.watch));

    raw_listener listener{server.run};
    dealer client{server.run.io};
    monitor watch{client};
    client.connect(listener.endpoint());
    raw_peer other = listener.accept();
    other.write(greeting(1, "PLAIN"));
    expect(server.run, watch, event_kind::connecting);
    expect(server.run, watch, event_kind::connected);
    CHECK(expect(server.run, watch, event_kind::handshake_failed).reason ==
          zmtp::errc::mechanism_mismatch);
    const auto ended = expect(server.run, watch, event_kind::ended);
    CHECK(ended.endpoint == listener.endpoint());
    CHECK(ended.reason == zmtp::errc::mechanism_mismatch);
    client.disconnect(listener.endpoint());
    CHECK(is_silent(watch)); // it ended once
}

TEST_CASE("a peer of a type that does not fit is told with its type") {
    watched<dealer> server;
    raw_peer peer = server.connect();
    peer.write(greeting() + ready("PUB"));
    const auto failed = server.failure();
    CHECK(failed.reason == zmtp::errc::incompatible_socket_type);
    CHECK(failed.peer.type == socket_type::pub);
    CHECK(failed.position);

    server.socket.bind("inproc://strict");
    expect(server.run, server.watch, event_kind::listening);
    push client{server.run.io};
    monitor watch{client};
    client.connect("inproc://strict");
    expect(server.run, server.watch, event_kind::accepted);
    const auto local = server.failure();
    CHECK(local.reason == zmtp::errc::incompatible_socket_type);
    CHECK(local.peer.type == socket_type::push);
    CHECK(local.peer.address == "inproc://strict");
    CHECK_FALSE(local.position);
    expect(server.run, watch, event_kind::connecting);
    expect(server.run, watch, event_kind::connected);
    const auto there = expect(server.run, watch, event_kind::handshake_failed);
    CHECK(there.reason == zmtp::errc::incompatible_socket_type);
    CHECK(there.peer.type == socket_type::dealer);
    CHECK(expect(server.run, watch, event_kind::ended).reason == there.reason);
    CHECK(client.stats().handshakes_failed == 1);
    CHECK(server.socket.stats().handshakes_failed == 2);
}

TEST_CASE("a peer that refuses is told with its reason") {
    loop run;
    raw_listener listener{run};
    dealer client{run.io};
    monitor watch{client};
    client.connect(listener.endpoint());
    raw_peer peer = listener.accept();
    peer.write(greeting() + frame("\x05"
                                  "ERROR\x03"
                                  "400",
                                  command));
    expect(run, watch, event_kind::connecting);
    expect(run, watch, event_kind::connected);
    const auto failed = expect(run, watch, event_kind::handshake_failed);
    CHECK(failed.reason == zmtp::errc::refused_by_peer);
    CHECK(failed.refusal == "400");
    CHECK_FALSE(failed.peer.type);
    CHECK(libzmq_event(failed) == 0x4000);
    CHECK(expect(run, watch, event_kind::ended).reason == zmtp::errc::refused_by_peer);
}

TEST_CASE("a handshake that takes too long is told, and how much had come") {
    watched<dealer> server;
    server.socket.set(option::handshake_timeout{20ms});
    raw_peer peer = server.connect();
    peer.write(greeting().substr(0, 11));
    const auto failed = server.failure();
    CHECK(failed.reason == zmtp::errc::handshake_timeout);
    CHECK(failed.position == 11);
    CHECK(libzmq_event(failed) == 0x0800);
}

TEST_CASE("a routing id that is taken is told, over every transport") {
    for (const std::string where : {"tcp://127.0.0.1:*", "inproc://taken"}) {
        CAPTURE(where);
        loop run;
        router server{run.io};
        const std::string endpoint = server.bind(where);
        dealer first{run.io};
        first.set(option::routing_id{"same"});
        first.connect(endpoint);
        await_connections(run, server, 1);
        monitor watch{server};
        dealer second{run.io};
        second.set(option::routing_id{"same"});
        second.set(option::reconnect_interval{10s, 10s});
        second.connect(endpoint);
        const peer_id id = expect(run, watch, event_kind::accepted).peer.id;
        const auto failed = expect(run, watch, event_kind::handshake_failed);
        CHECK(failed.reason == errc::duplicate_routing_id);
        CHECK(failed.peer.id == id);
        CHECK(failed.peer.routing_id == "same");
        CHECK(failed.peer.type == socket_type::dealer);
        CHECK_FALSE(failed.position);
        CHECK(server.peers().size() == 1);
        CHECK_FALSE(server.peer(id));
    }
}

TEST_CASE("the third of a PAIR is told") {
    loop run;
    pair server{run.io};
    server.bind("inproc://two");
    pair first{run.io};
    first.connect("inproc://two");
    await_connections(run, server, 1);
    monitor watch{server};
    pair third{run.io};
    third.set(option::reconnect_interval{10s, 10s});
    third.connect("inproc://two");
    expect(run, watch, event_kind::accepted);
    CHECK(expect(run, watch, event_kind::handshake_failed).reason == errc::pair_is_taken);
}

// --- When a peer goes ---

TEST_CASE("a peer that closes is told, and how much had come") {
    watched<dealer> server;
    {
        raw_peer peer = server.connect();
        peer.write(greeting().substr(0, 20));
        peer.read_greeting(); // unread octets would make it a reset
        peer.close();
        const auto failed = server.failure();
        CHECK(failed.reason == zmtp::errc::end_of_stream);
        CHECK(failed.reason == zmtp::condition::lost);
        CHECK(failed.position == 20);
        CHECK(libzmq_event(failed) == 0x0800);
    }
    for (const bool by_reset : {false, true}) {
        raw_peer peer = server.connect();
        peer.handshake("DEALER");
        expect(server.run, server.watch, event_kind::handshake_succeeded);
        peer.send("one");
        CHECK(receive(server.run, server.socket) == "one");
        if (by_reset)
            peer.reset();
        else
            peer.close();
        const auto gone = expect(server.run, server.watch, event_kind::disconnected);
        if (by_reset) {
            CHECK(gone.reason == asio::error::connection_reset);
            CHECK_FALSE(gone.position);
        } else {
            CHECK(gone.reason == zmtp::errc::end_of_stream);
            CHECK(gone.position == 64 + ready("DEALER").size() + frame("one").size());
        }
        CHECK(libzmq_event(gone) == 0x0200);
    }
}

TEST_CASE("a peer that does not answer heartbeats is told") {
    watched<dealer> server;
    server.socket.set(option::heartbeat{10ms, 20ms});
    raw_peer peer = server.connect();
    peer.handshake("DEALER");
    expect(server.run, server.watch, event_kind::handshake_succeeded);
    const auto gone = expect(server.run, server.watch, event_kind::disconnected);
    CHECK(gone.reason == zmtp::errc::heartbeat_timeout);
    CHECK(gone.position == 64 + ready("DEALER").size());
    CHECK(gone.peer.type == socket_type::dealer);
}

// --- Names and numbers ---

TEST_CASE("events have libzmq's numbers, and names") {
    const auto told = [](event_kind kind) {
        connection_event event;
        event.kind = kind;
        return std::string{name_of(kind)} + ' ' + std::to_string(libzmq_event(event));
    };
    CHECK(told(event_kind::connected) == "connected 1");
    CHECK(told(event_kind::connecting) == "connecting 2");
    CHECK(told(event_kind::retrying) == "retrying 4");
    CHECK(told(event_kind::listening) == "listening 8");
    CHECK(told(event_kind::bind_failed) == "bind_failed 16");
    CHECK(told(event_kind::accepted) == "accepted 32");
    CHECK(told(event_kind::accept_failed) == "accept_failed 64");
    CHECK(told(event_kind::listener_closed) == "listener_closed 128");
    CHECK(told(event_kind::connect_failed) == "connect_failed 128");
    CHECK(told(event_kind::disconnected) == "disconnected 512");
    CHECK(told(event_kind::handshake_failed) == "handshake_failed 2048");
    CHECK(told(event_kind::handshake_succeeded) == "handshake_succeeded 4096");
    CHECK(told(event_kind::ended) == "ended 0");
}

} // namespace
} // namespace mizzen::testing
