// The worker's registration, its heartbeats, its requests and its way back.
#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::majordomo {
namespace {

constexpr int slot_bits = 32; // of a request's number

} // namespace

worker_core::worker_core(worker_options options, time_point now, std::uint64_t seed)
    : options_{std::move(options)},
      spoken_{options_.protocol == dialect::version::mdp01 ? mdp01 : mdp02},
      silence_{patterns::silence_limit(options_.heartbeat, options_.liveness)},
      delays_{options_.reconnect, options_.reconnect_max, patterns::back_off::jitter::some, seed},
      guard_{options_.heartbeat, now} {
    options_.credit = std::clamp<std::uint32_t>(options_.credit, 1, max_credit);
    options_.max_requests = std::max<std::size_t>(options_.max_requests, options_.credit);
}

// --- The connection ---

void worker_core::connected(time_point now) {
    guard_.saw(now);
    if (state_ == state::backing_off || state_ == state::ended)
        return; // that connection is about to be dropped
    forget_pending();
    beats_busy_ = false;
    state_ = state::registered;
    heard_ = now;
    ++stats_.registrations;
    credit_unheard_ = !refused_credit_ && options_.credit > 1;
    const std::uint32_t credit = std::exchange(refused_credit_, false) ? 1 : options_.credit;
    send(make_ready(options_.service, spoken_, credit), now);
}

void worker_core::disconnected(time_point now) {
    guard_.saw(now);
    if (state_ != state::registered)
        return;
    forget_pending();
    state_ = draining_ ? state::ended : state::down;
}

void worker_core::back_off(time_point now) {
    forget_pending();
    state_ = draining_ ? state::ended : state::backing_off;
    reconnect_at_ = now + delays_.next();
}

void worker_core::drain(time_point now) {
    guard_.saw(now);
    draining_ = true;
    if (state_ != state::registered || !busy())
        shutdown(now);
}

void worker_core::shutdown(time_point now) {
    if (state_ == state::registered)
        send(make_disconnect(spoken_), now);
    forget_pending();
    state_ = state::ended;
}

// --- Requests ---

void worker_core::receive(message&& m, time_point now) {
    guard_.saw(now);
    if (state_ != state::registered) {
        ++stats_.ignored;
        return;
    }
    const to_worker in = parse_to_worker(m, spoken_);
    using kind = to_worker::kind;
    if (in.what == kind::malformed) { // whoever that is, it is no broker
        ++stats_.malformed;
        send(make_disconnect(spoken_), now);
        return back_off(now);
    }
    heard_ = now;
    switch (in.what) {
    case kind::request: return on_request(std::move(m), in);
    case kind::heartbeat:
        credit_unheard_ = false;
        delays_.reset();
        beats_busy_ = beats_busy_ || busy();
        return;
    case kind::disconnect:
        ++stats_.disconnects;
        refused_credit_ = credit_unheard_;
        return back_off(now);
    default: ++stats_.unknown; return;
    }
}

void worker_core::on_request(message&& m, const to_worker& in) {
    credit_unheard_ = false;
    delays_.reset();
    if (draining_) { // for another worker, once this one has said DISCONNECT
        ++stats_.ignored;
        return;
    }
    if (pending_ >= options_.max_requests) {
        ++stats_.overflowed;
        return;
    }
    ++stats_.requests;
    ++pending_;
    if (unused_.empty()) {
        unused_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t index = unused_.back();
    unused_.pop_back();
    slot& at = slots_[index];
    at.number = (++last_serial_ << slot_bits) | index;
    at.address = zmtp::as_text(in.address);
    drop_frames(m, in.head);
    if (m.empty())
        m.push_back(octets{});
    actions_.push_back({step::handle_request, at.number, std::move(m)});
}

void worker_core::reply(std::uint64_t request, message&& body, time_point now) {
    guard_.saw(now);
    if (slot* at = find(request))
        answer(*at, std::move(body), now);
}

void worker_core::partial(std::uint64_t request, message&& body, time_point now) {
    guard_.saw(now);
    slot* at = find(request);
    if (at == nullptr || spoken_.number == dialect::version::mdp01)
        return;
    if (body.empty())
        body.push_back(octets{});
    frame_worker_partial(body, zmtp::as_octets(at->address), spoken_);
    ++stats_.partials;
    send(std::move(body), now);
}

void worker_core::fail(std::uint64_t request, std::string_view words, time_point now) {
    guard_.saw(now);
    slot* at = find(request);
    if (at == nullptr)
        return;
    ++stats_.failures;
    if (at->address.size() != handle_octets{}.size()) { // a plain broker: it has no word for this
        send(make_disconnect(spoken_), now);
        return back_off(now);
    }
    // Only failures carry a status. A plain broker's client may have chosen a routing id of eight
    // octets, and its replies must reach it.
    at->address.push_back(static_cast<char>(status::handler_failed));
    answer(*at, message{words}, now);
}

void worker_core::answer(slot& at, message&& body, time_point now) {
    if (body.empty())
        body.push_back(octets{}); // the Guide's client aborts on a reply without a body
    frame_worker_reply(body, zmtp::as_octets(at.address), spoken_);
    free(at);
    ++stats_.replies;
    // Plain brokers say nothing to a busy worker: that was no silence.
    if (!beats_busy_)
        heard_ = now;
    send(std::move(body), now);
    if (draining_ && !busy())
        shutdown(now);
}

worker_core::slot* worker_core::find(std::uint64_t request) noexcept {
    const std::size_t index = request & ((std::uint64_t{1} << slot_bits) - 1);
    if (request != 0 && index < slots_.size() && slots_[index].number == request)
        return &slots_[index];
    ++stats_.late_replies;
    return nullptr;
}

void worker_core::free(slot& at) {
    at.number = 0;
    --pending_;
    unused_.push_back(static_cast<std::uint32_t>(&at - slots_.data()));
}

void worker_core::forget_pending() {
    if (pending_ == 0)
        return;
    for (slot& each : slots_)
        if (each.number != 0)
            free(each);
}

// --- Time ---

void worker_core::send(message&& m, time_point now) {
    sent_ = now;
    actions_.push_back({step::send, 0, std::move(m)});
}

time_point worker_core::silence_ends() const noexcept {
    return guard_.postponed(heard_ + silence_);
}

// The Guide's brokers send no heartbeats to a worker that is busy.
bool worker_core::waits_for_broker() const noexcept { return !busy() || beats_busy_; }

std::optional<time_point> worker_core::deadline() const noexcept {
    if (state_ == state::backing_off)
        return reconnect_at_;
    if (state_ != state::registered || options_.heartbeat.count() == 0)
        return std::nullopt;
    const time_point beat = sent_ + options_.heartbeat;
    return waits_for_broker() ? std::min(beat, silence_ends()) : beat;
}

void worker_core::handle_timeout(time_point now) {
    guard_.saw(now);
    if (state_ == state::backing_off && reconnect_at_ <= now) {
        state_ = state::down;
        actions_.push_back({step::reconnect, 0, {}});
    }
    if (state_ != state::registered || options_.heartbeat.count() == 0)
        return;
    if (waits_for_broker() && silence_ends() <= now) {
        ++stats_.lost_brokers;
        return back_off(now);
    }
    if (sent_ + options_.heartbeat <= now)
        send(make_heartbeat(spoken_), now);
}

bool worker_core::next_action(action& out) {
    if (next_action_ == actions_.size())
        return false;
    out = std::move(actions_[next_action_++]);
    if (next_action_ == actions_.size()) {
        actions_.clear();
        next_action_ = 0;
    }
    return true;
}

} // namespace mizzen::majordomo
