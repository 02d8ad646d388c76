// Views of octets, and their conversion from and to text.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace mizzen::zmtp {

/// Some octets that somebody else owns.
using octets = std::span<const std::byte>;

[[nodiscard]] inline octets as_octets(std::string_view text) noexcept {
    return std::as_bytes(std::span{text.data(), text.size()});
}

[[nodiscard]] inline std::string_view as_text(octets data) noexcept {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

} // namespace mizzen::zmtp
