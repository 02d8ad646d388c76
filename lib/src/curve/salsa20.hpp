// The Salsa20 stream cipher, by one block or by several at once: no table, no branch and no address
// depends on what is secret.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mizzen::curve {

inline constexpr std::size_t salsa20_block = 64; ///< Octets.

/// A key of 32 octets and a nonce of 8, as the cipher's first state without its counter.
struct salsa20_input {
    std::uint32_t words[16];
};

/// How blocks are computed. Each gives the same octets.
enum class salsa20_path : std::uint8_t {
    plain, ///< One at a time; all there is where the processor is not x86-64.
    sse2,  ///< Four at a time.
    avx2,  ///< Eight at a time.
};
/// Whether this processor and this build can go that way.
[[nodiscard]] bool can_take(salsa20_path path) noexcept;
[[nodiscard]] salsa20_path best_salsa20_path() noexcept;

[[nodiscard]] salsa20_input make_salsa20_input(const std::byte* key) noexcept;
void set_salsa20_nonce(salsa20_input& input, const std::byte* nonce) noexcept;

/// Writes `from` combined with the key stream from block `first` on; `to` may be `from`, and else
/// does not overlap it.
void salsa20_xor(salsa20_path path, const salsa20_input& input, std::uint64_t first,
                 const std::byte* from, std::byte* to, std::size_t size) noexcept;

/// 32 octets out of a key of 32 and an input of 16.
void hsalsa20(const std::byte* key, const std::byte* input, std::byte* out) noexcept;

} // namespace mizzen::curve
