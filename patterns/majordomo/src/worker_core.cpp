// The worker's registration, its heartbeats, its requests and its way back.
#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::majordomo {

worker_core::worker_core(worker_options options, time_point now, std::uint64_t seed)
    : options_{std::move(options)},
      silence_{patterns::silence_limit(options_.heartbeat, options_.liveness)},
      delays_{options_.reconnect, options_.reconnect_max, patterns::back_off::jitter::some, seed},
      guard_{options_.heartbeat, now} {}

void worker_core::connected(time_point now) {
    guard_.saw(now);
    if (state_ == state::backing_off || state_ == state::ended)
        return; // that connection is about to be dropped
    pending_.clear();
    state_ = state::registered;
    heard_ = now;
    ++stats_.registrations;
    send(make_ready(options_.service), now);
}

void worker_core::disconnected(time_point now) {
    guard_.saw(now);
    if (state_ != state::registered)
        return;
    pending_.clear();
    state_ = state::down;
}

void worker_core::receive(message&& m, time_point now) {
    guard_.saw(now);
    if (state_ != state::registered) {
        ++stats_.ignored;
        return;
    }
    const to_worker in = parse_to_worker(m);
    using kind = to_worker::kind;
    if (in.what == kind::malformed) { // whoever that is, it is no broker
        ++stats_.malformed;
        send(make_disconnect(), now);
        return back_off(now);
    }
    heard_ = now;
    switch (in.what) {
    case kind::request: return on_request(std::move(m), in, now);
    case kind::heartbeat: delays_.reset(); return;
    case kind::disconnect: ++stats_.disconnects; return back_off(now);
    default: ++stats_.unknown; return;
    }
}

void worker_core::on_request(message&& m, const to_worker& in, time_point /*now*/) {
    delays_.reset();
    if (pending_.size() >= options_.max_requests) {
        ++stats_.overflowed;
        return;
    }
    ++stats_.requests;
    pending_.push_back({++last_number_, std::string{zmtp::as_text(in.address)}});
    drop_frames(m, in.head);
    if (m.empty())
        m.push_back(octets{});
    actions_.push_back({step::handle_request, last_number_, std::move(m)});
}

void worker_core::reply(std::uint64_t request, message&& body, time_point now) {
    guard_.saw(now);
    const std::optional<std::string> address = take_pending(request);
    if (!address)
        return;
    if (body.empty())
        body.push_back(octets{}); // the Guide's client aborts on a reply without a body
    frame_worker_reply(body, zmtp::as_octets(*address));
    ++stats_.replies;
    heard_ = now; // plain brokers say nothing to a busy worker: that was no silence
    send(std::move(body), now);
}

void worker_core::fail(std::uint64_t request, std::string_view words, time_point now) {
    guard_.saw(now);
    std::optional<std::string> address = take_pending(request);
    if (!address)
        return;
    ++stats_.failures;
    if (address->size() != handle_octets{}.size()) { // a plain broker: it has no word for this
        send(make_disconnect(), now);
        return back_off(now);
    }
    // Only failures carry a status. A plain broker's client may have chosen a routing id of eight
    // octets, and its replies must reach it.
    address->push_back(static_cast<char>(status::handler_failed));
    message body{words};
    frame_worker_reply(body, zmtp::as_octets(*address));
    ++stats_.replies;
    heard_ = now;
    send(std::move(body), now);
}

std::optional<std::string> worker_core::take_pending(std::uint64_t request) {
    const auto at = std::find_if(pending_.begin(), pending_.end(),
                                 [request](const auto& p) { return p.number == request; });
    if (at == pending_.end()) {
        ++stats_.late_replies;
        return std::nullopt;
    }
    std::string address = std::move(at->address);
    pending_.erase(at);
    return address;
}

void worker_core::send(message&& m, time_point now) {
    sent_ = now;
    actions_.push_back({step::send, 0, std::move(m)});
}

void worker_core::back_off(time_point now) {
    pending_.clear();
    state_ = state::backing_off;
    reconnect_at_ = now + delays_.next();
}

time_point worker_core::silence_ends() const noexcept {
    return guard_.postponed(heard_ + silence_);
}

std::optional<time_point> worker_core::deadline() const noexcept {
    if (state_ == state::backing_off)
        return reconnect_at_;
    if (state_ != state::registered || options_.heartbeat.count() == 0)
        return std::nullopt;
    const time_point beat = sent_ + options_.heartbeat;
    return busy() ? beat : std::min(beat, silence_ends());
}

void worker_core::handle_timeout(time_point now) {
    guard_.saw(now);
    if (state_ == state::backing_off && reconnect_at_ <= now) {
        state_ = state::down;
        actions_.push_back({step::reconnect, 0, {}});
    }
    if (state_ != state::registered || options_.heartbeat.count() == 0)
        return;
    if (!busy() && silence_ends() <= now) {
        ++stats_.lost_brokers;
        return back_off(now);
    }
    if (sent_ + options_.heartbeat <= now)
        send(make_heartbeat(), now);
}

void worker_core::shutdown(time_point now) {
    if (state_ == state::registered)
        send(make_disconnect(), now);
    pending_.clear();
    state_ = state::ended;
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
