// A history of each pattern, by its seed.
#pragma once

#include "ledger.hpp"

#include <array>
#include <cstdint>

namespace mizzen::sim {

// Each throws `broken` when something does not hold.

/// A broker, workers and clients of Majordomo.
///
/// What holds is said by ledger.hpp of requests and by majordomo_witness.hpp of the broker. When
/// all faults are over, everybody is served, and the broker keeps nothing of whoever is gone.
[[nodiscard]] made_of majordomo_history(std::uint32_t seed);

/// Sockets alone; see play.hpp.
[[nodiscard]] made_of sockets_history(std::uint32_t seed);

struct pattern {
    const char* name;
    made_of (*history)(std::uint32_t seed);
};
inline constexpr std::array patterns{
    pattern{"sockets", sockets_history},
    pattern{"majordomo", majordomo_history},
};

} // namespace mizzen::sim
