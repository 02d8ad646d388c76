// The vectorised ways through Salsa20, for the one that chooses among them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mizzen::curve {

/// Combines whole blocks, any number of them, with the key stream from block `first` on. `words`
/// are those of salsa20_input.
void salsa20_blocks_sse2(const std::uint32_t* words, std::uint64_t first, const std::byte* from,
                         std::byte* to, std::size_t blocks) noexcept;
void salsa20_blocks_avx2(const std::uint32_t* words, std::uint64_t first, const std::byte* from,
                         std::byte* to, std::size_t blocks) noexcept;

} // namespace mizzen::curve
