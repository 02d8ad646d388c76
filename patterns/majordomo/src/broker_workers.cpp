// A worker's life at the broker, from READY to its end.
#include "broker_state.hpp"

#include <algorithm>
#include <utility>

namespace mizzen::majordomo {

using role = peer_record::role;

void broker_core::state::on_ready(peer_record& p, const to_broker& in, time_point now) {
    p.spoken = in.spoken;
    if (p.registered() || !valid_service_name(in.service, options_.max_service_name) ||
        reserved(in.service))
        return unexpected(p, now);
    if (p.rights != nullptr && !p.rights->may_offer(in.service))
        return refuse_worker(p, in.service, now);
    service_record* s = draining_ ? nullptr : open_service(in.service);
    if (s == nullptr)
        return unexpected(p, now);
    ++stats.registrations;
    ++stats.workers;
    ++s->workers;
    s->members.push_back(p);
    empty_services_.remove(*s);
    p.what = role::registered;
    p.service = s;
    p.credit = std::clamp<std::uint32_t>(in.credit, 1, std::max(options_.max_credit, 1U));
    p.sent = now;
    // Who takes several at a time is of our make, and its heartbeats go on in a job.
    p.beats_while_busy = p.credit > 1;
    if (options_.heartbeat.count() != 0)
        beats_.push_back(p);
    heard_from(p, now);
    place(p);
    dispatch(*s, now);
}

/// The request that a reply is to, if this worker has it.
request_record* broker_core::state::job_of(peer_record& w, octets handle,
                                           status& outcome) noexcept {
    const std::optional<reply_handle> to = decode_handle(handle);
    if (!to)
        return nullptr;
    request_record* const r = requests_.find(to->handle);
    if (r == nullptr || r->worker != &w)
        return nullptr;
    outcome = to->outcome;
    return r;
}

void broker_core::state::on_partial(peer_record& p, const to_broker& in, message&& m,
                                    time_point now) {
    if (!p.busy())
        return unexpected(p, now);
    heard_from(p, now);
    status outcome = status::ok;
    request_record* const r = job_of(p, in.handle, outcome);
    if (r == nullptr) {
        ++stats.stale_replies;
        return;
    }
    drop_frames(m, in.head);
    if (m.empty())
        m.push_back(octets{});
    stream(*r, std::move(m));
}

void broker_core::state::on_reply(peer_record& p, const to_broker& in, message&& m,
                                  time_point now) {
    if (!p.busy())
        return unexpected(p, now);
    status outcome = status::ok;
    request_record* const r = job_of(p, in.handle, outcome);
    if (r == nullptr) {
        ++stats.stale_replies;
        return heard_from(p, now);
    }
    drop_frames(m, in.head);
    if (m.empty())
        m.push_back(octets{}); // the Guide's client aborts on a reply without a body
    leave_worker(*r);
    ++r->service->replies;
    complete(*r, std::move(m), outcome, now);
    heard_from(p, now);
    place(p);
    dispatch(*p.service, now);
}

void broker_core::state::on_heartbeat(peer_record& p, time_point now) {
    if (!p.registered())
        return unexpected(p, now);
    // A heartbeat may have crossed the request on its way. One that comes an interval later was
    // sent in the middle of the job.
    if (p.busy() && now - p.busy_since >= options_.heartbeat)
        p.beats_while_busy = true;
    heard_from(p, now);
}

void broker_core::state::on_disconnect(peer_record& p, time_point now) {
    if (p.registered())
        remove_worker(p, now);
    p.what = role::unregistered;
}

void broker_core::state::on_nonsense(peer_record& p, std::uint64_t& counter, time_point now) {
    ++counter;
    if (p.registered())
        disconnect(p, now);
}

void broker_core::state::unexpected(peer_record& p, time_point now) {
    ++stats.unexpected;
    disconnect(p, now);
}

void broker_core::state::send_to_worker(peer_record& w, message&& m, time_point now) {
    w.sent = now;
    if (w.beat_links.linked)
        beats_.move_to_back(w);
    send_or_hold(w, std::move(m));
}

// Keeps `silences_` in order: whoever was heard of last stands last. Plain workers say nothing
// while they work, so a busy one is there only if it was seen to heartbeat.
void broker_core::state::heard_from(peer_record& w, time_point now) {
    w.heard = now;
    if (options_.heartbeat.count() == 0 || (w.busy() && !w.beats_while_busy))
        return silences_.remove(w);
    silences_.move_to_back(w);
}

/// Puts a worker where it belongs among those that could take a request.
void broker_core::state::place(peer_record& w) noexcept {
    service_record& s = *w.service;
    if (w.stalled) {
        s.idle.remove(w);
        s.spare.remove(w);
        return;
    }
    if (!w.busy()) {
        s.spare.remove(w);
        s.idle.move_to_back(w);
        return;
    }
    s.idle.remove(w);
    if (w.in_hand >= w.credit)
        s.spare.remove(w);
    else if (!w.spare_links.linked)
        s.spare.push_back(w);
}

/// The request is this worker's no longer.
void broker_core::state::leave_worker(request_record& r) noexcept {
    peer_record& w = *std::exchange(r.worker, nullptr);
    w.jobs.remove(r);
    --w.in_hand;
    --stats.dispatched;
    --r.service->dispatched;
    if (r.service->execution != nullptr)
        r.service->execution->running.remove(r);
}

/// Its requests go back to where they came from, in the order in which it got them.
void broker_core::state::remove_worker(peer_record& w, time_point now) {
    service_record& s = *std::exchange(w.service, nullptr);
    s.idle.remove(w);
    s.spare.remove(w);
    s.members.remove(w);
    beats_.remove(w);
    silences_.remove(w);
    --s.workers;
    --stats.workers;
    w.what = role::unregistered;
    while (request_record* r = w.jobs.back()) {
        leave_worker(*r);
        take_back(*r, now);
    }
    if (!ended_)
        dispatch(s, now);
    note_if_empty(s, now);
}

void broker_core::state::disconnect(peer_record& w, time_point now) {
    if (w.registered())
        remove_worker(w, now);
    w.what = role::disconnected;
    ++stats.disconnects;
    send_to_worker(w, make_disconnect(w.spoken), now);
}

} // namespace mizzen::majordomo
