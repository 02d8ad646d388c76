// Numbers as a journal has them: the least octet first.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace mizzen::titanic {

template <std::unsigned_integral Number> void put(std::byte* to, Number value) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(to, &value, sizeof value);
    } else {
        for (std::size_t i = 0; i < sizeof value; ++i)
            to[i] = static_cast<std::byte>(value >> (8 * i));
    }
}

template <std::unsigned_integral Number> [[nodiscard]] Number get(const std::byte* from) noexcept {
    Number value = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&value, from, sizeof value);
    } else {
        for (std::size_t i = 0; i < sizeof value; ++i)
            value = static_cast<Number>(value | static_cast<Number>(from[i]) << (8 * i));
    }
    return value;
}

} // namespace mizzen::titanic
