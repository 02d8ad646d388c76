// CRC-32C (Castagnoli), the checksum of everything in a journal.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <cstdint>

namespace mizzen::titanic {

/// Of `data`, behind what `before` is the checksum of. The processor's instruction where it has
/// one, which is found out once, as the program runs.
[[nodiscard]] std::uint32_t crc32c(zmtp::octets data, std::uint32_t before = 0) noexcept;

/// The same from tables, for processors without.
[[nodiscard]] std::uint32_t crc32c_plain(zmtp::octets data, std::uint32_t before = 0) noexcept;

} // namespace mizzen::titanic
