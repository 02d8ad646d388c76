// What a socket knows of a peer.
#pragma once

#include <mizzen/curve_key.hpp>
#include <mizzen/message.hpp>
#include <mizzen/stats.hpp>
#include <mizzen/zmtp/socket_type.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen {

/// Who is at the other end of a connection, as far as that is known.
struct peer_identity {
    /// The connection, as message::peer names it; 0 while there is none.
    peer_id id = 0;
    /// Where the peer is, by number: tcp://192.0.2.1:49152. Over ipc and inproc, where a connecting
    /// end has no address, the endpoint that it connected to.
    std::string address;
    std::optional<zmtp::socket_type> type;
    /// What a ROUTER calls the peer; elsewhere what the peer calls itself, if anything. Any octets.
    std::string routing_id;
    /// This end's, and the peer's as well once the handshake has succeeded. Empty over inproc.
    std::string mechanism;
    /// Who the peer is: what an authenticator says; else by PLAIN its user name, by CURVE a
    /// client's public key, as Z85. To be believed once the handshake has succeeded.
    std::string user_id;
    /// By CURVE, the peer's: a client's as it has proved to have it, a server's as configured.
    std::optional<curve_key> public_key{};
};

/// What a peer's application says of itself in the handshake, such as X-Zone (any octets), or what
/// an authenticator says of it.
struct peer_property {
    std::string name;
    std::string value;
};

struct queue_length {
    std::size_t messages = 0;
    std::size_t octets = 0;
};

/// One connection whose handshake succeeded: one that is there, or one of the last that were.
struct peer_info : peer_identity {
    using time_point = std::chrono::steady_clock::time_point;

    std::string endpoint; ///< Connected to, or accepted by.
    std::vector<peer_property> properties;
    time_point since;                ///< The handshake succeeded.
    std::optional<time_point> until; ///< The connection went; nothing while it is there.
    std::error_code reason;          ///< Why it went; no error when this end closed it.
    traffic_stats traffic;
    queue_length receive_queue; ///< For the program to receive; once gone, as it was then.
    queue_length send_queue;    ///< For the transport to take; once gone, as it was then.
};

/// How many peers that have gone a socket still knows; of more, the last ones.
inline constexpr std::size_t gone_peers_kept = 256;

} // namespace mizzen
