// Holds: whatever clients send to a Lazy Pirate server, the handler has no more requests at once
// than it may, a tagged request does not run again while it runs or its reply is kept, a client
// gets at most one message a request, what is kept stays within its bounds, and a client that
// behaves is served in the end.
#include "support/choices.hpp"
#include "support/must.hpp"
#include "support/pirate_messages.hpp"
#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/patterns/lazy_pirate/server_core.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::fuzz {
namespace {

using namespace lazy_pirate;

constexpr std::size_t peers = 4;
constexpr std::size_t tags = 4;

server_options chosen(choices& from) {
    const std::uint8_t bits = from.octet();
    server_options out;
    out.max_running = 1 + bits % 4;
    out.max_cached = bits / 4 % 4;
    out.max_cached_octets = bits < 128 ? 200 : 1 << 20;
    out.keep = milliseconds{1000};
    out.max_waiters = 1 + bits / 16 % 4;
    return out;
}

class history {
public:
    explicit history(choices from) : from_{from}, options_{chosen(from_)}, server_{options_} {}

    void play() {
        for (int steps = 0; !from_.empty() && steps < 500; ++steps) {
            step();
            check();
        }
        serve_in_the_end();
    }

private:
    struct job {
        std::uint64_t request;
        std::optional<std::size_t> tag; // of those that the target knows
    };

    void step() {
        const std::uint8_t what = from_.octet();
        const std::size_t who = what / 16 % peers;
        switch (what % 16) {
        case 0:
        case 1: return receive(who, zmtp::message{"", "plain"});
        case 2:
        case 3:
        case 4: return tagged(who, from_.octet() % tags);
        case 5: return receive(who, pirate_message(from_, own_tag(who)));
        case 6:
        case 7: return answer(what / 16, true);
        case 8: return answer(what / 16, false);
        case 9: return server_.reply(1'000'000, zmtp::message{"nobody asked"}, now_);
        case 10: now_ += milliseconds{from_.octet()}; break;
        case 11: now_ += milliseconds{100} * from_.octet(); break;
        default: break;
        }
        server_.handle_timeout(now_);
        collect({});
    }

    [[nodiscard]] static patterns::request_tag tag_of(std::size_t which) {
        return patterns::make_tag(1, which, 0);
    }
    [[nodiscard]] static std::string own_tag(std::size_t which) {
        const auto frame = patterns::encode_tag(tag_of(100 + which));
        return std::string{as_text(octets{frame}.first(patterns::request_tag::size))};
    }

    void receive(std::size_t who, zmtp::message m, std::optional<std::size_t> tag = {}) {
        ++asked_[who];
        server_.receive(who + 1, std::move(m), now_);
        collect(tag);
    }
    void tagged(std::size_t who, std::size_t tag) {
        const auto frame = patterns::encode_tag(tag_of(tag));
        zmtp::message m;
        m.push_back(octets{frame}.first(patterns::request_tag::size));
        m.push_back(octets{});
        m.push_back("tagged " + std::to_string(tag));
        receive(who, std::move(m), tag);
    }
    void answer(std::size_t which, bool good) {
        if (jobs_.empty())
            return;
        const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(which % jobs_.size());
        const job done = *at;
        jobs_.erase(at);
        const std::uint64_t gone = lost_replies();
        if (good)
            server_.reply(done.request, zmtp::message{"done"}, now_);
        else
            server_.fail(done.request, "cannot", now_);
        if (done.tag) {
            runs_[*done.tag] = false;
            kept_at_[*done.tag].reset();
            if (good && gone == lost_replies())
                kept_at_[*done.tag] = now_;
        }
        collect({});
    }
    [[nodiscard]] std::uint64_t lost_replies() const {
        return server_.stats().evicted + server_.stats().uncached;
    }

    void collect(std::optional<std::size_t> tag) {
        for (server_core::action out; server_.next_action(out);) {
            if (out.what == server_core::step::send) {
                must(out.to >= 1 && out.to <= peers, "messages are for peers");
                must(asked_[static_cast<std::size_t>(out.to) - 1]-- != 0,
                     "a client gets one message a request at most");
                continue;
            }
            must(!out.m.empty(), "a request has a body");
            jobs_.push_back({out.request, tag});
            if (tag)
                starts(*tag);
        }
        must(jobs_.size() <= options_.max_running, "the handler has no more at once than it may");
        if (lost_replies() != lost_) { // any of those that are kept
            lost_ = lost_replies();
            kept_at_.fill({});
        }
    }
    void starts(std::size_t tag) {
        must(!std::exchange(runs_[tag], true), "what runs does not run again");
        must(!kept_at_[tag] || now_ - *kept_at_[tag] >= options_.keep,
             "what has been answered does not run again");
    }

    void check() const {
        const server_stats& now = server_.stats();
        must(now.running == jobs_.size(), "what runs is counted");
        must(now.cached <= options_.max_cached, "replies are kept up to their number");
        must(now.cached_octets <= options_.max_cached_octets, "and up to their octets");
        must(now.cached != 0 || now.cached_octets == 0, "octets are of what is kept");
        must(server_.wants_more() == (now.running < options_.max_running), "who is full says so");
    }

    void serve_in_the_end() {
        while (!jobs_.empty())
            answer(0, true);
        receive(0, zmtp::message{"", "plain"});
        must(jobs_.size() == 1, "a client that behaves is served");
        asked_.fill(0);
        ++asked_[0];
        answer(0, true);
        must(asked_[0] == 0, "and has its reply");
        now_ += options_.keep;
        server_.handle_timeout(now_);
        must(server_.stats().cached == 0 && !server_.deadline(), "nothing is kept for ever");
    }

    choices from_;
    server_options options_;
    zmtp::time_point now_{std::chrono::hours{1}};
    server_core server_;
    std::array<std::size_t, peers> asked_{};
    std::array<bool, tags> runs_{};
    std::array<std::optional<zmtp::time_point>, tags> kept_at_{};
    std::uint64_t lost_ = 0;
    std::vector<job> jobs_;
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
