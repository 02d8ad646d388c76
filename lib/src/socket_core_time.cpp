// What is due, and when: time-outs, and the pauses between attempts to connect.
#include "socket_core.hpp"

#include <algorithm>

namespace mizzen::detail {

void socket_core::end_by(session& s, time_point limit) {
    s.end_at = limit;
    update_alarm(s);
}

void socket_core::schedule_retry(session& s, time_point now) {
    ++stats.connect_retries;
    if (s.backoff == milliseconds::zero())
        s.backoff = options.reconnect_first;
    const auto spread = std::max<milliseconds::rep>(s.backoff.count(), 1);
    const milliseconds jitter{static_cast<milliseconds::rep>(random_()) % spread};
    s.retry_at = now + s.backoff + jitter;
    tell(event_kind::retrying, s, s.why);
    s.backoff =
        std::max(options.reconnect_first, std::min(2 * s.backoff, options.reconnect_maximum));
    update_alarm(s);
}

void socket_core::update_alarm(session& s) {
    std::optional<time_point> due = s.retry_at;
    if (s.end_at && (!due || *s.end_at < *due))
        due = s.end_at;
    if (s.link)
        if (const auto limit = s.link->deadline(); limit && (!due || *limit < *due))
            due = limit;
    if (s.alarm) {
        if (due && (*s.alarm)->first == *due)
            return;
        alarms_.erase(*s.alarm);
        s.alarm.reset();
    }
    if (due)
        s.alarm = alarms_.emplace(*due, &s);
}

std::optional<time_point> socket_core::deadline() const noexcept {
    std::optional<time_point> first = trim_at_;
    if (!alarms_.empty() && (!first || alarms_.begin()->first < *first))
        first = alarms_.begin()->first;
    return first;
}

void socket_core::handle_timeout(time_point now) {
    now_ = now;
    while (!alarms_.empty() && alarms_.begin()->first <= now) {
        session& s = *alarms_.begin()->second;
        alarms_.erase(alarms_.begin());
        s.alarm.reset();
        if (s.end_at && *s.end_at <= now) {
            s.end_at.reset();
            fail(s, std::make_error_code(std::errc::timed_out));
        } else if (s.retry_at && *s.retry_at <= now) {
            s.retry_at.reset();
            begin_attempt(s);
        } else if (s.link) {
            if (s.paused)
                s.link->disregard_silence();
            s.link->handle_timeout(now);
            if (!s.link->is_open()) {
                std::error_code why;
                message none;
                static_cast<void>(s.link->next_event(none, why));
                fail(s, why);
                continue;
            }
            mark_dirty(s);
            update_alarm(s);
        }
    }
    if (trim_at_ && *trim_at_ <= now) {
        trim_at_.reset();
        for (const auto& [key, s] : sessions_) {
            s->in.shrink_if_idle();
            s->out.shrink_if_idle();
            s->mail.shrink_if_idle();
            s->post.shrink_if_idle();
        }
    }
}

} // namespace mizzen::detail
