// What can be set on a socket. Options apply to later bind and connect calls unless they say "at
// once".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mizzen::option {

using std::chrono::milliseconds;

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
    bool on;
};
/// A peer that announces a routing id in use takes it over; off, the new peer is refused. At once.
/// Default off. libzmq: ZMQ_ROUTER_HANDOVER.
struct router_handover {
    bool on;
};
/// A ROUTER receives a message without parts, with a notice, when a peer comes or goes, in order
/// with the peer's messages. Default off.
struct report_peers {
    bool on;
};
/// Connections that the kernel keeps for a listener until they are accepted. Default 4096.
/// libzmq: ZMQ_BACKLOG, 100.
struct backlog {
    int connections;
};

} // namespace mizzen::option
