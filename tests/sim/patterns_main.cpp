// patterns [N [SEED [PATTERN]]]: N histories of every pattern, from that seed on.
#include "histories.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

namespace {

using mizzen::sim::made_of;
using mizzen::sim::pattern;

constexpr int most_failures = 10; // that are printed

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t found = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), found);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
        return std::nullopt;
    return found;
}

// How many failed.
int play(const pattern& of, std::uint32_t count, std::uint32_t seed) {
    using clock = std::chrono::steady_clock;
    made_of total;
    int failures = 0;
    const auto start = clock::now();
    for (std::uint32_t i = 0; i < count && failures < most_failures; ++i, ++seed) {
        try {
            total += of.history(seed);
        } catch (const std::exception& why) {
            ++failures;
            std::printf("%s: seed %u: does not hold: %s\n", of.name, seed, why.what());
        }
    }
    const std::chrono::duration<double> took = clock::now() - start;
    std::printf("%-16s %6.0f histories/s, %u histories:", of.name, count / took.count(), count);
    const char* between = " ";
    for (const auto& [what, part] : mizzen::sim::parts_of_history)
        if (total.*part != 0)
            std::printf("%s%llu %s", std::exchange(between, ", "),
                        static_cast<unsigned long long>(total.*part), what);
    std::printf("\n");
    return failures;
}

} // namespace

int main(int argc, char** argv) {
    const char* const fewer = std::getenv("MIZZEN_SIM_SEEDS");
    const auto count = number(argc > 1 ? argv[1] : fewer != nullptr ? fewer : "2000");
    const auto seed = number(argc > 2 ? argv[2] : "1");
    const std::string_view wanted = argc > 3 ? argv[3] : "";
    int failures = 0;
    int played = 0;
    if (count && seed)
        for (const pattern& each : mizzen::sim::patterns) {
            if (!wanted.empty() && wanted != each.name)
                continue;
            ++played;
            failures += play(each, *count, *seed);
        }
    if (played == 0) {
        std::fputs("usage: sim [N [SEED [PATTERN]]]\n", stderr);
        return 2;
    }
    return failures == 0 ? 0 : 1;
}
