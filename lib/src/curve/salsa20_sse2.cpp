// Salsa20 by four blocks, with what every x86-64 processor has.
#include "salsa20_lanes.hpp"

namespace mizzen::curve {
namespace {

struct four_lanes {
    using vector = quad;
    static constexpr unsigned count = 4;

    static vector low_words(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 0, 4, 1, 5);
    }
    static vector high_words(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 2, 6, 3, 7);
    }
    static vector low_pairs(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 0, 1, 4, 5);
    }
    static vector high_pairs(vector a, vector b) noexcept {
        return __builtin_shufflevector(a, b, 2, 3, 6, 7);
    }
    static quad quad_of(vector v, unsigned /*part*/) noexcept { return v; }
};

} // namespace

constinit const salsa20_way salsa20_sse2 = salsa20_lanes<four_lanes>::way;

} // namespace mizzen::curve
