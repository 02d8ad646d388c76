// The broker's outside: what comes in, what goes out, and when something is due.
#include "broker_state.hpp"

namespace mizzen::majordomo {

broker_core::state::state(const broker_options& options, time_point now)
    : options_{options}, silence_{patterns::silence_limit(options.heartbeat, options.liveness)},
      guard_{options.heartbeat, now} {}

void broker_core::state::peer_up(peer_id id) {
    const auto [at, added] = peers_.try_emplace(id);
    at->second.id = id;
    stats.peers = peers_.size();
}

void broker_core::state::peer_down(peer_id id, time_point now) {
    const auto at = peers_.find(id);
    if (at == peers_.end())
        return;
    peer_record& p = at->second;
    if (p.registered())
        remove_worker(p, now);
    while (request_record* r = p.requests.front()) {
        forget_client(*r);
        if (r->where != request_record::phase::queued)
            continue; // its worker's reply finds nobody
        ++stats.dropped_gone;
        service_record& s = *r->service;
        unqueue(*r);
        close_request(*r);
        note_if_empty(s, now);
    }
    peers_.erase(at);
    stats.peers = peers_.size();
}

void broker_core::state::receive(peer_id from, message&& m, time_point now) {
    guard_.saw(now);
    if (ended_)
        return;
    const auto at = peers_.find(from);
    if (at == peers_.end()) {
        ++stats.unknown_peer;
        return;
    }
    peer_record& p = at->second;
    using role = peer_record::role;
    if (p.what == role::disconnected) {
        ++stats.ignored;
        return;
    }
    const to_broker in = parse_to_broker(m, options_.max_envelope);
    using kind = to_broker::kind;
    if (in.what == kind::malformed || in.spoken.number != dialect::version::mdp01)
        return on_nonsense(p, stats.malformed, now);
    if (in.what == kind::client_request)
        return on_request(p, in, std::move(m), now);
    if (p.what == role::client) {
        ++stats.wrong_role;
        return;
    }
    switch (in.what) {
    case kind::ready: return on_ready(p, in.service, now);
    case kind::reply: return on_reply(p, in.handle, in.head, std::move(m), now);
    case kind::heartbeat: return on_heartbeat(p, now);
    case kind::disconnect: return on_disconnect(p, now);
    default: return on_nonsense(p, stats.malformed, now);
    }
}

void broker_core::state::send(peer_id to, message&& m) {
    output& out = outputs_.push_back();
    out.to = to;
    out.m = std::move(m);
}

bool broker_core::state::next_output(output& out) {
    if (outputs_.empty())
        return false;
    out = outputs_.pop_front();
    return true;
}

std::optional<time_point> broker_core::state::deadline() const noexcept {
    std::optional<time_point> first;
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
    return first;
}

void broker_core::state::handle_timeout(time_point now) {
    guard_.saw(now);
    expire_requests(now);
    expire_workers(now);
    expire_services(now);
    beat(now);
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
        refuse(*r->client, r->service->name, r->back, status::expired, "not done in time");
        forget_client(*r);
    }
}

void broker_core::state::expire_workers(time_point now) {
    for (peer_record* w = silences_.front();
         w != nullptr && guard_.postponed(w->heard + silence_) <= now; w = silences_.front()) {
        ++stats.expired_workers;
        remove_worker(*w, now);
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
         w = beats_.front())
        send_to_worker(*w, make_heartbeat(), now);
}

void broker_core::state::shutdown(time_point now) {
    ended_ = true;
    while (peer_record* w = beats_.front())
        disconnect(*w, now);
    for (auto& [id, p] : peers_) {
        if (p.registered()) // without heartbeats they are in no list
            disconnect(p, now);
        while (request_record* r = p.requests.front()) {
            if (r->where == request_record::phase::queued)
                unqueue(*r);
            close_request(*r);
        }
    }
    while (service_record* s = empty_services_.front())
        forget_service(*s);
}

broker_core::broker_core(const broker_options& options, time_point now)
    : state_{std::make_unique<state>(options, now)} {}
broker_core::broker_core(broker_core&&) noexcept = default;
broker_core& broker_core::operator=(broker_core&&) noexcept = default;
broker_core::~broker_core() = default;

void broker_core::peer_up(peer_id peer) { state_->peer_up(peer); }
void broker_core::peer_down(peer_id peer, time_point now) { state_->peer_down(peer, now); }
void broker_core::receive(peer_id from, message&& m, time_point now) {
    state_->receive(from, std::move(m), now);
}
std::optional<time_point> broker_core::deadline() const noexcept { return state_->deadline(); }
void broker_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
void broker_core::shutdown(time_point now) { state_->shutdown(now); }
bool broker_core::next_output(output& out) { return state_->next_output(out); }
const broker_stats& broker_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::majordomo
