// What a pirates' queue is seen to do, judged by the Guide and RFC 6 alone.
#pragma once

#include "ledger.hpp"
#include "silence.hpp"
#include "world.hpp"
#include <mizzen/patterns/paranoid_pirate/queue_core.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace mizzen::sim {

/// Keeps a record of its own of every peer, from what the queue hears and says.
///
/// - A request goes to a worker that has said READY on this connection, was heard of within the
///   liveness, and has answered the one before.
/// - A worker that is silent for too long is no longer counted; one that is not stays.
/// - A client is answered at most once for each request.
/// - What waits stays within its bounds, and nobody is held up for nothing.
/// - Counters say what was seen.
class pirate_witness {
public:
    explicit pirate_witness(const paranoid_pirate::queue_options& options);

    /// The queue looks at the clock, until ticked().
    void ticks(time_point now) { silence_.ticks(now); }
    void ticked() { silence_.ticked(); }
    void client_up(peer_id id) { clients_[id]; }
    void client_down(peer_id id) { clients_.erase(id); }
    void worker_up(peer_id id) { workers_[id]; }
    void worker_down(peer_id id) { workers_.erase(id); }
    void heard_client(peer_id from, time_point now);
    void heard_worker(peer_id from, const message& m, time_point now);
    void said_client(peer_id to);
    void said_worker(peer_id to, const message& m, time_point now);
    /// It was not possible to say it.
    void given_up(peer_id id) { workers_[id] = {}; }
    /// After every step, once all was said.
    void check(const paranoid_pirate::queue_stats& stats, time_point now);

private:
    struct client {
        std::uint64_t asked = 0;
        std::uint64_t answered = 0;
    };
    struct worker {
        bool registered = false;
        bool doubtful = false; ///< It was silent for so long that the queue may have given it up.
        std::string has{};     ///< The address of the request that it was given.
        bool beats = false;    ///< In this job.
        time_point given{};
        time_point heard{};
    };
    [[nodiscard]] bool is_paranoid() const noexcept {
        return options_.speaks == paranoid_pirate::protocol::paranoid;
    }
    /// How long it may say nothing; 0 is for ever.
    [[nodiscard]] milliseconds patience(const worker& w) const;
    [[nodiscard]] bool is_silent(const worker& w, time_point now) const;
    [[nodiscard]] bool is_doubtful(const worker& w, time_point now) const;
    [[nodiscard]] std::size_t given() const;

    paranoid_pirate::queue_options options_;
    silence silence_;
    std::map<peer_id, client> clients_;
    std::map<peer_id, worker> workers_;
    std::size_t most_given_ = 0; ///< Requests at workers at the same time.
    std::uint64_t requests_ = 0;
    std::uint64_t replies_ = 0;
    std::uint64_t registrations_ = 0;
    std::uint64_t beats_in_ = 0;
    std::uint64_t beats_out_ = 0;
};

} // namespace mizzen::sim
