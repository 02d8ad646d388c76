// The last peers that have gone, for those who still hold a message of theirs.
#pragma once

#include <mizzen/peer_info.hpp>

#include <deque>
#include <unordered_map>
#include <utility>

namespace mizzen::detail {

class gone_peers {
public:
    void add(peer_info gone) {
        if (order_.size() == gone_peers_kept) {
            known_.erase(order_.front());
            order_.pop_front();
        }
        order_.push_back(gone.id);
        known_.insert_or_assign(gone.id, std::move(gone));
    }
    /// Null when it is not known, or no longer.
    [[nodiscard]] const peer_info* find(peer_id id) const {
        const auto found = known_.find(id);
        return found == known_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] traffic_stats* traffic_of(peer_id id) {
        const auto found = known_.find(id);
        return found == known_.end() ? nullptr : &found->second.traffic;
    }

private:
    std::unordered_map<peer_id, peer_info> known_;
    std::deque<peer_id> order_; // the first has been gone for longest
};

} // namespace mizzen::detail
