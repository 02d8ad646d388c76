// Poly1305 by several blocks at once, for who takes the rest one by one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mizzen::curve {

inline constexpr std::size_t poly1305_group = 64; ///< Octets: four blocks.

/// r, its square, its third and its fourth power, in limbs of 26 bits.
using poly1305_powers = std::uint32_t[4][5];

/// What the sum is after so many groups, at least one, in limbs of up to 28 bits.
void poly1305_groups_avx2(const poly1305_powers& powers, const std::byte* text, std::size_t groups,
                          std::uint64_t* limbs) noexcept;

} // namespace mizzen::curve
