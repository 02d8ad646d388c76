// The client's requests: whom they are sent to, and how they end.
#include "client_state.hpp"
#include <mizzen/patterns/freelance/error.hpp>

#include <algorithm>
#include <limits>
#include <new>

namespace mizzen::freelance {
namespace {

using patterns::status;

constexpr std::chrono::hours longest{24 * 365};

milliseconds in_bounds(milliseconds time) noexcept {
    return std::clamp(time, milliseconds{0}, milliseconds{longest});
}

std::error_code to_error(status outcome) noexcept {
    switch (outcome) {
    case status::ok: return {};
    case status::handler_failed: return errc::handler_failed;
    case status::no_such_service: return errc::no_such_service;
    case status::queue_full: return errc::queue_full;
    case status::expired: return errc::expired;
    default: return errc::refused;
    }
}

client_options checked(client_options options) noexcept {
    for (milliseconds* each :
         {&options.timeout, &options.another_after, &options.ping, &options.ttl})
        *each = in_bounds(*each);
    options.ping = std::max(options.ping, milliseconds{1});
    options.ttl = std::max(options.ttl, options.ping * 2); // for a PONG to come back
    options.max_outstanding = std::max<std::size_t>(options.max_outstanding, 1);
    return options;
}

/// Another server may well take it.
bool is_of_the_moment(status outcome) noexcept {
    return outcome == status::queue_full || outcome == status::stopping;
}

} // namespace

client_core::state::state(const client_options& given, std::uint64_t seed, time_point now)
    : options_{checked(given)}, seed_{patterns::mix(seed)}, random_{seed},
      guard_{options_.ping, now} {}

// --- Being made ---

std::uint64_t client_core::state::request(message&& body, std::optional<milliseconds> timeout,
                                          time_point now, std::error_code& ec) {
    guard_.saw(now);
    const std::size_t size = body.encoded_size();
    if (body.empty())
        ec = errc::malformed_request;
    else if (servers_.empty())
        ec = errc::no_endpoint;
    else if (calls_.size() >= options_.max_outstanding ||
             (!calls_.empty() && stats.octets + size > options_.max_octets))
        ec = errc::too_many_requests;
    else
        ec.clear();
    if (ec) {
        stats.refused += ec == errc::too_many_requests ? 1U : 0U;
        return 0;
    }
    const std::uint64_t number = ++last_number_;
    const auto at = calls_.try_emplace(number).first;
    call& c = at->second;
    c.body = std::move(body);
    c.octets = size;
    c.end = now + in_bounds(timeout.value_or(options_.timeout));
    c.due = c.end;
    due_.emplace(c.due, number);
    ++stats.requests;
    stats.outstanding = calls_.size();
    stats.octets += size;
    ask(at, now);
    return number;
}

void client_core::state::cancel(std::uint64_t number, time_point now) {
    guard_.saw(now);
    if (const auto at = calls_.find(number); at != calls_.end()) {
        ++stats.cancelled;
        finish(at, errc::cancelled, {});
    }
}

// --- Being sent ---

bool client_core::state::was_sent(const call& c, server_id to, const server& s) noexcept {
    return std::any_of(c.copies.begin(), c.copies.end(), [&](const copy& each) {
        return each.to == to && each.connection == s.connection;
    });
}

/// Whoever it was not sent to comes first, then who was sent it longest ago over a connection that
/// is lost: those that come and go all the time do not keep it from one that lives.
client_core::state::servers::iterator client_core::state::best_for(const call& c) noexcept {
    constexpr std::uint64_t a_look = 16; // at another than the best
    const auto sent_to = [&](server_id id) {
        const auto last = std::find_if(c.copies.begin(), c.copies.end(),
                                       [&](const copy& each) { return each.to == id; });
        return last == c.copies.end() ? time_point::min() : last->sent;
    };
    auto best = servers_.end();
    time_point best_sent = time_point::max();
    std::uint64_t others = 0;
    const bool look = options_.prefer == preference::latency && random_.next() % a_look == 0;
    for (auto at = servers_.begin(); at != servers_.end(); ++at) {
        if (!at->second.is_up || was_sent(c, at->first, at->second))
            continue;
        const time_point sent = sent_to(at->first);
        if (best == servers_.end() || sent < best_sent) {
            best = at;
            best_sent = sent;
            others = 1;
        } else if (sent == best_sent && options_.prefer == preference::latency) {
            ++others;
            if (look ? random_.next() % others == 0 : at->second.latency < best->second.latency)
                best = at;
        }
    }
    return best;
}

/// The next server, or all of them; if there is none it waits for one.
void client_core::state::ask(calls::iterator at, time_point now) {
    call& c = at->second;
    const std::size_t sent_before = c.copies.size();
    if (!complex()) {
        for (auto to = servers_.begin(); to != servers_.end(); ++to)
            if (to->second.is_up && !was_sent(c, to->first, to->second))
                send(at, to, now);
    } else if (const auto to = best_for(c); to != servers_.end()) {
        send(at, to, now);
    }
    const bool nobody_has_it = c.on_their_way == 0;
    if (nobody_has_it)
        stranded_.insert(at->first);
    else
        stranded_.erase(at->first);
    // One that nobody has waits for a server, not for a time.
    const duration wait = nobody_has_it ? duration::max() : another_delay(sent_before == 0);
    c.another = wait == duration::max() ? time_point::max() : now + wait;
    set_due(at);
}

/// A second server may be asked early, the others not: what is slow everywhere is slow by itself.
client_core::state::duration client_core::state::another_delay(bool second) const noexcept {
    if (!complex())
        return duration::max();
    const duration fixed =
        options_.another_after.count() == 0 ? duration::max() : options_.another_after;
    const std::optional<duration> p95 = latencies_.p95();
    return second && options_.hedge && p95 ? std::min(fixed, *p95) : fixed;
}

void client_core::state::send(calls::iterator at, servers::iterator to, time_point now) {
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    call& c = at->second;
    message m = c.body.share();
    if (m.empty())
        throw std::bad_alloc{};
    if (complex()) {
        const auto left = std::chrono::ceil<milliseconds>(c.end - now).count();
        frame_complex_request(m, seed_, at->first,
                              static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, most)));
    } else {
        frame_shotgun_request(m, at->first);
    }
    // What was lost with this server's earlier connections is of no more use.
    std::erase_if(c.copies, [&](const copy& each) { return each.to == to->first; });
    c.copies.push_back({to->first, to->second.connection, now});
    to->second.in_hand.insert(at->first);
    if (complex() && c.on_their_way != 0)
        ++stats.hedged;
    ++c.on_their_way;
    ++stats.copies;
    actions_.add({step::send, to->first, 0, std::move(m), {}});
}

// --- Being answered ---

void client_core::state::take_reply(servers::iterator from, const call_number& which, message&& m,
                                    time_point now) {
    const auto at = calls_.find(which.number);
    if (at == calls_.end()) {
        ++stats.late;
        return;
    }
    call& c = at->second;
    const auto mine = std::find_if(c.copies.begin(), c.copies.end(), [&](const copy& each) {
        return each.to == from->first && each.connection == from->second.connection;
    });
    if (mine == c.copies.end() || from->second.in_hand.erase(which.number) == 0) {
        ++stats.late; // it said this before, or was not asked over this connection
        return;
    }
    --c.on_their_way;
    for (std::size_t i = complex() ? 1 : 2; i != 0; --i)
        m.pop_front();
    if (is_of_the_moment(which.outcome)) {
        c.failed = to_error(which.outcome);
        c.reason = std::move(m);
        if (c.on_their_way == 0)
            ask(at, now);
        if (c.on_their_way == 0) { // everybody who is there has said so
            ++stats.replies;
            finish(at, c.failed, std::move(c.reason));
        }
        return;
    }
    const duration took = now - mine->sent;
    note_latency(from->second, took);
    latencies_.add(took);
    ++stats.replies;
    finish(at, to_error(which.outcome), std::move(m));
}

void client_core::state::note_latency(server& s, duration took) noexcept {
    took = std::max(took, duration{1}); // 0 is not known
    s.latency = s.latency.count() == 0 ? took : (s.latency * 7 + took) / 8;
}

void client_core::state::finish(calls::iterator at, std::error_code ec, message&& m) {
    call& c = at->second;
    message result = std::move(m); // which may be this call's own
    for (const copy& each : c.copies)
        if (const auto to = servers_.find(each.to); to != servers_.end())
            to->second.in_hand.erase(at->first);
    due_.erase({c.due, at->first});
    stranded_.erase(at->first);
    stats.octets -= c.octets;
    actions_.add({step::done, 0, at->first, std::move(result), ec});
    calls_.erase(at);
    stats.outstanding = calls_.size();
}

// --- Time ---

void client_core::state::set_due(calls::iterator at) {
    call& c = at->second;
    const time_point due = std::min(c.end, c.another);
    if (due == c.due)
        return;
    due_.erase({c.due, at->first});
    c.due = due;
    due_.emplace(due, at->first);
}

void client_core::state::on_due(calls::iterator at, time_point now) {
    if (at->second.end <= now) {
        ++stats.abandoned;
        return finish(at, errc::abandoned, {});
    }
    ask(at, now);
}

std::optional<time_point> client_core::state::deadline() const noexcept {
    time_point due = servers_due_;
    if (!due_.empty())
        due = std::min(due, due_.begin()->first);
    return due == time_point::max() ? std::nullopt : std::optional{due};
}

void client_core::state::handle_timeout(time_point now) {
    guard_.saw(now);
    tend_servers(now);
    while (!due_.empty() && due_.begin()->first <= now)
        on_due(calls_.find(due_.begin()->second), now);
}

// --- The core itself ---

client_core::client_core(const client_options& options, std::uint64_t seed, time_point now)
    : state_{std::make_unique<state>(options, seed, now)} {}
client_core::client_core(client_core&&) noexcept = default;
client_core& client_core::operator=(client_core&&) noexcept = default;
client_core::~client_core() = default;

client_core::server_id client_core::add_server() { return state_->add_server(); }
void client_core::remove_server(server_id server, time_point now) {
    state_->remove_server(server, now);
}
void client_core::up(server_id server, time_point now) { state_->up(server, now); }
void client_core::down(server_id server, time_point now) { state_->down(server, now); }
void client_core::receive(server_id server, message&& m, time_point now) {
    state_->receive(server, std::move(m), now);
}
std::uint64_t client_core::request(message&& body, std::optional<milliseconds> timeout,
                                   time_point now, std::error_code& ec) {
    return state_->request(std::move(body), timeout, now, ec);
}
void client_core::cancel(std::uint64_t request, time_point now) { state_->cancel(request, now); }
std::optional<time_point> client_core::deadline() const noexcept { return state_->deadline(); }
void client_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
bool client_core::next_action(action& out) { return state_->next_action(out); }
const client_stats& client_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::freelance
