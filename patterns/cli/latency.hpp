// How long things took, in little memory however many they are.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mizzen::cli {

/// Counts times to within a thirty-second part.
class latency {
public:
    using nanoseconds = std::chrono::nanoseconds;

    void add(nanoseconds time) noexcept {
        const auto count = time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count());
        ++counts_[index_of(count)];
        ++total_;
        most_ = count > most_ ? count : most_;
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
    [[nodiscard]] nanoseconds most() const noexcept {
        return nanoseconds{static_cast<std::int64_t>(most_)};
    }
    /// What `share` of all, from 0 to 1, took at most; 0 when there are none.
    [[nodiscard]] nanoseconds within(double share) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (counts_[i] != 0 && seen >= wanted)
                return nanoseconds{
                    static_cast<std::int64_t>(end_of(i) < most_ ? end_of(i) : most_)};
        }
        return most();
    }

private:
    static constexpr unsigned bits = 5; // of a number that are told apart
    static constexpr std::uint64_t parts = std::uint64_t{1} << bits;

    [[nodiscard]] static std::size_t index_of(std::uint64_t count) noexcept {
        if (count < parts)
            return count;
        const auto shift = static_cast<unsigned>(std::bit_width(count)) - bits - 1;
        return (shift + 1) * parts + ((count >> shift) - parts);
    }
    [[nodiscard]] static std::uint64_t end_of(std::size_t index) noexcept {
        if (index < parts)
            return index;
        const std::size_t shift = index / parts - 1;
        return ((parts + index % parts + 1) << shift) - 1;
    }

    std::array<std::uint64_t, parts * (64 - bits + 1)> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t most_ = 0;
};

} // namespace mizzen::cli
