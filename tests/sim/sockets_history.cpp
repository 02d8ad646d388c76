// A history of sockets alone, by its seed.
#include "histories.hpp"
#include "play.hpp"

#include <random>
#include <vector>

namespace mizzen::sim {

made_of sockets_history(std::uint32_t seed) {
    std::mt19937 random{seed};
    std::vector<std::uint8_t> script(20 + random() % 2000);
    for (std::uint8_t& octet : script)
        octet = static_cast<std::uint8_t>(random());
    const played one = play(script);
    made_of total;
    total.messages = one.received;
    total.lost_connections = one.disconnects;
    return total;
}

} // namespace mizzen::sim
