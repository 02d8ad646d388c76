// What can be set on a socket. Options apply to later bind and connect calls unless they say "at
// once".
#pragma once

#include <mizzen/curve_key.hpp>
#include <mizzen/zmtp/socket_type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mizzen {
class authenticator;
} // namespace mizzen

namespace mizzen::option {

using std::chrono::milliseconds;
using zmtp::socket_type;

// An option that only some types have says which: others do not compile.

/// Messages that wait for a peer before a send has to wait; 0 is no limit. At once. Default 1000.
/// libzmq: ZMQ_SNDHWM.
struct send_high_water_mark {
    std::size_t messages;
};
/// Messages of a peer that wait to be received before its stream is left alone; 0 is no limit. At
/// once. Default 1000. libzmq: ZMQ_RCVHWM.
struct receive_high_water_mark {
    std::size_t messages;
};
/// As the marks above in octets, whichever comes first. A message larger than the mark is taken
/// when nothing else waits. Default 64 MiB each way for each peer. libzmq has none.
struct high_water_octets {
    std::size_t octets;
};
/// How long close() goes on sending what is queued; 0 drops it, -1 has no end. Default 1 s.
/// libzmq: ZMQ_LINGER, without end by default.
struct linger {
    milliseconds time;
};
/// The first pause before a lost or refused connection is tried again; it doubles with each failure
/// up to the maximum, with jitter, until a handshake succeeds. Default 100 ms to 2 s.
/// libzmq: ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_IVL_MAX.
struct reconnect_interval {
    milliseconds first;
    milliseconds maximum;
};
/// For a connection to be established before it is tried again; 0 leaves it to the system. Default
/// 0. libzmq: ZMQ_CONNECT_TIMEOUT.
struct connect_timeout {
    milliseconds time;
};
/// From an open transport to a finished handshake. 0 is no limit. Default 30 s.
/// libzmq: ZMQ_HANDSHAKE_IVL.
struct handshake_timeout {
    milliseconds time;
};
/// Connections of a listener that may be in their handshake at once; more wait to be accepted.
/// Default 1024.
struct max_handshakes {
    std::size_t count;
};
/// PINGs to each peer. Default off. libzmq: ZMQ_HEARTBEAT_IVL, _TIMEOUT, _TTL.
struct heartbeat {
    milliseconds interval;    ///< 0 is off.
    milliseconds timeout{-1}; ///< For anything to come after a PING; -1 is the interval.
    milliseconds ttl{0};      ///< What the peer is asked to close after; at most 65.5 s.
};
/// Octets of all parts of a message received. Default 1 GiB. libzmq: ZMQ_MAXMSGSIZE (per part).
struct max_message_size {
    std::uint64_t octets;
};
/// What this socket calls itself towards ROUTERs: 1 to 255 octets, the first not zero.
/// Default none: each ROUTER makes one up. libzmq: ZMQ_ROUTING_ID.
struct routing_id {
    std::string id;
};
/// A ROUTER's send to an unknown or full peer is an error instead of a counted drop. At once.
/// Default off. libzmq: ZMQ_ROUTER_MANDATORY.
struct router_mandatory {
    static constexpr socket_type types[] = {socket_type::router};
    bool on;
};
/// A peer that announces a routing id in use takes it over; off, the new peer is refused. At once.
/// Default off. libzmq: ZMQ_ROUTER_HANDOVER.
struct router_handover {
    static constexpr socket_type types[] = {socket_type::router};
    bool on;
};
/// A ROUTER receives a message without parts, with a notice, when a peer comes or goes, in order
/// with the peer's messages. Default off.
struct report_peers {
    static constexpr socket_type types[] = {socket_type::router};
    bool on;
};
/// Messages are queued for connections whose handshake is done only, and dropped when one is lost;
/// off, for those that are on their way as well. At once. Default off. libzmq: ZMQ_IMMEDIATE.
struct immediate {
    bool on;
};
/// Only the newest message is kept for each peer and of each peer; high-water marks do not count.
/// At once. Default off. libzmq: ZMQ_CONFLATE.
struct conflate {
    static constexpr socket_type types[] = {socket_type::dealer, socket_type::push,
                                            socket_type::pull, socket_type::pub, socket_type::sub};
    bool on;
};
/// An empty message is the first on each new connection, so that a ROUTER at its other end learns
/// of it. At once. Default off. libzmq: ZMQ_PROBE_ROUTER.
struct probe_router {
    static constexpr socket_type types[] = {socket_type::req, socket_type::dealer,
                                            socket_type::router};
    bool on;
};
/// What a ROUTER calls the peer of the next connect, whatever that says of itself: not empty. The
/// name can be sent to before there is a connection. libzmq: ZMQ_CONNECT_ROUTING_ID.
struct connect_routing_id {
    static constexpr socket_type types[] = {socket_type::router};
    std::string id;
};
/// A REQ may send again before the reply has come, which it then gives up. At once. Default off;
/// use it with req_correlate. libzmq: ZMQ_REQ_RELAXED.
struct req_relaxed {
    static constexpr socket_type types[] = {socket_type::req};
    bool on;
};
/// A REQ puts an id in front of each request and takes the reply with that id only. At once.
/// Default off. libzmq: ZMQ_REQ_CORRELATE.
struct req_correlate {
    static constexpr socket_type types[] = {socket_type::req};
    bool on;
};
/// A publisher's send waits while a subscriber that wants the message has a full queue, instead of
/// dropping for it. At once. Default off. libzmq: ZMQ_XPUB_NODROP.
struct publish_no_drop {
    static constexpr socket_type types[] = {socket_type::pub, socket_type::xpub};
    bool on;
};
/// Which subscriptions an XPUB's program receives. At once. Default changes.
/// libzmq: ZMQ_XPUB_VERBOSE (all_new), ZMQ_XPUB_VERBOSER (all).
struct xpub_reports {
    static constexpr socket_type types[] = {socket_type::xpub};
    enum class which : std::uint8_t {
        changes, ///< Those that no peer had, and cancellations that leave none.
        all_new, ///< All subscriptions; cancellations as above.
        all,     ///< All.
    };
    which what;
};
/// Requests of subscribers are received and not applied: that the program does by subscribe and
/// unsubscribe, for the peer whose request it received last. With `last_value`, the next message
/// after a subscribe goes to that peer only. At once. Default off.
/// libzmq: ZMQ_XPUB_MANUAL, ZMQ_XPUB_MANUAL_LAST_VALUE.
struct xpub_manual {
    static constexpr socket_type types[] = {socket_type::xpub};
    bool on;
    bool last_value = false;
};
/// The first message to each new subscriber, whatever it subscribed to; empty is none. At once.
/// Default none. libzmq: ZMQ_XPUB_WELCOME_MSG.
struct xpub_welcome {
    static constexpr socket_type types[] = {socket_type::xpub};
    std::string body;
};
/// Connections that the kernel keeps for a listener until they are accepted. Default 4096.
/// libzmq: ZMQ_BACKLOG, 100.
struct backlog {
    int connections;
};
/// Whether the kernel looks after idle TCP connections, and how; 0 leaves a value to the system.
/// Default off. libzmq: ZMQ_TCP_KEEPALIVE, _IDLE, _INTVL, _CNT.
struct tcp_keep_alive {
    bool on;
    std::chrono::seconds idle{0};     ///< Before the first probe.
    std::chrono::seconds interval{0}; ///< Between probes.
    int count = 0;                    ///< Probes without an answer before the connection is lost.
};
/// What the kernel keeps for a TCP connection each way, in octets; -1 leaves it to the system.
/// Default -1. libzmq: ZMQ_SNDBUF, ZMQ_RCVBUF.
struct tcp_buffers {
    int send;
    int receive;
};
/// How long the socket's loop looks for more without sleeping once something has come or gone. It
/// answers several times faster for it, and keeps a core busy meanwhile: for loops that have one to
/// themselves. Where nothing comes while it looks, it looks more and more seldom, down to once in
/// 64 times. At once. Default 0, off. libzmq has none.
struct busy_poll {
    std::chrono::microseconds time;
};
/// How long a blocking send, or receive, waits; -1 has no end, 0 is not at all. At once. Default
/// -1. Asynchronous sockets have none: their operations can be cancelled.
/// libzmq: ZMQ_SNDTIMEO, ZMQ_RCVTIMEO.
struct send_timeout {
    milliseconds time;
};
struct receive_timeout {
    milliseconds time;
};

// Security: one of these five at a time, the last one set before bind or connect. Which end binds
// has nothing to do with it. Over inproc there is none: both ends are one program.

/// Nothing but the NULL mechanism: everybody may come, and everything is in clear. The default.
/// libzmq: ZMQ_MECHANISM is ZMQ_NULL.
struct no_security {};
/// A user name and a password, in clear: PLAIN. Each has up to 255 octets.
/// libzmq: ZMQ_PLAIN_USERNAME, ZMQ_PLAIN_PASSWORD.
struct plain_client {
    std::string user_name;
    std::string password;
};
/// Peers are let in that say one of these names with its password. libzmq: ZMQ_PLAIN_SERVER and a
/// ZAP handler.
struct plain_server {
    struct user {
        std::string name;
        std::string password;
    };
    std::vector<user> users;
};
/// Encrypted and authenticated, by CURVE: only who has the secret key of `server_key` is spoken to.
/// Without keys of its own the client makes a pair for each connection. Needs a build with OpenSSL
/// (errc::no_curve). libzmq: ZMQ_CURVE_SERVERKEY, ZMQ_CURVE_PUBLICKEY, ZMQ_CURVE_SECRETKEY.
struct curve_client {
    curve_key server_key;
    std::optional<curve_key> secret_key{}; ///< Who the server is to take us for.
};
/// The other end of it. Peers are let in that have the secret key of one of `clients`; without such
/// a list, everybody who knows the server's public key is, as whoever they are. Needs a build with
/// OpenSSL (errc::no_curve). libzmq: ZMQ_CURVE_SERVER, ZMQ_CURVE_SECRETKEY and a ZAP handler.
struct curve_server {
    curve_key secret_key;
    std::optional<std::vector<curve_key>> clients{}; ///< Public keys.
};

/// Has `who` judge every peer, beside one of the above: with plain_server, curve_server, or NULL.
/// Their own lists need not be given then; where they are, a peer has to be on them too. Nobody is
/// let in unasked, nor while there is no answer. Where this end is the client (plain_client,
/// curve_client) there is nothing to ask: the server is who its key says. It stays whichever of the
/// above is set; option::security takes it back. Error: invalid_option, without `who`.
/// libzmq: a ZAP handler, and ZMQ_ZAP_DOMAIN.
struct authentication {
    std::shared_ptr<authenticator> who;
    std::string domain{}; ///< For `who` to tell several sockets apart by.
};
/// All of the above in one value, for what configures several sockets.
struct security {
    std::variant<no_security, plain_client, plain_server, curve_client, curve_server> mechanism{};
    std::shared_ptr<authenticator> who{}; ///< May be null: nobody but the lists is asked.
    std::string domain{};
};

/// Whether sockets of that type have that option.
template <class Option> [[nodiscard]] constexpr bool applies_to(socket_type type) noexcept {
    if constexpr (requires { Option::types; }) {
        for (const socket_type each : Option::types)
            if (each == type)
                return true;
        return false;
    }
    return true;
}

} // namespace mizzen::option
