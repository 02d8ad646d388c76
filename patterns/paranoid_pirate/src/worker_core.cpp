// The worker's registration, its heartbeats, its requests and its way back.
#include "action_queue.hpp"
#include "envelope.hpp"
#include <mizzen/patterns/common/back_off.hpp>
#include <mizzen/patterns/paranoid_pirate/worker_core.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::paranoid_pirate {
namespace {

using patterns::status;

worker_options made_sane(worker_options given) {
    if (given.speaks == protocol::simple)
        given.heartbeat = milliseconds{0};
    return given;
}

struct pending_request {
    std::uint64_t number = 0;
    patterns::envelope address; ///< To be given back.
};

// Whether the address is a handle of a queue of ours. A client of another queue may have chosen a
// name that looks like one; what is added to it then goes nowhere, as if the worker had crashed.
bool is_handle(const patterns::envelope& address) noexcept {
    return address.frames.size() == 1 && !address.tag &&
           address.frames.front().size() == handle_text{}.size() &&
           decode_handle(address.frames.front());
}

} // namespace

class worker_core::state {
public:
    state(const worker_options& given, time_point now, std::uint64_t seed)
        : options_{made_sane(given)},
          silence_{patterns::silence_limit(options_.heartbeat, options_.liveness)},
          delays_{options_.reconnect, options_.reconnect_max, patterns::back_off::jitter::some,
                  seed},
          guard_{options_.heartbeat, now} {}

    void start() { actions_.add({step::open, 0, {}}); }
    void connected(time_point now);
    void disconnected(time_point now);
    void receive(message&& m, time_point now);
    void reply(std::uint64_t request, message&& body, status outcome, time_point now);
    void fail(std::uint64_t request, std::string_view why, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    void drain(time_point now) {
        guard_.saw(now);
        draining_ = true;
        if (what_ != phase::registered || !busy())
            shutdown();
    }
    void shutdown() noexcept {
        pending_.clear();
        what_ = phase::ended;
    }
    [[nodiscard]] bool ended() const noexcept { return what_ == phase::ended; }
    [[nodiscard]] bool next_action(action& out) { return actions_.next(out); }
    [[nodiscard]] bool busy() const noexcept { return !pending_.empty(); }

    worker_stats stats;

private:
    enum class phase : std::uint8_t {
        down,       ///< Until the transport is up.
        registered, ///< READY was sent.
        backing_off,
        ended,
    };

    void on_request(message&& m, patterns::envelope&& address, time_point now);
    void send(message&& m, time_point now);
    void back_off(time_point now);
    [[nodiscard]] std::optional<patterns::envelope> take_pending(std::uint64_t request);
    /// Whether heartbeats are sent, and expected.
    [[nodiscard]] bool beats() const noexcept {
        return options_.heartbeat.count() > 0 && (!busy() || queue_beats_in_jobs_);
    }
    [[nodiscard]] time_point silence_ends() const noexcept {
        return guard_.postponed(heard_ + silence_);
    }

    worker_options options_;
    milliseconds silence_;
    phase what_ = phase::down;
    bool draining_ = false;
    patterns::back_off delays_;
    patterns::stall_guard guard_;
    bool queue_beats_in_jobs_ = false;
    time_point heard_{};
    time_point sent_{};
    time_point busy_since_{};
    time_point reconnect_at_{};
    std::uint64_t last_number_ = 0;
    std::vector<pending_request> pending_;
    patterns::action_queue<action> actions_;
};

void worker_core::state::connected(time_point now) {
    guard_.saw(now);
    if (what_ == phase::backing_off || what_ == phase::ended)
        return; // of a connection that is being closed
    pending_.clear();
    what_ = phase::registered;
    queue_beats_in_jobs_ = false;
    heard_ = now;
    ++stats.registrations;
    send(make_ready(options_.speaks, options_.writes), now);
}

void worker_core::state::disconnected(time_point now) {
    guard_.saw(now);
    if (what_ != phase::registered)
        return;
    pending_.clear();
    what_ = draining_ ? phase::ended : phase::down;
}

void worker_core::state::receive(message&& m, time_point now) {
    guard_.saw(now);
    if (what_ != phase::registered) {
        ++stats.ignored;
        return;
    }
    const bool simple = options_.speaks == protocol::simple;
    if (!simple && is_heartbeat(m)) {
        ++stats.heartbeats_in;
        heard_ = now;
        delays_.reset();
        // One that comes an interval after the request did not just cross it.
        if (busy() && now - busy_since_ >= options_.heartbeat)
            queue_beats_in_jobs_ = true;
        return;
    }
    const bool delimited = !simple || (!m.empty() && m.front().empty());
    if (simple && delimited)
        m.pop_front();
    std::optional<patterns::envelope> address;
    if (delimited)
        address = patterns::take_envelope(m, max_address);
    if (!address) { // and no sign of life: whoever sends nothing else is no queue
        ++stats.malformed;
        return;
    }
    on_request(std::move(m), std::move(*address), now);
}

void worker_core::state::on_request(message&& m, patterns::envelope&& address, time_point now) {
    heard_ = now;
    delays_.reset();
    if (draining_) {
        ++stats.ignored;
        return;
    }
    if (pending_.size() >= options_.max_requests) {
        ++stats.overflowed;
        return;
    }
    if (!busy())
        busy_since_ = now;
    ++stats.requests;
    pending_.push_back({++last_number_, std::move(address)});
    actions_.add({step::handle_request, last_number_, std::move(m)});
}

void worker_core::state::reply(std::uint64_t request, message&& body, status outcome,
                               time_point now) {
    guard_.saw(now);
    const std::optional<patterns::envelope> address = take_pending(request);
    if (!address)
        return;
    if (body.empty())
        body.push_back(octets{}); // a REQ's user expects a body
    patterns::put_envelope(body, *address, outcome);
    if (options_.speaks == protocol::simple)
        body.push_front(octets{});
    ++stats.replies;
    heard_ = now; // plain queues say nothing to a busy worker: that was no silence
    send(std::move(body), now);
    if (draining_ && !busy())
        shutdown();
}

void worker_core::state::fail(std::uint64_t request, std::string_view why, time_point now) {
    const auto at = std::find_if(pending_.begin(), pending_.end(),
                                 [request](const auto& p) { return p.number == request; });
    if (at == pending_.end()) {
        ++stats.late_replies;
        return;
    }
    ++stats.failures;
    patterns::envelope& address = at->address;
    if (address.tag)
        return reply(request, message{why}, status::handler_failed, now);
    if (!is_handle(address)) {
        guard_.saw(now);
        return back_off(now);
    }
    std::string handle{zmtp::as_text(address.frames.front())};
    handle.push_back(static_cast<char>(status::handler_failed));
    address.frames = message{handle};
    reply(request, message{why}, status::handler_failed, now);
}

std::optional<patterns::envelope> worker_core::state::take_pending(std::uint64_t request) {
    const auto at = std::find_if(pending_.begin(), pending_.end(),
                                 [request](const auto& p) { return p.number == request; });
    if (at == pending_.end()) {
        ++stats.late_replies;
        return std::nullopt;
    }
    patterns::envelope address = std::move(at->address);
    pending_.erase(at);
    return address;
}

void worker_core::state::send(message&& m, time_point now) {
    sent_ = now;
    actions_.add({step::send, 0, std::move(m)});
}

// Closed at once, so that the queue knows; it is of no use until then.
void worker_core::state::back_off(time_point now) {
    pending_.clear();
    what_ = draining_ ? phase::ended : phase::backing_off;
    reconnect_at_ = now + delays_.next();
    actions_.add({step::close, 0, {}});
}

std::optional<time_point> worker_core::state::deadline() const noexcept {
    if (what_ == phase::backing_off)
        return reconnect_at_;
    if (what_ != phase::registered || !beats())
        return std::nullopt;
    return std::min(sent_ + options_.heartbeat, silence_ends());
}

void worker_core::state::handle_timeout(time_point now) {
    guard_.saw(now);
    if (what_ == phase::backing_off && reconnect_at_ <= now) {
        what_ = phase::down;
        actions_.add({step::open, 0, {}});
    }
    if (what_ != phase::registered || !beats())
        return;
    if (silence_ends() <= now) {
        ++stats.lost_queues;
        return back_off(now);
    }
    if (sent_ + options_.heartbeat <= now) {
        ++stats.heartbeats_out;
        send(make_heartbeat(options_.writes), now);
    }
}

worker_core::worker_core(const worker_options& options, time_point now, std::uint64_t seed)
    : state_{std::make_unique<state>(options, now, seed)} {}
worker_core::worker_core(worker_core&&) noexcept = default;
worker_core& worker_core::operator=(worker_core&&) noexcept = default;
worker_core::~worker_core() = default;

void worker_core::start() { state_->start(); }
void worker_core::connected(time_point now) { state_->connected(now); }
void worker_core::disconnected(time_point now) { state_->disconnected(now); }
void worker_core::receive(message&& m, time_point now) { state_->receive(std::move(m), now); }
void worker_core::reply(std::uint64_t request, message&& body, time_point now) {
    state_->reply(request, std::move(body), status::ok, now);
}
void worker_core::fail(std::uint64_t request, std::string_view why, time_point now) {
    state_->fail(request, why, now);
}
std::optional<time_point> worker_core::deadline() const noexcept { return state_->deadline(); }
void worker_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
void worker_core::drain(time_point now) { state_->drain(now); }
void worker_core::shutdown() noexcept { state_->shutdown(); }
bool worker_core::next_action(action& out) { return state_->next_action(out); }
bool worker_core::busy() const noexcept { return state_->busy(); }
bool worker_core::ended() const noexcept { return state_->ended(); }
const worker_stats& worker_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::paranoid_pirate
