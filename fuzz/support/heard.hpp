// What a connection hears: octets that were chosen, with filler behind them.
#pragma once

#include "filler.hpp"
#include "wire.hpp"

#include <algorithm>
#include <cstddef>

namespace mizzen::fuzz {

/// Kept between runs, so that the filler is laid out once: the octets go in front of where it
/// starts.
class heard_octets {
public:
    /// `first`, `second` and `filler(1, more)`, as one. Valid until the next call.
    [[nodiscard]] octets lay(octets first, octets second, std::size_t more) {
        const std::size_t chosen = first.size() + second.size();
        if (all_.empty() || chosen > front_) {
            front_ = 2 * chosen;
            all_.resize(front_ + most_more);
            std::ranges::copy(filler(1, most_more),
                              all_.begin() + static_cast<std::ptrdiff_t>(front_));
        }
        must(more <= most_more, "a target asks for as much filler as there is");
        auto at = all_.begin() + static_cast<std::ptrdiff_t>(front_ - chosen);
        at = std::ranges::copy(first, at).out;
        std::ranges::copy(second, at);
        return octets{all_}.subspan(front_ - chosen, chosen + more);
    }

private:
    static constexpr std::size_t most_more = 80'000;

    stream all_;
    std::size_t front_ = 0;
};

} // namespace mizzen::fuzz
