// The broker's outside: what comes in, what goes out, and how it ends.
#include "broker_state.hpp"

#include <utility>

namespace mizzen::majordomo {

broker_core::state::state(const broker_options& options, time_point now, std::uint64_t seed)
    : options_{options}, rules_{options.rules},
      silence_{patterns::silence_limit(options.heartbeat, options.liveness)},
      guard_{options.heartbeat, now},
      duplicates_{{options.duplicate_window, options.max_duplicates, options.max_duplicate_octets},
                  seed} {
    executions_.reserve(options.execution_limits.size() + 1); // services point into it
    const auto add = [this](milliseconds limit) {
        for (const execution_class& e : executions_) {
            if (e.limit == limit)
                return;
        }
        if (limit.count() != 0)
            executions_.emplace_back().limit = limit;
    };
    add(options_.execution_limit);
    for (const auto& [service, limit] : options_.execution_limits)
        add(limit);
}

peer_record* broker_core::state::find_peer(peer_id id) noexcept {
    if (last_peer_ != nullptr && last_peer_->id == id)
        return last_peer_;
    const auto at = peers_.find(id);
    if (at == peers_.end())
        return nullptr;
    return last_peer_ = &at->second;
}

void broker_core::state::peer_up(peer_id id, std::string_view user) {
    if (peers_.size() >= options_.max_peers) {
        ++stats.refused_peers;
        outputs_.push_back() = {id, {}, step::pause};
        return;
    }
    peer_record& p = peers_.try_emplace(id).first->second;
    p.id = id;
    p.user = user;
    look_up_rights(p);
    stats.peers = peers_.size();
}

void broker_core::state::peer_down(peer_id id, time_point now) {
    peer_record* const p = find_peer(id);
    if (p == nullptr)
        return;
    if (p->registered())
        remove_worker(*p, now);
    if (std::exchange(p->paused, false))
        --stats.paused;
    drop_held(*p);
    while (request_record* r = p->requests.front()) {
        let_go(*r);
        if (r->where != request_record::phase::queued)
            continue; // its worker's reply finds nobody
        ++stats.dropped_gone;
        service_record& s = *r->service;
        unqueue(*r);
        close_request(*r);
        note_if_empty(s, now);
    }
    last_peer_ = nullptr;
    peers_.erase(id);
    stats.peers = peers_.size();
    end_if_drained(now);
}

void broker_core::state::receive(peer_id from, message&& m, time_point now) {
    guard_.saw(now);
    if (ended_)
        return;
    peer_record* const p = find_peer(from);
    if (p == nullptr) {
        ++stats.unknown_peer;
        return;
    }
    receive_from(*p, std::move(m), now);
    end_if_drained(now);
}

void broker_core::state::receive_from(peer_record& p, message&& m, time_point now) {
    using role = peer_record::role;
    if (p.what == role::disconnected) {
        ++stats.ignored;
        return;
    }
    const to_broker in = parse_to_broker(m, options_.max_envelope);
    using kind = to_broker::kind;
    if (in.what == kind::malformed || in.what == kind::unknown_command)
        return on_nonsense(p, stats.malformed, now);
    if (p.what == role::unknown)
        p.spoken = in.spoken;
    else if (in.spoken.number != p.spoken.number)
        return on_nonsense(p, stats.wrong_role, now);
    if (in.what == kind::client_request)
        return on_request(p, in, std::move(m), now);
    if (p.what == role::client) {
        ++stats.wrong_role;
        return;
    }
    switch (in.what) {
    case kind::ready: return on_ready(p, in, now);
    case kind::partial: return on_partial(p, in, std::move(m), now);
    case kind::reply: return on_reply(p, in, std::move(m), now);
    case kind::heartbeat: return on_heartbeat(p, now);
    default: return on_disconnect(p, now);
    }
}

bool broker_core::state::next_output(output& out) {
    while (!outputs_.empty()) {
        if (stalled_ == 0) {
            out = outputs_.pop_front();
            return true;
        }
        output next = outputs_.pop_front();
        peer_record* const p = next.what == step::send ? find_peer(next.to) : nullptr;
        if (p != nullptr && p->stalled) {
            hold(*p, std::move(next.m)); // behind what was refused before
            continue;
        }
        out = std::move(next);
        return true;
    }
    return false;
}

void broker_core::state::end_queued(std::string_view why) {
    requests_.for_each_open([this, why](request_record& r) {
        if (r.where != request_record::phase::queued)
            return;
        ++stats.dropped_stopping;
        unqueue(r);
        fail(r, status::stopping, why);
    });
}

void broker_core::state::drain(milliseconds limit, time_point now) {
    if (ended_ || std::exchange(draining_, true))
        return;
    if (limit.count() != 0)
        drain_ends_ = now + limit;
    end_queued("the broker is about to stop");
    end_if_drained(now);
}

void broker_core::state::set_passive(bool passive) {
    if (std::exchange(passive_, passive) != passive && passive && !ended_)
        end_queued("the broker hands over to its peer");
}

void broker_core::state::end_if_drained(time_point now) {
    if (draining_ && !ended_ && requests_.opened() == 0)
        shutdown(now);
}

void broker_core::state::shutdown(time_point now) {
    if (std::exchange(ended_, true))
        return;
    drain_ends_.reset();
    requests_.for_each_open([this](request_record& r) {
        ++stats.dropped_stopping;
        leave(r);
        fail(r, status::stopping, "the broker stops");
    });
    for (auto& [id, p] : peers_) {
        if (p.registered())
            disconnect(p, now);
    }
    while (service_record* s = empty_services_.front())
        forget_service(*s);
    duplicates_.clear();
    stats.duplicates = 0;
}

broker_core::broker_core(const broker_options& options, time_point now, std::uint64_t seed)
    : state_{std::make_unique<state>(options, now, seed)} {}
broker_core::broker_core(broker_core&&) noexcept = default;
broker_core& broker_core::operator=(broker_core&&) noexcept = default;
broker_core::~broker_core() = default;

void broker_core::peer_up(peer_id peer, std::string_view user) { state_->peer_up(peer, user); }
void broker_core::peer_down(peer_id peer, time_point now) { state_->peer_down(peer, now); }
void broker_core::receive(peer_id from, message&& m, time_point now) {
    state_->receive(from, std::move(m), now);
}
void broker_core::refused(peer_id to, message&& m) { state_->refused(to, std::move(m)); }
void broker_core::undelivered() noexcept { ++state_->stats.undeliverable; }
void broker_core::peer_writable(peer_id peer, time_point now) { state_->peer_writable(peer, now); }
void broker_core::add_internal(std::string_view prefix) { state_->add_internal(prefix); }
bool broker_core::next_call(call& out) { return state_->next_call(out); }
void broker_core::answer(std::uint64_t id, message&& body, status outcome, time_point now) {
    state_->answer(id, std::move(body), outcome, now);
}
void broker_core::end_calls(std::string_view prefix, time_point now) {
    state_->end_calls(prefix, now);
}
std::uint64_t broker_core::issue(std::string_view service, message&& body, issue_limits limits,
                                 time_point now) {
    return state_->issue(service, std::move(body), limits, now);
}
bool broker_core::next_result(result& out) { return state_->next_result(out); }
std::optional<time_point> broker_core::deadline() const noexcept { return state_->deadline(); }
void broker_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
void broker_core::drain(milliseconds limit, time_point now) { state_->drain(limit, now); }
void broker_core::set_passive(bool passive) { state_->set_passive(passive); }
void broker_core::replace_rules(std::shared_ptr<const access_rules> rules, time_point now) {
    state_->replace_rules(std::move(rules), now);
}
bool broker_core::may_call(std::string_view user, std::string_view service) const noexcept {
    return state_->may_call(user, service);
}
bool broker_core::may_call(peer_id peer, std::string_view service) const noexcept {
    return state_->may_call(peer, service);
}
bool broker_core::next_refusal(refusal& out) { return state_->next_refusal(out); }
void broker_core::shutdown(time_point now) { state_->shutdown(now); }
bool broker_core::ended() const noexcept { return state_->ended(); }
bool broker_core::next_output(output& out) { return state_->next_output(out); }
const broker_stats& broker_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::majordomo
