// Text that is to leave no trace in memory.
#pragma once

#include <cstddef>
#include <string>

namespace mizzen::detail {

/// Zeros in place of what it has, which no compiler leaves out.
inline void wipe(std::byte* at, std::size_t size) noexcept {
    volatile std::byte* const octets = at;
    for (std::size_t i = 0; i < size; ++i)
        octets[i] = std::byte{0};
}
inline void wipe(std::string& text) noexcept {
    wipe(reinterpret_cast<std::byte*>(text.data()), text.size());
}

} // namespace mizzen::detail
