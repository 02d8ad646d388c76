// Octets to fill bodies with, so that a large one costs an input only its size.
#pragma once

#include "must.hpp"
#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace mizzen::fuzz {

inline constexpr std::size_t most_filler = 256 * 1024;

/// `size` octets that are as good as random; another `from` gives others. They stand for ever.
inline zmtp::octets filler(std::size_t from, std::size_t size) noexcept {
    constexpr std::size_t starts = 4096;
    static const auto all = [] {
        std::array<std::byte, most_filler + starts> out;
        // Not by hand: compilers would take seconds to do it themselves.
        std::linear_congruential_engine<std::uint32_t, 1664525U, 1013904223U, 0> random{1};
        for (std::byte& octet : out)
            octet = static_cast<std::byte>(random() >> 24);
        return out;
    }();
    must(size <= most_filler, "a target asks for as much filler as there is");
    return zmtp::octets{all}.subspan(from % starts, size);
}

} // namespace mizzen::fuzz
