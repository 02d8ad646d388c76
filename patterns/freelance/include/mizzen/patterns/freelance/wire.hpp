// What Freelance's clients and servers say to each other.
#pragma once

#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/zmtp/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mizzen::freelance {

using zmtp::message;
using zmtp::octets;

/// Of the Guide's three, those in which several servers may be asked at once. The first one, in
/// which one is asked after the other, is lazy_pirate's client and server.
enum class model : std::uint8_t {
    shotgun = 2, ///< All servers are asked, and the first reply wins. REP will do for a server.
    complex = 3, ///< RFC 10: one is asked; PING and PONG tell who lives.
};

/// RFC 10. One frame each; PING says of itself that it is none of a request's control frames.
inline constexpr std::string_view ping = "PING";
inline constexpr std::string_view pong = "PONG";

/// A request's number as it stands in front of its body. In model 3 it is a request tag, which
/// foreign servers send back as it is, and ours with a status octet behind it.
struct call_number {
    std::uint64_t number = 0; ///< 0 is none.
    patterns::status outcome = patterns::status::ok;
};

/// `[] [number in decimal] [body...]`, which goes to a REP.
void frame_shotgun_request(message& body, std::uint64_t number);
/// `[tag] [body...]`. `seed` tells the clients of a server apart.
void frame_complex_request(message& body, std::uint64_t seed, std::uint64_t number,
                           std::uint32_t deadline_ms);

/// The call that a reply is to; 0 unless it is well-formed and, in model 3, has that seed.
[[nodiscard]] call_number parse_shotgun_reply(const message& m) noexcept;
[[nodiscard]] call_number parse_complex_reply(const message& m, std::uint64_t seed) noexcept;

/// Whether `m` is that one frame.
[[nodiscard]] bool is_word(const message& m, std::string_view word) noexcept;

/// A decimal number without sign or leading zeros; 0 unless it is one from 1 on.
[[nodiscard]] std::uint64_t parse_number(octets text) noexcept;

} // namespace mizzen::freelance
