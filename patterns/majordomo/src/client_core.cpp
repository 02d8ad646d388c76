// The client's requests: from when they are made until they are over.
#include "client_state.hpp"
#include "network_order.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace mizzen::majordomo {
namespace {

using patterns::read_number;
using patterns::write_number;

std::error_code to_error(status outcome) noexcept {
    switch (outcome) {
    case status::ok: return {};
    case status::handler_failed: return errc::handler_failed;
    case status::no_such_service: return errc::no_such_service;
    case status::queue_full: return errc::queue_full;
    case status::expired: return errc::expired;
    case status::given_up: return errc::given_up;
    case status::not_authorised: return errc::not_authorised;
    case status::stopping: return errc::stopping;
    }
    return errc::handler_failed; // a failure that has no name yet
}

// Which of its attempts a request's id is of is in the top octet, atop the number.
constexpr int attempt_shift = 56;
constexpr std::uint64_t most_attempts = 255; // that have an id of their own
constexpr int slot_bits = 20;
static_assert(client_core::max_slots == std::size_t{1} << slot_bits);

milliseconds not_negative(milliseconds time) noexcept {
    return std::clamp(time, milliseconds{0}, milliseconds{std::chrono::hours{24 * 365}});
}

} // namespace

client_core::state::state(const client_options& options, std::uint64_t seed)
    : options_{options}, seed_{patterns::mix(seed)}, random_{seed} {
    options_.retry_delay = not_negative(options_.retry_delay);
    options_.retry_delay_max =
        std::max(not_negative(options_.retry_delay_max), options_.retry_delay);
    options_.max_outstanding = std::clamp<std::size_t>(options_.max_outstanding, 1, max_slots / 2);
    options_.max_waiting = std::min<std::size_t>(options_.max_waiting, max_slots / 2);
    options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
}

// --- Being made ---

std::uint64_t client_core::state::request(std::string_view service, message&& body,
                                          const request_options& wanted, time_point now,
                                          std::error_code& ec) {
    ec = admit(service, body);
    if (ec)
        return 0;
    record& r = take_record();
    r.octets = body.encoded_size();
    octets_ += r.octets;
    ++stats_.requests;
    r.service = service;
    frame_client_request(body, service, spoken());
    r.kept = std::move(body);
    r.retries = std::max(wanted.retries.value_or(options_.retries), 0);
    r.in_parts = wanted.in_parts;
    r.timeout = not_negative(wanted.timeout.value_or(options_.timeout));
    if (const milliseconds limit = wanted.deadline.value_or(options_.deadline); limit.count() > 0) {
        r.ends = true;
        r.end = now + not_negative(limit);
        set_timer(r, r.end);
    }
    waiting_.push_back(r);
    ++waits_;
    if (mode_ == mode::unasked)
        ask(now);
    else if (unanswered_ != 0 && (mode_ == mode::asking || mode_ == mode::pausing))
        set_end(r, now);
    const std::uint64_t number = r.number;
    give_out(now);
    return number;
}

std::error_code client_core::state::admit(std::string_view service, const message& body) noexcept {
    if (!valid_service_name(service) || body.empty())
        return errc::malformed_request;
    const std::size_t room = options_.max_octets - std::min(octets_, options_.max_octets);
    const bool heavy = pending_ != 0 && body.encoded_size() > room;
    if (heavy || pending_ >= options_.max_outstanding + options_.max_waiting) {
        ++stats_.refused;
        return errc::too_many_requests;
    }
    return {};
}

client_core::state::record& client_core::state::take_record() {
    if (unused_.empty()) {
        records_.emplace_back();
        records_.back().number = records_.size() - 1; // its slot
        unused_.reserve(records_.size());
        unused_.push_back(&records_.back());
    }
    record& r = *unused_.back();
    unused_.pop_back();
    r.number = (++serial_ << slot_bits) | slot_of(r.number);
    r.at = record::phase::waiting;
    r.streaming = r.ends = r.patient = false;
    r.attempt = 0;
    r.times_sent = r.timeouts = 0;
    r.link = no_link;
    ++pending_;
    return r;
}

client_core::state::record* client_core::state::find(std::uint64_t number) noexcept {
    const std::size_t slot = slot_of(number);
    if (number == 0 || slot >= records_.size())
        return nullptr;
    record& r = records_[slot];
    return r.at != record::phase::over && r.number == number ? &r : nullptr;
}

client_core::state::record* client_core::state::find(const request_tag& tag) noexcept {
    const std::uint64_t number = read_number<std::uint64_t>(tag.id.data() + 8);
    const std::size_t slot = slot_of(number);
    if (read_number<std::uint64_t>(tag.id.data()) != seed_ || slot >= records_.size())
        return nullptr;
    const record& r = records_[slot];
    const std::uint64_t attempt = attempt_of(r, tag);
    const bool known = attempt == 0 || (r.in_parts && attempt <= r.attempt);
    return known ? find(number ^ (attempt << attempt_shift)) : nullptr;
}

std::uint64_t client_core::state::attempt_of(const record& r, const request_tag& tag) noexcept {
    return (read_number<std::uint64_t>(tag.id.data() + 8) ^ r.number) >> attempt_shift;
}

// --- Being sent ---

void client_core::state::give_out(time_point now) {
    while (record* r = waiting_.front())
        if (!give_out(*r, now))
            return;
}

bool client_core::state::give_out(record& r, time_point now) {
    if (outstanding_ >= options_.max_outstanding)
        return false;
    std::uint32_t link = shared_;
    if (mode_ == mode::plain || mode_ == mode::silent) {
        link = free_lane();
        if (link == no_link)
            return false;
        links_[link].request = r.number;
        r.link = link;
    } else if (mode_ != mode::aware) {
        return false;
    }
    waiting_.remove(r);
    --waits_;
    ++outstanding_;
    send(r, link, now);
    return true;
}

void client_core::state::send(record& r, std::uint32_t link, time_point now) {
    message m = r.kept.share();
    if (m.empty())
        throw std::bad_alloc{};
    set_end(r, now);
    if (link == shared_) {
        // A broker that looks at no ids runs it again: what comes of both is not to be mixed up.
        if (r.in_parts && r.times_sent != 0 && !ids_known_ && r.attempt < most_attempts)
            ++r.attempt;
        if (options_.protocol != dialect::version::mdp01)
            m.push_front(octets{}); // the end of an envelope, which 0.2 has not
        frame_tag(m, make_tag(r, now));
        sent_.push_back(r);
    }
    r.at = record::phase::sent;
    r.sent = now;
    set_timer(r, now + r.timeout);
    ++stats_.sent;
    if (r.times_sent++ != 0)
        ++stats_.resent;
    push(step::send, link, 0, std::move(m));
}

// What all of its attempts take, with the longest pauses between them.
void client_core::state::set_end(record& r, time_point now) noexcept {
    if (r.ends)
        return;
    r.ends = r.patient = true;
    milliseconds sum = r.timeout;
    for (int i = 1; i <= std::min(r.retries, 1000); ++i) {
        const int doublings = std::min(i - 1, 20);
        sum += r.timeout +
               std::min(options_.retry_delay * (1 << doublings), options_.retry_delay_max) * 5 / 4;
    }
    r.end = now + std::min(sum, milliseconds{std::chrono::hours{24 * 365}});
    if (r.at == record::phase::waiting)
        set_timer(r, r.end);
}

request_tag client_core::state::make_tag(const record& r, time_point now) const noexcept {
    request_tag tag;
    write_number(tag.id.data(), seed_);
    const std::uint64_t attempt = ids_known_ ? 0 : r.attempt;
    write_number(tag.id.data() + 8, r.number ^ (attempt << attempt_shift));
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto left = std::chrono::ceil<milliseconds>(r.end - now).count();
    tag.deadline_ms =
        r.ends ? static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, most)) : 0;
    return tag;
}

void client_core::state::set_timer(record& r, time_point due) {
    timers_.set(r, r.ends && !(r.patient && r.streaming) ? std::min(due, r.end) : due);
}

// --- Waiting for its reply ---

void client_core::state::on_due(record& r, time_point now) {
    timers_.clear(r);
    const bool over = r.ends && r.end <= now && !(r.patient && r.streaming);
    if (over || r.streaming)
        return finish(r, errc::timed_out, {});
    if (r.at == record::phase::pausing)
        return resume(r, now);
    if (r.timeouts >= r.retries)
        return finish(r, errc::timed_out, {});
    if (r.link == no_link && links_[shared_].heard <= r.sent)
        check_shared(now);
    pause(r, now);
}

// Its reply may still come, and counts.
void client_core::state::pause(record& r, time_point now) {
    sent_.remove(r);
    r.at = record::phase::pausing;
    set_timer(r, now + delay(++r.timeouts));
}

void client_core::state::resume(record& r, time_point now) {
    if (r.link != no_link) {
        // A late reply must not pass for the answer to a later request: its link is left. A broker
        // of which nothing was heard since is left, too.
        const connection left = links_[r.link];
        close_link(std::exchange(r.link, no_link));
        if (left.broker == present_ && left.heard <= r.sent)
            next_broker();
    }
    wait_again(r);
    give_out(now);
}

// In front of those that were never sent.
void client_core::state::wait_again(record& r) {
    sent_.remove(r);
    --outstanding_;
    ++waits_;
    r.at = record::phase::waiting;
    waiting_.push_front(r);
    if (r.ends)
        timers_.set(r, r.end);
}

// From three to five quarters of the pause, so that many clients do not come back together.
milliseconds client_core::state::delay(int times) noexcept {
    const int doublings = std::min(times - 1, 20);
    const milliseconds full =
        std::min(options_.retry_delay * (1 << doublings), options_.retry_delay_max);
    const auto half = static_cast<std::uint64_t>(full.count()) / 2;
    return full * 3 / 4 + milliseconds{static_cast<std::int64_t>(random_.next() % (half + 1))};
}

// --- Being over ---

void client_core::state::take_reply(record& r, const to_client& in, message&& m, time_point now) {
    drop_frames(m, in.head);
    const std::uint64_t attempt = in.tag ? attempt_of(r, *in.tag) : 0;
    if (r.streaming && attempt != r.heard_attempt) {
        ++stats_.mismatched;
        return;
    }
    if (in.what == to_client::kind::partial) {
        ++stats_.partials;
        r.streaming = true;
        r.heard_attempt = attempt;
        if (r.at == record::phase::pausing && r.link == no_link)
            sent_.push_back(r);
        r.at = record::phase::sent;
        set_timer(r, now + r.timeout);
        return push(step::partial, 0, r.number, std::move(m));
    }
    if (in.outcome == status::stopping && brokers_ > 1 && !r.streaming &&
        r.timeouts++ < r.retries) {
        if (r.at != record::phase::waiting)
            wait_again(r);
        if (mode_ == mode::aware)
            leave_broker(now);
        return;
    }
    ++stats_.replies;
    finish(r, to_error(in.outcome), std::move(m));
}

void client_core::state::finish(record& r, std::error_code ec, message&& m) {
    timers_.clear(r);
    if (r.at == record::phase::waiting) {
        waiting_.remove(r);
        --waits_;
    } else {
        sent_.remove(r);
        --outstanding_;
    }
    if (ec == errc::timed_out || ec == errc::interrupted)
        ++stats_.abandoned;
    if (const std::uint32_t own = std::exchange(r.link, no_link); own != no_link) {
        links_[own].request = 0;
        // Its reply may still come on it; or it is not needed any more.
        if (ec == errc::timed_out || ec == errc::cancelled || ec == errc::interrupted ||
            mode_ == mode::aware)
            close_link(own);
        else
            idle_.push_back(own);
    }
    r.at = record::phase::over;
    r.kept.clear();
    octets_ -= r.octets;
    --pending_;
    unused_.push_back(&r);
    push(step::done, 0, r.number, std::move(m), ec);
}

void client_core::state::cancel(std::uint64_t number, time_point now) {
    if (record* r = find(number)) {
        finish(*r, errc::cancelled, {});
        give_out(now);
    }
}

// --- What comes out ---

void client_core::state::push(step what, std::uint32_t link, std::uint64_t request, message&& m,
                              std::error_code ec) {
    action& out = actions_.push_back();
    out.what = what;
    out.link = link;
    out.broker = what == step::open ? links_[link].broker : 0;
    out.request = request;
    out.m = std::move(m);
    out.ec = ec;
}

bool client_core::state::next_action(action& out) {
    if (actions_.empty())
        return false;
    out = actions_.pop_front();
    return true;
}

std::optional<time_point> client_core::state::deadline() const noexcept {
    std::optional<time_point> due = timers_.first();
    for (const auto& other :
         {probe_due_, mode_ == mode::pausing ? std::optional{resume_at_} : std::nullopt}) {
        if (other)
            due = due ? std::min(*due, *other) : *other;
    }
    return due;
}

void client_core::state::handle_timeout(time_point now) {
    if (probe_due_ && *probe_due_ <= now) {
        probe_due_.reset();
        on_no_answer(now);
    }
    if (mode_ == mode::pausing && resume_at_ <= now)
        ask(now);
    while (record* r = timers_.due(now))
        on_due(*r, now);
    give_out(now);
}

// --- The core itself ---

client_core::client_core(const client_options& options, std::uint64_t seed)
    : state_{std::make_unique<state>(options, seed)} {}
client_core::client_core(client_core&&) noexcept = default;
client_core& client_core::operator=(client_core&&) noexcept = default;
client_core::~client_core() = default;

void client_core::add_broker() { state_->add_broker(); }
std::uint64_t client_core::request(std::string_view service, message&& body,
                                   const request_options& wanted, time_point now,
                                   std::error_code& ec) {
    return state_->request(service, std::move(body), wanted, now, ec);
}
void client_core::cancel(std::uint64_t request, time_point now) { state_->cancel(request, now); }
void client_core::receive(std::uint32_t link, message&& m, time_point now) {
    state_->receive(link, std::move(m), now);
}
void client_core::link_lost(std::uint32_t link, time_point now) { state_->link_lost(link, now); }
void client_core::link_refused(std::uint32_t link, time_point now) {
    state_->link_refused(link, now);
}
std::optional<time_point> client_core::deadline() const noexcept { return state_->deadline(); }
void client_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
bool client_core::next_action(action& out) { return state_->next_action(out); }
std::size_t client_core::pending() const noexcept { return state_->pending(); }
const client_stats& client_core::stats() const noexcept { return state_->stats(); }

} // namespace mizzen::majordomo
