// Counts as nonces end with them: eight octets, the most significant first.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mizzen::curve {

inline void store_count(std::byte* to, std::uint64_t count) noexcept {
    for (unsigned i = 0; i < 8; ++i)
        to[i] = static_cast<std::byte>(count >> (56 - 8 * i));
}
[[nodiscard]] inline std::uint64_t load_count(const std::byte* from) noexcept {
    std::uint64_t count = 0;
    for (unsigned i = 0; i < 8; ++i)
        count = count << 8 | std::to_integer<std::uint64_t>(from[i]);
    return count;
}

} // namespace mizzen::curve
