// Random histories of every family of sockets.
#include "play.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace mizzen::sim {
namespace {

std::vector<std::uint8_t> script_of(std::uint32_t seed) {
    std::mt19937 random{seed};
    std::vector<std::uint8_t> script(20 + random() % 2000);
    for (std::uint8_t& octet : script)
        octet = static_cast<std::uint8_t>(random());
    return script;
}

TEST_CASE("whatever is done to sockets, messages keep their order, and come once at most") {
    const char* const wanted = std::getenv("MIZZEN_SIM_SEEDS");
    const std::uint32_t count =
        wanted == nullptr ? 2000 : static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10));
    played total;
    for (std::uint32_t seed = 1; seed <= count; ++seed) {
        try {
            const played one = play(script_of(seed));
            total.sent += one.sent;
            total.received += one.received;
            total.connections += one.connections;
            total.disconnects += one.disconnects;
            total.waited += one.waited;
            total.cancelled += one.cancelled;
        } catch (const std::logic_error& broken) {
            FAIL_CHECK("seed ", seed, ": ", std::string{broken.what()});
        }
    }
    MESSAGE(total.sent, " sent, ", total.received, " received, ", total.connections,
            " connections, ", total.disconnects, " lost, ", total.waited, " operations waited, ",
            total.cancelled, " cancelled");
    CHECK(total.received > total.sent / 10);
    CHECK(total.disconnects > count);
    CHECK(total.waited > count);
    CHECK(total.cancelled > count / 2);
}

} // namespace
} // namespace mizzen::sim
