// Numbers that look random, from a seed: the same ones for the same seed.
#pragma once

#include <cstdint>

namespace mizzen::patterns {

/// The finish of splitmix64, which leaves no trace of how its input came about.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/// splitmix64. Not for secrets.
class random_numbers {
public:
    explicit constexpr random_numbers(std::uint64_t seed) noexcept : state_{seed} {}

    [[nodiscard]] constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15;
        return mix(state_);
    }

private:
    std::uint64_t state_;
};

} // namespace mizzen::patterns
