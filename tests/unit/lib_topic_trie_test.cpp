// The tree of subscriptions, against a plain set.
#include "../../lib/src/session.hpp"
#include "../../lib/src/topic_trie.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace mizzen::detail {
namespace {

std::multiset<session*> matched(const topic_trie& trie, std::string_view subject) {
    std::multiset<session*> found;
    trie.match(as_octets(subject), [&](session* s) { found.insert(s); });
    return found;
}

TEST_CASE("a topic matches what it is a prefix of, octet by octet") {
    topic_trie trie;
    session a;
    bool first = false;
    for (const std::string_view topic : {"", "a", "abc", "abd", "b"})
        CHECK(trie.add(as_octets(topic), &a, first));
    CHECK(matched(trie, "").size() == 1);
    CHECK(matched(trie, "a").size() == 2);
    CHECK(matched(trie, "ab").size() == 2);
    CHECK(matched(trie, "abcde").size() == 3);
    CHECK(matched(trie, "abx").size() == 2);
    CHECK(matched(trie, "c").size() == 1);
    CHECK(matched(trie, std::string_view{"a\0c", 3}).size() == 2);
}

TEST_CASE("random subscriptions of three peers are as a set has them") {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
        const auto some_topic = [&] {
            std::string topic(below(6), '\0');
            for (char& c : topic)
                c = static_cast<char>('a' + below(2));
            return topic;
        };
        topic_trie trie;
        std::array<session, 3> peers;
        std::set<std::pair<std::string, session*>> model;
        const auto anybody = [&](const std::string& topic) {
            return std::any_of(model.begin(), model.end(),
                               [&](const auto& entry) { return entry.first == topic; });
        };
        for (int step = 0; step < 600; ++step) {
            session* const peer = &peers[below(3)];
            const std::string topic = some_topic();
            const std::size_t what = below(50);
            if (what == 0) {
                trie.remove_all(peer, [&](const std::string& gone, bool last) {
                    CHECK(model.erase({gone, peer}) == 1);
                    CHECK(last == !anybody(gone));
                });
                CHECK(std::none_of(model.begin(), model.end(),
                                   [&](const auto& entry) { return entry.second == peer; }));
            } else if (what < 28) {
                bool first = false;
                const bool nobody = !anybody(topic);
                CHECK(trie.add(as_octets(topic), peer, first) ==
                      model.insert({topic, peer}).second);
                CHECK(first == nobody);
            } else {
                bool last = false;
                const bool had = model.erase({topic, peer}) == 1;
                CHECK(trie.remove(as_octets(topic), peer, last) == had);
                CHECK(last == (had && !anybody(topic)));
            }
            CHECK(trie.size() == model.size());
            const std::string subject = some_topic();
            std::multiset<session*> expected;
            for (const auto& [prefix, who] : model)
                if (subject.starts_with(prefix))
                    expected.insert(who);
            CHECK(matched(trie, subject) == expected);
            CHECK(trie.matches(as_octets(subject)) == !expected.empty());
        }
    }
}

TEST_CASE("a million topics, and topics nested thousands deep, come and go") {
    topic_trie trie;
    session a;
    session b;
    bool flag = false;
    for (std::uint32_t i = 0; i < 1'000'000; ++i)
        trie.add(as_octets("topic." + std::to_string(i * 2654435761U)), &a, flag);
    CHECK(trie.size() == 1'000'000);
    CHECK(matched(trie, "topic.2654435761").contains(&a));
    std::string deep;
    for (int i = 0; i < 5'000; ++i)
        trie.add(as_octets(deep += 'x'), &b, flag);
    CHECK(matched(trie, deep + "yz").size() == 5'000);
    std::size_t gone = 0;
    trie.remove_all(&a, [&](const std::string&, bool last) { gone += last ? 1 : 0; });
    CHECK(gone == 1'000'000);
    trie.remove_all(&b, [](const std::string&, bool) {});
    CHECK(trie.empty());
    CHECK_FALSE(trie.matches(as_octets(deep)));
}

} // namespace
} // namespace mizzen::detail
