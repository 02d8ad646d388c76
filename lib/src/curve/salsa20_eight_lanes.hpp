// Vectors of eight lanes, as salsa20_lanes wants them; for each source that includes this alone.
#pragma once

#include "salsa20_lanes.hpp"

namespace mizzen::curve {
namespace {

struct eight_lanes {
    using vector = std::uint32_t __attribute__((vector_size(32)));
    static constexpr unsigned count = 8;

    static vector low_words(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    }
    static vector high_words(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    }
    static vector low_pairs(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
    }
    static vector high_pairs(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    }
    static quad quad_of(vector v, unsigned part) noexcept {
        return part == 0 ? __builtin_shufflevector(v, v, 0, 1, 2, 3)
                         : __builtin_shufflevector(v, v, 4, 5, 6, 7);
    }
};

} // namespace
} // namespace mizzen::curve
