// Holds: whatever a queue says to a pirate worker of either protocol, the handler is given at most
// as many requests at once as it may have, each is answered once, what goes out is READY, HEARTBEAT
// or a reply, and a queue that behaves is served in the end.
#include "support/choices.hpp"
#include "support/must.hpp"
#include "support/pirate_messages.hpp"
#include <mizzen/patterns/paranoid_pirate/worker_core.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::fuzz {
namespace {

using namespace paranoid_pirate;

constexpr std::string_view handle = "0123456789abcdef";

worker_options chosen(choices& from) {
    const std::uint8_t bits = from.octet();
    worker_options out;
    out.speaks = bits % 2 == 0 ? protocol::paranoid : protocol::simple;
    out.writes = bits / 2 % 2 == 0 ? dialect::binary : dialect::words;
    out.max_requests = 1 + bits / 4 % 4;
    out.heartbeat = milliseconds{bits < 200 ? 100 : 0};
    out.reconnect = milliseconds{10};
    out.reconnect_max = milliseconds{100};
    return out;
}

class history {
public:
    explicit history(choices from)
        : from_{from}, options_{chosen(from_)}, simple_{options_.speaks == protocol::simple},
          worker_{options_, now_, 1} {
        worker_.start();
        collect();
    }

    void play() {
        for (int steps = 0; !from_.empty() && steps < 500; ++steps) {
            step();
            collect();
        }
        serve_in_the_end();
    }

private:
    struct job {
        std::uint64_t request;
        std::uint64_t connection;
    };

    void step() {
        switch (const std::uint8_t what = from_.octet(); what % 12) {
        case 0: return up();
        case 1: return down();
        case 2:
        case 3: return receive(request());
        case 4: return receive(pirate_message(from_, std::string{handle}));
        case 5: return receive(zmtp::message{what < 128 ? "\x02" : "HEARTBEAT"});
        case 6: return reply(what / 12);
        case 7: return fail(what / 12);
        case 8: now_ += milliseconds{from_.octet()}; break;
        case 9: now_ += milliseconds{100} * from_.octet(); break;
        case 10: return worker_.reply(1'000'000, zmtp::message{"nobody asked"}, now_);
        default: break;
        }
        worker_.handle_timeout(now_);
    }

    void up() {
        if (!open_ || std::exchange(is_up_, true))
            return;
        ++connection_;
        worker_.connected(now_);
    }
    void down() {
        if (!std::exchange(is_up_, false))
            return;
        ++connection_;
        worker_.disconnected(now_);
    }
    [[nodiscard]] zmtp::message request() const {
        zmtp::message m{handle, "", "body"};
        if (simple_)
            m.push_front(octets{});
        return m;
    }
    void receive(zmtp::message m) {
        if (is_up_)
            worker_.receive(std::move(m), now_);
    }
    void reply(std::size_t which) {
        if (const std::uint64_t request = take_job(which))
            worker_.reply(request, zmtp::message{"done"}, now_);
    }
    void fail(std::size_t which) {
        if (const std::uint64_t request = take_job(which))
            worker_.fail(request, "cannot", now_);
    }
    std::uint64_t take_job(std::size_t which) {
        if (jobs_.empty())
            return 0;
        const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(which % jobs_.size());
        const std::uint64_t request = at->request;
        jobs_.erase(at);
        ++answered_;
        return request;
    }

    void collect() {
        for (worker_core::action out; worker_.next_action(out);) {
            switch (out.what) {
            case worker_core::step::open:
                must(!std::exchange(open_, true), "one connection is open at a time");
                break;
            case worker_core::step::close:
                must(std::exchange(open_, false), "what is closed was open");
                is_up_ = false;
                break;
            case worker_core::step::send: sent(out.m); break;
            case worker_core::step::handle_request:
                must(!out.m.empty(), "a request has a body");
                jobs_.push_back({out.request, connection_});
                break;
            }
        }
        must(static_cast<std::size_t>(std::ranges::count(jobs_, connection_, &job::connection)) <=
                 options_.max_requests,
             "the handler has no more requests of a connection at once than it may");
    }

    void sent(const zmtp::message& m) {
        must(open_ && is_up_, "what is sent has a connection");
        const std::size_t head = simple_ ? 1 : 0;
        must(!simple_ || (m.size() >= 2 && m[0].empty()), "the simple protocol's workers are REQs");
        if (m.size() == head + 1) {
            const std::string_view word = m.text(head);
            must(word == "\x01" || word == "\x02" || word == "READY" || word == "HEARTBEAT",
                 "a lone frame is READY or HEARTBEAT");
            return;
        }
        must(++replies_ <= answered_, "one reply goes out for each request that was answered");
    }

    // Every connection comes up, nothing more is answered late, and time passes.
    void serve_in_the_end() {
        while (!jobs_.empty())
            reply(0);
        collect();
        for (int round = 0; round < 50; ++round) {
            up();
            collect();
            receive(request());
            collect();
            if (!jobs_.empty() && is_up_) {
                const std::uint64_t before = replies_;
                reply(0);
                collect();
                must(replies_ == before + 1, "a queue that behaves is answered");
                return;
            }
            now_ += milliseconds{200};
            worker_.handle_timeout(now_);
            collect();
        }
        must(false, "a queue that behaves is served");
    }

    choices from_;
    worker_options options_;
    bool simple_;
    zmtp::time_point now_{std::chrono::hours{1}};
    worker_core worker_;
    bool open_ = false;
    bool is_up_ = false;
    std::uint64_t connection_ = 0; // that came up last
    std::vector<job> jobs_;
    std::uint64_t answered_ = 0;
    std::uint64_t replies_ = 0;
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
