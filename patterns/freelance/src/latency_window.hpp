// How long replies took of late.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace mizzen::freelance {

/// Of the last 128.
class latency_window {
public:
    using duration = std::chrono::nanoseconds;

    void add(duration took) noexcept {
        last_[count_++ % last_.size()] = took;
        if (count_ % refresh == 0)
            measure();
    }
    /// Nothing until enough is known.
    [[nodiscard]] std::optional<duration> p95() const noexcept { return p95_; }

private:
    static constexpr std::size_t refresh = 16; // measured again after so many

    void measure() noexcept {
        auto known = last_;
        const std::size_t size = std::min(count_, known.size());
        const auto at = known.begin() + static_cast<std::ptrdiff_t>(size * 95 / 100);
        std::nth_element(known.begin(), at, known.begin() + static_cast<std::ptrdiff_t>(size));
        p95_ = *at;
    }

    std::array<duration, 128> last_{};
    std::size_t count_ = 0;
    std::optional<duration> p95_;
};

} // namespace mizzen::freelance
