// What a Lazy Pirate server is seen to do.
#pragma once

#include "ledger.hpp"
#include "world.hpp"
#include <mizzen/patterns/lazy_pirate/server_core.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

namespace mizzen::sim {

/// Keeps a record of its own of one process's requests.
///
/// - A request with a tag does not run while it runs already, nor while its reply is kept: for its
///   time, unless too many or too large ones were kept since.
/// - Every attempt of it gets the same reply.
/// - No more requests run, and no more replies are kept, than may.
class lazy_witness {
public:
    explicit lazy_witness(const lazy_pirate::server_options& options) : options_{options} {}

    void heard(peer_id from, const message& m);
    void handled(std::uint64_t request, const message& body, time_point now);
    void replied(std::uint64_t request, const message& answer, time_point now);
    void failed(std::uint64_t request) { running_.erase(request); }
    void said(peer_id to, const message& m);
    /// After every step, once all was said.
    void check(const lazy_pirate::server_stats& stats) const;

private:
    struct client {
        std::uint64_t asked = 0;
        std::uint64_t answered = 0;
    };
    struct reply {
        std::string request; // the first part of its body
        std::size_t octets = 0;
        time_point ends{};
    };
    [[nodiscard]] bool is_kept(const std::string& request, time_point now) const;

    lazy_pirate::server_options options_;
    std::map<peer_id, client> clients_; // their numbers are not used again
    std::set<std::string, std::less<>> tagged_;
    std::map<std::uint64_t, std::string> running_;
    std::deque<reply> replies_;                              // to tagged requests, oldest first
    std::map<std::string, std::string, std::less<>> latest_; // and what the last one said
    std::uint64_t requests_ = 0;
    std::uint64_t handled_ = 0;
    std::uint64_t said_ = 0;
};

} // namespace mizzen::sim
