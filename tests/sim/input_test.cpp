// Random input for the cores of patterns.
#include "majordomo_input.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace mizzen::sim {
namespace {

// Returns how many messages were malformed.
std::uint64_t play_many(std::uint64_t (*input)(std::span<const std::uint8_t>), unsigned count) {
    std::uint64_t malformed = 0;
    for (std::uint32_t seed = 1; seed <= count; ++seed) {
        std::mt19937 random{seed};
        std::vector<std::uint8_t> script(random() % 2000);
        for (std::uint8_t& octet : script)
            octet = static_cast<std::uint8_t>(random());
        try {
            malformed += input(script);
        } catch (const std::logic_error& broken) {
            FAIL_CHECK("seed ", seed, ": ", std::string{broken.what()});
        }
    }
    return malformed;
}

constexpr unsigned scripts = 1000;

TEST_CASE("whatever is sent to a Majordomo broker is counted, and harmless to others") {
    CHECK(play_many(broker_input, scripts) > scripts * 10);
}

TEST_CASE("whatever a broker sends to a Majordomo worker, it hands out nothing but requests") {
    CHECK(play_many(worker_input, scripts) > scripts * 2);
}

TEST_CASE(
    "whatever brokers send to a Majordomo client, each request ends once, with its own reply") {
    CHECK(play_many(client_input, scripts) > scripts);
}

} // namespace
} // namespace mizzen::sim
