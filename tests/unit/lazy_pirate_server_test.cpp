// The Lazy Pirate server and its cache, message by message, in virtual time.
#include "pattern_helpers.hpp"
#include <mizzen/patterns/lazy_pirate/server_core.hpp>

#include <doctest/doctest.h>

#include <map>

namespace mizzen::lazy_pirate::test {
namespace {

using namespace patterns::test;

struct server {
    zmtp::time_point now = start;
    server_core core;
    std::map<peer_id, messages> sent;
    std::vector<std::uint64_t> jobs;
    messages bodies;

    explicit server(const server_options& options = {}) : core{options} {}

    void collect() {
        for (server_core::action out; core.next_action(out);) {
            if (out.what == server_core::step::send) {
                sent[out.to].push_back(frames_of(out.m));
                continue;
            }
            jobs.push_back(out.request);
            bodies.push_back(frames_of(out.m));
        }
    }
    void in(peer_id from, const frames& parts) {
        core.receive(from, message_of(parts), now);
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
    /// A tagged request from its arrival to its reply.
    void serve(char id, const frames& body, const frames& answer) {
        in(1, frames{tag_frame(id), ""} + body);
        reply(jobs.back(), answer);
    }
    messages take(peer_id peer) { return std::exchange(sent[peer], {}); }
    const server_stats& stats() const { return core.stats(); }
};

TEST_CASE("lazy pirate server: a plain request is run each time, and its envelope comes back") {
    server s;
    s.in(1, {"", "a", "b"});
    s.in(1, {"", "a", "b"});
    s.in(2, {"id", "", "c"});
    CHECK(s.bodies == messages{{"a", "b"}, {"a", "b"}, {"c"}});
    s.reply(s.jobs[2], {"C"});
    s.reply(s.jobs[0], {"A"});
    CHECK(s.take(1) == messages{{"", "A"}});
    CHECK(s.take(2) == messages{{"id", "", "C"}});
    CHECK(s.stats().cached == 0);
}

TEST_CASE("lazy pirate server: a tagged request runs once, and is answered again from the cache") {
    server s;
    s.serve('x', {"a"}, {"A", "", "B"});
    CHECK(s.take(1) == messages{{tag_frame('x', 0, 0), "", "A", "", "B"}});
    s.in(2, {tag_frame('x', 500), "", "a"}); // over another connection, with less time
    CHECK(s.take(2) == messages{{tag_frame('x', 500, 0), "", "A", "", "B"}});
    CHECK(s.jobs.size() == 1);
    CHECK(s.stats().repeated == 1);
    s.in(2, {tag_frame('y'), "", "a"});
    CHECK(s.jobs.size() == 2);
}

TEST_CASE("lazy pirate server: repetitions of a running request wait for its reply") {
    server s;
    s.in(1, {tag_frame('x'), "", "a"});
    s.in(2, {tag_frame('x'), "", "a"});
    s.in(3, {"hop", tag_frame('x'), "", "a"});
    CHECK(s.jobs.size() == 1);
    CHECK(s.stats().joined == 2);
    s.reply(s.jobs[0], {"A"});
    CHECK(s.take(1) == messages{{tag_frame('x', 0, 0), "", "A"}});
    CHECK(s.take(2) == messages{{tag_frame('x', 0, 0), "", "A"}});
    CHECK(s.take(3) == messages{{"hop", tag_frame('x', 0, 0), "", "A"}});
}

TEST_CASE("lazy pirate server: of too many repetitions the oldest is not answered") {
    server_options options;
    options.max_waiters = 2;
    server s{options};
    for (peer_id peer = 1; peer <= 3; ++peer)
        s.in(peer, {tag_frame('x'), "", "a"});
    s.reply(s.jobs[0], {"A"});
    CHECK(s.take(1).empty());
    CHECK(s.take(2).size() == 1);
    CHECK(s.take(3).size() == 1);
    CHECK(s.stats().dropped == 1);
}

TEST_CASE("lazy pirate server: an id that comes back with another body is refused") {
    server s;
    s.in(1, {tag_frame('x'), "", "a"});
    s.in(2, {tag_frame('x'), "", "b"});
    s.in(2, {tag_frame('x'), "", "a", ""});
    CHECK(s.jobs.size() == 1);
    const frames refusal{tag_frame('x', 0, 1), "", "the same request id came with another body"};
    CHECK(s.take(2) == messages{refusal, refusal});
    s.reply(s.jobs[0], {"A"});
    s.in(2, {tag_frame('x'), "", "b"});
    CHECK(s.take(2) == messages{refusal});
    CHECK(s.stats().conflicting == 3);
}

TEST_CASE("lazy pirate server: a failure is told to tagged clients, and not kept") {
    server s;
    s.in(1, {tag_frame('x'), "", "a"});
    s.in(2, {"", "a"});
    s.fail(s.jobs[0]);
    s.fail(s.jobs[1]);
    s.fail(s.jobs[1]);
    CHECK(s.take(1) == messages{{tag_frame('x', 0, 1), "", "broken"}});
    CHECK(s.take(2).empty());
    CHECK(s.stats().failures == 2);
    s.in(1, {tag_frame('x'), "", "a"});
    CHECK(s.jobs.size() == 3);
}

TEST_CASE("lazy pirate server: replies are forgotten after their time") {
    server s;
    s.serve('x', {"a"}, {"A"});
    s.now += 30s;
    s.serve('y', {"a"}, {"A"});
    CHECK(s.core.deadline() == start + 60s);
    s.now = start + 60s;
    s.in(1, {tag_frame('x'), "", "a"}); // even before the timer
    CHECK(s.jobs.size() == 3);
    CHECK(s.stats().cached == 1);
    s.now += 30s;
    s.core.handle_timeout(s.now);
    CHECK(s.stats().cached == 0);
    CHECK(s.stats().cached_octets == 0);
}

TEST_CASE("lazy pirate server: the cache keeps to its limits, and the oldest goes first") {
    server_options options;
    options.max_cached = 3;
    options.max_cached_octets = 3000;
    server s{options};
    for (const char id : "abcd"s)
        s.serve(id, {"q"}, {"A"});
    CHECK(s.stats().cached == 3);
    CHECK(s.stats().evicted == 1);
    s.serve('e', {"q"}, {std::string(2900, 'E')});
    CHECK(s.stats().cached_octets <= 3000);
    s.serve('f', {"q"}, {std::string(3000, 'F')});
    CHECK(s.stats().uncached == 1);
    CHECK(s.stats().cached_octets <= 3000);
    s.in(1, {tag_frame('f'), "", "q"});
    CHECK(s.jobs.size() == 7); // again
}

TEST_CASE("lazy pirate server: no more requests run than may") {
    server_options options;
    options.max_running = 2;
    server s{options};
    s.in(1, {"", "a"});
    CHECK(s.core.wants_more());
    s.in(2, {tag_frame('x'), "", "b"});
    CHECK_FALSE(s.core.wants_more());
    s.in(3, {"", "c"});
    s.in(3, {tag_frame('y'), "", "d"});
    s.in(4, {tag_frame('x'), "", "b"}); // costs no handler
    CHECK(s.jobs.size() == 2);
    CHECK(s.stats().overflowed == 2);
    CHECK(s.take(3) == messages{{tag_frame('y', 0, 3), "", "too many requests run"}});
    s.reply(s.jobs[1], {"B"});
    CHECK(s.core.wants_more());
    CHECK(s.take(4).size() == 1);
    s.in(3, {tag_frame('y'), "", "d"});
    CHECK(s.jobs.size() == 3);
}

TEST_CASE("lazy pirate server: malformed messages are counted and do nothing") {
    server s;
    const messages malformed{{},
                             {""},
                             {"a"},
                             {"a", "b"},
                             {"a", ""},
                             {tag_frame('x'), ""},
                             frames(9, "hop") + frames{"", "a"}};
    for (const frames& each : malformed)
        s.in(1, each);
    CHECK(s.stats().malformed == malformed.size());
    CHECK(s.jobs.empty());
    CHECK(s.sent.empty());
    s.in(1, frames(8, "hop") + frames{"", "a"});
    CHECK(s.jobs.size() == 1);
    s.in(1, {"M1" + std::string(19, 'x'), "", "a"}); // an octet short of a tag
    s.in(1, {"M2" + std::string(20, 'x'), "", "a"});
    CHECK(s.jobs.size() == 3);
    s.reply(99, {"nobody's"});
    CHECK(s.sent.empty());
}

} // namespace
} // namespace mizzen::lazy_pirate::test
