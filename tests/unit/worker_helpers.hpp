// A worker of any pattern in virtual time.
#pragma once

#include "pattern_helpers.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace mizzen::patterns::test {

/// Keeps what the core wants done by kind. Worker derives from it, and `note`s the steps that only
/// its core has.
template <class Worker, class Core> struct timed_worker {
    zmtp::time_point now = start;
    Core core;
    messages sent;
    std::vector<std::uint64_t> jobs;
    messages bodies;

    template <class Options>
    timed_worker(const Options& options, std::uint64_t seed) : core{options, start, seed} {}

    void collect() {
        for (typename Core::action out; core.next_action(out);) {
            switch (out.what) {
            case Core::step::send: sent.push_back(frames_of(out.m)); break;
            case Core::step::handle_request:
                jobs.push_back(out.request);
                bodies.push_back(frames_of(out.m));
                break;
            default: static_cast<Worker&>(*this).note(out.what);
            }
        }
    }
    void connected() {
        core.connected(now);
        collect();
    }
    void in(const frames& parts) {
        core.receive(message_of(parts), now);
        collect();
    }
    void reply(std::uint64_t job, const frames& body) {
        core.reply(job, message_of(body), now);
        collect();
    }
    void fail(std::uint64_t job) {
        core.fail(job, "broken", now);
        collect();
    }
    void advance(zmtp::time_point::duration by) {
        pass_time(core, now, by, [this] { collect(); });
    }
    messages take() { return std::exchange(sent, {}); }
};

} // namespace mizzen::patterns::test
