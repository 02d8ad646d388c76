// The server's requests, and its memory of replies.
#include "action_queue.hpp"
#include "envelope.hpp"
#include "intrusive_list.hpp"
#include <mizzen/patterns/lazy_pirate/server_core.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mizzen::lazy_pirate {
namespace {

using patterns::envelope;
using patterns::status;
using request_id = std::array<std::byte, 16>;

struct id_hash {
    [[nodiscard]] std::size_t operator()(const request_id& id) const noexcept {
        return std::hash<std::string_view>{}(zmtp::as_text(octets{id}));
    }
};

struct waiter {
    peer_id client = 0;
    envelope back;
};

struct running_request {
    bool known = false; ///< By an id, under which the reply is kept.
    request_id id{};
    std::vector<waiter> waiters;
};

/// What is known of an id.
struct known_request {
    request_id id{};
    std::uint64_t running = 0; ///< The request's number; 0 once it is done.
    std::size_t body_hash = 0;
    message reply; ///< Once it is done.
    std::size_t octets = 0;
    time_point ends{};
    patterns::list_links<known_request> age_links;
};

std::size_t hash_of(const message& body) noexcept {
    std::size_t all = body.size();
    for (const octets part : body)
        all = all * 0x9e3779b97f4a7c15 + std::hash<std::string_view>{}(zmtp::as_text(part));
    return all;
}

// A reply may share a block with much else, which must not stay for its sake.
message copy_of(const message& m) {
    message copy;
    for (const octets part : m)
        copy.push_back(part);
    return copy;
}

} // namespace

class server_core::state {
public:
    explicit state(const server_options& given) : options_{given} {
        options_.max_running = std::max<std::size_t>(options_.max_running, 1);
        options_.max_waiters = std::max<std::size_t>(options_.max_waiters, 1);
    }

    void receive(peer_id from, message&& m, time_point now);
    void reply(std::uint64_t request, message&& body, time_point now);
    void fail(std::uint64_t request, std::string_view why, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept {
        if (const known_request* oldest = done_.front())
            return oldest->ends;
        return std::nullopt;
    }
    void handle_timeout(time_point now);
    [[nodiscard]] bool wants_more() const noexcept { return stats.running < options_.max_running; }
    [[nodiscard]] bool next_action(action& out) { return actions_.next(out); }

    server_stats stats;

private:
    void run(peer_id from, envelope&& back, message&& body, known_request* known);
    void join(known_request& known, waiter&& one);
    void answer(const waiter& to, const message& body, status outcome);
    [[nodiscard]] std::optional<running_request> take(std::uint64_t request);
    void keep(known_request& known, const message& body, time_point now);
    void forget_done(known_request& known);
    /// What is known of `id`, if its time is not over.
    [[nodiscard]] known_request* find(const request_id& id, time_point now);

    server_options options_;
    std::uint64_t last_number_ = 0;
    std::unordered_map<std::uint64_t, running_request> running_;
    std::unordered_map<request_id, known_request, id_hash> known_;
    patterns::intrusive_list<known_request, &known_request::age_links> done_; // oldest first
    patterns::action_queue<action> actions_;
};

void server_core::state::receive(peer_id from, message&& m, time_point now) {
    std::optional<envelope> back = patterns::take_envelope(m, options_.max_envelope);
    if (!back) {
        ++stats.malformed;
        return;
    }
    ++stats.requests;
    known_request* known = nullptr;
    if (back->tag) {
        const std::size_t hash = hash_of(m);
        known = find(back->tag->id, now);
        if (known != nullptr && known->body_hash != hash) {
            ++stats.conflicting;
            return answer({from, std::move(*back)},
                          message{"the same request id came with another body"},
                          status::handler_failed);
        }
        if (known != nullptr && known->running != 0)
            return join(*known, {from, std::move(*back)});
        if (known != nullptr) {
            ++stats.repeated;
            return answer({from, std::move(*back)}, known->reply, status::ok);
        }
        if (wants_more()) {
            known = &known_[back->tag->id];
            known->id = back->tag->id;
            known->body_hash = hash;
        }
    }
    if (!wants_more()) {
        ++stats.overflowed;
        if (back->tag)
            answer({from, std::move(*back)}, message{"too many requests run"}, status::queue_full);
        return;
    }
    run(from, std::move(*back), std::move(m), known);
}

known_request* server_core::state::find(const request_id& id, time_point now) {
    const auto at = known_.find(id);
    if (at == known_.end())
        return nullptr;
    if (at->second.running == 0 && at->second.ends <= now) {
        forget_done(at->second);
        return nullptr;
    }
    return &at->second;
}

void server_core::state::run(peer_id from, envelope&& back, message&& body, known_request* known) {
    running_request& r = running_[++last_number_];
    if (known != nullptr) {
        known->running = last_number_;
        r.known = true;
        r.id = known->id;
    }
    r.waiters.push_back({from, std::move(back)});
    ++stats.handled;
    ++stats.running;
    actions_.add({step::handle_request, 0, last_number_, std::move(body)});
}

void server_core::state::join(known_request& known, waiter&& one) {
    ++stats.joined;
    std::vector<waiter>& waiters = running_[known.running].waiters;
    if (waiters.size() >= options_.max_waiters) { // of one client, that which gave up first
        ++stats.dropped;
        waiters.erase(waiters.begin());
    }
    waiters.push_back(std::move(one));
}

void server_core::state::answer(const waiter& to, const message& body, status outcome) {
    message m = body.share();
    if (m.empty())
        return; // memory is short, and the client will ask again
    patterns::put_envelope(m, to.back, outcome);
    ++stats.replies;
    actions_.add({step::send, to.client, 0, std::move(m)});
}

std::optional<running_request> server_core::state::take(std::uint64_t request) {
    const auto at = running_.find(request);
    if (at == running_.end())
        return std::nullopt;
    running_request taken = std::move(at->second);
    running_.erase(at);
    --stats.running;
    return taken;
}

void server_core::state::reply(std::uint64_t request, message&& body, time_point now) {
    const std::optional<running_request> r = take(request);
    if (!r)
        return;
    if (body.empty())
        body.push_back(octets{}); // a REQ's user expects a body
    if (r->known)
        keep(known_[r->id], body, now); // before it is sent
    for (const waiter& each : r->waiters)
        answer(each, body, status::ok);
}

void server_core::state::fail(std::uint64_t request, std::string_view why, time_point /*now*/) {
    const std::optional<running_request> r = take(request);
    if (!r)
        return;
    ++stats.failures;
    if (!r->known)
        return;
    known_.erase(r->id);
    const message words{why};
    for (const waiter& each : r->waiters)
        answer(each, words, status::handler_failed);
}

void server_core::state::keep(known_request& known, const message& body, time_point now) {
    const std::size_t size = body.encoded_size();
    if (size > options_.max_cached_octets || options_.max_cached == 0) {
        ++stats.uncached;
        const request_id id = known.id; // the key must outlive its item
        known_.erase(id);
        return;
    }
    while (known_request* oldest = done_.front()) {
        if (stats.cached < options_.max_cached &&
            stats.cached_octets + size <= options_.max_cached_octets)
            break;
        ++stats.evicted;
        forget_done(*oldest);
    }
    known.running = 0;
    known.reply = copy_of(body);
    known.octets = size;
    known.ends = now + options_.keep;
    done_.push_back(known);
    ++stats.cached;
    stats.cached_octets += size;
}

void server_core::state::forget_done(known_request& known) {
    done_.remove(known);
    --stats.cached;
    stats.cached_octets -= known.octets;
    const request_id id = known.id; // the key must outlive its item
    known_.erase(id);
}

void server_core::state::handle_timeout(time_point now) {
    while (known_request* oldest = done_.front()) {
        if (oldest->ends > now)
            return;
        forget_done(*oldest);
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
void server_core::reply(std::uint64_t request, message&& body, time_point now) {
    state_->reply(request, std::move(body), now);
}
void server_core::fail(std::uint64_t request, std::string_view why, time_point now) {
    state_->fail(request, why, now);
}
std::optional<time_point> server_core::deadline() const noexcept { return state_->deadline(); }
void server_core::handle_timeout(time_point now) { state_->handle_timeout(now); }
bool server_core::wants_more() const noexcept { return state_->wants_more(); }
bool server_core::next_action(action& out) { return state_->next_action(out); }
const server_stats& server_core::stats() const noexcept { return state_->stats; }

} // namespace mizzen::lazy_pirate
