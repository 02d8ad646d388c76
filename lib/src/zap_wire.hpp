// 27/ZAP's messages: what a server asks a handler about a peer, and what that answers.
#pragma once

#include <mizzen/authentication.hpp>
#include <mizzen/message.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mizzen::detail {

/// What is wrong with a reply, in the order in which it is looked at.
enum class zap_fault : std::uint8_t {
    none,
    frames,     ///< Not the empty delimiter and six frames behind it.
    request_id, ///< None of ours.
    version,    ///< Another one than 1.0.
    status,     ///< None of 200, 300, 400, 500.
    user_id,    ///< Over 255 octets.
    metadata,   ///< Lengths that do not fit, or over the limits of a handshake's metadata.
};

/// As words, for a log: "a reply ..."
[[nodiscard]] std::string_view words_of(zap_fault fault) noexcept;

/// Octets that a reply of a handler that behaves stays far below.
inline constexpr std::size_t largest_zap_reply = std::size_t{64} << 10;

/// The request, with the empty delimiter in front: what a DEALER sends. Throws std::bad_alloc.
[[nodiscard]] message zap_request(std::uint64_t id, const authentication_request& about);

/// Of such a request, which nothing is to read any more.
void wipe_credentials(message& request) noexcept;

struct zap_reply {
    std::optional<std::uint64_t> id; ///< Known also where what follows it is wrong.
    zap_fault fault = zap_fault::none;
    authentication_answer answer; ///< Where there is no fault.
};

/// Reads what a DEALER received. What the status forbids (a user id or metadata of a peer that is
/// not let in) is left out; of the text for people 255 octets are kept, without control characters.
[[nodiscard]] zap_reply read_zap_reply(const message& m);

} // namespace mizzen::detail
