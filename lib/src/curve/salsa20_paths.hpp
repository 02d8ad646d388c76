// The vectorised ways through Salsa20, for the one that chooses among them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mizzen::curve {

/// One way. `words` are those of salsa20_input.
struct salsa20_way {
    /// Combines octets with the key stream from block `first` on.
    void (*combine)(const std::uint32_t* words, std::uint64_t first, const std::byte* from,
                    std::byte* to, std::size_t size) noexcept;
    /// Writes a block for each lane: of nonce number + lane / each, its block lane % each.
    void (*first_blocks)(const std::uint32_t* words, std::uint64_t number, std::size_t each,
                         std::byte* to) noexcept;
};

extern const salsa20_way salsa20_sse2;
extern const salsa20_way salsa20_avx2;
extern const salsa20_way salsa20_avx512;

} // namespace mizzen::curve
