// Holds: whatever servers send to a Lazy Pirate client, each request ends once, a tagged one by a
// reply of its own or an error, no more are on their way or wait than may, messages go to open
// connections, and a server that behaves is believed in the end.
#include "support/choices.hpp"
#include "support/must.hpp"
#include "support/pirate_messages.hpp"
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace mizzen::fuzz {
namespace {

using namespace lazy_pirate;

constexpr std::size_t most_lanes = 4;

client_options chosen(choices& from) {
    const std::uint8_t bits = from.octet();
    client_options out;
    out.tagged = bits % 2 != 0;
    out.keep_connection = bits / 2 % 2 != 0;
    out.max_connections = 1 + bits / 4 % most_lanes;
    out.max_waiting = bits / 16 % 4;
    out.retries = bits / 64;
    out.timeout = milliseconds{100};
    out.pause = milliseconds{10};
    out.deadline = milliseconds{from.octet() % 4 == 0 ? 300 : 0};
    return out;
}

class history {
public:
    explicit history(choices from) : from_{from}, options_{chosen(from_)}, client_{options_, 1} {
        endpoints_ = 1 + from_.octet() % 3;
        for (std::size_t i = 0; i < endpoints_; ++i)
            client_.add_endpoint();
    }

    void play() {
        for (int steps = 0; !from_.empty() && steps < 500; ++steps) {
            step();
            collect();
            check();
        }
        end_all();
        serve_in_the_end();
    }

private:
    struct lane {
        bool open = false;
        zmtp::message sent; // last, on this connection
    };

    void step() {
        const std::uint8_t what = from_.octet();
        const std::size_t who = what / 16 % most_lanes;
        switch (what % 16) {
        case 0:
        case 1:
        case 2: return request();
        case 3: return client_.cancel(what / 16, now_);
        case 4:
        case 5: return answer(who, lanes_[who].sent);
        case 6: return answer(who, lanes_[(who + 1) % most_lanes].sent); // another one's
        case 7: return receive(who, pirate_message(from_, tag_on((who + 1) % most_lanes)));
        case 8: return fail(who, from_.octet());
        case 9: return receive(who, zmtp::message{"", "untagged"});
        case 10: now_ += milliseconds{from_.octet()}; break;
        case 11: now_ += milliseconds{100} * from_.octet(); break;
        default: break;
        }
        client_.handle_timeout(now_);
    }

    void request() {
        const std::uint64_t number = ++last_;
        std::error_code ec;
        client_.request(number, zmtp::message{std::to_string(number)}, now_, ec);
        must(!ec || ec == errc::queue_full, "a request is taken, or there is no room");
        if (!ec)
            running_.insert(number);
    }
    [[nodiscard]] std::string tag_on(std::size_t who) const {
        const zmtp::message& m = lanes_[who].sent;
        return m.empty() ? std::string{} : std::string{m.text(0)};
    }
    // What a server that got `sent` replies: the tag, the delimiter, the body.
    void answer(std::size_t who, const zmtp::message& sent) {
        if (!sent.empty())
            receive(who, sent.share());
    }
    void fail(std::size_t who, std::uint8_t outcome) {
        const zmtp::message& sent = lanes_[who].sent;
        if (!options_.tagged || sent.empty())
            return;
        zmtp::message m{tag_on(who) + static_cast<char>(outcome == 0 ? 1 : outcome), "", "why"};
        receive(who, std::move(m));
    }
    void receive(std::size_t who, zmtp::message m) {
        if (lanes_[who].open)
            client_.receive(who, std::move(m), now_);
    }

    void collect() {
        for (client_core::action out; client_.next_action(out);) {
            if (out.what == client_core::step::done) {
                ended(out);
                continue;
            }
            must(out.lane < options_.max_connections, "connections are as many as may be");
            lane& on = lanes_[out.lane];
            switch (out.what) {
            case client_core::step::open:
                must(!std::exchange(on.open, true), "a connection is opened once");
                must(out.endpoint < endpoints_, "to an endpoint that is known");
                break;
            case client_core::step::close:
                must(std::exchange(on.open, false), "what is closed was open");
                on.sent.clear();
                break;
            default: sent(on, std::move(out.m));
            }
        }
    }
    void sent(lane& on, zmtp::message m) const {
        must(on.open, "what is sent has a connection");
        const std::size_t delimiter = options_.tagged ? 1 : 0;
        must(m.size() == delimiter + 2 && m[delimiter].empty(), "a request is framed");
        on.sent = std::move(m);
    }
    void ended(const client_core::action& last) {
        must(running_.erase(last.request) == 1, "each request ends once");
        if (!last.ec && options_.tagged)
            must(last.m.size() == 1 && last.m.text(0) == std::to_string(last.request),
                 "a reply is its request's own");
        must(last.ec || !last.m.empty(), "a reply has a body");
    }

    void check() const {
        const client_stats& now = client_.stats();
        must(now.running <= options_.max_connections, "no more are on their way than may");
        must(now.waiting <= options_.max_waiting, "no more wait than may");
        must(now.running + now.waiting == running_.size(), "each is on its way or waits");
        must(now.waiting != 0 || now.waiting_octets == 0, "octets are of what waits");
    }

    void end_all() {
        for (int round = 0; round < 1000 && !running_.empty(); ++round) {
            const auto due = client_.deadline();
            must(due.has_value(), "what is on its way has an end");
            now_ = std::max(now_, due.value_or(now_));
            client_.handle_timeout(now_);
            collect();
        }
        must(running_.empty(), "each request ends");
    }
    void serve_in_the_end() {
        request();
        collect();
        for (std::size_t who = 0; who < most_lanes; ++who)
            answer(who, lanes_[who].sent);
        collect();
        must(running_.empty(), "a server that behaves is believed");
        must(client_.stats().running + client_.stats().waiting == 0, "and nothing is left");
    }

    choices from_;
    client_options options_;
    zmtp::time_point now_{std::chrono::hours{1}};
    client_core client_;
    std::size_t endpoints_ = 0;
    std::array<lane, most_lanes> lanes_;
    std::uint64_t last_ = 0;
    std::set<std::uint64_t> running_;
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
