// A session between real libzmq and our connection, recorded; and what our connection would have
// sent in libzmq's place.
#pragma once

#include "libzmq_peer.hpp"
#include "wire_peer.hpp"
#include <mizzen/zmtp/plain.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace mizzen::testing {

using namespace std::string_view_literals;
using zmtp::role;
using zmtp::socket_type;

/// libzmq's part in the security handshake.
enum class security : std::uint8_t { null, plain_client, plain_server };

inline std::ostream& operator<<(std::ostream& out, security how) {
    return out << (how == security::null           ? "NULL"
                   : how == security::plain_client ? "PLAIN client"
                                                   : "PLAIN server");
}

// libzmq numbers them as we do.
static_assert(static_cast<int>(socket_type::pair) == ZMQ_PAIR);
static_assert(static_cast<int>(socket_type::sub) == ZMQ_SUB);
static_assert(static_cast<int>(socket_type::rep) == ZMQ_REP);
static_assert(static_cast<int>(socket_type::router) == ZMQ_ROUTER);
static_assert(static_cast<int>(socket_type::push) == ZMQ_PUSH);
static_assert(static_cast<int>(socket_type::xsub) == ZMQ_XSUB);

struct plan {
    socket_type theirs;
    socket_type ours;
    security how = security::null;
    bool they_bind = true;
    std::string identity{}; ///< libzmq's; ours is "me".
    std::string user = "admin";
    std::string password = "secret";
};

inline role their_role(const plan& p) {
    return p.how == security::plain_server ? role::server : role::client;
}
inline role our_role(const plan& p) {
    return p.how == security::plain_client ? role::server : role::client;
}

/// Where the first difference is, and what stands there; nothing if there is none.
inline std::string difference(std::string_view a, std::string_view b) {
    const auto at = static_cast<std::size_t>(
        std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    if (at == a.size() && at == b.size())
        return {};
    const auto there = [at](std::string_view of) {
        return zmtp::testing::hex(zmtp::as_octets(of.substr(at, 40)));
    };
    return "at octet " + std::to_string(at) + ": " + there(a) + " against " + there(b);
}

/// The two ends, from before the first octet on.
class session {
public:
    using setup = std::function<void(zmq_peer& theirs)>;

    session(
        zmq_context& context, const plan& given, const setup& prepare = [](zmq_peer&) {},
        const zmtp::heartbeat& beat = {})
        : what{given}, theirs{context, static_cast<int>(given.theirs)},
          plain_{what.user, what.password}, cfg_{config_of(what.ours, "me", beat)},
          ours{our_role(what), cfg_, join(prepare)} {}

    const plan what;
    zmq_peer theirs;

private:
    const zmtp::plain_security plain_;
    const zmtp::config cfg_;
    posix_listener listener_;

public:
    wire_peer ours;

    // Their calls may block: what we have to say is on its way first.
    void they_send(const parts& message) {
        REQUIRE(all_is_said());
        REQUIRE(theirs.send(message));
    }
    [[nodiscard]] parts they_receive() {
        REQUIRE(all_is_said());
        parts message;
        REQUIRE(theirs.receive(message));
        return message;
    }
    [[nodiscard]] parts we_receive() {
        const std::size_t next = taken_++;
        REQUIRE(ours.until([&] { return ours.got.messages.size() > next; }));
        return ours.got.messages[next];
    }

    /// Until their socket knows of the connection: a PONG comes when their thread has told it, and
    /// receiving, it listens to that thread.
    void await_attached() {
        const std::size_t before = ours.heard.size();
        ours.say("\x04\x07\x04PING\x00\x00"sv);
        REQUIRE(
            ours.until([&] { return ours.heard.find("\x04PONG"sv, before) != ours.heard.npos; }));
        parts none;
        REQUIRE_FALSE(theirs.receive(none, ZMQ_DONTWAIT));
    }

    /// What our connection sends in libzmq's place: in answer to the same octets, with the messages
    /// and subscriptions that we understood, encoded again. Of subscriptions and messages, one kind
    /// is there at most.
    [[nodiscard]] std::string retold() const {
        zmtp::config cfg_of_theirs = config_of(what.theirs, what.identity);
        cfg_of_theirs.read_block = 1 << 20;
        zmtp::testing::lone_end twin{cfg_of_theirs, their_role(what)};
        twin.hear(zmtp::as_octets(ours.said));
        std::error_code ec;
        if (twin.got.questions == 1)
            twin.c.authenticate(zmtp::verdict::accepted, twin.now, ec);
        zmtp::testing::drain(twin.c, twin.got);
        std::string out;
        const auto take = [&] { out += zmtp::as_text(zmtp::testing::written(twin.c)); };
        take();
        for (const std::string& topic : ours.got.topics) {
            const auto name = zmtp::as_octets(std::string_view{topic}.substr(1));
            topic[0] == '+' ? twin.c.subscribe(name, ec) : twin.c.cancel(name, ec);
            take();
        }
        for (const parts& m : ours.got.messages) {
            CHECK_FALSE(twin.send(m));
            take();
        }
        return out;
    }

private:
    [[nodiscard]] zmtp::config config_of(socket_type type, std::string_view identity,
                                         const zmtp::heartbeat& beat = {}) const {
        zmtp::config made{.type = type, .routing_id = zmtp::as_octets(identity), .beat = beat};
        if (what.how != security::null)
            made.mechanism = &plain_;
        return made;
    }
    posix_socket join(const setup& prepare) {
        prepare(theirs);
        if (!what.identity.empty())
            theirs.set(ZMQ_ROUTING_ID, what.identity);
        if (what.how == security::plain_client) {
            theirs.set(ZMQ_PLAIN_USERNAME, what.user);
            theirs.set(ZMQ_PLAIN_PASSWORD, what.password);
        } else if (what.how == security::plain_server) {
            theirs.set(ZMQ_PLAIN_SERVER, 1);
        }
        if (what.theirs == socket_type::xpub)
            theirs.set(ZMQ_XPUB_VERBOSER, 1);
        if (what.they_bind)
            return dial(theirs.bind());
        theirs.connect(listener_.endpoint());
        return listener_.accept();
    }
    bool all_is_said() {
        return ours.until([&] { return ours.link().output().empty(); });
    }

    std::size_t taken_ = 0;
};

} // namespace mizzen::testing
