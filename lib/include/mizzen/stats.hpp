// What is counted: of each peer, and of a socket since it was made.
#pragma once

#include <cstdint>

namespace mizzen {

/// What goes between a socket and one peer, or all that it ever had. The socket's also counts what
/// is no peer's: octets of handshakes that fail, and what was queued for a peer that never came.
struct traffic_stats {
    std::uint64_t messages_sent = 0;      ///< Handed to the peer's queue.
    std::uint64_t messages_received = 0;  ///< Given to the program.
    std::uint64_t octets_in = 0;          ///< Read from the transport; over inproc, of messages.
    std::uint64_t octets_out = 0;         ///< Written to the transport; over inproc, of messages.
    std::uint64_t dropped_full = 0;       ///< Sends to a peer whose queue was full.
    std::uint64_t dropped_malformed = 0;  ///< Received without the envelope the socket type needs.
    std::uint64_t dropped_unexpected = 0; ///< Replies that nobody waits for.
    std::uint64_t dropped_disconnect = 0; ///< Queued for a peer that went away.
    std::uint64_t dropped_unwanted = 0;   ///< Received by a SUB on a topic that it cancelled.
    std::uint64_t dropped_conflated = 0;  ///< Replaced by a newer one (option::conflate).
};

struct socket_stats : traffic_stats {
    std::uint64_t connections = 0; ///< Handshakes that succeeded.
    std::uint64_t handshakes_failed = 0;
    std::uint64_t disconnects = 0; ///< Of connections whose handshake had succeeded.
    std::uint64_t connect_retries = 0;
    std::uint64_t dropped_no_route = 0; ///< Sends to a peer that is not there.
};

} // namespace mizzen
