// The pirates' queue, message by message, in virtual time.
#include "pattern_helpers.hpp"
#include <mizzen/patterns/paranoid_pirate/queue_core.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

namespace mizzen::paranoid_pirate::queue_test {
namespace {

using namespace patterns::test;

const frames ready{"\1"};
const frames beat{"\2"};
const messages nothing;

// A queue whose messages are sorted by peer. Clients have small numbers, workers large ones.
struct queue {
    zmtp::time_point now = start;
    queue_core core;
    std::map<peer_id, messages> sent;
    std::vector<peer_id> paused;
    bool simple;

    explicit queue(const queue_options& options = {})
        : core{options, start}, simple{options.speaks == protocol::simple} {}

    void collect() {
        for (queue_core::action out; core.next_action(out);) {
            switch (out.what) {
            case queue_core::step::pause: paused.push_back(out.to); break;
            case queue_core::step::resume: std::erase(paused, out.to); break;
            default: sent[out.to].push_back(frames_of(out.m));
            }
        }
    }
    void client(peer_id from, const frames& parts) {
        core.from_client(from, message_of(parts), now);
        collect();
    }
    void worker(peer_id from, const frames& parts) {
        core.from_worker(from, message_of(simple ? frames{""} + parts : parts), now);
        collect();
    }
    void down(peer_id peer) {
        peer >= 100 ? core.worker_down(peer, now) : core.client_down(peer, now);
        collect();
    }
    void advance(time_point::duration by) {
        pass_time(core, now, by, [this] { collect(); });
    }
    /// As long as `by`, with the workers' heartbeats.
    void advance_with_beats(milliseconds by, const std::vector<peer_id>& workers) {
        for (; by > 0ms; by -= 500ms) {
            for (const peer_id each : workers)
                worker(each, beat);
            advance(500ms);
        }
    }
    messages take(peer_id peer) { return std::exchange(sent[peer], {}); }
    /// The handle in the one request that `peer` was sent.
    std::string handle(peer_id peer, const frames& body) {
        messages got = take(peer);
        std::erase(got, beat);
        REQUIRE(got.size() == 1);
        const std::size_t at = simple ? 1 : 0;
        REQUIRE(got[0].size() > at);
        const std::string number = got[0][at];
        CHECK(number.size() == 16);
        CHECK(got[0] == (simple ? frames{""} : frames{}) + frames{number, ""} + body);
        return number;
    }
    const queue_stats& stats() const { return core.stats(); }
};

queue_options simple_options() {
    queue_options options;
    options.speaks = protocol::simple;
    return options;
}

} // namespace

TEST_CASE("pirate queue: a request goes to a worker and its reply to the client") {
    for (const queue_options& options : {queue_options{}, simple_options()}) {
        queue q{options};
        q.worker(100, ready);
        q.client(1, {"", "a", "", "b"});
        const std::string handle = q.handle(100, {"a", "", "b"});
        q.worker(100, {handle, "", "A", "B"});
        CHECK(q.take(1) == messages{{"", "A", "B"}});
        CHECK(q.stats().free_workers == 1); // the reply is the next READY
        CHECK(q.stats().dispatched == 0);
    }
}

TEST_CASE("pirate queue: whoever has been free longest gets the next request") {
    queue q;
    for (peer_id w = 100; w <= 102; ++w)
        q.worker(w, ready);
    q.worker(100, beat);  // is alive, not free anew
    q.worker(100, ready); // says so once more, and goes last
    for (peer_id c = 1; c <= 3; ++c)
        q.client(c, {"", std::to_string(c)});
    q.handle(101, {"1"});
    q.handle(102, {"2"});
    q.handle(100, {"3"});
}

TEST_CASE("pirate queue: requests wait for a worker in order, whatever their envelope") {
    queue q;
    q.client(1, {"", "a"});
    q.client(1, {"correlation", "", "b"}); // a REQ's with ZMQ_REQ_CORRELATE
    q.client(2, {"x", "y", "", "c"});
    CHECK(q.stats().waiting == 3);
    q.worker(100, ready);
    for (const std::string body : {"a", "b", "c"})
        q.worker(100, {q.handle(100, {body}), "", body + "!"});
    CHECK(q.take(1) == messages{{"", "a!"}, {"correlation", "", "b!"}});
    CHECK(q.take(2) == messages{{"x", "y", "", "c!"}});
    CHECK(q.stats().waiting_octets == 0);
}

TEST_CASE("pirate queue: a client whose name begins like READY gets its reply") {
    queue q{simple_options()};
    q.worker(100, ready);
    q.client(1, {"\1name", "", "a"});
    q.worker(100, {q.handle(100, {"a"}), "", "A"});
    CHECK(q.take(1) == messages{{"\1name", "", "A"}});
}

TEST_CASE("pirate queue: what a worker says wrongly is counted and does no harm") {
    struct row {
        protocol speaks;
        frames said;
    };
    const std::string handle(16, 'f'); // of no request
    const row table[] = {
        {protocol::paranoid, {}},
        {protocol::paranoid, {""}},
        {protocol::paranoid, {"\3"}},
        {protocol::paranoid, {"\1\1"}},
        {protocol::paranoid, {"ready"}},
        {protocol::paranoid, {"\1", ""}},
        {protocol::paranoid, {"", "\1"}}, // a Simple Pirate's
        {protocol::paranoid, {"a", "b"}},
        {protocol::paranoid, {"a", "b", "c"}},
        {protocol::paranoid, {handle, ""}},
        {
            protocol::paranoid,
            {handle, "", ""},
        },
        {protocol::paranoid, {"", "", "body"}},
        {protocol::simple, {}},
        {protocol::simple, {""}},
        {protocol::simple, {"\1"}}, // a Paranoid Pirate's
        {protocol::simple, {"", "\2"}},
        {protocol::simple, {"", "\1", "\1"}},
        {protocol::simple, {"", "", ""}},
        {protocol::simple, {"", handle, ""}},
        {protocol::simple, {"x", handle, "", "body"}},
        {protocol::simple, {"", handle, "x", "body"}},
    };
    for (const row& each : table) {
        CAPTURE(each.said);
        queue_options options;
        options.speaks = each.speaks;
        queue q{options};
        q.worker(100, ready);
        q.client(1, {"", "a"});
        q.take(100);
        q.core.from_worker(100, message_of(each.said), q.now); // busy
        q.core.from_worker(101, message_of(each.said), q.now); // never seen
        q.collect();
        CHECK(q.stats().malformed + q.stats().stale_replies + q.stats().unregistered == 2);
        CHECK(q.take(1) == nothing);
        CHECK(q.take(101) == nothing);
        q.worker(102, ready); // another one is not concerned
        if (q.stats().stale_replies == 0)
            q.worker(102, {q.handle(102, {"a"}), "", "A"});
        else
            q.down(100);
        q.take(102);
        CHECK(q.stats().workers >= 1);
    }
}

TEST_CASE("pirate queue: what a client says wrongly is counted and dropped") {
    queue q;
    q.worker(100, ready);
    const messages table{{},         {""},      {"a"},
                         {"a", "b"}, {"a", ""}, frames(9, "hop") + frames{"", "a"}};
    for (const frames& each : table)
        q.client(1, each);
    CHECK(q.stats().malformed_requests == table.size());
    CHECK(q.stats().requests == 0);
    CHECK(q.take(100) == nothing);
}

TEST_CASE("pirate queue: a worker that stays silent gets nothing more") {
    queue q;
    q.worker(100, ready);
    q.worker(101, ready);
    q.advance_with_beats(2500ms, {101});
    CHECK(q.stats().workers == 2);
    q.advance_with_beats(500ms, {101});
    CHECK(q.stats().workers == 1);
    CHECK(q.stats().expired_workers == 1);
    q.worker(100, beat); // frozen and back: it has to say READY
    CHECK(q.stats().unregistered == 1);
    q.take(101);
    q.client(1, {"", "a"});
    q.handle(101, {"a"});
    q.worker(100, ready);
    CHECK(q.stats().workers == 2);
}

TEST_CASE("pirate queue: workers hear of it every interval, in the words that they use") {
    queue q;
    q.worker(100, ready);
    q.worker(101, {"READY"});
    q.advance_with_beats(2000ms, {100});
    CHECK(q.take(100) == messages{beat, beat});
    CHECK(q.take(101) == messages{{"HEARTBEAT"}, {"HEARTBEAT"}});
    q.worker(101, {"HEARTBEAT"});
    q.advance(500ms);
    CHECK(q.stats().workers == 2);
    q.client(1, {"", "a"}); // counts as one
    q.take(100);
    q.worker(100, beat);
    q.advance(900ms);
    CHECK(q.take(100) == nothing);
    queue quiet{simple_options()};
    quiet.worker(100, ready);
    CHECK_FALSE(quiet.core.deadline());
}

TEST_CASE("pirate queue: a heartbeat in a job does not make the worker free") {
    queue q;
    q.worker(100, ready);
    q.client(1, {"", "a"});
    q.client(2, {"", "b"});
    const std::string handle = q.handle(100, {"a"});
    q.worker(100, beat);
    q.advance_with_beats(5s, {100});
    CHECK(q.stats().dispatched == 1);
    CHECK(q.stats().waiting == 1);
    q.worker(100, {handle, "", "A"});
    CHECK(q.take(1) == messages{{"", "A"}});
    q.handle(100, {"b"});
}

TEST_CASE("pirate queue: a plain worker may be silent in a job, up to the request's time") {
    queue q;
    q.worker(100, ready);
    q.client(1, {"", "a"});
    q.handle(100, {"a"});
    q.advance(59s);
    CHECK(q.stats().workers == 1);
    q.advance(2s);
    CHECK(q.stats().expired_workers == 1);
    CHECK(q.stats().redelivered == 1);
}

TEST_CASE("pirate queue: a simple worker that was given up is back with its late reply") {
    queue_options options = simple_options();
    options.request_timeout = 1000ms;
    options.redeliveries = 0;
    queue q{options};
    q.worker(100, ready);
    q.client(1, {"", "a"});
    const std::string late = q.handle(100, {"a"});
    q.advance(1000ms);
    REQUIRE(q.stats().workers == 0);
    q.client(2, {"", "b"});
    q.worker(100, {"0123456789abcdef", "", "A"}); // which is no reply to what it was given
    CHECK(q.stats().workers == 0);
    CHECK(q.take(100) == nothing);

    q.worker(100, {late, "", "A"});
    CHECK(q.take(1) == nothing); // the request was given up
    CHECK(q.stats().workers == 1);
    CHECK(q.stats().stale_replies == 1);
    const std::string handle = q.handle(100, {"b"});
    q.worker(100, {late, "", "A"}); // counts once
    CHECK(q.take(2) == nothing);
    q.worker(100, {handle, "", "B"});
    CHECK(q.take(2) == messages{{"", "B"}});
    CHECK(q.stats().free_workers == 1);
}

TEST_CASE("pirate queue: a paranoid worker that was given up has to say READY") {
    queue_options options;
    options.request_timeout = 10'000ms;
    options.redeliveries = 0;
    queue q{options};
    q.worker(100, ready);
    q.client(1, {"", "a"});
    const std::string late = q.handle(100, {"a"});
    q.advance(10'000ms);
    REQUIRE(q.stats().workers == 0);
    q.worker(100, {late, "", "A"});
    CHECK(q.stats().workers == 0);
    q.worker(100, ready);
    CHECK(q.stats().free_workers == 1);
}

TEST_CASE("pirate queue: a worker that was heard in its job and falls silent is lost") {
    queue q;
    q.worker(100, ready);
    q.client(1, {"", "a"});
    q.advance(1s);
    q.worker(100, beat);
    q.advance(2900ms);
    CHECK(q.stats().workers == 1);
    q.advance(200ms);
    CHECK(q.stats().workers == 0);
    CHECK(q.stats().redelivered == 1);
}

TEST_CASE("pirate queue: the request of a lost worker goes to another, before all others") {
    queue q;
    q.worker(100, ready);
    q.client(1, {"", "a"});
    q.client(2, {"", "b"});
    const std::string first = q.handle(100, {"a"});
    q.down(100);
    q.worker(101, ready);
    const std::string second = q.handle(101, {"a"});
    q.worker(100, ready); // the same connection number, if that were possible
    q.handle(100, {"b"});
    q.worker(100, {first, "", "late"}); // is another worker's by now: not this one's job
    CHECK(q.stats().stale_replies == 1);
    CHECK(q.take(1) == nothing);
    q.worker(101, {second, "", "A"});
    CHECK(q.take(1) == messages{{"", "A"}});
}

TEST_CASE("pirate queue: a request loses so many workers, and is then given up") {
    for (const int most : {0, 1, 2}) {
        queue_options options;
        options.redeliveries = most;
        queue q{options};
        q.client(1, {tag_frame('x'), "", "a"});
        q.client(2, {"", "b"});
        for (peer_id w = 100; w <= 100 + static_cast<peer_id>(most); ++w) {
            q.worker(w, ready);
            q.handle(w, {"a"});
            q.down(w);
        }
        CHECK(q.stats().dropped_given_up == 1);
        CHECK(q.take(1) == messages{{tag_frame('x', 0, 5), "",
                                     "every worker that was given the request went away"}});
        CHECK(q.stats().waiting == 1);
        for (peer_id w = 200; w <= 200 + static_cast<peer_id>(most); ++w) {
            q.worker(w, ready);
            q.down(w);
        }
        CHECK(q.stats().dropped_given_up == 2);
        CHECK(q.take(2) == nothing); // plain: it would take the words for a reply
    }
}

TEST_CASE("pirate queue: READY in a job means that the job is lost") {
    queue q;
    q.worker(100, ready);
    q.client(1, {"", "a"});
    const std::string first = q.handle(100, {"a"});
    q.worker(100, ready);
    const std::string second = q.handle(100, {"a"});
    CHECK(q.stats().redelivered == 1);
    CHECK(q.stats().workers == 1);
    q.worker(100, {second, "", "A"});
    q.worker(100, {second, "", "again"});
    CHECK(q.take(1) == messages{{"", "A"}});
    CHECK(q.stats().stale_replies == 1);
    CHECK(q.stats().free_workers == 1);
    CHECK(first == second); // the request is the same
}

TEST_CASE("pirate queue: a client that goes takes its requests along") {
    queue q;
    q.client(1, {"", "a"});
    q.client(1, {"", "b"});
    q.client(2, {"", "c"});
    q.worker(100, ready);
    const std::string handle = q.handle(100, {"a"});
    q.down(1);
    CHECK(q.stats().dropped_gone == 1);
    CHECK(q.stats().clients == 1);
    q.worker(100, {handle, "", "A"});
    CHECK(q.take(1) == nothing);
    CHECK(q.stats().orphaned_replies == 1);
    q.handle(100, {"c"});
    q.down(2);
    q.down(100); // nobody to do it again for
    CHECK(q.stats().redelivered == 0);
    CHECK(q.stats().dropped_gone == 2);
}

TEST_CASE("pirate queue: requests that wait too long are dropped, and tagged clients told") {
    queue_options options;
    options.request_expiry = 5s;
    queue q{options};
    q.client(1, {tag_frame('x', 0), "", "a"});
    q.client(2, {"", "b"});
    q.advance(4999ms);
    CHECK(q.stats().waiting == 2);
    q.advance(1ms);
    CHECK(q.stats().dropped_expired == 2);
    CHECK(q.take(1) == messages{{tag_frame('x', 0, 4), "", "no worker was free in time"}});
    CHECK(q.take(2) == nothing);
    q.client(1, {tag_frame('y', 1000), "", "c"}); // worth a second, it says
    q.advance(1s);
    q.worker(100, ready);
    CHECK(q.take(100) == nothing);
    CHECK(q.take(1).size() == 1);
}

TEST_CASE("pirate queue: a handler's failure is the tagged client's to know") {
    queue q;
    q.worker(100, ready);
    q.client(1, {tag_frame('x'), "", "a"});
    q.worker(100, {q.handle(100, {"a"}) + "\1", "", "broken"});
    CHECK(q.take(1) == messages{{tag_frame('x', 0, 1), "", "broken"}});
    q.client(2, {"", "b"});
    q.worker(100, {q.handle(100, {"b"}) + "\1", "", "broken"});
    CHECK(q.take(2) == nothing);
    CHECK(q.stats().failed_replies == 2);
    CHECK(q.stats().free_workers == 1);
}

TEST_CASE("pirate queue: when it is full, clients that send on are held up until there is room") {
    queue_options options;
    options.max_waiting = 4;
    queue q{options};
    for (peer_id c = 1; c <= 4; ++c)
        q.client(c, {"", "a"});
    CHECK(q.paused.empty());
    q.client(5, {"", "a"}); // one each is as much as a REQ sends
    CHECK(q.paused.empty());
    q.client(5, {"", "b"});
    q.client(6, {"", "a"});
    q.client(6, {"", "b"});
    CHECK(q.paused == std::vector<peer_id>{5, 6});
    CHECK(q.stats().paused == 2);
    q.worker(100, ready);
    for (int i = 0; i < 5; ++i) {
        CHECK(q.paused.size() == 2);
        q.worker(100, {q.take(100).back()[0], "", "A"});
    }
    CHECK(q.paused.empty());
    CHECK(q.stats().paused == 0);
    CHECK(q.stats().pauses == 2);
}

TEST_CASE("pirate queue: octets fill it as well") {
    queue_options options;
    options.max_waiting_octets = 1000;
    queue q{options};
    q.client(1, {"", std::string(600, 'a')});
    q.client(1, {"", std::string(600, 'a')});
    CHECK(q.paused == std::vector<peer_id>{1});
    q.down(1);
    CHECK(q.stats().paused == 0);
    CHECK(q.stats().waiting_octets == 0);
}

TEST_CASE("pirate queue: one client cannot fill it for the others") {
    queue_options options;
    options.max_waiting_per_client = 4;
    queue q{options};
    for (int i = 0; i < 4; ++i)
        q.client(1, {"", "a"});
    q.client(2, {"", "b"});
    CHECK(q.paused == std::vector<peer_id>{1});
    q.worker(100, ready);
    CHECK(q.paused == std::vector<peer_id>{1});
    q.worker(101, ready);
    CHECK(q.paused.empty());
}

TEST_CASE("pirate queue: drained, it takes nothing new and finishes what it has") {
    queue q;
    q.worker(100, ready);
    q.client(1, {"", "a"});
    q.client(1, {"", "b"});
    q.core.drain();
    CHECK_FALSE(q.core.drained());
    q.client(2, {tag_frame('x'), "", "c"});
    q.client(3, {"", "d"});
    CHECK(q.take(2) == messages{{tag_frame('x', 0, 3), "", "the queue is about to stop"}});
    CHECK(q.stats().dropped_draining == 2);
    q.worker(100, {q.handle(100, {"a"}), "", "A"});
    CHECK_FALSE(q.core.drained());
    q.worker(100, {q.handle(100, {"b"}), "", "B"});
    CHECK(q.take(1) == messages{{"", "A"}, {"", "B"}});
    CHECK(q.core.drained());
}

TEST_CASE("pirate queue: after shutdown nothing happens") {
    queue q;
    q.worker(100, ready);
    q.client(1, {"", "a"});
    q.take(100);
    q.core.shutdown();
    q.worker(100, ready);
    q.client(1, {"", "b"});
    q.down(100);
    q.down(1);
    q.advance(1h);
    CHECK(q.take(100) == nothing);
    CHECK(q.stats().dispatched == 0);
}

TEST_CASE("pirate queue: that it was itself stopped is no worker's silence") {
    queue q;
    q.worker(100, ready);
    q.now += 10s; // SIGSTOP
    q.core.handle_timeout(q.now);
    CHECK(q.stats().workers == 1);
    q.worker(100, beat); // was there to be read
    q.advance(2s);
    CHECK(q.stats().workers == 1);
    q.advance(2s);
    CHECK(q.stats().workers == 0);
}

} // namespace mizzen::paranoid_pirate::queue_test
