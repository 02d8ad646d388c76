// The properties that the two ends of a connection tell each other in the handshake.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>

namespace mizzen::zmtp {

/// 23/ZMTP: no value has more octets, whatever its size would hold.
inline constexpr std::size_t largest_value = 0x7fff'ffff;

struct property {
    std::string_view name; ///< 1 to 255 characters; compared without regard to case.
    octets value;          ///< Up to largest_value octets.
};

/// Reads the property at the front of `rest` and removes it from there.
///
/// Returns  Nothing once `rest` is empty, and on an error.
/// Errors   malformed_metadata: a length that does not fit, or an empty name; `rest` stays as it
///          was. `ec` is cleared otherwise.
/// RFC      23/ZMTP, "Connection Metadata".
[[nodiscard]] std::optional<property> next_property(octets& rest, std::error_code& ec) noexcept;

/// Octets that encode_property writes.
[[nodiscard]] constexpr std::size_t encoded_property_size(const property& p) noexcept {
    return 1 + p.name.size() + 4 + p.value.size();
}

/// Writes a property and returns the octet behind it.
std::byte* encode_property(std::byte* out, const property& p) noexcept;

/// Whether two property names are the same one: letters are compared without regard to case.
[[nodiscard]] bool same_property(std::string_view a, std::string_view b) noexcept;

} // namespace mizzen::zmtp
