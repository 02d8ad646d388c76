// The errors of sockets, endpoints and options.
#pragma once

#include <system_error>

namespace mizzen {

enum class errc {
    would_block = 1,            ///< A try_ form could not do it now.
    no_route,                   ///< No connected peer has that routing id or peer id.
    wrong_state,                ///< REQ and REP take turns: send, receive, send.
    socket_closed,              ///< The socket was closed.
    empty_message,              ///< A message needs at least one part (a ROUTER's, two).
    endpoint_without_transport, ///< An endpoint reads transport://address; "://" is missing.
    unknown_transport,          ///< The transport is not one of ours.
    endpoint_bad_host,          ///< The host part is empty, or not what bind or connect can take.
    endpoint_bad_port,     ///< The port is not a decimal number from 0 to 65535 (or * to bind).
    endpoint_bad_name,     ///< An ipc path or inproc name is empty or too long.
    no_such_endpoint,      ///< unbind or disconnect of what was never bound or connected.
    invalid_option,        ///< An option's value is out of its range.
    duplicate_routing_id,  ///< A peer announced a routing id that another peer has.
    pair_is_taken,         ///< A PAIR has a peer already.
    in_use,                ///< Another thread waits in a call of that blocking socket.
    context_closed,        ///< The context of a blocking socket was closed.
    no_curve,              ///< This build has no OpenSSL, and without it no CURVE.
    no_random,             ///< The system has no random octets for a key.
    malformed_key,         ///< A CURVE key, or other Z85 text, is not what it should be.
    malformed_certificate, ///< A certificate file is not in CZMQ's format, or its keys do not fit.
    malformed_address,     ///< Neither an address by number nor a net, such as 192.0.2.0/24.
    address_denied,        ///< Nobody is to come from that address.
    revoked,               ///< The peer was let in, and may no longer be.
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace mizzen

template <> struct std::is_error_code_enum<mizzen::errc> : std::true_type {};
