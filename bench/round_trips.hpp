// Timing requests that are made one at a time.
#pragma once

#include "side_by_side.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace bench {

/// Calls `once` with a number each time; prints what half of the calls took at most, what 99 of 100
/// did, and how many there were a second.
template <class Once> void time_round_trips(std::uint64_t count, Once once) {
    using clock = std::chrono::steady_clock;
    const std::uint64_t untimed = warm_up(count);
    for (std::uint64_t i = 0; i < untimed; ++i)
        once(i);
    std::vector<double> taken;
    taken.reserve(count);
    clock::time_point before = clock::now();
    const clock::time_point begin = before;
    for (std::uint64_t i = 0; i < count; ++i) {
        once(untimed + i);
        const clock::time_point now = clock::now();
        taken.push_back(std::chrono::duration<double, std::micro>(now - before).count());
        before = now;
    }
    const double seconds = std::chrono::duration<double>(before - begin).count();
    std::sort(taken.begin(), taken.end());
    const auto at = [&](std::size_t percent) { return taken[(taken.size() - 1) * percent / 100]; };
    std::printf("%.3f p50\n%.3f p99\n%.3f a_second\n", at(50), at(99),
                static_cast<double>(count) / seconds);
    std::fflush(stdout);
}

} // namespace bench
