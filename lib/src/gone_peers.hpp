// The last peers that have gone, for those who still hold a message of theirs.
#pragma once

#include <mizzen/peer_info.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

namespace mizzen::detail {

/// Those of whom messages wait to be received are not forgotten meanwhile, however many they are:
/// who bounds the messages counts `held_octets` with them.
class gone_peers {
public:
    /// `identity` is the same as in `gone`, if somebody has it already.
    void add(peer_info gone, std::shared_ptr<const peer_identity> identity) {
        const peer_id id = gone.id;
        known_.insert_or_assign(id, entry{std::move(gone), std::move(identity), 0});
        put_last(id);
    }
    /// So many messages of the peer that was added last are waiting.
    void hold(peer_id id, std::size_t messages) {
        const auto found = known_.find(id);
        if (messages == 0 || found == known_.end() || order_.empty() || order_.back() != id)
            return;
        found->second.waiting = messages;
        held_ += memory_of(found->second.info);
        order_.pop_back();
    }
    /// One of them no longer does.
    void let_go_of_one(peer_id id) {
        const auto found = known_.find(id);
        if (found == known_.end() || found->second.waiting == 0 || --found->second.waiting != 0)
            return;
        held_ -= memory_of(found->second.info);
        put_last(id);
    }
    void let_go_of_all() {
        for (auto& [id, each] : known_)
            if (std::exchange(each.waiting, 0) != 0)
                order_.push_back(id);
        held_ = 0;
        trim();
    }
    /// The memory of those that are not forgotten.
    [[nodiscard]] std::size_t held_octets() const noexcept { return held_; }
    /// Null when it is not known, or no longer.
    [[nodiscard]] const peer_info* find(peer_id id) const {
        const auto found = known_.find(id);
        return found == known_.end() ? nullptr : &found->second.info;
    }
    [[nodiscard]] std::shared_ptr<const peer_identity> identity_of(peer_id id) {
        const auto found = known_.find(id);
        if (found == known_.end())
            return nullptr;
        entry& of = found->second;
        if (!of.identity)
            of.identity = std::make_shared<const peer_identity>(of.info);
        return of.identity;
    }
    [[nodiscard]] traffic_stats* traffic_of(peer_id id) {
        const auto found = known_.find(id);
        return found == known_.end() ? nullptr : &found->second.info.traffic;
    }

private:
    struct entry {
        peer_info info;
        std::shared_ptr<const peer_identity> identity;
        std::size_t waiting; // messages
    };

    // With the copy that identity_of may make.
    [[nodiscard]] static std::size_t memory_of(const peer_info& of) noexcept {
        std::size_t octets = sizeof(entry) + sizeof(peer_identity) + of.endpoint.size() +
                             2 * (of.address.size() + of.routing_id.size() + of.mechanism.size() +
                                  of.user_id.size());
        for (const peer_property& each : of.properties)
            octets += sizeof each + each.name.size() + each.value.size();
        return octets;
    }
    void put_last(peer_id id) {
        order_.push_back(id);
        trim();
    }
    void trim() {
        for (; order_.size() > gone_peers_kept; order_.pop_front())
            known_.erase(order_.front());
    }

    std::unordered_map<peer_id, entry> known_;
    std::size_t held_ = 0;
    std::deque<peer_id> order_; // of those that nothing holds, the first one goes first
};

} // namespace mizzen::detail
