// The 64 octets that open a ZMTP 3.x connection in each direction.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace mizzen::zmtp {

inline constexpr std::size_t greeting_size = 64;

struct greeting {
    std::uint8_t major = 3;
    std::uint8_t minor = 1;
    std::string_view mechanism = "NULL"; ///< At most 20 characters.
    bool as_server = false;              ///< Sent; never looked at, since libzmq always says 0.
};

[[nodiscard]] std::array<std::byte, greeting_size> encode_greeting(const greeting& g) noexcept;

/// Checks as much of the peer's greeting as has come, so that no stranger is waited for.
///
/// input      What has come so far.
/// mechanism  Ours; the peer's has to be the same 20 octets, padding included.
/// minor      Set once the greeting is whole.
/// at         Set on an error: the octet that is wrong.
/// Returns    Whether it is whole.
/// Errors     not_zmtp, zmtp_1_peer, zmtp_2_peer, mechanism_mismatch.
/// RFC        37/ZMTP, "Version Negotiation". Padding, as-server and filler are ignored.
[[nodiscard]] bool check_greeting(octets input, std::string_view mechanism, std::uint8_t& minor,
                                  std::size_t& at, std::error_code& ec) noexcept;

} // namespace mizzen::zmtp
