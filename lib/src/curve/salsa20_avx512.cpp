// Salsa20 by eight blocks; compiled for processors with AVX-512's instructions, which turn a word
// at once, for vectors of AVX2's size.
#include "salsa20_eight_lanes.hpp"

namespace mizzen::curve {

constinit const salsa20_way salsa20_avx512 = salsa20_lanes<eight_lanes>::way;

} // namespace mizzen::curve
