// A history of each pattern, by its seed.
#pragma once

#include "ledger.hpp"

#include <array>
#include <cstdint>

namespace mizzen::sim {

// Each throws `broken` when something does not hold.

/// One broker of Majordomo or two that do not know each other, workers and clients.
///
/// What holds is said by ledger.hpp of requests and by majordomo_witness.hpp of the broker. When
/// all faults are over, everybody is served, and the broker keeps nothing of whoever is gone.
[[nodiscard]] made_of majordomo_history(std::uint32_t seed);

/// Servers and clients of the Lazy Pirate.
///
/// What holds is said by ledger.hpp of requests and by lazy_witness.hpp of each server. A client
/// that goes on asking is answered in the end, and when all faults are over everybody is served.
[[nodiscard]] made_of lazy_pirate_history(std::uint32_t seed);

/// A queue of either protocol, workers of it, and clients: those of the Lazy Pirate, and a greedy
/// one.
///
/// What holds is said by ledger.hpp of requests and by pirate_witness.hpp of the queue. When all
/// faults are over, everybody is served, and the queue keeps nothing of whoever is gone.
[[nodiscard]] made_of simple_pirate_history(std::uint32_t seed);
[[nodiscard]] made_of paranoid_pirate_history(std::uint32_t seed);

/// Titanic inside a broker of Majordomo, on a disk that loses what was not synced, with workers and
/// clients.
///
/// What holds is said by ledger.hpp of requests and by titanic_nodes.hpp of what clients are told.
[[nodiscard]] made_of titanic_history(std::uint32_t seed);

/// The two halves of a Binary Star and clients that do not give up.
///
/// What holds is said by ledger.hpp of requests. On one network never do both halves serve. When
/// all faults are over everybody is served, and one half is active, the other passive.
[[nodiscard]] made_of binary_star_history(std::uint32_t seed);
/// Servers and clients of Freelance's second or third model.
///
/// What holds is said by ledger.hpp of requests and by freelance_nodes.hpp of servers and clients.
/// While one server that a client knows is alive and can be reached, each request is answered
/// within the bound in the README. When all faults are over, everybody is served, and servers keep
/// nothing of whoever is gone.
[[nodiscard]] made_of freelance_history(std::uint32_t seed);

/// Sockets alone; see play.hpp.
[[nodiscard]] made_of sockets_history(std::uint32_t seed);

struct pattern {
    const char* name;
    made_of (*history)(std::uint32_t seed);
};
inline constexpr std::array patterns{
    pattern{"sockets", sockets_history},
    pattern{"majordomo", majordomo_history},
    pattern{"lazy_pirate", lazy_pirate_history},
    pattern{"simple_pirate", simple_pirate_history},
    pattern{"paranoid_pirate", paranoid_pirate_history},
    pattern{"titanic", titanic_history},
    pattern{"binary_star", binary_star_history},
    pattern{"freelance", freelance_history},
};

} // namespace mizzen::sim
