// What a client may have at the broker at once, and what becomes of messages that a peer does not
// take.
#include "broker_state.hpp"

#include <utility>

namespace mizzen::majordomo {

void broker_core::state::take_on(peer_record& p, request_record& r) {
    r.client = &p;
    p.requests.push_back(r);
    ++p.asked;
    p.asked_octets += r.octets;
    pause_or_resume(p);
}

/// The request is for nobody from now on.
void broker_core::state::let_go(request_record& r) {
    deadlines_.remove(r);
    peer_record* const p = std::exchange(r.client, nullptr);
    if (p == nullptr)
        return;
    p->requests.remove(r);
    --p->asked;
    p->asked_octets -= r.octets;
    if (p->paused)
        pause_or_resume(*p);
}

/// A client that has too much here is left unread, which holds it up at its own end: until it has
/// half of that, so that it does not stop and start with every reply.
void broker_core::state::pause_or_resume(peer_record& p) {
    if (!p.paused) {
        if (!p.stalled && p.asked < options_.max_client_requests &&
            p.asked_octets < options_.max_client_octets)
            return;
        p.paused = true;
        ++stats.pauses;
        ++stats.paused;
    } else {
        if (p.stalled || 2 * p.asked > options_.max_client_requests ||
            2 * p.asked_octets > options_.max_client_octets)
            return;
        p.paused = false;
        --stats.paused;
    }
    output& out = outputs_.push_back();
    out.to = p.id;
    out.m.clear();
    out.what = p.paused ? step::pause : step::resume;
}

void broker_core::state::send_or_hold(peer_record& p, message&& m) {
    if (p.stalled)
        return hold(p, std::move(m));
    output& out = outputs_.push_back();
    out.to = p.id;
    out.m = std::move(m);
    out.what = step::send;
}

/// Keeps what a peer's queue has no room for. A worker has no more than its credit here.
void broker_core::state::hold(peer_record& p, message&& m) {
    const std::size_t size = m.encoded_size();
    const bool client = p.what == peer_record::role::client;
    if (client && p.held && p.held_octets + size > options_.max_client_octets) {
        ++stats.undeliverable;
        return;
    }
    if (!p.held)
        p.held = std::make_unique<ring_queue<message>>();
    p.held->push_back() = std::move(m);
    p.held_octets += size;
    stats.octets += size;
    ++stats.held;
}

void broker_core::state::drop_held(peer_record& p) noexcept {
    if (std::exchange(p.stalled, false))
        --stalled_;
    if (!p.held)
        return;
    while (!p.held->empty()) {
        static_cast<void>(p.held->pop_front());
        --stats.held;
        ++stats.undeliverable;
    }
    stats.octets -= std::exchange(p.held_octets, 0);
    p.held.reset();
}

void broker_core::state::refused(peer_id to, message&& m) {
    peer_record* const p = find_peer(to);
    if (p == nullptr) {
        ++stats.undeliverable;
        return;
    }
    if (!std::exchange(p->stalled, true)) {
        ++stalled_;
        if (p->what == peer_record::role::client)
            pause_or_resume(*p);
        else if (p->registered())
            place(*p);
    }
    hold(*p, std::move(m));
}

void broker_core::state::peer_writable(peer_id id, time_point now) {
    peer_record* const p = find_peer(id);
    if (p == nullptr || !std::exchange(p->stalled, false))
        return;
    --stalled_;
    if (const auto held = std::exchange(p->held, nullptr)) {
        stats.octets -= std::exchange(p->held_octets, 0);
        for (; !held->empty(); --stats.held)
            send_or_hold(*p, held->pop_front());
    }
    if (p->what == peer_record::role::client)
        return pause_or_resume(*p);
    if (!p->registered())
        return;
    place(*p);
    dispatch(*p->service, now);
}

} // namespace mizzen::majordomo
