// Which instructions CURVE's arithmetic is done by.
#pragma once

#include <cstdint>

namespace mizzen::curve {

/// Each gives the same octets.
enum class path : std::uint8_t {
    plain,  ///< One block at a time; all there is where the processor is not x86-64.
    sse2,   ///< Four blocks of Salsa20 at a time.
    avx2,   ///< Eight, and Poly1305 by four.
    avx512, ///< Likewise, with the shorter instructions for it; no wider registers.
};
inline constexpr path every_path[] = {path::plain, path::sse2, path::avx2, path::avx512};

/// Whether this processor and this build can go that way.
[[nodiscard]] bool can_take(path way) noexcept;
[[nodiscard]] path best_path() noexcept;

} // namespace mizzen::curve
