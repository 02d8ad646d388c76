// What our own clients put in a request's envelope, and our own servers and brokers in the reply's.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mizzen::patterns {

/// How a request ended; aware clients are told.
enum class status : std::uint8_t {
    ok = 0,
    handler_failed = 1,
    no_such_service = 2,
    queue_full = 3,
    expired = 4,
    given_up = 5, ///< Redelivered as often as is allowed.
    not_authorised = 6,
    stopping = 7, ///< The broker takes no new requests; another one may.
};

/// What an aware client puts in the frame before the empty delimiter: "M1", 16 octets of request
/// id, 4 octets of milliseconds. A reply's has a status octet behind that.
struct request_tag {
    static constexpr std::string_view prefix = "M1";
    static constexpr std::size_t size = 22;       ///< Octets in a request.
    static constexpr std::size_t reply_size = 23; ///< Octets in a reply.

    std::array<std::byte, 16> id{};
    std::uint32_t deadline_ms = 0; ///< How long the request is worth running; 0 is no limit.

    friend bool operator==(const request_tag&, const request_tag&) = default;
};

using tag_octets = std::array<std::byte, request_tag::reply_size>;

/// The frame of a reply; that of a request is its first `request_tag::size` octets.
[[nodiscard]] tag_octets encode_tag(const request_tag& tag, status outcome = status::ok) noexcept;
/// Nothing unless `frame` begins as a request's tag does. Its length is for the caller to judge.
[[nodiscard]] std::optional<request_tag> decode_tag(zmtp::octets frame) noexcept;

/// A tag that no other `seed` and `count` make.
[[nodiscard]] request_tag make_tag(std::uint64_t seed, std::uint64_t count,
                                   std::uint32_t deadline_ms) noexcept;

} // namespace mizzen::patterns
