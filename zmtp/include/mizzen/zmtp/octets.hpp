// Views of octets, and their conversion from and to text.
#pragma once

#include <cstddef>
#include <cstring>
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

/// Copies a few octets. Compilers call memcpy, or worse, for a size they do not know; for the sizes
/// of small messages that takes longer than the copy.
inline void copy_short(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    if (size >= 16) {
        for (std::size_t at = 0; at + 16 < size; at += 16)
            std::memcpy(to + at, from + at, 16);
        std::memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        std::memcpy(to, from, 8);
        std::memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        std::memcpy(to, from, 4);
        std::memcpy(to + size - 4, from + size - 4, 4);
    } else if (size != 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

} // namespace mizzen::zmtp
