// CURVE and PLAIN with libzmq where something does not fit: keys, mechanisms, roles.
#include "../unit/loop.hpp"
#include "../unit/monitor_helpers.hpp"
#include "content.hpp"
#include "libzmq_peer.hpp"
#include "protection.hpp"
#include "zap_server.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <cstdint>
#include <string>

namespace mizzen::testing {
namespace {

/// What became of the first handshake of ours.
connection_event outcome(loop& run, monitor& watch) {
    for (;;) {
        const connection_event event = next_event(run, watch);
        if (event.kind == event_kind::handshake_failed ||
            event.kind == event_kind::handshake_succeeded)
            return event;
    }
}

template <class OurOption, class Prepare>
connection_event meeting(const OurOption& option, binds side, Prepare prepare) {
    loop run;
    zmq_context context;
    zap_server zap{context};
    zmq_peer theirs{context, ZMQ_DEALER};
    prepare(theirs);
    dealer ours{run.io};
    monitor watch{ours};
    ours.set(option);
    ours.set(option::handshake_timeout{2s});
    if (side == binds::we)
        theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    else
        ours.connect(theirs.bind());
    return outcome(run, watch);
}

void serve_plain(zmq_peer& theirs) { theirs.set(ZMQ_PLAIN_SERVER, 1); }
auto say_plain(const char* password) {
    return [password](zmq_peer& theirs) {
        theirs.set(ZMQ_PLAIN_USERNAME, "admin");
        theirs.set(ZMQ_PLAIN_PASSWORD, password);
    };
}

option::curve_client our_client() { return {keys().server.public_key, keys().client.secret_key}; }
option::curve_server our_server() {
    return {keys().server.secret_key, {{keys().client.public_key}}};
}

} // namespace

TEST_CASE("CURVE: whoever binds, a libzmq client gets in and its key is told") {
    if (!curve_is_built())
        return;
    for (const binds side : {binds::we, binds::they}) {
        const auto event = meeting(our_server(), side, [](zmq_peer& p) { make_curve_client(p); });
        CHECK(event.kind == event_kind::handshake_succeeded);
        CHECK(event.peer.mechanism == "CURVE");
        CHECK(event.peer.user_id == to_z85(keys().client.public_key));
    }
}

TEST_CASE("CURVE: whoever binds, our client gets in at a libzmq server") {
    if (!curve_is_built())
        return;
    for (const binds side : {binds::we, binds::they}) {
        const auto event = meeting(our_client(), side, [](zmq_peer& p) { make_curve_server(p); });
        CHECK(event.kind == event_kind::handshake_succeeded);
        CHECK(event.peer.mechanism == "CURVE");
    }
}

TEST_CASE("CURVE: a libzmq client with a key that is not listed is refused for good") {
    if (!curve_is_built())
        return;
    const auto event = meeting(our_server(), binds::we, [](zmq_peer& p) {
        make_curve_client(p, keys().server.public_key, make_curve_key_pair());
    });
    CHECK(event.kind == event_kind::handshake_failed);
    CHECK(event.reason == zmtp::errc::authentication_failed);
    // Without a list everybody may come.
    const auto open =
        meeting(option::curve_server{keys().server.secret_key}, binds::we, [](zmq_peer& p) {
            make_curve_client(p, keys().server.public_key, make_curve_key_pair());
        });
    CHECK(open.kind == event_kind::handshake_succeeded);
}

TEST_CASE("CURVE: a libzmq client that knows another server's key is not answered") {
    if (!curve_is_built())
        return;
    const auto event = meeting(our_server(), binds::we, [](zmq_peer& p) {
        make_curve_client(p, make_curve_key_pair().public_key);
    });
    CHECK(event.reason == zmtp::errc::protection_failed);
}

TEST_CASE("CURVE: our client is not answered by a libzmq server with another key") {
    if (!curve_is_built())
        return;
    const auto event = meeting(our_client(), binds::they,
                               [](zmq_peer& p) { make_curve_server(p, make_curve_key_pair()); });
    CHECK(event.kind == event_kind::handshake_failed);
    CHECK(event.reason == zmtp::errc::end_of_stream);
}

TEST_CASE("CURVE: another mechanism than the peer's is no peer") {
    if (!curve_is_built())
        return;
    const auto plain = say_plain("secret");
    const auto null = [](zmq_peer&) {};
    const auto curve = [](zmq_peer& p) { make_curve_client(p); };
    // libzmq may close before the rest of its greeting has left.
    const auto differs = [](const connection_event& event) {
        CHECK(event.kind == event_kind::handshake_failed);
        return event.reason == zmtp::errc::mechanism_mismatch ||
               event.reason == zmtp::errc::end_of_stream;
    };
    CHECK(differs(meeting(our_server(), binds::we, plain)));
    CHECK(differs(meeting(our_server(), binds::we, null)));
    CHECK(differs(meeting(our_client(), binds::they, null)));
    CHECK(differs(meeting(option::no_security{}, binds::we, curve)));
    CHECK(differs(meeting(option::plain_server{}, binds::we, curve)));
}

TEST_CASE("CURVE: two clients close, and two servers wait until the time is over") {
    if (!curve_is_built())
        return;
    const auto clients =
        meeting(our_client(), binds::they, [](zmq_peer& p) { make_curve_client(p); });
    CHECK(clients.kind == event_kind::handshake_failed);
    CHECK((clients.reason == zmtp::errc::unexpected_frame ||
           clients.reason == zmtp::errc::end_of_stream)); // whoever says HELLO first
    const auto servers =
        meeting(our_server(), binds::we, [](zmq_peer& p) { make_curve_server(p); });
    CHECK(servers.reason == zmtp::errc::handshake_timeout);
}

TEST_CASE("PLAIN: whoever binds, who is let in by libzmq, and by us") {
    const option::plain_server users{{{"admin", "secret"}, {"wrong", "wrong"}}};
    for (const binds side : {binds::we, binds::they}) {
        CHECK(meeting(option::plain_client{"admin", "secret"}, side, serve_plain).kind ==
              event_kind::handshake_succeeded);
        CHECK(meeting(option::plain_client{"admin", "wrong"}, side, serve_plain).reason ==
              zmtp::errc::refused_by_peer);
        const auto in = meeting(users, side, say_plain("secret"));
        CHECK(in.kind == event_kind::handshake_succeeded);
        CHECK(in.peer.user_id == "admin");
        CHECK(meeting(users, side, say_plain("wrong")).reason == zmtp::errc::authentication_failed);
    }
}

TEST_CASE("PLAIN: another mechanism than the peer's is no peer") {
    const auto null = [](zmq_peer&) {};
    const auto differs = [](const connection_event& event) {
        CHECK(event.kind == event_kind::handshake_failed);
        return event.reason == zmtp::errc::mechanism_mismatch ||
               event.reason == zmtp::errc::end_of_stream; // before the rest of its greeting left
    };
    CHECK(differs(meeting(option::plain_server{}, binds::we, null)));
    CHECK(differs(meeting(option::plain_client{"admin", "secret"}, binds::they, null)));
    CHECK(differs(meeting(option::no_security{}, binds::we, say_plain("secret"))));
    CHECK(differs(meeting(option::no_security{}, binds::they, serve_plain)));
}

TEST_CASE("PLAIN: two clients close, and two servers wait until the time is over") {
    const auto clients =
        meeting(option::plain_client{"admin", "secret"}, binds::they, say_plain("secret"));
    CHECK(clients.kind == event_kind::handshake_failed);
    CHECK((clients.reason == zmtp::errc::unexpected_frame ||
           clients.reason == zmtp::errc::end_of_stream)); // whoever says HELLO first
    const auto servers = meeting(option::plain_server{}, binds::we, serve_plain);
    CHECK(servers.reason == zmtp::errc::handshake_timeout);
}

} // namespace mizzen::testing
