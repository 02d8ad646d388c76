// Salsa20 by eight blocks; compiled for processors with AVX2.
#include "salsa20_eight_lanes.hpp"

namespace mizzen::curve {

constinit const salsa20_way salsa20_avx2 = salsa20_lanes<eight_lanes>::way;

} // namespace mizzen::curve
