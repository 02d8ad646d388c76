// Whether a peer was silent for too long, as a witness has it.
#pragma once

#include "world.hpp"

#include <algorithm>

namespace mizzen::sim {

/// Judges by the intervals that a process promises, and by when that process ran at all.
class silence {
public:
    silence(milliseconds heartbeat, int liveness)
        : heartbeat_{heartbeat}, limit_{std::max(heartbeat * liveness, heartbeat * 5 / 2)} {}

    /// The process looks at the clock, until ticked().
    void ticks(time_point now) {
        saw(now);
        at_tick_ = true;
    }
    void ticked() { at_tick_ = false; }
    /// Time comes in. Who did not run for a while gives everybody another interval.
    void saw(time_point now) {
        if (now - seen_ > 2 * heartbeat_)
            pardon_ = now + heartbeat_;
        seen_ = now;
    }
    /// Who has just been suspended for a moment may read before it looks at the clock.
    [[nodiscard]] bool is_over(time_point heard, milliseconds limit, time_point now) const {
        const milliseconds slack = at_tick_ ? milliseconds{0} : 2 * heartbeat_;
        return heard + limit + slack < now && pardon_ < now;
    }
    [[nodiscard]] bool is_over(time_point heard, time_point now) const {
        return heartbeat_.count() != 0 && is_over(heard, limit_, now);
    }
    [[nodiscard]] milliseconds limit() const noexcept { return limit_; }

private:
    milliseconds heartbeat_;
    milliseconds limit_;
    bool at_tick_ = false;
    time_point seen_{};
    time_point pardon_{};
};

} // namespace mizzen::sim
