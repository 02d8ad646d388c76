// The frames of Majordomo 0.1 (RFC 7/MDP), and what ours adds to them for peers that ask.
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

namespace mizzen::majordomo {

using patterns::request_tag;
using patterns::status;
using std::chrono::milliseconds;
using zmtp::message;
using zmtp::octets;
using zmtp::peer_id;
using zmtp::time_point;

inline constexpr std::string_view client_header = "MDPC01";
inline constexpr std::string_view worker_header = "MDPW01";
inline constexpr std::string_view mmi_prefix = "mmi."; ///< Services the broker itself answers.
inline constexpr std::size_t max_service_name = 255;   ///< Octets.

/// The third frame between broker and worker.
enum class command : std::uint8_t {
    ready = 1,
    request = 2,
    reply = 3,
    heartbeat = 4,
    disconnect = 5,
};

/// The broker's number of a request, as it stands in a REQUEST to a worker.
using handle_octets = std::array<std::byte, 8>;
[[nodiscard]] handle_octets encode_handle(std::uint64_t handle) noexcept;

/// The address frame of a REPLY: a handle, and a status from a worker that knows of it.
struct reply_handle {
    std::uint64_t handle = 0;
    status outcome = status::ok; ///< ok or handler_failed; a worker has no other to tell.
};
/// Nothing unless `frame` has 8 or 9 octets.
[[nodiscard]] std::optional<reply_handle> decode_handle(octets frame) noexcept;

/// Whether `name` has 1 to `limit` octets, all of them printable ASCII.
[[nodiscard]] bool valid_service_name(std::string_view name,
                                      std::size_t limit = max_service_name) noexcept;

/// What a broker received. The views are the message's.
struct to_broker {
    enum class kind : std::uint8_t {
        malformed,
        client_request,
        ready,
        reply,
        heartbeat,
        disconnect,
        unknown_command, ///< From a worker, well-formed up to the command.
    };
    kind what = kind::malformed;
    std::size_t envelope = 0;       ///< client_request: frames before the empty delimiter.
    std::string_view service;       ///< client_request, ready: not yet checked.
    octets handle;                  ///< reply: the client address frame.
    std::optional<request_tag> tag; ///< client_request: what the envelope's last frame says.
};
[[nodiscard]] to_broker parse_to_broker(const message& m, std::size_t max_envelope) noexcept;

/// What a worker received. The view is the message's.
struct to_worker {
    enum class kind : std::uint8_t { malformed, request, heartbeat, disconnect, unknown_command };
    kind what = kind::malformed;
    octets address; ///< request: to be given back in the REPLY.
};
[[nodiscard]] to_worker parse_to_worker(const message& m) noexcept;

/// What a client received. The view is the message's.
struct to_client {
    bool well_formed = false;
    std::string_view service;
    std::optional<request_tag> tag;
    status outcome = status::ok; ///< What the tag says.
};
[[nodiscard]] to_client parse_to_client(const message& m) noexcept;

/// Frames in front of the body, in the messages that have one.
inline constexpr std::size_t client_head = 3; ///< "" MDPC01 service; without an envelope.
inline constexpr std::size_t worker_head = 5; ///< "" MDPW01 command address ""
void drop_frames(message& m, std::size_t count) noexcept;

[[nodiscard]] message make_ready(std::string_view service);
[[nodiscard]] message make_heartbeat();
[[nodiscard]] message make_disconnect();

/// Put the frames in front of a body, which becomes the message to send.
void frame_worker_request(message& body, octets address);
void frame_worker_reply(message& body, octets address);
void frame_client(message& body, std::string_view service); ///< Request and reply are alike.
void frame_tag(message& request, const request_tag& tag);
void frame_tag(message& reply, const request_tag& tag, status outcome);

} // namespace mizzen::majordomo
