// A request's way at the broker, from its arrival to a worker.
#include "broker_state.hpp"

#include <utility>

namespace mizzen::majordomo {

using phase = request_record::phase;

/// Takes everything in front of the body off `m`.
return_path take_return_path(const to_broker& in, message& m) {
    return_path back{in.spoken, in.tag, nullptr};
    const std::size_t others = in.envelope - (in.tag ? 1 : 0);
    if (others != 0)
        back.envelope = std::make_unique<message>();
    for (std::size_t i = 0; i < others; ++i) {
        back.envelope->push_back(m.front());
        m.pop_front();
    }
    drop_frames(m, in.head - others);
    return back;
}

void broker_core::state::on_request(peer_record& p, const to_broker& in, message&& m,
                                    time_point now) {
    using role = peer_record::role;
    if (p.what != role::unknown && p.what != role::client)
        return on_nonsense(p, stats.wrong_role, now);
    p.what = role::client;
    ++stats.requests;
    service_record* s = service_for(p, in.service);
    if (!may_call(p, s, in.service))
        return refuse_call(p, in, std::move(m));
    if (passive_ && !in.service.starts_with(mmi_prefix)) {
        ++stats.dropped_passive; // in silence, after which the client asks the other half
        return;
    }
    if (s == nullptr && reserved(in.service) && valid_service_name(in.service))
        return call_internal(p, in, std::move(m), now);
    if (in.tag && duplicates_.on() && answer_duplicate(p, in, *in.tag, m, now))
        return;
    if (draining_) {
        ++stats.dropped_stopping;
        return refuse_new(p, in, std::move(m), status::stopping, "the broker is about to stop");
    }
    if (s == nullptr) {
        const bool good_name = valid_service_name(in.service, options_.max_service_name);
        s = good_name ? open_service(in.service) : nullptr;
        if (s == nullptr) {
            ++stats.refused_services;
            return refuse_new(p, in, std::move(m), status::no_such_service,
                              good_name ? "too many services" : "not a service name");
        }
    }
    if (is_full()) {
        ++stats.dropped_full;
        note_if_empty(*s, now);
        return refuse_new(p, in, std::move(m), status::queue_full, "the broker is full");
    }
    request_record& r = open_request(s, take_return_path(in, m), std::move(m));
    take_on(p, r);
    if (r.back.tag) {
        set_deadline(r, milliseconds{r.back.tag->deadline_ms}, now);
        if (duplicates_.on())
            r.duplicate = duplicates_.start(r.back.tag->id, s->name, owner_of_ids(p), r);
    }
    accept(r, now);
}

/// To a worker, or to its service's queue.
void broker_core::state::accept(request_record& r, time_point now) {
    service_record& s = *r.service;
    if (peer_record* w = s.free_worker()) // then nothing is queued
        return assign(*w, r, now);
    if (s.queued >= options_.max_requests_per_service ||
        (s.queued != 0 && s.queued_octets + r.octets > options_.max_queued_octets)) {
        ++stats.dropped_full;
        fail(r, status::queue_full, "the service's queue is full");
        return note_if_empty(s, now);
    }
    s.queue.push_back(r);
    enqueue(r, now);
}

void broker_core::state::refuse_new(peer_record& p, const to_broker& in, message&& m, status why,
                                    std::string_view words) {
    const std::string name{in.service}; // goes with the head
    refuse(p, name, take_return_path(in, m), why, words);
}

bool broker_core::state::is_full() const noexcept {
    return requests_.opened() >= options_.max_requests || stats.octets >= options_.max_octets;
}

request_record& broker_core::state::open_request(service_record* s, return_path&& back,
                                                 message&& body) {
    request_record& r = requests_.open();
    r.service = s;
    r.octets = body.encoded_size();
    if (back.envelope)
        r.octets += back.envelope->encoded_size();
    r.back = std::move(back);
    r.body = std::move(body);
    stats.octets += r.octets;
    return r;
}

void broker_core::state::close_request(request_record& r) {
    let_go(r);
    if (r.duplicate != duplicates::none)
        duplicates_.forget(std::exchange(r.duplicate, duplicates::none));
    stats.octets -= r.octets;
    r.issued = r.streamed = false;
    r.run_limit = milliseconds{0};
    r.deliveries = 0;
    r.service = nullptr;
    r.inside.reset();
    r.back.tag.reset();
    r.back.envelope.reset();
    r.body.clear();
    requests_.close(r);
}

void broker_core::state::set_deadline(request_record& r, milliseconds after, time_point now) {
    if (after.count() == 0)
        return;
    r.deadline = now + after;
    deadlines_.insert(r);
}

/// Counts a request that was just put into its service's queue.
void broker_core::state::enqueue(request_record& r, time_point now) {
    service_record& s = *r.service;
    r.where = phase::queued;
    ++s.queued;
    s.queued_octets += r.octets;
    ++stats.queued;
    empty_services_.remove(s);
    if (options_.request_expiry.count() != 0) {
        r.waits_until = now + options_.request_expiry;
        waiting_.push_back(r);
    }
}

void broker_core::state::unqueue(request_record& r) noexcept {
    service_record& s = *r.service;
    s.queue.remove(r);
    waiting_.remove(r);
    --s.queued;
    s.queued_octets -= r.octets;
    --stats.queued;
}

/// Takes a request from wherever it is.
void broker_core::state::leave(request_record& r) noexcept {
    switch (r.where) {
    case phase::queued: return unqueue(r);
    case phase::dispatched: return leave_worker(r);
    case phase::inside: --stats.dispatched; return;
    case phase::unused: return;
    }
}

/// The worker is gone; the request goes to the next one, before all others.
void broker_core::state::take_back(request_record& r, time_point now) {
    if ((r.client == nullptr && !r.issued) || ended_) {
        ++stats.dropped_gone;
        return close_request(r);
    }
    if (draining_) {
        ++stats.dropped_stopping;
        return fail(r, status::stopping, "its worker went away from a broker about to stop");
    }
    if (passive_) {
        ++stats.dropped_stopping;
        return fail(r, status::stopping, "its worker went away from a broker that handed over");
    }
    if (r.streamed || r.body.empty()) {
        ++stats.dropped_given_up;
        return fail(r, status::given_up,
                    r.streamed ? "the worker went away in the middle of its reply"
                               : "every worker that was given the request went away");
    }
    ++stats.redelivered;
    if (r.run_limit.count() != 0)
        deadlines_.remove(r);
    r.service->queue.push_front(r);
    enqueue(r, now);
}

void broker_core::state::dispatch(service_record& s, time_point now) {
    while (request_record* r = s.queue.front()) {
        peer_record* const w = s.free_worker();
        if (w == nullptr)
            return;
        unqueue(*r);
        assign(*w, *r, now);
    }
}

void broker_core::state::assign(peer_record& w, request_record& r, time_point now) {
    service_record& s = *r.service;
    if (w.in_hand++ == 0) {
        w.busy_since = now;
        if (!w.beats_while_busy)
            silences_.remove(w);
    }
    w.jobs.push_back(r);
    s.spare.remove(w); // its turn is over
    place(w);
    r.where = phase::dispatched;
    r.worker = &w;
    ++stats.dispatched;
    ++s.dispatched;
    if (s.execution != nullptr) {
        r.given = now;
        s.execution->running.push_back(r);
    }
    set_deadline(r, r.run_limit, now);
    message m; // the body is kept only if it may be sent again
    if (++r.deliveries <= options_.redeliveries)
        m = r.body.share();
    if (m.empty())
        m = std::move(r.body);
    frame_worker_request(m, encode_handle(r.handle()), w.spoken);
    send_to_worker(w, std::move(m), now);
}

} // namespace mizzen::majordomo
