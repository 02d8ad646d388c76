// Holds: whatever clients and workers of either protocol send in whatever order, a client gets at
// most one message for each request, a worker no second request before it said something, what
// waits stays within its bounds, and nothing is left once all have gone.
#include "support/choices.hpp"
#include "support/must.hpp"
#include "support/pirate_messages.hpp"
#include <mizzen/patterns/paranoid_pirate/queue_core.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mizzen::fuzz {
namespace {

using namespace paranoid_pirate;

constexpr std::size_t peers = 4; // on each side

queue_options chosen(choices& from) {
    const std::uint8_t bits = from.octet();
    queue_options out;
    out.speaks = bits % 2 == 0 ? protocol::paranoid : protocol::simple;
    out.redeliveries = bits / 2 % 4;
    out.max_waiting = 1 + bits / 8 % 8;
    out.max_waiting_octets = bits < 128 ? 100 : 1 << 20;
    out.max_waiting_per_client = 1 + bits / 64;
    return out;
}

class history {
public:
    explicit history(choices from)
        : from_{from}, options_{chosen(from_)}, simple_{options_.speaks == protocol::simple},
          queue_{options_, now_} {}

    void play() {
        for (int steps = 0; !from_.empty() && steps < 500; ++steps) {
            step();
            collect();
            check();
        }
        end();
    }

private:
    void step() {
        const std::uint8_t what = from_.octet();
        const std::size_t who = what / 16 % peers;
        switch (what % 16) {
        case 0:
        case 1: return client(who, zmtp::message{"", "body"});
        case 2: return client(who, pirate_message(from_, handles_[who]));
        case 3: return worker(who, pirate_message(from_, handles_[who]));
        case 4: return worker(who, signal("\x01"));
        case 5: return worker(who, signal("\x02"));
        case 6: return reply(who, handles_[who]);
        case 7: return reply(who, handles_[(who + 1) % peers]);
        case 8: return lose_client(who);
        case 9: return lose_worker(who);
        case 10: now_ += std::chrono::milliseconds{from_.octet()}; break;
        case 11: now_ += std::chrono::milliseconds{100} * from_.octet(); break;
        case 12: return queue_.drain();
        default: queue_.handle_timeout(now_);
        }
    }

    zmtp::message signal(std::string_view word) const {
        zmtp::message m{word};
        if (simple_)
            m.push_front(octets{});
        return m;
    }
    void client(std::size_t who, zmtp::message m) {
        if (paused_[who])
            return;
        ++asked_[who];
        queue_.from_client(who + 1, std::move(m), now_);
    }
    void worker(std::size_t who, zmtp::message m) {
        busy_[who] = false;
        queue_.from_worker(who + 100, std::move(m), now_);
    }
    void reply(std::size_t who, const std::string& handle) {
        zmtp::message m{handle, "", "reply"};
        if (simple_)
            m.push_front(octets{});
        worker(who, std::move(m));
    }
    void lose_client(std::size_t who) {
        queue_.client_down(who + 1, now_);
        collect();
        asked_[who] = 0;
        paused_[who] = false;
    }
    void lose_worker(std::size_t who) {
        busy_[who] = false;
        queue_.worker_down(who + 100, now_);
    }

    void collect() {
        for (queue_core::action out; queue_.next_action(out);) {
            const bool to_worker = out.what == queue_core::step::send_worker;
            const std::size_t who = static_cast<std::size_t>(out.to) - (to_worker ? 100 : 1);
            must(who < peers, "messages are for peers");
            switch (out.what) {
            case queue_core::step::pause:
                must(!std::exchange(paused_[who], true), "nobody is held up twice");
                break;
            case queue_core::step::resume: paused_[who] = false; break;
            case queue_core::step::send_client:
                must(asked_[who]-- != 0, "a client gets one message a request at most");
                must(out.m.size() >= 2, "with a delimiter and a body");
                break;
            case queue_core::step::send_worker: given(who, out.m); break;
            }
        }
    }

    void given(std::size_t who, const zmtp::message& m) {
        if (m.size() == 1) {
            must(!simple_, "the simple protocol has no heartbeats");
            return;
        }
        const std::size_t leading = simple_ ? 1 : 0;
        must(m.size() >= 3 + leading && m[leading].size() == 16 && m[leading + 1].empty(),
             "a worker gets a handle, a delimiter and a body");
        must(!std::exchange(busy_[who], true), "a worker gets one request at a time");
        handles_[who] = m.text(leading);
    }

    void check() const {
        const queue_stats& now = queue_.stats();
        must(now.waiting <= options_.max_waiting + 3 * peers, "what waits is bounded");
        must(now.workers <= peers && now.clients <= peers, "peers are counted");
        must(now.free_workers + now.dispatched == now.workers, "workers are free or busy");
        must(now.free_workers == 0 || now.waiting == 0, "nobody waits while a worker is free");
        must(now.waiting != 0 || now.waiting_octets == 0, "octets are of what waits");
        std::size_t held = 0;
        for (const bool each : paused_)
            held += each ? 1U : 0U;
        must(held == now.paused, "who is held up is counted");
        must(now.paused == 0 || now.waiting != 0, "nobody is held up for nothing");
    }

    void end() {
        for (std::size_t who = 0; who < peers; ++who) {
            lose_worker(who);
            lose_client(who);
        }
        collect();
        const queue_stats& now = queue_.stats();
        must(now.waiting + now.dispatched + now.clients + now.workers + now.paused == 0,
             "nothing is left once all have gone");
        must(!queue_.deadline(), "nor has anything to be done");
    }

    choices from_;
    queue_options options_;
    bool simple_;
    zmtp::time_point now_{std::chrono::hours{1}};
    queue_core queue_;
    std::array<std::size_t, peers> asked_{};
    std::array<bool, peers> paused_{};
    std::array<bool, peers> busy_{};
    std::array<std::string, peers> handles_{};
};

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::history{mizzen::fuzz::choices{data, size}}.play();
    return 0;
}
