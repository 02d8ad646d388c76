// Poly1305: 16 octets that only who has the key of one message can make for it.
#pragma once

#include "paths.hpp"
#include <mizzen/zmtp/octets.hpp>

#include <cstddef>

namespace mizzen::curve {

inline constexpr std::size_t poly1305_key_size = 32;
inline constexpr std::size_t poly1305_size = 16;

/// `key` has 32 octets and is used once; `out` gets 16.
void poly1305(path way, const std::byte* key, zmtp::octets text, std::byte* out) noexcept;

} // namespace mizzen::curve
