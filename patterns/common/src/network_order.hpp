// Numbers as they go over the wire: the most significant octet first.
#pragma once

#include <concepts>
#include <cstddef>

namespace mizzen::patterns {

template <std::unsigned_integral Number>
constexpr void write_number(std::byte* to, Number number) noexcept {
    for (std::size_t i = sizeof number; i-- > 0; number = static_cast<Number>(number >> 8))
        to[i] = static_cast<std::byte>(number);
}

template <std::unsigned_integral Number>
[[nodiscard]] constexpr Number read_number(const std::byte* from) noexcept {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i)
        number = static_cast<Number>(number << 8 | std::to_integer<Number>(from[i]));
    return number;
}

} // namespace mizzen::patterns
