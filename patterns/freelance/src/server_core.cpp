// The server's requests, from their arrival to their replies.
#include "action_queue.hpp"
#include "envelope.hpp"
#include <mizzen/patterns/freelance/server_core.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace mizzen::freelance {

using patterns::request_tag;
using patterns::status;

class server_core::state {
public:
    explicit state(const server_options& given) : options_{given} {
        options_.max_running = std::max<std::size_t>(options_.max_running, 1);
    }

    void receive(peer_id from, message&& m, time_point now);
    void peer_down(peer_id peer);
    void answer(std::uint64_t number, message&& body, status outcome, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    [[nodiscard]] bool next_action(action& out) { return actions_.next(out); }

    server_stats stats;

private:
    /// What stands in front of a request, to go in front of its reply.
    struct head {
        peer_id from = 0;
        patterns::envelope envelope;    ///< Model 2.
        message control;                ///< The frame that tells requests apart.
        std::optional<request_tag> tag; ///< Model 3, of our own clients.
    };
    struct waiting_request {
        head front;
        message body;
        std::size_t octets = 0;
        time_point worth_until = time_point::max();
    };
    using waiting = std::map<std::uint64_t, waiting_request>; // by number: the oldest first

    [[nodiscard]] bool complex() const noexcept { return options_.how == model::complex; }
    [[nodiscard]] std::optional<head> take_head(peer_id from, message& m) const;
    void start(std::uint64_t number, head&& front, message&& body);
    void start_waiting(time_point now);
    void send(head&& front, message&& body, status outcome);
    void forget(waiting::iterator at);

    server_options options_;
    std::uint64_t last_number_ = 0;
    std::unordered_map<std::uint64_t, head> running_;
    waiting waiting_;
    std::set<std::pair<time_point, std::uint64_t>> worth_; // of those that wait
    std::map<peer_id, std::set<std::uint64_t>> by_peer_;   // of those that wait
    patterns::action_queue<action> actions_;
};

std::optional<server_core::state::head> server_core::state::take_head(peer_id from,
                                                                      message& m) const {
    head front;
    front.from = from;
    if (!complex()) {
        auto envelope = patterns::take_envelope(m, options_.max_envelope);
        if (!envelope)
            return std::nullopt;
        front.envelope = std::move(*envelope);
    }
    if (m.size() < 2)
        return std::nullopt;
    const octets control = m.front();
    if (complex() && control.size() == request_tag::size)
        front.tag = patterns::decode_tag(control);
    front.control.push_back(control);
    m.pop_front();
    return front;
}

void server_core::state::receive(peer_id from, message&& m, time_point now) {
    if (complex() && !m.empty() && m.text(0) == ping) { // whatever follows, as the Guide's
        ++stats.pings;
        return actions_.add({step::send, from, 0, message{pong}});
    }
    std::optional<head> front = take_head(from, m);
    if (!front) {
        ++stats.malformed;
        return;
    }
    ++stats.requests;
    const std::uint64_t number = ++last_number_;
    if (running_.size() < options_.max_running && waiting_.empty())
        return start(number, std::move(*front), std::move(m));
    const std::size_t size =
        front->envelope.octets() + front->control.encoded_size() + m.encoded_size();
    if (waiting_.size() >= options_.max_waiting ||
        (!waiting_.empty() && stats.waiting_octets + size > options_.max_waiting_octets)) {
        ++stats.refused;
        return send(std::move(*front), message{"too many requests wait"}, status::queue_full);
    }
    waiting_request& w = waiting_[number];
    if (front->tag && front->tag->deadline_ms != 0) {
        w.worth_until = now + milliseconds{front->tag->deadline_ms};
        worth_.emplace(w.worth_until, number);
    }
    w.front = std::move(*front);
    w.body = std::move(m);
    w.octets = size;
    by_peer_[from].insert(number);
    stats.waiting = waiting_.size();
    stats.waiting_octets += size;
}

void server_core::state::start(std::uint64_t number, head&& front, message&& body) {
    running_.emplace(number, std::move(front));
    stats.running = running_.size();
    ++stats.handled;
    actions_.add({step::handle_request, 0, number, std::move(body)});
}

void server_core::state::start_waiting(time_point now) {
    handle_timeout(now);
    while (!waiting_.empty() && running_.size() < options_.max_running) {
        const auto first = waiting_.begin();
        head front = std::move(first->second.front);
        message body = std::move(first->second.body);
        const std::uint64_t number = first->first;
        forget(first);
        start(number, std::move(front), std::move(body));
    }
}

/// One that waits does so no longer.
void server_core::state::forget(waiting::iterator at) {
    const waiting_request& w = at->second;
    worth_.erase({w.worth_until, at->first});
    if (const auto peer = by_peer_.find(w.front.from); peer != by_peer_.end()) {
        peer->second.erase(at->first);
        if (peer->second.empty())
            by_peer_.erase(peer);
    }
    stats.waiting_octets -= w.octets;
    waiting_.erase(at);
    stats.waiting = waiting_.size();
}

void server_core::state::peer_down(peer_id peer) {
    const auto mine = by_peer_.find(peer);
    if (mine == by_peer_.end())
        return;
    for (const std::uint64_t number : std::exchange(mine->second, {})) {
        ++stats.gone;
        forget(waiting_.find(number));
    }
    by_peer_.erase(peer);
}

void server_core::state::answer(std::uint64_t number, message&& body, status outcome,
                                time_point now) {
    const auto at = running_.find(number);
    if (at == running_.end())
        return;
    head front = std::move(at->second);
    running_.erase(at);
    stats.running = running_.size();
    stats.failures += outcome == status::ok ? 0U : 1U;
    if (body.empty())
        body.push_back(octets{});
    send(std::move(front), std::move(body), outcome);
    start_waiting(now);
}

void server_core::state::send(head&& front, message&& body, status outcome) {
    if (outcome != status::ok && !front.tag)
        return;
    ++stats.replies;
    if (front.tag) {
        body.push_front(octets{patterns::encode_tag(*front.tag, outcome)});
    } else {
        body.push_front(front.control.front());
    }
    if (!complex())
        patterns::put_envelope(body, front.envelope, status::ok);
    actions_.add({step::send, front.from, 0, std::move(body)});
}

std::optional<time_point> server_core::state::deadline() const noexcept {
    if (worth_.empty())
        return std::nullopt;
    return worth_.begin()->first;
}

void server_core::state::handle_timeout(time_point now) {
    while (!worth_.empty() && worth_.begin()->first <= now) {
        const auto at = waiting_.find(worth_.begin()->second);
        ++stats.expired;
        head front = std::move(at->second.front);
        forget(at);
        send(std::move(front), message{"waited for longer than it is worth"}, status::expired);
    }
}

server_core::server_core(const server_options& options)
    : state_{std::make_unique<state>(options)} {}
server_core::server_core(server_core&&) noexcept = default;
server_core& server_core::operator=(server_core&&) noexcept = default;
server_core::~server_core() = default;

void server_core::receive(peer_id from, message&& m, time_point now) {
    state_->receive(from, std::move(m), now);
}
void server_core::peer_down(peer_id peer, time_point) { state_->peer_down(peer); }
void server_core::reply(std::uint64_t request, message&& body, time_point now) {
    state_->answer(request, std::move(body), status::ok, now);
}
void server_core::fail(std::uint64_t request, std::string_view why, time_point now) {
    state_->answer(request, message{why}, status::handler_failed, now);
}
std::optional<time_point> server_core::deadline() const noexcept { return state_->deadline(); }
void server_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
bool server_core::next_action(action& out) { return state_->next_action(out); }
const server_stats& server_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::freelance
