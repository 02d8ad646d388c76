// The client's lanes: sending, trying again elsewhere, and judging of replies.
#include "action_queue.hpp"
#include <mizzen/patterns/common/back_off.hpp>
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <algorithm>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::lazy_pirate {
namespace {

using patterns::request_tag;
using patterns::status;

std::error_code to_error(status outcome) noexcept {
    switch (outcome) {
    case status::ok: return {};
    case status::handler_failed: return errc::handler_failed;
    case status::no_such_service: return errc::no_such_service;
    case status::queue_full: return errc::queue_full;
    case status::expired: return errc::expired;
    case status::given_up: return errc::given_up;
    default: return errc::refused;
    }
}

struct call {
    std::uint64_t number = 0;
    message body;
    std::size_t octets = 0; ///< What it counts for while it waits.
    time_point ends = time_point::max();
};

struct lane {
    enum class phase : std::uint8_t { idle, asked, pausing };

    explicit lane(patterns::back_off how) : pauses{how} {}

    phase what = phase::idle;
    bool connected = false; ///< `open` was said, and `close` not since.
    std::size_t endpoint = 0;
    std::size_t first_endpoint = 0; ///< Where the call began.
    std::uint64_t attempts = 0;     ///< Of the call.
    std::uint64_t round = 0;        ///< Attempts in this round.
    int rounds = 0;                 ///< Begun.
    time_point due{};
    std::optional<request_tag> tag;
    call job;
    patterns::back_off pauses;
};

// What a server's message is.
struct reply_frames {
    bool well_formed = false;
    std::size_t head = 0; ///< Frames in front of the body.
    std::optional<request_tag> tag;
    status outcome = status::ok;
};

reply_frames parse_reply(const message& m) noexcept {
    reply_frames out;
    auto at = m.begin();
    if (m.size() < 2)
        return out;
    const octets first = *at;
    if (!first.empty()) {
        if (first.size() != request_tag::size && first.size() != request_tag::reply_size)
            return out;
        out.tag = patterns::decode_tag(first);
        if (first.size() == request_tag::reply_size)
            out.outcome = static_cast<status>(first.back());
        if (!out.tag || m.size() < 3 || !(*++at).empty())
            return out;
        ++out.head;
    }
    ++out.head;
    out.well_formed = true;
    return out;
}

} // namespace

class client_core::state {
public:
    state(const client_options& given, std::uint64_t seed)
        : options_{given}, seed_{seed}, lane_seeds_{patterns::mix(~seed)} {
        options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
    }

    void add_endpoint() noexcept { ++endpoints_; }
    void request(std::uint64_t number, message&& body, time_point now, std::error_code& ec);
    void cancel(std::uint64_t number, time_point now);
    void receive(std::size_t index, message&& m, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    [[nodiscard]] bool next_action(action& out) { return actions_.next(out); }

    client_stats stats;

private:
    [[nodiscard]] lane* free_lane();
    [[nodiscard]] std::size_t index_of(const lane& l) const noexcept {
        return static_cast<std::size_t>(&l - lanes_.data());
    }
    [[nodiscard]] std::size_t next_endpoint(const lane& l) const noexcept {
        return (l.first_endpoint + l.round) % endpoints_;
    }
    void start(lane& l, call&& job, time_point now);
    void attempt(lane& l, time_point now);
    void on_due(lane& l, time_point now);
    void drop_connection(lane& l);
    void finish(lane& l, std::error_code ec, message&& m, time_point now);
    void abandon(lane& l, time_point now);
    void give_out(time_point now);
    [[nodiscard]] call take_waiting(std::size_t index);
    void tell(std::uint64_t number, std::error_code ec, message&& m) {
        actions_.add({step::done, 0, 0, number, std::move(m), ec});
    }

    client_options options_;
    std::uint64_t seed_;
    patterns::random_numbers lane_seeds_;
    std::uint64_t tags_made_ = 0;
    std::size_t endpoints_ = 0;
    std::size_t preferred_ = 0;
    std::vector<lane> lanes_;
    std::deque<call> waiting_; // with one deadline for all, in the order in which they end
    patterns::action_queue<action> actions_;
};

void client_core::state::request(std::uint64_t number, message&& body, time_point now,
                                 std::error_code& ec) {
    if (endpoints_ == 0) {
        ec = errc::no_endpoint;
        return;
    }
    if (body.empty()) {
        ec = errc::malformed_request;
        return;
    }
    call job{number, std::move(body)};
    job.octets = job.body.encoded_size();
    if (options_.deadline.count() > 0)
        job.ends = now + options_.deadline;
    lane* const l = free_lane();
    if (l == nullptr &&
        (waiting_.size() >= options_.max_waiting ||
         (!waiting_.empty() && stats.waiting_octets + job.octets > options_.max_waiting_octets))) {
        ++stats.refused;
        ec = errc::queue_full;
        return;
    }
    ec.clear();
    ++stats.requests;
    if (l != nullptr)
        return start(*l, std::move(job), now);
    stats.waiting_octets += job.octets;
    waiting_.push_back(std::move(job));
    stats.waiting = waiting_.size();
}

lane* client_core::state::free_lane() {
    for (lane& l : lanes_) {
        if (l.what == lane::phase::idle)
            return &l;
    }
    if (lanes_.size() >= options_.max_connections)
        return nullptr;
    return &lanes_.emplace_back(patterns::back_off{
        options_.pause, options_.pause_max, patterns::back_off::jitter::full, lane_seeds_.next()});
}

void client_core::state::start(lane& l, call&& job, time_point now) {
    ++stats.running;
    l.job = std::move(job);
    l.attempts = 0;
    l.round = 0;
    l.rounds = 1;
    l.first_endpoint = preferred_;
    l.pauses.reset();
    l.tag.reset();
    if (options_.tagged) {
        std::int64_t most = 0;
        if (l.job.ends != time_point::max())
            most = std::max<std::int64_t>(std::chrono::ceil<milliseconds>(l.job.ends - now).count(),
                                          1);
        most = std::min<std::int64_t>(most, std::numeric_limits<std::uint32_t>::max());
        l.tag = patterns::make_tag(seed_, ++tags_made_, static_cast<std::uint32_t>(most));
    }
    l.job.body.push_front(octets{});
    if (l.tag)
        l.job.body.push_front(octets{patterns::encode_tag(*l.tag)}.first(request_tag::size));
    attempt(l, now);
}

void client_core::state::attempt(lane& l, time_point now) {
    const std::size_t to = next_endpoint(l);
    if (l.endpoint != to)
        drop_connection(l);
    l.endpoint = to;
    if (!std::exchange(l.connected, true))
        actions_.add({step::open, index_of(l), to, 0, {}, {}});
    ++l.attempts;
    ++l.round;
    ++stats.attempts;
    l.what = lane::phase::asked;
    l.due = std::min(now + options_.timeout, l.job.ends);
    message m = l.job.body.share();
    if (!m.empty()) // else memory is short, and this attempt fails as if it had been lost
        actions_.add({step::send, index_of(l), to, 0, std::move(m), {}});
}

void client_core::state::drop_connection(lane& l) {
    if (std::exchange(l.connected, false))
        actions_.add({step::close, index_of(l), l.endpoint, 0, {}, {}});
}

void client_core::state::on_due(lane& l, time_point now) {
    if (l.what == lane::phase::asked)
        drop_connection(l); // a late reply must not pass for the answer to a later request
    if (l.job.ends <= now)
        return abandon(l, now);
    if (l.what == lane::phase::pausing)
        return attempt(l, now);
    milliseconds pause{0};
    if (l.round == endpoints_) {
        if (l.rounds > options_.retries)
            return abandon(l, now);
        ++l.rounds;
        l.round = 0;
        pause = l.pauses.next();
    }
    if (next_endpoint(l) != l.endpoint)
        pause = std::max(pause, options_.settle);
    if (pause.count() <= 0)
        return attempt(l, now);
    l.what = lane::phase::pausing;
    l.due = std::min(now + pause, l.job.ends);
}

void client_core::state::abandon(lane& l, time_point now) {
    ++stats.abandoned;
    const std::string count = std::to_string(l.attempts);
    finish(l, errc::abandoned, message{"no reply after " + count + " attempts"}, now);
}

void client_core::state::finish(lane& l, std::error_code ec, message&& m, time_point now) {
    --stats.running;
    l.what = lane::phase::idle;
    l.job.body.clear();
    tell(l.job.number, ec, std::move(m));
    give_out(now);
}

void client_core::state::give_out(time_point now) {
    while (!waiting_.empty()) {
        lane* const l = free_lane();
        if (l == nullptr)
            return;
        start(*l, take_waiting(0), now);
    }
}

call client_core::state::take_waiting(std::size_t index) {
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(index);
    call taken = std::move(*at);
    waiting_.erase(at);
    stats.waiting = waiting_.size();
    stats.waiting_octets -= taken.octets;
    return taken;
}

void client_core::state::cancel(std::uint64_t number, time_point now) {
    for (lane& l : lanes_) {
        if (l.what == lane::phase::idle || l.job.number != number)
            continue;
        ++stats.cancelled;
        drop_connection(l);
        return finish(l, errc::cancelled, {}, now);
    }
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if (waiting_[i].number != number)
            continue;
        ++stats.cancelled;
        static_cast<void>(take_waiting(i));
        return tell(number, errc::cancelled, {});
    }
}

void client_core::state::receive(std::size_t index, message&& m, time_point now) {
    if (index >= lanes_.size() || lanes_[index].what != lane::phase::asked) {
        ++stats.unsolicited;
        if (index < lanes_.size())
            drop_connection(lanes_[index]); // its server is out of step
        return;
    }
    lane& l = lanes_[index];
    const reply_frames in = parse_reply(m);
    if (!in.well_formed) {
        ++stats.malformed;
        return;
    }
    // A deadline is no part of a request's name.
    if (in.tag.has_value() != l.tag.has_value() || (in.tag && in.tag->id != l.tag->id)) {
        ++stats.mismatched;
        return;
    }
    ++stats.replies;
    for (std::size_t i = 0; i < in.head; ++i)
        m.pop_front();
    preferred_ = l.endpoint;
    if (!options_.keep_connection)
        drop_connection(l);
    finish(l, to_error(in.outcome), std::move(m), now);
}

std::optional<time_point> client_core::state::deadline() const noexcept {
    std::optional<time_point> first;
    for (const lane& l : lanes_) {
        if (l.what != lane::phase::idle && (!first || l.due < *first))
            first = l.due;
    }
    if (!waiting_.empty() && waiting_.front().ends != time_point::max() &&
        (!first || waiting_.front().ends < *first))
        first = waiting_.front().ends;
    return first;
}

void client_core::state::handle_timeout(time_point now) {
    while (!waiting_.empty() && waiting_.front().ends <= now) {
        ++stats.abandoned;
        const std::uint64_t number = take_waiting(0).number;
        tell(number, errc::abandoned, message{"no reply after 0 attempts"});
    }
    for (std::size_t i = 0; i < lanes_.size(); ++i) { // one that ends may start another
        if (lanes_[i].what != lane::phase::idle && lanes_[i].due <= now)
            on_due(lanes_[i], now);
    }
}

client_core::client_core(const client_options& options, std::uint64_t seed)
    : state_{std::make_unique<state>(options, seed)} {}
client_core::client_core(client_core&&) noexcept = default;
client_core& client_core::operator=(client_core&&) noexcept = default;
client_core::~client_core() = default;

void client_core::add_endpoint() noexcept { state_->add_endpoint(); }
void client_core::request(std::uint64_t number, message&& body, time_point now,
                          std::error_code& ec) {
    state_->request(number, std::move(body), now, ec);
}
void client_core::cancel(std::uint64_t number, time_point now) { state_->cancel(number, now); }
void client_core::receive(std::size_t lane, message&& m, time_point now) {
    state_->receive(lane, std::move(m), now);
}
std::optional<time_point> client_core::deadline() const noexcept { return state_->deadline(); }
void client_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
bool client_core::next_action(action& out) { return state_->next_action(out); }
const client_stats& client_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::lazy_pirate
