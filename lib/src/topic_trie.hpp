// Who wants which topics: a radix tree over all subscriptions of a socket.
#pragma once

#include <mizzen/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mizzen::detail {

struct session;

/// Topics with the peers that subscribed to them, as a set: a second subscription of a peer to a
/// topic changes nothing. Nothing here recurses, however deep a peer nests its topics.
class topic_trie {
public:
    topic_trie() : nodes_(1) {}

    /// Whether the peer had not subscribed to that topic; `first` tells whether nobody had.
    bool add(octets topic, session* peer, bool& first);
    /// Whether the peer had subscribed to that topic; `last` tells whether nobody has now.
    bool remove(octets topic, session* peer, bool& last);
    /// Takes out all of a peer's topics; `gone` is called with each, as add and remove would tell.
    template <class Gone> void remove_all(session* peer, Gone gone) {
        const auto found = topics_of_.find(peer);
        if (found == topics_of_.end())
            return;
        while (!found->second.empty()) {
            const std::uint32_t at = found->second.back();
            const std::string topic = topic_at(at);
            gone(topic, remove_at(at, peer));
        }
        topics_of_.erase(found);
    }

    /// Calls `use` with each peer that subscribed to a prefix of the subject; some more than once.
    template <class Use> void match(octets subject, Use use) const {
        std::uint32_t at = 0;
        for (;;) {
            for (const entry& e : nodes_[at].entries)
                use(e.peer);
            if (subject.empty() || !descend(at, subject))
                return;
        }
    }
    [[nodiscard]] bool matches(octets subject) const {
        bool any = false;
        match(subject, [&](session*) { any = true; });
        return any;
    }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Subscriptions of all peers together.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct entry {
        session* peer;
        std::size_t place; // in topics_of_
    };
    struct node {
        std::string label; // between the parent's topic and this one's
        std::uint32_t parent = 0;
        std::vector<std::pair<char, std::uint32_t>> children; // by first character of the label
        std::vector<entry> entries;
    };

    [[nodiscard]] std::uint32_t find_or_add(octets topic);
    [[nodiscard]] bool find(octets topic, std::uint32_t& at) const;
    [[nodiscard]] bool descend(std::uint32_t& at, octets& rest) const;
    [[nodiscard]] std::string topic_at(std::uint32_t at) const;
    [[nodiscard]] std::uint32_t make_node(std::string_view label, std::uint32_t parent);
    [[nodiscard]] std::uint32_t split(std::uint32_t at, std::size_t length);
    /// Whether nobody is left there.
    bool remove_at(std::uint32_t at, session* peer);
    void prune(std::uint32_t at);
    [[nodiscard]] std::uint32_t& child(std::uint32_t at, char first);

    std::vector<node> nodes_; // the root is the empty topic
    std::vector<std::uint32_t> free_;
    std::unordered_map<session*, std::vector<std::uint32_t>> topics_of_;
    std::size_t size_ = 0;
};

} // namespace mizzen::detail
