// Putting topics into the tree and taking them out.
#include "topic_trie.hpp"

#include <algorithm>

namespace mizzen::detail {
namespace {

struct by_first {
    bool operator()(const std::pair<char, std::uint32_t>& a, char b) const { return a.first < b; }
};

} // namespace

// Goes to the child whose whole label `rest` starts with, and takes that off `rest`.
bool topic_trie::descend(std::uint32_t& at, octets& rest) const {
    const auto& children = nodes_[at].children;
    const char first = static_cast<char>(rest[0]);
    const auto found = std::lower_bound(children.begin(), children.end(), first, by_first{});
    if (found == children.end() || found->first != first)
        return false;
    const std::string& label = nodes_[found->second].label;
    if (!as_text(rest).starts_with(label))
        return false;
    at = found->second;
    rest = rest.subspan(label.size());
    return true;
}

bool topic_trie::find(octets topic, std::uint32_t& at) const {
    at = 0;
    while (!topic.empty())
        if (!descend(at, topic))
            return false;
    return true;
}

std::uint32_t& topic_trie::child(std::uint32_t at, char first) {
    auto& children = nodes_[at].children;
    return std::lower_bound(children.begin(), children.end(), first, by_first{})->second;
}

std::uint32_t topic_trie::make_node(std::string_view label, std::uint32_t parent) {
    std::uint32_t made = 0;
    if (free_.empty()) {
        made = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
    } else {
        made = free_.back();
        free_.pop_back();
    }
    nodes_[made].label = label;
    nodes_[made].parent = parent;
    auto& children = nodes_[parent].children;
    children.insert(std::lower_bound(children.begin(), children.end(), label[0], by_first{}),
                    {label[0], made});
    return made;
}

// Puts a node in front of another that has the first `length` characters of its label.
std::uint32_t topic_trie::split(std::uint32_t at, std::size_t length) {
    const std::uint32_t parent = nodes_[at].parent;
    const std::string label = std::move(nodes_[at].label);
    std::erase_if(nodes_[parent].children, [&](const auto& c) { return c.second == at; });
    const std::uint32_t made = make_node(std::string_view{label}.substr(0, length), parent);
    nodes_[at].label = label.substr(length);
    nodes_[at].parent = made;
    nodes_[made].children.assign(1, {label[length], at});
    return made;
}

std::uint32_t topic_trie::find_or_add(octets topic) {
    std::uint32_t at = 0;
    for (octets rest = topic; !rest.empty();) {
        if (descend(at, rest))
            continue;
        const auto& children = nodes_[at].children;
        const char first = static_cast<char>(rest[0]);
        const auto found = std::lower_bound(children.begin(), children.end(), first, by_first{});
        if (found == children.end() || found->first != first)
            return make_node(as_text(rest), at);
        const std::string_view label = nodes_[found->second].label;
        const std::string_view text = as_text(rest);
        const auto differ = std::mismatch(label.begin(), label.end(), text.begin(), text.end());
        const auto common = static_cast<std::size_t>(differ.first - label.begin());
        at = split(found->second, common);
        rest = rest.subspan(common);
    }
    return at;
}

bool topic_trie::add(octets topic, session* peer, bool& first) {
    const std::uint32_t at = find_or_add(topic);
    auto& entries = nodes_[at].entries;
    first = entries.empty();
    const bool known =
        std::any_of(entries.begin(), entries.end(), [&](const entry& e) { return e.peer == peer; });
    if (known)
        return false;
    auto& topics = topics_of_[peer];
    entries.push_back({peer, topics.size()});
    topics.push_back(at);
    ++size_;
    return true;
}

bool topic_trie::remove(octets topic, session* peer, bool& last) {
    last = false;
    std::uint32_t at = 0;
    if (!find(topic, at))
        return false;
    const auto& entries = nodes_[at].entries;
    if (std::none_of(entries.begin(), entries.end(),
                     [&](const entry& e) { return e.peer == peer; }))
        return false;
    last = remove_at(at, peer);
    return true;
}

bool topic_trie::remove_at(std::uint32_t at, session* peer) {
    const auto of_peer = [&](const entry& e) { return e.peer == peer; };
    auto& entries = nodes_[at].entries;
    const auto found = std::find_if(entries.begin(), entries.end(), of_peer);
    auto& topics = topics_of_[peer];
    const std::size_t place = found->place;
    *found = entries.back();
    entries.pop_back();
    const bool last = entries.empty();
    const std::uint32_t moved = topics.back();
    topics[place] = moved;
    topics.pop_back();
    if (moved != at) {
        auto& others = nodes_[moved].entries;
        std::find_if(others.begin(), others.end(), of_peer)->place = place;
    }
    --size_;
    prune(at);
    return last;
}

// Takes out nodes that neither somebody subscribed to nor several topics pass through.
void topic_trie::prune(std::uint32_t at) {
    while (at != 0 && nodes_[at].entries.empty() && nodes_[at].children.size() < 2) {
        const std::uint32_t parent = nodes_[at].parent;
        if (!nodes_[at].children.empty()) {
            const std::uint32_t only = nodes_[at].children.front().second;
            nodes_[only].label.insert(0, nodes_[at].label);
            nodes_[only].parent = parent;
            child(parent, nodes_[at].label[0]) = only;
        } else {
            std::erase_if(nodes_[parent].children, [&](const auto& c) { return c.second == at; });
        }
        nodes_[at] = {};
        free_.push_back(at);
        at = parent;
    }
}

std::string topic_trie::topic_at(std::uint32_t at) const {
    std::vector<std::uint32_t> path;
    for (; at != 0; at = nodes_[at].parent)
        path.push_back(at);
    std::string topic;
    for (auto step = path.rbegin(); step != path.rend(); ++step)
        topic += nodes_[*step].label;
    return topic;
}

} // namespace mizzen::detail
