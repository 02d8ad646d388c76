// What a pirates' queue is seen to do.
#include "pirate_witness.hpp"

#include <algorithm>
#include <string_view>

namespace mizzen::sim {
namespace {

using paranoid_pirate::protocol;

enum class word : std::uint8_t { none, ready, heartbeat, work };

// With the Simple Pirate an empty frame is in front, and there are no heartbeats.
word parse(const message& m, protocol how) {
    const std::size_t front = how == protocol::simple ? 1 : 0;
    if (m.size() <= front || (front != 0 && !m[0].empty()))
        return word::none;
    if (m.size() == front + 1) {
        const std::string_view what = m.text(front);
        if (what == "\x01")
            return word::ready;
        return what == "\x02" && how == protocol::paranoid ? word::heartbeat : word::none;
    }
    return m.size() > front + 2 && m[front + 1].empty() ? word::work : word::none;
}

std::string address_of(const message& m, protocol how) {
    return std::string{m.text(how == protocol::simple ? 1 : 0)};
}

} // namespace

pirate_witness::pirate_witness(const paranoid_pirate::queue_options& options)
    : options_{options},
      silence_{is_paranoid() ? options.heartbeat : milliseconds{0}, options.liveness} {}

milliseconds pirate_witness::patience(const worker& w) const {
    if (!w.has.empty() && !w.beats)
        return options_.request_timeout;
    return is_paranoid() ? silence_.limit() : milliseconds{0};
}

bool pirate_witness::is_silent(const worker& w, time_point now) const {
    const milliseconds limit = patience(w);
    return limit.count() != 0 && silence_.is_over(w.heard, limit, now);
}

bool pirate_witness::is_doubtful(const worker& w, time_point now) const {
    const milliseconds limit = patience(w);
    return w.doubtful || (limit.count() != 0 && w.heard + limit <= now);
}

void pirate_witness::heard_client(peer_id from, time_point now) {
    silence_.saw(now);
    const auto at = clients_.find(from);
    must(at != clients_.end(), "requests come from clients that are there");
    ++at->second.asked;
    ++requests_;
}

void pirate_witness::heard_worker(peer_id from, const message& m, time_point now) {
    silence_.saw(now);
    const auto at = workers_.find(from);
    must(at != workers_.end(), "messages come from workers that are there");
    worker& w = at->second;
    w.doubtful = is_doubtful(w, now);
    switch (parse(m, options_.speaks)) {
    case word::ready:
        w = {.registered = true};
        ++registrations_;
        break;
    case word::heartbeat:
        if (!w.registered)
            return;
        w.beats = w.beats || (!w.has.empty() && now - w.given >= options_.heartbeat);
        ++beats_in_;
        break;
    case word::work:
        if (!w.registered)
            return;
        // A worker of ours that failed says so behind the address.
        if (!w.has.empty() && address_of(m, options_.speaks).starts_with(w.has)) {
            w.has.clear();
            w.beats = false;
        }
        break;
    case word::none: must(false, "workers of ours say what the queue has words for");
    }
    w.heard = now;
}

void pirate_witness::said_client(peer_id to) {
    const auto at = clients_.find(to);
    must(at != clients_.end(), "the queue speaks to clients that are there");
    ++replies_;
    must(++at->second.answered <= at->second.asked, "a client is answered once for each request");
}

void pirate_witness::said_worker(peer_id to, const message& m, time_point now) {
    const auto at = workers_.find(to);
    must(at != workers_.end(), "the queue speaks to workers that are there");
    worker& w = at->second;
    must(w.registered, "the queue speaks to workers that are registered");
    switch (parse(m, options_.speaks)) {
    case word::heartbeat: ++beats_out_; break;
    case word::work:
        must(w.has.empty(), "no worker is given a second request before it answered the first");
        must(!is_silent(w, now), "a dead worker is noticed within its liveness");
        w.has = address_of(m, options_.speaks);
        w.beats = false;
        w.given = w.heard = now; // the job is a sign of life
        most_given_ = std::max(most_given_, given());
        break;
    default: must(false, "the queue says what workers have words for");
    }
}

std::size_t pirate_witness::given() const {
    return static_cast<std::size_t>(
        std::count_if(workers_.begin(), workers_.end(),
                      [](const auto& each) { return !each.second.has.empty(); }));
}

void pirate_witness::check(const paranoid_pirate::queue_stats& stats, time_point now) {
    std::size_t alive = 0;
    std::size_t sure = 0;
    for (auto& [id, w] : workers_) {
        w.doubtful = is_doubtful(w, now);
        if (!w.registered)
            continue;
        if (!is_silent(w, now))
            ++alive;
        if (!w.doubtful)
            ++sure;
    }
    must(stats.workers <= alive, "a dead worker is noticed within its liveness");
    must(stats.workers >= sure, "a worker that is heard in time stays registered");
    must(stats.dispatched <= given(), "a request counts as dispatched only while a worker has it");
    must(stats.free_workers + stats.dispatched == stats.workers,
         "a worker is free or has one request");
    must(stats.free_workers == 0 || stats.waiting == 0, "no request waits while a worker is free");
    must(stats.clients <= clients_.size(), "a record is kept of no client that is gone");
    must(stats.requests == requests_ && stats.replies == replies_ &&
             stats.registrations == registrations_ && stats.heartbeats_out == beats_out_ &&
             stats.heartbeats_in <= beats_in_,
         "counters say what was seen");
    must(stats.malformed == 0 && stats.malformed_requests == 0,
         "what our own peers say is understood");
    // Two for each client with what had been read of it, and what lost workers leave.
    const std::size_t beyond = (2 + options_.max_waiting_per_client) * stats.clients + most_given_;
    must(stats.waiting <= options_.max_waiting + beyond, "queues stay within their bounds");
    must(stats.waiting != 0 || stats.paused == 0, "nobody is held up while nothing waits");
}

} // namespace mizzen::sim
