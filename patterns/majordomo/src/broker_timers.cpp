// What falls due at the broker: requests, workers, services, heartbeats.
#include "broker_state.hpp"

namespace mizzen::majordomo {

std::optional<time_point> broker_core::state::deadline() const noexcept {
    std::optional<time_point> first = drain_ends_;
    const auto consider = [&first](time_point at) {
        if (!first || at < *first)
            first = at;
    };
    if (const peer_record* w = beats_.front())
        consider(w->sent + options_.heartbeat);
    if (const peer_record* w = silences_.front())
        consider(guard_.postponed(w->heard + silence_));
    if (const request_record* r = waiting_.front())
        consider(r->waits_until);
    if (const request_record* r = deadlines_.front())
        consider(r->deadline);
    if (const service_record* s = empty_services_.front())
        consider(s->empty_since + options_.service_expiry);
    for (const execution_class& e : executions_) {
        if (const request_record* r = e.running.front())
            consider(r->given + e.limit);
    }
    if (const auto at = duplicates_.deadline())
        consider(*at);
    return first;
}

void broker_core::state::handle_timeout(time_point now) {
    guard_.saw(now);
    if (ended_)
        return;
    if (drain_ends_ && *drain_ends_ <= now)
        return shutdown(now);
    expire_requests(now);
    expire_workers(now);
    expire_services(now);
    duplicates_.expire(now);
    stats.duplicates = duplicates_.kept();
    beat(now);
    end_if_drained(now);
}

void broker_core::state::expire_requests(time_point now) {
    const auto expire_queued = [this, now](request_record& r) {
        ++stats.dropped_expired;
        service_record& s = *r.service;
        unqueue(r);
        fail(r, status::expired, "no worker was free in time");
        note_if_empty(s, now);
    };
    for (request_record* r = waiting_.front(); r != nullptr && r->waits_until <= now;
         r = waiting_.front())
        expire_queued(*r);
    for (request_record* r = deadlines_.front(); r != nullptr && r->deadline <= now;
         r = deadlines_.front()) {
        if (r->where == request_record::phase::queued) {
            expire_queued(*r);
            continue;
        }
        ++stats.dropped_expired; // the worker goes on; its reply finds nobody
        tell(*r, status::expired, "not done in time");
        let_go(*r);
    }
}

void broker_core::state::expire_workers(time_point now) {
    const auto is_silent = [this, now](const peer_record* w) {
        return w != nullptr && guard_.postponed(w->heard + silence_) <= now;
    };
    // Of those that are lost together none is given what another one had.
    for (peer_record* w = silences_.front(); is_silent(w); w = w->silence_links.after) {
        w->service->idle.remove(*w);
        w->service->spare.remove(*w);
    }
    for (peer_record* w = silences_.front(); is_silent(w); w = silences_.front()) {
        ++stats.expired_workers;
        remove_worker(*w, now);
    }
    for (execution_class& e : executions_) {
        for (request_record* r = e.running.front(); r != nullptr && r->given + e.limit <= now;
             r = e.running.front()) {
            ++stats.overdue_workers;
            disconnect(*r->worker, now);
        }
    }
}

void broker_core::state::expire_services(time_point now) {
    for (service_record* s = empty_services_.front();
         s != nullptr && s->empty_since + options_.service_expiry <= now;
         s = empty_services_.front())
        forget_service(*s);
}

void broker_core::state::beat(time_point now) {
    for (peer_record* w = beats_.front(); w != nullptr && w->sent + options_.heartbeat <= now;
         w = beats_.front()) {
        if (!w->stalled) {
            send_to_worker(*w, make_heartbeat(w->spoken), now);
            continue;
        }
        w->sent = now; // it has enough to read
        beats_.move_to_back(*w);
    }
}

} // namespace mizzen::majordomo
