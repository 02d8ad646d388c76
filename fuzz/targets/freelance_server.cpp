// Holds: whatever clients send to a Freelance server of the second or third model, the handler has
// no more requests at once than it may, what waits stays within its bounds and is each request's
// one time, a client gets at most one message a message and none once it is gone, PING is answered
// at once, and a client that behaves is served in the end.
#include "support/choices.hpp"
#include "support/must.hpp"
#include "support/pirate_messages.hpp"
#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/patterns/freelance/server_core.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::fuzz {
namespace {

using namespace freelance;

constexpr std::size_t peers = 4;
constexpr std::string_view says_of_whom =
    "a request of the client whose id is "; // no input is as long

server_options chosen(choices& from) {
    const std::uint8_t bits = from.octet();
    server_options out;
    out.how = bits % 2 == 0 ? model::complex : model::shotgun;
    out.max_running = 1 + bits / 2 % 4;
    out.max_waiting = bits / 8 % 8;
    out.max_waiting_octets = bits < 128 ? 100 : 1 << 20;
    return out;
}

class history {
public:
    explicit history(choices from)
        : from_{from}, options_{chosen(from_)}, complex_{options_.how == model::complex},
          server_{options_} {}

    void play() {
        for (int steps = 0; !from_.empty() && steps < 500; ++steps) {
            step();
            check();
        }
        serve_in_the_end();
    }

private:
    void step() {
        const std::uint8_t what = from_.octet();
        const std::size_t who = what / 16 % peers;
        switch (what % 16) {
        case 0:
        case 1: return receive(who, request(who, "1"));
        case 2:
        case 3: return receive(who, request(who, tag(from_.octet() % 4U)));
        case 4: return receive(who, request(who, std::string(from_.octet(), 'c')));
        case 5: return receive(who, pirate_message(from_, tag(1)));
        case 6:
        case 7: return answer(what / 16, true);
        case 8: return answer(what / 16, false);
        case 9: return server_.reply(1'000'000, zmtp::message{"nobody asked"}, now_);
        case 10: return beat(who);
        case 11: return leave(who);
        case 12: now_ += milliseconds{from_.octet()}; break;
        case 13: now_ += milliseconds{100} * from_.octet(); break;
        default: break;
        }
        server_.handle_timeout(now_);
        collect();
    }

    /// Of one that is worth running for so many times 50 ms; 0 is for ever.
    [[nodiscard]] static std::string tag(std::uint32_t worth) {
        const auto frame = patterns::encode_tag(patterns::make_tag(1, worth, worth * 50));
        return std::string{as_text(octets{frame}.first(patterns::request_tag::size))};
    }
    [[nodiscard]] zmtp::message request(std::size_t who, const std::string& control) const {
        const std::string body = std::string{says_of_whom} + std::to_string(peer_of(who));
        return complex_ ? zmtp::message{control, body} : zmtp::message{"", control, body};
    }

    void receive(std::size_t who, zmtp::message m) {
        std::size_t octets_in_it = 0;
        for (const octets part : m)
            octets_in_it += part.size();
        const server_stats before = server_.stats();
        ++asked_[who];
        server_.receive(peer_of(who), std::move(m), now_);
        const server_stats& after = server_.stats();
        must(after.waiting == before.waiting || // a tag takes the same room in every request
                 after.waiting_octets - before.waiting_octets + patterns::request_tag::size >=
                     octets_in_it,
             "all of what waits is counted");
        collect();
    }
    // As the Guide's clients do, with more behind it.
    void beat(std::size_t who) {
        if (!complex_)
            return;
        const std::uint64_t before = heard_;
        receive(who, zmtp::message{ping, "more"});
        must(heard_ == before + 1, "PING is answered at once");
    }
    void leave(std::size_t who) {
        server_.peer_down(peer_of(who), now_);
        collect();
        lives_[who] += peers; // comes again as somebody else
        asked_[who] = 0;
    }
    void answer(std::size_t which, bool good) {
        if (jobs_.empty())
            return;
        const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(which % jobs_.size());
        const std::uint64_t done = *at;
        jobs_.erase(at);
        if (good)
            server_.reply(done, zmtp::message{"done"}, now_);
        else
            server_.fail(done, "cannot", now_);
        collect();
    }

    [[nodiscard]] peer_id peer_of(std::size_t who) const { return 1 + who + lives_[who]; }

    void collect() {
        for (server_core::action out; server_.next_action(out);) {
            if (out.what == server_core::step::send) {
                must(!out.m.empty(), "what is sent says something");
                ++heard_;
                const auto who = static_cast<std::size_t>(out.to - 1) % peers;
                if (out.to == peer_of(who)) // else of one that ran when its client left
                    must(asked_[who]-- != 0, "a client gets one message a message at most");
                continue;
            }
            must(!out.m.empty(), "a request has a body");
            must(is_of_the_living(out.m.text(0)),
                 "nothing is run that waited and whose client is gone");
            must(out.request > last_, "requests run in their order, each once");
            last_ = out.request;
            jobs_.push_back(out.request);
        }
        must(jobs_.size() <= options_.max_running, "the handler has no more at once than it may");
    }

    [[nodiscard]] bool is_of_the_living(std::string_view body) const {
        bool lives = !body.starts_with(says_of_whom);
        for (std::size_t who = 0; who < peers; ++who)
            lives = lives || body.substr(says_of_whom.size()) == std::to_string(peer_of(who));
        return lives;
    }

    void check() const {
        const server_stats& now = server_.stats();
        must(now.running == jobs_.size(), "what runs is counted");
        must(now.waiting <= options_.max_waiting, "what waits stays within its number");
        must(now.waiting_octets <= options_.max_waiting_octets || now.waiting == 1,
             "and within its octets, but for one");
        must(now.waiting != 0 || now.waiting_octets == 0, "octets are of what waits");
        must(now.waiting == 0 || now.running == options_.max_running,
             "nothing waits while the handler has room");
        must(now.requests == now.handled + now.refused + now.expired + now.gone + now.waiting,
             "each request has one fate");
        must(now.waiting != 0 || !server_.deadline(), "time is of no interest to what runs");
    }

    void serve_in_the_end() {
        while (!jobs_.empty())
            answer(0, true);
        check();
        receive(0, request(0, "1"));
        must(jobs_.size() == 1, "a client that behaves is served");
        const std::uint64_t before = heard_;
        answer(0, true);
        must(heard_ == before + 1, "and has its reply");
    }

    choices from_;
    server_options options_;
    bool complex_;
    zmtp::time_point now_{std::chrono::hours{1}};
    server_core server_;
    std::array<std::size_t, peers> asked_{};
    std::array<peer_id, peers> lives_{}; // multiples of `peers`: who it is by now
    std::uint64_t heard_ = 0;
    std::uint64_t last_ = 0;
    std::vector<std::uint64_t> jobs_;
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
