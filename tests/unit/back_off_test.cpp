// The pauses between attempts: how long they are, and how they differ.
#include <mizzen/patterns/common/back_off.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace mizzen::patterns {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::vector<milliseconds> pauses(back_off delays, int count) {
    std::vector<milliseconds> out;
    out.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        out.push_back(delays.next());
    return out;
}

// What a thousand who lost the same peer wait before their attempt of that number.
std::vector<milliseconds> crowd(back_off::jitter how, int attempt) {
    std::vector<milliseconds> out;
    out.reserve(1000);
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
        out.push_back(pauses({100ms, 3200ms, how, seed}, attempt).back());
    return out;
}

} // namespace

TEST_CASE("back-off: pauses double up to the maximum, and jitter stays within its bounds") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto full = pauses({100ms, 1000ms, back_off::jitter::full, seed}, 10);
        const auto some = pauses({100ms, 1000ms, back_off::jitter::some, seed}, 10);
        milliseconds whole = 100ms;
        for (std::size_t i = 0; i < full.size(); ++i) {
            CHECK(full[i] >= 0ms);
            CHECK(full[i] <= whole);
            CHECK(some[i] >= whole * 3 / 4);
            CHECK(some[i] <= whole * 5 / 4);
            whole = std::min<milliseconds>(whole * 2, 1000ms); // 100, 200, 400, 800, 1000, 1000...
        }
    }
}

TEST_CASE("back-off: those who lost the same peer come back spread over all of the pause") {
    for (const int attempt : {1, 3, 8}) {
        const milliseconds whole = std::min<milliseconds>(100ms * (1 << (attempt - 1)), 3200ms);
        for (const auto how : {back_off::jitter::full, back_off::jitter::some}) {
            const milliseconds least = how == back_off::jitter::full ? 0ms : whole * 3 / 4;
            const milliseconds width = how == back_off::jitter::full ? whole : whole / 2;
            int slots[4] = {};
            for (const milliseconds each : crowd(how, attempt))
                ++slots[std::min<std::int64_t>((each - least) * 4 / width, 3)];
            CAPTURE(attempt);
            for (const int in_slot : slots) { // of 1000, 250 each if all were even
                CHECK(in_slot > 180);
                CHECK(in_slot < 320);
            }
        }
    }
}

TEST_CASE("back-off: the same seed gives the same pauses, another one others") {
    const auto of = [](std::uint64_t seed) {
        return pauses({100ms, 10s, back_off::jitter::full, seed}, 20);
    };
    CHECK(of(7) == of(7));
    std::set<std::vector<milliseconds>> different;
    for (std::uint64_t seed = 0; seed < 100; ++seed)
        different.insert(of(seed));
    CHECK(different.size() == 100);
}

TEST_CASE("back-off: it begins anew when it is reset, with other jitter") {
    back_off delays{100ms, 10s, back_off::jitter::some, 1};
    for (int i = 0; i < 6; ++i)
        static_cast<void>(delays.next());
    CHECK(delays.next() >= 4800ms);
    std::set<milliseconds> first;
    for (int i = 0; i < 20; ++i) {
        delays.reset();
        const milliseconds pause = delays.next();
        CHECK(pause >= 75ms);
        CHECK(pause <= 125ms);
        first.insert(pause);
    }
    CHECK(first.size() > 5);
}

TEST_CASE("back-off: what makes no sense is no pause, the first one for ever, or at most a year") {
    const milliseconds no_limit = milliseconds::max();
    for (const auto how : {back_off::jitter::full, back_off::jitter::some}) {
        for (const milliseconds each : pauses({-5ms, -10ms, how, 1}, 5))
            CHECK(each == 0ms);
        for (const milliseconds each : pauses({100ms, 10ms, how, 1}, 5))
            CHECK(each <= 125ms);
        for (const milliseconds first : {milliseconds{1h}, no_limit}) {
            for (const milliseconds each : pauses({first, no_limit, how, 1}, 100)) {
                CHECK(each >= 0ms);
                CHECK(each <= 24h * 365 * 5 / 4);
            }
        }
    }
}

} // namespace mizzen::patterns
