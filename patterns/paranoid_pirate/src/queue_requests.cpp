// A request's life at the queue, from its arrival to its answer.
#include "queue_state.hpp"

#include <utility>

namespace mizzen::paranoid_pirate {

using request_phase = request_record::phase;

request_record& queue_core::state::open_request() {
    if (unused_requests_.empty()) {
        request_record& r = requests_.emplace_back();
        r.slot = static_cast<std::uint32_t>(requests_.size() - 1);
        if (unused_requests_.capacity() < requests_.size()) // so that closing never allocates
            unused_requests_.reserve(2 * requests_.size());
        return r;
    }
    request_record& r = requests_[unused_requests_.back()];
    unused_requests_.pop_back();
    return r;
}

void queue_core::state::close_request(request_record& r) noexcept {
    forget_client(r);
    ++r.generation;
    r.where = request_phase::unused;
    r.deliveries = 0;
    r.waits_until = r.deadline = time_point::max();
    r.back = {};
    r.body.clear();
    unused_requests_.push_back(r.slot);
}

/// Counts a request that was just put into the queue.
void queue_core::state::enqueue(request_record& r, time_point now) {
    r.where = request_phase::waiting;
    r.octets = r.body.encoded_size() + r.back.octets();
    ++stats.waiting;
    stats.waiting_octets += r.octets;
    if (options_.request_expiry.count() > 0) {
        r.waits_until = now + options_.request_expiry;
        expiries_.push_back(r);
    }
    client_record& c = *r.client;
    ++c.waiting;
    // One request is all that a REQ sends, and one that is not read cannot be seen to go.
    if (c.waiting >= options_.max_waiting_per_client || (full() && c.waiting > 1))
        hold_up(c);
}

void queue_core::state::unqueue(request_record& r) {
    queue_.remove(r);
    expiries_.remove(r);
    --stats.waiting;
    stats.waiting_octets -= r.octets;
    client_record& c = *r.client;
    --c.waiting;
    note_if_content(c);
    let_others_on();
}

void queue_core::state::hold_up(client_record& c) {
    if (!std::exchange(c.paused, true)) {
        ++stats.pauses;
        ++stats.paused;
        actions_.add({step::pause, c.id, {}});
    }
    note_if_content(c);
}

/// A client that is held up may go on, once there is room, if it has not too much itself.
void queue_core::state::note_if_content(client_record& c) noexcept {
    if (!c.paused || c.waiting > options_.max_waiting_per_client / 2)
        return paused_.remove(c);
    if (!c.paused_links.linked)
        paused_.push_back(c);
}

void queue_core::state::let_on(client_record& c) {
    paused_.remove(c);
    c.paused = false;
    --stats.paused;
    actions_.add({step::resume, c.id, {}});
}

// Not before there is room for some: each may send much at once.
void queue_core::state::let_others_on() {
    if (stats.waiting > options_.max_waiting / 2 ||
        stats.waiting_octets > options_.max_waiting_octets / 2)
        return;
    while (client_record* c = paused_.front())
        let_on(*c);
}

void queue_core::state::dispatch(time_point now) {
    while (!free_.empty() && !queue_.empty()) {
        request_record& r = *queue_.front();
        unqueue(r);
        if (r.deadline <= now) {
            ++stats.dropped_expired;
            fail(r, status::expired, "no worker was free in time");
            continue;
        }
        assign(*free_.front(), r, now);
    }
}

void queue_core::state::assign(worker_record& w, request_record& r, time_point now) {
    free_.remove(w);
    --stats.free_workers;
    w.what = worker_record::phase::busy;
    w.job = &r;
    w.busy_since = now;
    w.beats_in_job = false;
    heard_from(w, now);
    r.where = request_phase::dispatched;
    ++stats.dispatched;

    message m; // the body is kept only if it may be sent again
    if (++r.deliveries <= options_.redeliveries)
        m = r.body.share();
    if (m.empty())
        m = std::move(r.body);
    frame_request(m, options_.speaks, r.handle() ^ salt_);
    send_to_worker(w, std::move(m), now);
}

/// The worker is lost; the request goes to the next one, before all others.
void queue_core::state::take_back(request_record& r, time_point now) {
    --stats.dispatched;
    if (r.client == nullptr) {
        ++stats.dropped_gone;
        return close_request(r);
    }
    if (r.body.empty()) {
        ++stats.dropped_given_up;
        return fail(r, status::given_up, "every worker that was given the request went away");
    }
    ++stats.redelivered;
    queue_.push_front(r);
    enqueue(r, now);
}

void queue_core::state::complete(request_record& r, message&& body, status outcome) {
    if (outcome != status::ok)
        ++stats.failed_replies;
    if (r.client == nullptr)
        ++stats.orphaned_replies;
    else if (outcome == status::ok || r.back.tag)
        reply(r.client->id, std::move(body), r.back, outcome);
    close_request(r);
}

void queue_core::state::fail(request_record& r, status why, std::string_view words) {
    if (r.client != nullptr)
        refuse(r.client->id, r.back, why, words);
    close_request(r);
}

// A plain client is not told of failures: it would take the words for a reply.
void queue_core::state::refuse(peer_id client, const patterns::envelope& back, status why,
                               std::string_view words) {
    if (back.tag)
        reply(client, message{words}, back, why);
}

void queue_core::state::reply(peer_id client, message&& body, const patterns::envelope& back,
                              status outcome) {
    patterns::put_envelope(body, back, outcome);
    ++stats.replies;
    actions_.add({step::send_client, client, std::move(body)});
}

void queue_core::state::forget_client(request_record& r) noexcept {
    if (r.client != nullptr)
        std::exchange(r.client, nullptr)->requests.remove(r);
}

void queue_core::state::expire_requests(time_point now) {
    for (request_record* r = expiries_.front(); r != nullptr && r->waits_until <= now;
         r = expiries_.front()) {
        ++stats.dropped_expired;
        unqueue(*r);
        fail(*r, status::expired, "no worker was free in time");
    }
}

} // namespace mizzen::paranoid_pirate
