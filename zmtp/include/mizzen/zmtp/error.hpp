// What can go wrong on a connection, and what a caller should do about it.
#pragma once

#include <system_error>

namespace mizzen::zmtp {

/// Why a connection failed. Each value is one broken sentence of 37/ZMTP or one limit of ours.
enum class errc {
    not_zmtp = 1,             ///< What the peer opens with is no greeting of any ZMTP version.
    zmtp_1_peer,              ///< The peer speaks ZMTP 1.0, which is not supported.
    zmtp_2_peer,              ///< The peer speaks ZMTP 2.0, which is not supported.
    mechanism_mismatch,       ///< The peer's security mechanism is not ours.
    handshake_timeout,        ///< The handshake was not over in time.
    unexpected_frame,         ///< A message, or a command out of order, within the handshake.
    malformed_command,        ///< A command without a name, or cut short.
    malformed_metadata,       ///< A property whose length does not fit, or whose name is empty.
    duplicate_property,       ///< A standard property stands twice in the metadata.
    too_many_properties,      ///< More metadata properties than the limit.
    metadata_too_large,       ///< Metadata values with more octets than the limit.
    missing_socket_type,      ///< The peer's metadata has no Socket-Type.
    incompatible_socket_type, ///< The peer's socket type may not talk to ours.
    invalid_routing_id,       ///< Identity over 255 octets, or starting with a zero octet.
    refused_by_peer,          ///< The peer answered the handshake with ERROR.
    authentication_failed,    ///< The program did not accept the peer's credentials.
    protection_failed,        ///< A frame that the mechanism cannot open, or that comes again.
    frame_size_out_of_range,  ///< A frame announces more than 2^63-1 octets.
    message_too_large,        ///< A message grows beyond the limit.
    command_too_large,        ///< A command frame announces more octets than the limit.
    too_many_parts,           ///< A message has more parts than the limit.
    not_enough_memory,        ///< The allocator said no.
    heartbeat_timeout,        ///< Nothing came after a PING in time.
    ttl_expired,              ///< Nothing came within the time to live that the peer's PING set.
    end_of_stream,            ///< The peer closed the stream.
    not_ready,                ///< Misuse: a message was sent before the handshake was over.
    empty_message,            ///< Misuse: a message without parts was sent.
    no_question,              ///< Misuse: authenticate() while nothing was asked.
    invalid_credentials, ///< Our own cannot be said: a user name or password of over 255 octets.
};

/// What to do about it.
enum class condition {
    broken_peer = 1, ///< Close; dialling again may meet a mended peer.
    refused,         ///< Close; do not dial again with the same configuration.
    lost,            ///< The transport or the peer went away; dial again.
    misuse,          ///< The program's own mistake; the connection is unharmed.
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] const std::error_category& condition_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;
[[nodiscard]] std::error_condition make_error_condition(condition what) noexcept;

} // namespace mizzen::zmtp

template <> struct std::is_error_code_enum<mizzen::zmtp::errc> : std::true_type {};
template <> struct std::is_error_condition_enum<mizzen::zmtp::condition> : std::true_type {};
