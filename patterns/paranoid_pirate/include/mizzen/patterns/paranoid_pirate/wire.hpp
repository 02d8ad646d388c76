// The frames between queue and worker: the Paranoid Pirate's (RFC 6/PPP), and the Simple Pirate's.
#pragma once

#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/message.hpp>
#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mizzen::paranoid_pirate {

using std::chrono::milliseconds;
using zmtp::message;
using zmtp::octets;
using zmtp::peer_id;
using zmtp::time_point;

/// What queue and workers speak.
enum class protocol : std::uint8_t {
    simple,   ///< Workers are REQs, so that an empty frame leads each message; no heartbeats.
    paranoid, ///< Workers are DEALERs; heartbeats both ways.
};

/// How READY and HEARTBEAT are written. The Guide's C and Python samples, and the RFC, have octets;
/// its C++ samples have words.
enum class dialect : std::uint8_t { binary, words };

inline constexpr std::size_t max_address = 8; ///< Frames in front of a request's delimiter.

/// The queue's number of a request, where the protocols have the client's address: a worker gives
/// it back unread. In hexadecimal, since the Guide's C++ workers end every address at a null octet.
using handle_text = std::array<char, 16>;
[[nodiscard]] handle_text encode_handle(std::uint64_t handle) noexcept;

/// The address frame of a reply: a handle, and an octet behind it from a worker of ours whose
/// handler failed.
struct reply_handle {
    std::uint64_t handle = 0;
    patterns::status outcome = patterns::status::ok;
};
/// Nothing unless `frame` is 16 digits (0-9, a-f), with one octet behind them or none.
[[nodiscard]] std::optional<reply_handle> decode_handle(octets frame) noexcept;

/// What a queue received of a worker. The view is the message's.
struct to_queue {
    enum class kind : std::uint8_t { malformed, ready, heartbeat, reply };
    kind what = kind::malformed;
    dialect spoken = dialect::binary; ///< ready, heartbeat.
    octets handle;                    ///< reply: the address frame.
    std::size_t head = 0;             ///< reply: frames in front of the body.
};
/// READY and HEARTBEAT are one frame exactly, behind the leading empty one of the simple protocol;
/// a reply has an address of one frame, an empty one and a body.
[[nodiscard]] to_queue parse_to_queue(const message& m, protocol how) noexcept;

[[nodiscard]] message make_ready(protocol how, dialect spoken);
[[nodiscard]] message make_heartbeat(dialect spoken);

/// Whether that is a heartbeat from a queue, in either dialect.
[[nodiscard]] bool is_heartbeat(const message& m) noexcept;

/// Puts in front of a request's body what a worker gets.
void frame_request(message& body, protocol how, std::uint64_t handle);

} // namespace mizzen::paranoid_pirate
