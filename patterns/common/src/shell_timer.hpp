// What the shells know of time: the clock, and one timer for a core's deadline.
#pragma once

#include <mizzen/patterns/common/timing.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

namespace mizzen::patterns {

[[nodiscard]] inline time_point clock_now() noexcept { return std::chrono::steady_clock::now(); }

[[nodiscard]] inline std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

/// A core's deadline moves with every message, mostly to later: a timer that fires early and looks
/// again costs less than one that is set anew each time.
class shell_timer {
public:
    explicit shell_timer(const asio::any_io_executor& executor) : timer_{executor} {}

    /// Calls `fired`, which keeps this timer alive, at `due` or earlier; it is then to look again.
    template <class Function> void set(std::optional<time_point> due, Function fired) {
        if (!due || (set_ && timer_.expiry() <= *due))
            return;
        set_ = true;
        timer_.expires_at(*due); // an earlier wait ends with an error
        timer_.async_wait([this, fired = std::move(fired)](std::error_code ec) {
            if (ec)
                return;
            set_ = false;
            fired();
        });
    }
    void cancel() { timer_.cancel(); }

private:
    asio::steady_timer timer_;
    bool set_ = false;
};

} // namespace mizzen::patterns
