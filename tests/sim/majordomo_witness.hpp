// What a broker is seen to do, judged by the RFCs' text alone.
#pragma once

#include "ledger.hpp"
#include "silence.hpp"
#include "world.hpp"
#include <mizzen/patterns/majordomo/broker_core.hpp>

#include <map>
#include <set>
#include <string>

namespace mizzen::sim {

/// Keeps a record of its own of every peer, from what the broker hears and says.
///
/// - A request goes to a peer that is registered and was heard of within the liveness.
/// - No worker is given more than its credit.
/// - A worker that is silent while it has nothing to do is no longer counted once its time is over.
/// - Nobody is told anything after a DISCONNECT, nor a client more than it asked.
/// - Counters say what was seen.
class majordomo_witness {
public:
    enum class word : std::uint8_t {
        none,
        client_request,
        client_reply,
        client_partial,
        ready,
        request,
        partial,
        reply,
        heartbeat,
        disconnect
    };
    /// What a message is, as far as its header and its command tell.
    struct parsed {
        word what = word::none;
        std::size_t rest = 0; ///< The first frame behind the command.
    };
    [[nodiscard]] static parsed parse(const message& m, bool to_broker);
    explicit majordomo_witness(const majordomo::broker_options& options);

    /// The broker looks at the clock, until ticked().
    void ticks(time_point now) { silence_.ticks(now); }
    void ticked() { silence_.ticked(); }
    void peer_up(peer_id id) { peers_[id]; }
    void peer_down(peer_id id) { peers_.erase(id); }
    void heard(peer_id from, const message& m, time_point now);
    void said(peer_id to, const message& m, time_point now);
    /// After every step, once all was said.
    void check(const majordomo::broker_stats& stats, time_point now);

private:
    struct peer {
        bool is_worker = false;
        bool dismissed = false;
        std::size_t credit = 1;
        time_point heard{};
        std::set<std::string, std::less<>> has; ///< Handles of the requests that it was given.
        std::uint64_t asked = 0;
        std::uint64_t answered = 0;
    };
    [[nodiscard]] bool is_silent(const peer& p, time_point now) const {
        return silence_.is_over(p.heard, now);
    }
    [[nodiscard]] std::size_t given() const;

    majordomo::broker_options options_;
    silence silence_;
    std::map<peer_id, peer> peers_;
    std::size_t most_given_ = 0; ///< Requests at workers at the same time.
    std::uint64_t replies_ = 0;
    std::uint64_t disconnects_ = 0;
};

} // namespace mizzen::sim
