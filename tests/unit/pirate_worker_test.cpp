// The pirates' worker, message by message, in virtual time.
#include "worker_helpers.hpp"
#include <mizzen/patterns/paranoid_pirate/worker_core.hpp>

#include <doctest/doctest.h>

#include <algorithm>

namespace mizzen::paranoid_pirate::worker_test {
namespace {

using namespace patterns::test;

const frames ready{"\1"};
const frames beat{"\2"};
const std::string handle = "00000000deadbeef";

struct worker : timed_worker<worker, worker_core> {
    std::vector<zmtp::time_point> opened;
    std::vector<zmtp::time_point> closed;

    explicit worker(const worker_options& options = {}, std::uint64_t seed = 1)
        : timed_worker{options, seed} {}

    void note(worker_core::step what) {
        (what == worker_core::step::open ? opened : closed).push_back(now);
    }
    const worker_stats& stats() const { return core.stats(); }
};

worker_options simple_options() {
    worker_options options;
    options.speaks = protocol::simple;
    return options;
}

worker registered(const worker_options& options = {}) {
    worker w{options};
    w.core.start();
    w.connected();
    w.take();
    return w;
}

} // namespace

TEST_CASE("pirate worker: READY is the first word on every connection") {
    worker w;
    w.core.start();
    w.collect();
    CHECK(w.opened.size() == 1);
    w.advance(1min);
    CHECK(w.take().empty());
    w.connected();
    CHECK(w.take() == messages{ready});
    w.core.disconnected(w.now);
    w.advance(1min);
    CHECK(w.take().empty());
    w.connected();
    CHECK(w.take() == messages{ready});
    worker_options words;
    words.writes = dialect::words;
    worker other{words};
    other.connected();
    other.advance(1s);
    CHECK(other.take() == messages{{"READY"}, {"HEARTBEAT"}});
    worker simple{simple_options()};
    simple.connected();
    CHECK(simple.take() == messages{{"", "\1"}});
}

TEST_CASE("pirate worker: whatever stands before the body comes back in front of the reply") {
    worker w = registered();
    const messages addresses{{handle}, {"client"}, {"client", "hop", "hop"}, {}};
    for (const frames& address : addresses) {
        w.in(address + frames{"", "a", "", "b"});
        CHECK(w.bodies.back() == frames{"a", "", "b"});
        w.reply(w.jobs.back(), {"A", "B", "C"});
        CHECK(w.take() == messages{address + frames{"", "A", "B", "C"}});
    }
    worker s = registered(simple_options());
    s.in({"", "client", "", "a"});
    s.reply(s.jobs[0], {"A"});
    CHECK(s.take() == messages{{"", "client", "", "A"}});
    s.in({"", "client", "", "a"});
    s.reply(s.jobs[1], {});
    CHECK(s.take() == messages{{"", "client", "", ""}});
}

TEST_CASE("pirate worker: idle it sends heartbeats, and leaves a queue that sends none") {
    worker w = registered();
    w.advance(999ms);
    CHECK(w.take().empty());
    w.advance(1ms);
    CHECK(w.take() == messages{beat});
    w.in({"HEARTBEAT"});
    w.advance(2900ms);
    CHECK(w.closed.empty());
    w.advance(200ms);
    CHECK(w.closed.size() == 1);
    CHECK(w.stats().lost_queues == 1);
    w.take();
    w.advance(2s);
    REQUIRE(w.opened.size() == 2);
    CHECK(w.take().empty()); // not before the connection is up
    w.connected();
    CHECK(w.take() == messages{ready});
}

TEST_CASE("pirate worker: a simple one has no heartbeats and leaves nobody") {
    worker w = registered(simple_options());
    CHECK_FALSE(w.core.deadline());
    w.advance(1h);
    CHECK(w.take().empty());
    CHECK(w.closed.empty());
}

TEST_CASE("pirate worker: it tries again later and later, and soon again once it was heard") {
    worker w = registered();
    std::vector<milliseconds> pauses;
    for (int i = 0; i < 8; ++i) {
        w.advance(3s);
        REQUIRE(w.closed.size() == pauses.size() + 1);
        const std::size_t before = w.opened.size();
        w.advance(41s);
        REQUIRE(w.opened.size() == before + 1);
        pauses.push_back(
            std::chrono::duration_cast<milliseconds>(w.opened.back() - w.closed.back()));
        w.connected();
    }
    milliseconds expected = 1000ms;
    for (const milliseconds each : pauses) {
        CHECK(each >= expected * 3 / 4);
        CHECK(each <= expected * 5 / 4);
        expected = std::min(expected * 2, milliseconds{32'000});
    }
    w.in(beat);
    w.advance(3s);
    w.advance(1250ms);
    CHECK(w.opened.back() - w.closed.back() <= 1250ms);
}

TEST_CASE("pirate worker: with the Guide's queue nobody heartbeats in a job") {
    worker w = registered();
    w.in({"client", "", "a"});
    w.in(beat); // crossed the request
    w.advance(1min);
    CHECK(w.take().empty());
    CHECK(w.closed.empty());
    w.reply(w.jobs[0], {"A"});
    CHECK(w.take() == messages{{"client", "", "A"}});
    w.advance(1s); // from now on silence counts
    CHECK(w.take() == messages{beat});
    w.advance(2s);
    CHECK(w.closed.size() == 1);
}

TEST_CASE("pirate worker: with a queue that heartbeats in jobs it does so too, and misses it") {
    worker w = registered();
    w.in({handle, "", "a"});
    w.advance(1s);
    w.in(beat);
    w.advance(0s);
    CHECK(w.take() == messages{beat});
    w.advance(1s);
    CHECK(w.take() == messages{beat});
    w.advance(2s);
    CHECK(w.closed.size() == 1);
    w.reply(w.jobs[0], {"A"});
    CHECK(w.stats().late_replies == 1);
}

TEST_CASE("pirate worker: what a queue says wrongly is counted, and no sign of life") {
    const messages paranoid{{},         {""},      {"\1"},   {"\3"},
                            {"a", "b"}, {"a", ""}, {"", ""}, frames(9, "hop") + frames{"", "a"}};
    worker w = registered();
    for (const frames& each : paranoid) {
        if (each == frames{"", ""})
            continue; // an empty body for nobody: well-formed
        const auto before = w.stats().malformed;
        w.in(each);
        CAPTURE(each);
        CHECK(w.stats().malformed == before + 1);
    }
    CHECK(w.jobs.empty());
    w.advance(2900ms);
    w.in({"nonsense"});
    w.advance(100ms);
    CHECK(w.closed.size() == 1);
    w.in({"client", "", "a"}); // read before the connection was closed
    CHECK(w.stats().ignored == 1);
    worker s = registered(simple_options());
    for (const frames& each : messages{{}, {""}, {"\2"}, {"a", "", "b"}, {"", "a", "b"}})
        s.in(each);
    CHECK(s.stats().malformed == 5);
    CHECK(s.jobs.empty());
}

TEST_CASE("pirate worker: a failure is told to whoever can understand it") {
    worker w = registered();
    w.in({handle, "", "a"});
    w.fail(w.jobs[0]);
    CHECK(w.take() == messages{{handle + "\1", "", "broken"}});
    w.in({"client", tag_frame('x'), "", "a"}); // through the Guide's queue
    w.fail(w.jobs[1]);
    CHECK(w.take() == messages{{"client", tag_frame('x', 0, 1), "", "broken"}});
    CHECK(w.closed.empty());
    w.in({"client", "", "a"});
    w.fail(w.jobs[2]);
    w.fail(w.jobs[2]);
    CHECK(w.take().empty());
    CHECK(w.closed.size() == 1); // as a crash would look
    CHECK(w.stats().failures == 3);
    CHECK(w.stats().late_replies == 1);
    w.advance(2s);
    CHECK(w.opened.size() == 2);
}

TEST_CASE("pirate worker: replies to an earlier connection's requests go nowhere") {
    worker w = registered();
    w.in({"client", "", "a"});
    w.core.disconnected(w.now);
    w.connected();
    w.take();
    w.reply(w.jobs[0], {"A"});
    CHECK(w.take().empty());
    CHECK(w.stats().late_replies == 1);
    CHECK_FALSE(w.core.busy());
}

TEST_CASE("pirate worker: no more requests are at the handler than may be") {
    worker_options options;
    options.max_requests = 2;
    worker w = registered(options);
    for (int i = 0; i < 3; ++i)
        w.in({std::to_string(i), "", "a"});
    CHECK(w.jobs.size() == 2);
    CHECK(w.stats().overflowed == 1);
    w.reply(w.jobs[1], {"B"});
    w.reply(w.jobs[0], {"A"});
    CHECK(w.take() == messages{{"1", "", "B"}, {"0", "", "A"}});
}

TEST_CASE("pirate worker: a drain without work is over at once") {
    worker w = registered();
    w.core.drain(w.now);
    CHECK(w.core.ended());
    CHECK_FALSE(w.core.deadline());
    worker unconnected;
    unconnected.core.start();
    unconnected.core.drain(unconnected.now);
    CHECK(unconnected.core.ended());
}

TEST_CASE("pirate worker: a drain answers what it has, takes nothing new, then ends") {
    for (const worker_options& options : {worker_options{}, simple_options()}) {
        worker w = registered(options);
        const frames front = options.speaks == protocol::simple ? frames{""} : frames{};
        w.in(front + frames{handle, "", "a"});
        w.in(front + frames{"client", "", "b"});
        w.core.drain(w.now);
        w.in(front + frames{"late", "", "c"});
        CHECK(w.jobs.size() == 2);
        CHECK(w.stats().ignored == 1);
        w.reply(w.jobs[1], {"B"});
        CHECK_FALSE(w.core.ended());
        w.fail(w.jobs[0]);
        CHECK(w.core.ended());
        CHECK(w.take() == messages{front + frames{"client", "", "B"},
                                   front + frames{handle + "\1", "", "broken"}});
        CHECK_FALSE(w.core.deadline());
        w.connected();
        CHECK(w.take().empty());
    }
}

TEST_CASE("pirate worker: in a drain it heartbeats with a queue that does so, and misses it") {
    worker w = registered();
    w.in({handle, "", "a"});
    w.core.drain(w.now);
    w.advance(1s);
    w.in(beat);
    w.advance(0s);
    CHECK(w.take() == messages{beat});
    w.advance(3s);
    CHECK(w.closed.size() == 1);
    CHECK(w.core.ended()); // nobody is left to answer
    w.advance(1h);
    CHECK(w.opened.size() == 1);
}

TEST_CASE("pirate worker: a drain is over when the queue is lost, or can only be left") {
    worker lost = registered();
    lost.in({handle, "", "a"});
    lost.core.drain(lost.now);
    lost.core.disconnected(lost.now);
    CHECK(lost.core.ended());
    worker failing = registered();
    failing.in({"client", "", "a"}); // through a queue that has no word for a failure
    failing.core.drain(failing.now);
    failing.fail(failing.jobs[0]);
    CHECK(failing.closed.size() == 1);
    CHECK(failing.core.ended());
    failing.advance(1h);
    CHECK(failing.opened.size() == 1);
}

TEST_CASE("pirate worker: after shutdown nothing happens") {
    worker w = registered();
    w.in({"client", "", "a"});
    w.core.shutdown();
    w.reply(w.jobs[0], {"A"});
    w.connected();
    w.in(beat);
    w.advance(1h);
    CHECK(w.take().empty());
    CHECK_FALSE(w.core.deadline());
}

} // namespace mizzen::paranoid_pirate::worker_test
