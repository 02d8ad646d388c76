// What can happen to a socket's listeners and connections.
#pragma once

#include <mizzen/peer_info.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen {

/// A listener:    listening | bind_failed, then accept_failed now and then, then listener_closed.
/// A connection:  accepted or connected, then handshake_failed, or handshake_succeeded and in the
///                end disconnected.
/// A connector:   connecting, then connect_failed or a connection; then retrying and again from the
///                start, or ended.
///
/// | libzmq                                             | here                             |
/// | -------------------------------------------------- | -------------------------------- |
/// | ZMQ_EVENT_LISTENING                                | listening                        |
/// | ZMQ_EVENT_BIND_FAILED                              | bind_failed                      |
/// | ZMQ_EVENT_ACCEPTED                                 | accepted                         |
/// | ZMQ_EVENT_ACCEPT_FAILED                            | accept_failed                    |
/// | ZMQ_EVENT_CLOSED                                   | listener_closed, connect_failed  |
/// | ZMQ_EVENT_CLOSE_FAILED                             | none: closing does not fail      |
/// | ZMQ_EVENT_CONNECT_DELAYED                          | connecting                       |
/// | ZMQ_EVENT_CONNECTED                                | connected                        |
/// | ZMQ_EVENT_CONNECT_RETRIED                          | retrying                         |
/// | ZMQ_EVENT_HANDSHAKE_SUCCEEDED                      | handshake_succeeded              |
/// | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, _PROTOCOL,   | handshake_failed, with a reason; |
/// | _AUTH, then ZMQ_EVENT_DISCONNECTED                 | nothing follows                  |
/// | ZMQ_EVENT_DISCONNECTED                             | disconnected                     |
/// | ZMQ_EVENT_MONITOR_STOPPED                          | errc::socket_closed              |
/// | none                                               | ended                            |
///
/// inproc, of which libzmq tells nothing, gives the same events as the other transports.
enum class event_kind : std::uint8_t {
    listening,           ///< bind succeeded; `endpoint` has the port that it got.
    bind_failed,         ///< The program has the reason from bind as well.
    listener_closed,     ///< By unbind or close.
    accepted,            ///< The transport is open, and the handshake begins.
    accept_failed,       ///< For want of descriptors, say; the listener goes on after a pause.
    connecting,          ///< An attempt begins.
    connect_failed,      ///< No transport came about.
    connected,           ///< The transport is open, and the handshake begins.
    retrying,            ///< There will be another attempt after `delay`.
    handshake_succeeded, ///< The peer takes part in what the socket does.
    handshake_failed,    ///< The peer, or this end, has closed the connection before that.
    disconnected,        ///< A connection whose handshake had succeeded is gone.
    ended, ///< No more attempts: the program wants none, or the peer refused for good.
};

/// The enumerator's name, for a log.
[[nodiscard]] std::string_view name_of(event_kind kind) noexcept;

struct connection_event {
    event_kind kind{};
    std::chrono::steady_clock::time_point at;
    std::string endpoint; ///< Bound (with its port) or, as it was given, connected to.
    peer_identity peer; ///< Of accepted, connected, and what follows until the connection is gone.
    /// Why something failed or went. No error when the program asked for it.
    std::error_code reason;
    /// Where in the peer's stream the frame, property or octet stands that broke the protocol, in
    /// octets from its start; where no octet did (a time-out, the end of the stream), how many had
    /// come. Nothing when the transport failed, or this end closed.
    std::optional<std::uint64_t> position;
    /// What the peer's ERROR says, when it refused the handshake. Any octets.
    std::string refusal;
    /// What this end has to add to `reason`: why a list, an authenticator or its rules do not want
    /// the peer. For logs; the peer is not told.
    std::string detail;
    std::chrono::milliseconds delay{0}; ///< Of retrying.
};

/// The event's number in libzmq (zmq_socket_monitor), for programs and logs that know those; 0 for
/// ended. A handshake that failed is ZMQ_EVENT_HANDSHAKE_FAILED_AUTH when credentials were refused,
/// _PROTOCOL when the reason is in what the peer sent, and _NO_DETAIL otherwise.
[[nodiscard]] std::uint32_t libzmq_event(const connection_event& event) noexcept;

} // namespace mizzen
