// Pauses between attempts, longer each time.
#pragma once

#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/common/timing.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace mizzen::patterns {

/// Doubles up to a maximum, with jitter, so that many who lost the same peer do not come back to it
/// together.
class back_off {
public:
    enum class jitter : std::uint8_t {
        some, ///< From three to five quarters of the pause.
        full, ///< From nothing to the whole pause.
    };

    /// Pauses have at most a year, which whoever wants no limit may name as well.
    back_off(milliseconds first, milliseconds maximum, jitter how, std::uint64_t seed) noexcept
        : first_{std::clamp(first, milliseconds{0}, milliseconds{longest})},
          maximum_{std::clamp(maximum, first_, milliseconds{longest})}, how_{how}, pause_{first_},
          random_{seed} {}

    [[nodiscard]] milliseconds next() noexcept {
        const milliseconds pause = pause_;
        pause_ = pause > maximum_ / 2 ? maximum_ : pause * 2;
        if (how_ == jitter::full)
            return below(pause);
        return pause * 3 / 4 + below(pause / 2);
    }
    /// The next pause is the first one again.
    void reset() noexcept { pause_ = first_; }

private:
    static constexpr std::chrono::hours longest{24 * 365};

    [[nodiscard]] milliseconds below(milliseconds most) noexcept {
        const auto count = static_cast<std::uint64_t>(most.count());
        return milliseconds{static_cast<std::int64_t>(random_.next() % (count + 1))};
    }

    milliseconds first_;
    milliseconds maximum_;
    jitter how_;
    milliseconds pause_;
    random_numbers random_;
};

} // namespace mizzen::patterns
