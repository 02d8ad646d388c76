// The frames of Majordomo 0.1 (RFC 7/MDP) and 0.2 (RFC 18/MDP), with what ours adds to them for
// peers that ask.
#pragma once

#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/patterns/common/service_name.hpp>
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

using patterns::max_service_name;
using patterns::request_tag;
using patterns::service_name;
using patterns::status;
using patterns::valid_service_name;
using std::chrono::milliseconds;
using zmtp::message;
using zmtp::octets;
using zmtp::peer_id;
using zmtp::time_point;

inline constexpr std::string_view mmi_prefix = "mmi."; ///< Services the broker itself answers.
/// In the answer of mmi.broker: half of a pair, which answers no requests for now.
inline constexpr std::string_view passive_word = "passive";
inline constexpr std::uint32_t max_credit = 1'000'000;

/// Which Majordomo a peer speaks. Both sides of a connection write alike.
struct dialect {
    enum class version : std::uint8_t { mdp01, mdp02 };
    version number = version::mdp01;
    /// An empty frame before the header: in 0.1 always. In 0.2 RFC 18 has none, but peers were seen
    /// to send one, and it ends the envelope of those who have one.
    bool delimited = true;

    friend bool operator==(const dialect&, const dialect&) = default;
};
inline constexpr dialect mdp01{dialect::version::mdp01, true};
inline constexpr dialect mdp02{dialect::version::mdp02, false};
inline constexpr dialect mdp02_delimited{dialect::version::mdp02, true};

/// The broker's number of a request, as it stands in a REQUEST to a worker.
using handle_octets = std::array<std::byte, 8>;
[[nodiscard]] handle_octets encode_handle(std::uint64_t handle) noexcept;

/// The address frame of a reply: a handle, and a status from a worker that knows of it.
struct reply_handle {
    std::uint64_t handle = 0;
    status outcome = status::ok; ///< ok or handler_failed; a worker has no other to tell.
};
/// Nothing unless `frame` has 8 or 9 octets.
[[nodiscard]] std::optional<reply_handle> decode_handle(octets frame) noexcept;

/// What a broker received. The views are the message's.
struct to_broker {
    enum class kind : std::uint8_t {
        malformed,
        client_request,
        ready,
        partial, ///< 0.2: a part of a reply, with more to come.
        reply,   ///< REPLY, or FINAL in 0.2.
        heartbeat,
        disconnect,
        unknown_command, ///< From a worker, well-formed up to the command.
    };
    kind what = kind::malformed;
    dialect spoken;
    std::size_t envelope = 0;       ///< client_request: frames before the empty delimiter.
    std::size_t head = 0;           ///< client_request, partial, reply: frames before the body.
    std::string_view service;       ///< client_request, ready: not yet checked.
    octets handle;                  ///< partial, reply: the client address frame.
    std::uint32_t credit = 1;       ///< ready: requests that the worker takes at once.
    std::optional<request_tag> tag; ///< client_request: what the envelope's last frame says.
};
[[nodiscard]] to_broker parse_to_broker(const message& m, std::size_t max_envelope) noexcept;

/// What a worker received. The view is the message's.
struct to_worker {
    enum class kind : std::uint8_t { malformed, request, heartbeat, disconnect, unknown_command };
    kind what = kind::malformed;
    std::size_t head = 0; ///< request: frames before the body.
    octets address;       ///< request: to be given back in the reply.
};
/// What is in the other version than the worker speaks is malformed; in 0.2 both shapes are taken.
[[nodiscard]] to_worker parse_to_worker(const message& m, dialect spoken = mdp01) noexcept;

/// What a client received. The view is the message's.
struct to_client {
    enum class kind : std::uint8_t { malformed, partial, reply };
    kind what = kind::malformed; ///< partial: 0.2 only; there the reply is the FINAL.
    std::size_t head = 0;        ///< Frames before the body.
    std::string_view service;
    std::optional<request_tag> tag;
    status outcome = status::ok; ///< What the tag says.
};
/// What is in the other version than the client speaks is malformed; in 0.2 both shapes are taken.
[[nodiscard]] to_client parse_to_client(const message& m, dialect spoken = mdp01) noexcept;

void drop_frames(message& m, std::size_t count) noexcept;

/// READY says `credit=N` in a frame of its own, unless `credit` is 1.
[[nodiscard]] message make_ready(std::string_view service, dialect spoken = mdp01,
                                 std::uint32_t credit = 1);
[[nodiscard]] message make_heartbeat(dialect spoken = mdp01);
[[nodiscard]] message make_disconnect(dialect spoken = mdp01);

/// Put the frames in front of a body, which becomes the message to send. A reply is 0.2's FINAL;
/// the partial ones are for 0.2 alone.
void frame_worker_request(message& body, octets address, dialect spoken = mdp01);
void frame_worker_partial(message& body, octets address, dialect spoken = mdp02);
void frame_worker_reply(message& body, octets address, dialect spoken = mdp01);
void frame_client_request(message& body, std::string_view service, dialect spoken = mdp01);
void frame_client_partial(message& body, std::string_view service, dialect spoken = mdp02);
void frame_client_reply(message& body, std::string_view service, dialect spoken = mdp01);

/// Puts the tag before a framed message, which has to be in a dialect with a delimiter.
void frame_tag(message& request, const request_tag& tag);
void frame_tag(message& reply, const request_tag& tag, status outcome);

} // namespace mizzen::majordomo
