// Rules of time that the patterns share.
#pragma once

#include <mizzen/zmtp/config.hpp>

#include <algorithm>
#include <chrono>

namespace mizzen::patterns {

using std::chrono::milliseconds;
using zmtp::time_point;

/// How long a peer may be silent. The Guide's peers heartbeat every one to two intervals, so that
/// less than that would expire the living.
[[nodiscard]] inline milliseconds silence_limit(milliseconds heartbeat, int liveness) noexcept {
    return std::max(heartbeat * liveness, heartbeat * 2 + heartbeat / 2);
}

/// Notices that this process itself did not run for a while. What the peers sent meanwhile is still
/// to be read, so their silence proves nothing until then.
class stall_guard {
public:
    stall_guard(milliseconds heartbeat, time_point now) noexcept
        : heartbeat_{heartbeat}, seen_{now} {}

    /// To be called whenever time comes in. A needless pardon does no harm.
    void saw(time_point now) noexcept {
        if (now - seen_ > 2 * heartbeat_)
            pardon_until_ = now + heartbeat_;
        seen_ = std::max(seen_, now);
    }
    /// When silence that would end at `due` does end.
    [[nodiscard]] time_point postponed(time_point due) const noexcept {
        return std::max(due, pardon_until_);
    }

private:
    milliseconds heartbeat_;
    time_point seen_;
    time_point pardon_until_{};
};

} // namespace mizzen::patterns
