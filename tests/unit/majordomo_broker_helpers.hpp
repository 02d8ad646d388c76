// A Majordomo broker in virtual time for tests.
#pragma once

#include "majordomo_helpers.hpp"
#include <mizzen/patterns/majordomo/broker_core.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <utility>

namespace mizzen::majordomo::test {

// A broker whose outputs are sorted by peer.
struct broker {
    time_point now = start;
    broker_core core;
    std::map<peer_id, std::vector<frames>> sent;
    std::map<peer_id, bool> paused;
    std::map<peer_id, bool> full; ///< Peers whose queue takes nothing.

    explicit broker(const broker_options& options = {}) : core{options, start} {}

    void collect() {
        for (broker_core::output out; core.next_output(out);) {
            if (out.what != broker_core::step::send)
                paused[out.to] = out.what == broker_core::step::pause;
            else if (full[out.to])
                core.refused(out.to, std::move(out.m));
            else
                sent[out.to].push_back(frames_of(out.m));
        }
    }
    void up(peer_id peer) { core.peer_up(peer); }
    void down(peer_id peer) {
        core.peer_down(peer, now);
        collect();
    }
    void in(peer_id from, const frames& parts) {
        core.receive(from, message_of(parts), now);
        collect();
    }
    void worker(peer_id peer, const std::string& service = "echo") {
        up(peer);
        in(peer, ready_frames(service));
    }
    void worker_with_credit(peer_id peer, int credit) {
        up(peer);
        in(peer, ready_frames("echo") + frames{"credit=" + std::to_string(credit)});
    }
    void client(peer_id peer, const frames& body, const std::string& service = "echo") {
        up(peer);
        in(peer, client_frames(service, body));
    }
    void advance(time_point::duration by) {
        pass_time(core, now, by, [this] { collect(); });
    }
    /// What was sent to `peer` since the last call.
    std::vector<frames> take(peer_id peer) { return std::exchange(sent[peer], {}); }
    /// The handles in all REQUESTs that `worker` was sent, whose bodies have one part.
    std::vector<std::pair<std::string, std::string>> jobs(peer_id worker) {
        std::vector<std::pair<std::string, std::string>> out;
        for (const frames& got : take(worker)) {
            if (got.size() == 6 && got[1] == "MDPW01" && got[2] == "\x02")
                out.emplace_back(got[3], got[5]);
        }
        return out;
    }
    /// What they ask for.
    std::string bodies(peer_id worker) {
        std::string out;
        for (const auto& [handle, body] : jobs(worker))
            out += body;
        return out;
    }
    /// The handle in the one REQUEST that `worker` was sent; its body is `body`.
    std::string handle(peer_id worker, const frames& body) {
        std::vector<frames> got = take(worker);
        std::erase(got, heartbeat_frames);
        REQUIRE(got.size() == 1);
        REQUIRE(got[0].size() > 4);
        const std::string number = got[0][3];
        CHECK(number.size() == 8);
        CHECK(got[0] == request_frames(number, body));
        return number;
    }
    const broker_stats& stats() const { return core.stats(); }
};

inline const messages nothing;

} // namespace mizzen::majordomo::test
