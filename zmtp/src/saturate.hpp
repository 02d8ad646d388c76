// Sums that stay at the largest there is instead of wrapping round: what a program sets a limit or
// a span of time to may be as large as it can be.
#pragma once

#include <mizzen/zmtp/config.hpp>

#include <chrono>
#include <concepts>
#include <limits>

namespace mizzen::zmtp {

template <std::unsigned_integral Size> [[nodiscard]] constexpr Size plus(Size a, Size b) noexcept {
    constexpr Size most = std::numeric_limits<Size>::max();
    return a > most - b ? most : a + b;
}

/// When a span of time that begins at `from` is over.
[[nodiscard]] constexpr time_point later(time_point from, milliseconds span) noexcept {
    constexpr time_point zero{};
    const auto left = time_point::max() - (from < zero ? zero : from);
    return span > std::chrono::floor<milliseconds>(left) ? time_point::max() : from + span;
}

} // namespace mizzen::zmtp
