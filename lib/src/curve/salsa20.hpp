// The Salsa20 stream cipher, by one block or by several at once: no table, no branch and no address
// depends on what is secret.
#pragma once

#include "paths.hpp"

#include <cstddef>
#include <cstdint>

namespace mizzen::curve {

inline constexpr std::size_t salsa20_block = 64; ///< Octets.
inline constexpr std::size_t most_lanes = 8;

/// Blocks that are computed at once.
[[nodiscard]] constexpr std::size_t lanes_of(path way) noexcept {
    return way == path::plain ? 1 : way == path::sse2 ? 4 : most_lanes;
}

/// A key of 32 octets and a nonce of 8, as the cipher's first state without its counter.
struct salsa20_input {
    std::uint32_t words[16];
};

[[nodiscard]] salsa20_input make_salsa20_input(const std::byte* key) noexcept;
void set_salsa20_nonce(salsa20_input& input, const std::byte* nonce) noexcept;

/// Writes `from` combined with the key stream from block `first` on; `to` may be `from`, and else
/// does not overlap it.
void salsa20_xor(path way, const salsa20_input& input, std::uint64_t first, const std::byte* from,
                 std::byte* to, std::size_t size) noexcept;

/// Writes the key stream's first `each` blocks for as many nonces as lanes_of(way) has room for,
/// at least one. The nonces are `number`, `number` + 1, ..., as eight octets, the highest first.
void salsa20_first_blocks(path way, const salsa20_input& input, std::uint64_t number,
                          std::size_t each, std::byte* out) noexcept;

/// 32 octets out of a key of 32 and an input of 16.
void hsalsa20(const std::byte* key, const std::byte* input, std::byte* out) noexcept;

} // namespace mizzen::curve
