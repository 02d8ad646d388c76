// What a Lazy Pirate server is seen to do.
#include "lazy_witness.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace mizzen::sim {
namespace {

// Frames of our own clients: a tag or none, an empty one, the body.
struct parsed {
    bool tagged = false;
    char status = 0; // of a reply with a tag
    std::size_t body = 0;
};
std::optional<parsed> parse(const message& m) {
    parsed out;
    if (m.size() > 2 && m.text(0).starts_with("M1")) {
        out.tagged = true;
        out.status = m[0].size() == 23 ? m.text(0).back() : '\0';
        out.body = 1;
    }
    if (m.size() < out.body + 2 || !m[out.body].empty())
        return std::nullopt;
    ++out.body;
    return out;
}

} // namespace

void lazy_witness::heard(peer_id from, const message& m) {
    const auto in = parse(m);
    must(in.has_value(), "clients say what the Guide has frames for");
    ++requests_;
    ++clients_[from].asked;
    if (in->tagged)
        tagged_.emplace(m.text(in->body));
}

bool lazy_witness::is_kept(const std::string& request, time_point now) const {
    std::size_t count = 0;
    std::size_t octets = 0;
    for (auto at = replies_.rbegin(); at != replies_.rend(); ++at) {
        ++count;
        octets += at->octets;
        if (count > options_.max_cached || octets > options_.max_cached_octets)
            return false;
        if (at->request == request)
            return now < at->ends;
    }
    return false;
}

void lazy_witness::handled(std::uint64_t request, const message& body, time_point now) {
    const std::string name{body.text(0)};
    if (tagged_.contains(name)) {
        must(std::none_of(running_.begin(), running_.end(),
                          [&](const auto& each) { return each.second == name; }),
             "a request with a tag does not run twice at a time");
        must(!is_kept(name, now), "a request with a tag does not run while its reply is kept");
    }
    must(running_.emplace(request, name).second, "requests have numbers of their own");
    ++handled_;
}

void lazy_witness::replied(std::uint64_t request, const message& answer, time_point now) {
    const std::string name = running_.at(request);
    running_.erase(request);
    const std::size_t octets = answer.encoded_size();
    if (!tagged_.contains(name))
        return;
    latest_[name] = answer.text(answer.size() - 1);
    if (options_.max_cached != 0 && octets <= options_.max_cached_octets)
        replies_.push_back({name, octets, now + options_.keep});
}

void lazy_witness::said(peer_id to, const message& m) {
    const auto out = parse(m);
    must(out.has_value(), "the server says what the Guide has frames for");
    ++said_;
    client& c = clients_[to];
    must(++c.answered <= c.asked, "an attempt has one answer at most");
    if (!out->tagged || out->status != 0)
        return;
    const auto at = latest_.find(m.text(out->body));
    must(at != latest_.end() && m.text(m.size() - 1) == at->second,
         "every attempt gets the same reply");
}

void lazy_witness::check(const lazy_pirate::server_stats& stats) const {
    must(stats.running == running_.size() && stats.requests == requests_ &&
             stats.handled == handled_ && stats.replies == said_,
         "counters say what was seen");
    must(stats.running <= options_.max_running, "no more requests run than may");
    must(stats.overflowed == 0, "a server that may run no more is not given more");
    must(stats.cached <= options_.max_cached && stats.cached_octets <= options_.max_cached_octets,
         "no more replies are kept than may");
}

} // namespace mizzen::sim
