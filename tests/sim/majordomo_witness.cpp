// What a broker is seen to do, judged by the RFCs' text alone.
#include "majordomo_witness.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace mizzen::sim {

majordomo_witness::majordomo_witness(const majordomo::broker_options& options)
    : options_{options}, silence_{options.heartbeat, options.liveness} {}

// 7/MDP and 18/MDP: command octets mean different things in 0.1 and 0.2.
majordomo_witness::parsed majordomo_witness::parse(const message& m, bool to_broker) {
    constexpr word of_01[] = {word::none,  word::ready,     word::request,
                              word::reply, word::heartbeat, word::disconnect};
    constexpr word of_02[] = {word::none,  word::ready,     word::request,   word::partial,
                              word::reply, word::heartbeat, word::disconnect};
    std::size_t at = 0;
    if (m.empty())
        return {};
    if (m.text(0) != "MDPC02" && m.text(0) != "MDPW02") { // an envelope ends with an empty frame
        while (at < m.size() && !m[at].empty())
            ++at;
        ++at;
    }
    if (at + 1 >= m.size())
        return {};
    const std::string_view header = m.text(at);
    if (header == "MDPC01")
        return {to_broker ? word::client_request : word::client_reply, at + 1};
    const std::size_t octet =
        m[at + 1].size() == 1 ? std::to_integer<std::size_t>(m[at + 1][0]) : 0;
    if (header == "MDPC02") {
        if (to_broker)
            return {octet == 1 ? word::client_request : word::none, at + 2};
        return {octet == 3   ? word::client_reply
                : octet == 2 ? word::client_partial
                             : word::none,
                at + 2};
    }
    if (header == "MDPW01" && octet < std::size(of_01))
        return {of_01[octet], at + 2};
    if (header == "MDPW02" && octet < std::size(of_02))
        return {of_02[octet], at + 2};
    return {};
}

void majordomo_witness::heard(peer_id from, const message& m, time_point now) {
    silence_.saw(now);
    const auto at = peers_.find(from);
    must(at != peers_.end(), "messages come from peers that are there");
    peer& p = at->second;
    const parsed in = parse(m, true);
    p.heard = now;
    switch (in.what) {
    case word::client_request: ++p.asked; break;
    case word::ready:
        p.is_worker = !p.dismissed;
        p.has.clear(); // it may have been taken for dead, and be given the same request again
        if (m.size() > in.rest + 1) {
            const std::string_view text = m.text(in.rest + 1);
            if (text.starts_with("credit="))
                std::from_chars(text.data() + 7, text.data() + text.size(), p.credit);
            p.credit = std::max<std::size_t>(p.credit, 1);
        }
        break;
    case word::reply:
        // Eight octets, as they were given, and one for how it went, at most.
        if (m.size() > in.rest && m.text(in.rest).size() <= 9)
            p.has.erase(std::string{m.text(in.rest).substr(0, 8)});
        break;
    case word::disconnect:
        p.is_worker = false;
        p.has.clear();
        break;
    default: break;
    }
}

void majordomo_witness::said(peer_id to, const message& m, time_point now) {
    const auto at = peers_.find(to);
    must(at != peers_.end(), "the broker speaks to peers that are there");
    peer& p = at->second;
    const parsed out = parse(m, false);
    must(!p.dismissed, "a peer that was sent DISCONNECT is told nothing more");
    if (out.what == word::request || out.what == word::heartbeat)
        must(p.is_worker, "requests and heartbeats go to workers that are registered");
    switch (out.what) {
    case word::client_reply:
        ++replies_;
        ++p.answered;
        must(p.answered <= p.asked, "a client is answered once for each request");
        break;
    case word::client_partial:
    case word::heartbeat: break;
    case word::request:
        must(!is_silent(p, now), "a dead worker is noticed within its liveness");
        must(p.has.insert(std::string{m.text(out.rest)}).second,
             "every delivery has a handle of its own");
        must(p.has.size() <= p.credit, "no worker is given more than its credit");
        most_given_ = std::max(most_given_, given());
        break;
    case word::disconnect:
        p.dismissed = true;
        p.is_worker = false;
        p.has.clear();
        ++disconnects_;
        break;
    default: must(false, "the broker says what the RFCs have words for");
    }
}

std::size_t majordomo_witness::given() const {
    std::size_t all = 0;
    for (const auto& [id, p] : peers_)
        all += p.has.size();
    return all;
}

void majordomo_witness::check(const majordomo::broker_stats& stats, time_point now) {
    std::size_t alive = 0;
    for (const auto& [id, p] : peers_) {
        if (p.is_worker && (!p.has.empty() || !is_silent(p, now)))
            ++alive;
    }
    must(stats.workers <= alive, "a dead worker is noticed within its liveness");
    must(stats.dispatched <= given(), "a request counts as dispatched only while a worker has it");
    must(stats.peers == peers_.size(), "a record is kept for each peer that is there");
    must(stats.replies == replies_ && stats.disconnects == disconnects_,
         "counters say what was seen");
    // Requests that lost their worker come back to a queue that may be full, of any service.
    must(stats.queued + stats.dispatched <=
             (options_.max_requests_per_service + most_given_) * stats.services,
         "queues stay within their bounds");
    must(stats.services <= options_.max_services, "services stay within their bound");
}

} // namespace mizzen::sim
