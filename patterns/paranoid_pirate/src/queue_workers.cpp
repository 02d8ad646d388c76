// A worker's life at the queue, from READY to its end.
#include "queue_state.hpp"

#include <utility>

namespace mizzen::paranoid_pirate {

using worker_phase = worker_record::phase;

// Said again it starts the conversation anew: what the worker had been given is lost to it.
void queue_core::state::on_ready(worker_record& w, dialect spoken, time_point now) {
    unregister(w, now);
    w.owes.reset();
    ++stats.registrations;
    ++stats.workers;
    w.speaks = spoken;
    w.sent = now;
    if (beats())
        beats_.push_back(w);
    make_free(w, now);
    dispatch(now);
}

void queue_core::state::on_heartbeat(worker_record& w, time_point now) {
    ++stats.heartbeats_in;
    // It may have crossed the request on its way. One that comes an interval later was sent in the
    // middle of the job.
    if (w.what == worker_phase::busy && now - w.busy_since >= options_.heartbeat)
        w.beats_in_job = true;
    heard_from(w, now);
}

void queue_core::state::on_reply(worker_record& w, const to_queue& in, message&& m,
                                 time_point now) {
    const std::optional<reply_handle> to = decode_handle(in.handle);
    if (w.what != worker_phase::busy || !to || to->handle != (w.job->handle() ^ salt_)) {
        ++stats.stale_replies;
        return heard_from(w, now);
    }
    for (std::size_t i = 0; i < in.head; ++i)
        m.pop_front();
    request_record& r = *std::exchange(w.job, nullptr);
    --stats.dispatched;
    complete(r, std::move(m), to->outcome);
    make_free(w, now);
    dispatch(now);
}

// A REQ's reply is its next READY, and nothing else would tell that it is there again: it hears
// no heartbeats that could cease.
void queue_core::state::on_late_reply(worker_record& w, const to_queue& in, time_point now) {
    const std::optional<reply_handle> to = decode_handle(in.handle);
    if (!to || w.owes != to->handle) {
        ++stats.unregistered;
        return;
    }
    w.owes.reset();
    ++stats.stale_replies;
    ++stats.workers;
    make_free(w, now);
    dispatch(now);
}

void queue_core::state::on_nonsense(worker_record& w, time_point now) {
    ++stats.malformed;
    w.owes.reset();
    unregister(w, now);
    dispatch(now);
}

void queue_core::state::worker_down(peer_id worker, time_point now) {
    guard_.saw(now);
    const auto at = workers_.find(worker);
    if (at == workers_.end())
        return;
    unregister(at->second, now);
    workers_.erase(at);
    dispatch(now);
}

void queue_core::state::unregister(worker_record& w, time_point now) {
    if (w.what == worker_phase::unregistered)
        return;
    free_.remove(w);
    beats_.remove(w);
    silences_.remove(w);
    jobs_.remove(w);
    --stats.workers;
    if (w.what == worker_phase::free)
        --stats.free_workers;
    w.what = worker_phase::unregistered;
    if (request_record* r = std::exchange(w.job, nullptr))
        take_back(*r, now);
}

void queue_core::state::make_free(worker_record& w, time_point now) {
    w.what = worker_phase::free;
    ++stats.free_workers;
    free_.push_back(w);
    heard_from(w, now);
}

// Keeps each list in order: whoever was heard of last stands last. Plain workers say nothing while
// they work, so in a job short silence counts only for one that was seen to heartbeat in it.
void queue_core::state::heard_from(worker_record& w, time_point now) {
    w.heard = now;
    jobs_.remove(w);
    silences_.remove(w);
    if (w.what == worker_phase::busy && !w.beats_in_job) {
        if (options_.request_timeout.count() > 0)
            jobs_.push_back(w);
    } else if (beats()) {
        silences_.push_back(w);
    }
}

void queue_core::state::send_to_worker(worker_record& w, message&& m, time_point now) {
    w.sent = now;
    if (w.beat_links.linked)
        beats_.move_to_back(w);
    actions_.add({step::send_worker, w.id, std::move(m)});
}

void queue_core::state::expire_workers(time_point now) {
    const auto expire = [this, now](worker_record& w) {
        ++stats.expired_workers;
        unregister(w, now);
    };
    for (worker_record* w = silences_.front();
         w != nullptr && guard_.postponed(w->heard + silence_) <= now; w = silences_.front())
        expire(*w);
    for (worker_record* w = jobs_.front();
         w != nullptr && guard_.postponed(w->heard + options_.request_timeout) <= now;
         w = jobs_.front()) {
        if (options_.speaks == protocol::simple)
            w->owes = w->job->handle() ^ salt_;
        expire(*w);
    }
    dispatch(now);
}

void queue_core::state::beat(time_point now) {
    for (worker_record* w = beats_.front(); w != nullptr && w->sent + options_.heartbeat <= now;
         w = beats_.front()) {
        ++stats.heartbeats_out;
        send_to_worker(*w, make_heartbeat(w->speaks), now);
    }
}

} // namespace mizzen::paranoid_pirate
