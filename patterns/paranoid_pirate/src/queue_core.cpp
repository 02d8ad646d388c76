// The queue's outside: what comes in, and when something is due.
#include "queue_state.hpp"
#include <mizzen/patterns/common/random.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::paranoid_pirate {
namespace {

queue_options made_sane(queue_options given) {
    if (given.speaks == protocol::simple)
        given.heartbeat = milliseconds{0};
    given.max_waiting = std::max<std::size_t>(given.max_waiting, 1);
    given.max_waiting_octets = std::max<std::size_t>(given.max_waiting_octets, 1);
    given.max_waiting_per_client = std::max<std::size_t>(given.max_waiting_per_client, 1);
    return given;
}

} // namespace

queue_core::state::state(const queue_options& options, time_point now)
    : options_{made_sane(options)},
      silence_{patterns::silence_limit(options_.heartbeat, options_.liveness)},
      salt_{patterns::mix(static_cast<std::uint64_t>(now.time_since_epoch().count()))},
      guard_{options_.heartbeat, now} {}

void queue_core::state::from_client(peer_id client, message&& m, time_point now) {
    guard_.saw(now);
    if (ended_)
        return;
    client_record& c = clients_[client];
    c.id = client;
    stats.clients = clients_.size();
    std::optional<patterns::envelope> back = patterns::take_envelope(m, options_.max_envelope);
    if (!back) {
        ++stats.malformed_requests;
        return;
    }
    ++stats.requests;
    if (draining_) {
        ++stats.dropped_draining;
        return refuse(client, *back, status::queue_full, "the queue is about to stop");
    }
    request_record& r = open_request();
    r.client = &c;
    c.requests.push_back(r);
    if (back->tag && back->tag->deadline_ms != 0)
        r.deadline = now + milliseconds{back->tag->deadline_ms};
    r.back = std::move(*back);
    r.body = std::move(m);
    queue_.push_back(r);
    enqueue(r, now);
    dispatch(now);
}

void queue_core::state::from_worker(peer_id worker, message&& m, time_point now) {
    guard_.saw(now);
    if (ended_)
        return;
    worker_record& w = workers_[worker];
    w.id = worker;
    const to_queue in = parse_to_queue(m, options_.speaks);
    using kind = to_queue::kind;
    if (in.what == kind::malformed)
        return on_nonsense(w, now);
    if (in.what == kind::ready)
        return on_ready(w, in.spoken, now);
    if (w.what == worker_record::phase::unregistered) {
        if (in.what == kind::reply && w.owes)
            return on_late_reply(w, in, now);
        ++stats.unregistered;
        return;
    }
    if (in.what == kind::heartbeat)
        return on_heartbeat(w, now);
    on_reply(w, in, std::move(m), now);
}

void queue_core::state::client_down(peer_id client, time_point now) {
    guard_.saw(now);
    const auto at = clients_.find(client);
    if (at == clients_.end())
        return;
    client_record& c = at->second;
    while (request_record* r = c.requests.front()) {
        const bool waits = r->where == request_record::phase::waiting;
        if (waits)
            unqueue(*r);
        forget_client(*r);
        if (!waits)
            continue; // its worker's reply finds nobody
        ++stats.dropped_gone;
        close_request(*r);
    }
    paused_.remove(c);
    if (c.paused)
        --stats.paused;
    clients_.erase(at);
    stats.clients = clients_.size();
}

std::optional<time_point> queue_core::state::deadline() const noexcept {
    std::optional<time_point> first;
    const auto consider = [&first](time_point at) {
        if (!first || at < *first)
            first = at;
    };
    if (const worker_record* w = beats_.front())
        consider(w->sent + options_.heartbeat);
    if (const worker_record* w = silences_.front())
        consider(guard_.postponed(w->heard + silence_));
    if (const worker_record* w = jobs_.front())
        consider(guard_.postponed(w->heard + options_.request_timeout));
    if (const request_record* r = expiries_.front())
        consider(r->waits_until);
    return first;
}

void queue_core::state::handle_timeout(time_point now) {
    guard_.saw(now);
    if (ended_)
        return;
    expire_requests(now);
    expire_workers(now);
    beat(now);
}

void queue_core::state::shutdown() noexcept {
    ended_ = true;
    queue_ = {};
    free_ = {};
    paused_ = {};
    expiries_ = {};
    beats_ = {};
    silences_ = {};
    jobs_ = {};
    clients_.clear();
    workers_.clear();
    requests_.clear();
    unused_requests_.clear();
    stats.clients = stats.workers = stats.free_workers = stats.paused = 0;
    stats.waiting = stats.waiting_octets = stats.dispatched = 0;
}

queue_core::queue_core(const queue_options& options, time_point now)
    : state_{std::make_unique<state>(options, now)} {}
queue_core::queue_core(queue_core&&) noexcept = default;
queue_core& queue_core::operator=(queue_core&&) noexcept = default;
queue_core::~queue_core() = default;

void queue_core::from_client(peer_id client, message&& m, time_point now) {
    state_->from_client(client, std::move(m), now);
}
void queue_core::from_worker(peer_id worker, message&& m, time_point now) {
    state_->from_worker(worker, std::move(m), now);
}
void queue_core::client_down(peer_id client, time_point now) { state_->client_down(client, now); }
void queue_core::worker_down(peer_id worker, time_point now) { state_->worker_down(worker, now); }
std::optional<time_point> queue_core::deadline() const noexcept { return state_->deadline(); }
void queue_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
void queue_core::drain() noexcept { state_->drain(); }
bool queue_core::drained() const noexcept { return state_->drained(); }
void queue_core::shutdown() noexcept { state_->shutdown(); }
bool queue_core::next_action(action& out) { return state_->next_action(out); }
const queue_stats& queue_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::paranoid_pirate
