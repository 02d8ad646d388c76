// The start of a connection with real libzmq: in which steps its greeting comes, and how each side
// refuses the other's credentials.
#include "libzmq_peer.hpp"
#include "raw_peer.hpp"
#include "session.hpp"
#include "zap_server.hpp"
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace mizzen::testing {
namespace {

// --- The greeting ---

// Rule 1: it sends ten octets, then waits for ten, and so on. What waits there would wait forever
// for a peer that did the same and was not first.
void check_steps(raw_peer& peer, std::string_view mechanism, std::string_view padding) {
    const std::string ours = greeting(1, std::string{mechanism});
    CHECK(peer.read(10) == "\xFF" + std::string{padding} + "\x7F");
    CHECK(peer.is_quiet());
    peer.write(ours.substr(0, 10));
    CHECK(peer.read(1) == "\x03");
    CHECK(peer.is_quiet());
    peer.write(ours.substr(10, 1));
    std::string rest = "\1" + std::string{mechanism};
    rest.resize(53); // no as-server, whatever its role
    CHECK(peer.read(53) == rest);
    CHECK(peer.is_quiet()); // READY or HELLO waits for our mechanism
}

TEST_CASE("rule 1, D1, D2: libzmq greets by 10, 1 and 53 octets, each after as many of ours") {
    loop run;
    zmq_context context;
    zap_server zap{context};
    for (const security how : {security::null, security::plain_client, security::plain_server})
        for (const bool they_bind : {true, false}) {
            CAPTURE(how);
            CAPTURE(they_bind);
            zmq_peer theirs{context, ZMQ_DEALER};
            theirs.set(ZMQ_ROUTING_ID, "four");
            if (how == security::plain_client)
                theirs.set(ZMQ_PLAIN_USERNAME, "admin");
            if (how == security::plain_server)
                theirs.set(ZMQ_PLAIN_SERVER, 1);
            raw_listener listener{run};
            if (!they_bind)
                theirs.connect(listener.endpoint());
            raw_peer peer = they_bind ? raw_peer{run, theirs.bind()} : listener.accept();
            check_steps(peer, how == security::null ? "NULL" : "PLAIN",
                        std::string_view{"\0\0\0\0\0\0\0\5", 8});
        }
}

// --- Credentials that are refused ---

TEST_CASE(
    "D16, check 62: libzmq's PLAIN server misspells ERROR, and we understand that it refuses") {
    zmq_context context;
    zap_server zap{context};
    struct refusal {
        std::string user;
        std::string password;
        std::string_view reason;
    };
    for (const auto& [user, password, reason] :
         {refusal{"admin", "wrong", "400"}, refusal{"", "", "400"},
          refusal{"broken", "x", "500"}}) {
        CAPTURE(user);
        session s{context,
                  {.theirs = socket_type::pull,
                   .ours = socket_type::push,
                   .how = security::plain_server,
                   .user = user,
                   .password = password}};
        REQUIRE(s.ours.until_closed());
        CHECK(s.ours.got.closed == zmtp::errc::refused_by_peer);
        CHECK(s.ours.got.closed == zmtp::condition::refused);
        CHECK(s.ours.link().refusal() == reason);
        CHECK(s.ours.heard.substr(64) == "\x04\x09\x5ERROR\x03"s + std::string{reason});
    }
}

TEST_CASE("D21: told to try later, libzmq's PLAIN server says nothing and closes when time is up") {
    zmq_context context;
    zap_server zap{context};
    session s{context,
              {.theirs = socket_type::pull,
               .ours = socket_type::push,
               .how = security::plain_server,
               .user = "later"},
              [](zmq_peer& theirs) { theirs.set(ZMQ_HANDSHAKE_IVL, 200); }};
    REQUIRE(s.ours.until_closed());
    CHECK(s.ours.got.closed == zmtp::errc::end_of_stream);
    CHECK(s.ours.got.closed == zmtp::condition::lost); // and so it may be tried again
    CHECK(s.ours.heard.size() == 64);
}

TEST_CASE("D30: a libzmq client whose password we refuse does not come again; one put off does") {
    zmq_context context;
    for (const auto answer :
         {zmtp::verdict::refused, zmtp::verdict::server_error, zmtp::verdict::try_later}) {
        CAPTURE(static_cast<int>(answer));
        posix_listener listener;
        zmq_peer theirs{context, ZMQ_PUSH};
        theirs.set(ZMQ_PLAIN_USERNAME, "admin");
        theirs.set(ZMQ_PLAIN_PASSWORD, "guess");
        theirs.set(ZMQ_RECONNECT_IVL, 1);
        theirs.connect(listener.endpoint());
        const zmtp::plain_security plain;
        const zmtp::config cfg{.type = socket_type::pull, .mechanism = &plain};
        wire_peer ours{role::server, cfg, listener.accept()};
        parts asked;
        ours.verdict_on = [&](const parts& credentials) {
            asked = credentials;
            return answer;
        };
        REQUIRE(ours.until_closed());
        CHECK((asked == parts{std::string{"admin"}, std::string{"guess"}}));
        CHECK(ours.got.closed == zmtp::errc::authentication_failed);
        const bool comes_again =
            listener.accept(answer == zmtp::verdict::try_later ? 20s : 100ms).is_open();
        CHECK(comes_again == (answer == zmtp::verdict::try_later));
    }
}

TEST_CASE("D1: with libzmq, two PLAIN clients part at once, and two servers when time is up") {
    zmq_context context;
    zap_server zap{context};
    const zmtp::plain_security plain{"admin", "secret"};
    for (const role both : {role::client, role::server}) {
        zmq_peer theirs{context, ZMQ_PULL};
        if (both == role::client)
            theirs.set(ZMQ_PLAIN_USERNAME, "admin");
        else
            theirs.set(ZMQ_PLAIN_SERVER, 1);
        theirs.set(ZMQ_HANDSHAKE_IVL, 200);
        const zmtp::config cfg{.type = socket_type::push, .mechanism = &plain};
        wire_peer ours{both, cfg, dial(theirs.bind())};
        REQUIRE(ours.until_closed());
        CHECK(ours.got.handshakes == 0);
        if (both == role::server)
            CHECK(ours.got.closed == zmtp::errc::end_of_stream);
    }
}

} // namespace
} // namespace mizzen::testing
