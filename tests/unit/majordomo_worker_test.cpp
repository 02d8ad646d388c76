// The Majordomo worker, message by message, in virtual time.
#include "majordomo_helpers.hpp"
#include "worker_helpers.hpp"
#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <doctest/doctest.h>

namespace mizzen::majordomo::test {
namespace {

worker_options echo_options() {
    worker_options options;
    options.service = "echo";
    return options;
}

struct worker : patterns::test::timed_worker<worker, worker_core> {
    std::vector<time_point> reconnects;

    explicit worker(const worker_options& options = echo_options(), std::uint64_t seed = 1)
        : timed_worker{options, seed} {}

    void note(worker_core::step /*reconnect*/) { reconnects.push_back(now); }
    /// Connected, registered, nothing sent.
    void register_quietly() {
        connected();
        sent.clear();
    }
};

TEST_CASE("majordomo worker: it says READY on every connection, and nothing before") {
    worker w;
    w.advance(1min);
    CHECK(w.take().empty());
    w.connected();
    CHECK(w.take() == messages{ready_frames("echo")});
    w.core.disconnected(w.now);
    w.advance(1min);
    CHECK(w.take().empty());
    w.connected();
    CHECK(w.take() == messages{ready_frames("echo")});
    CHECK(w.reconnects.empty());
}

TEST_CASE("majordomo worker: a request goes to the handler and its reply to the same address") {
    worker w;
    w.register_quietly();
    w.in(request_frames("12345678", {"a", "b"}));
    REQUIRE(w.jobs.size() == 1);
    CHECK(w.bodies[0] == frames{"a", "b"});
    CHECK(w.core.busy());
    w.reply(w.jobs[0], {"A"});
    CHECK(w.take() == messages{reply_frames("12345678", {"A"})});
    CHECK_FALSE(w.core.busy());
}

TEST_CASE("majordomo worker: several requests may be answered in any order") {
    worker w;
    w.register_quietly();
    w.in(request_frames("first", {"a"}));
    w.in(request_frames("second", {"b"}));
    w.reply(w.jobs.at(1), {"B"});
    w.reply(w.jobs.at(0), {"A"});
    CHECK(w.take() == messages{reply_frames("second", {"B"}), reply_frames("first", {"A"})});
    w.reply(w.jobs.at(0), {"again"});
    CHECK(w.take().empty());
    CHECK(w.core.stats().late_replies == 1);
}

TEST_CASE("majordomo worker: requests beyond the limit are dropped and counted") {
    worker_options options = echo_options();
    options.max_requests = 1;
    worker w{options};
    w.register_quietly();
    w.in(request_frames("c", {"a"}));
    w.in(request_frames("c", {"b"}));
    CHECK(w.jobs.size() == 1);
    CHECK(w.core.stats().overflowed == 1);
}

TEST_CASE("majordomo worker: an empty body becomes one empty frame, both ways") {
    worker w;
    w.register_quietly();
    w.in(request_frames("c", {}));
    REQUIRE(w.jobs.size() == 1);
    CHECK(w.bodies[0] == frames{""});
    w.reply(w.jobs[0], {});
    CHECK(w.take() == messages{reply_frames("c", {""})});
}

TEST_CASE("majordomo worker: a failure is a status behind a handle of eight octets") {
    worker w;
    w.register_quietly();
    w.in(request_frames("12345678", {"a"}));
    w.fail(w.jobs.at(0));
    CHECK(w.take() == messages{reply_frames("12345678\x01", {"broken"})});
    CHECK(w.reconnects.empty());
}

TEST_CASE("majordomo worker: a failure at a plain broker is a DISCONNECT and a new connection") {
    worker w;
    w.register_quietly();
    w.in(request_frames("plain", {"a"}));
    w.fail(w.jobs.at(0));
    CHECK(w.take() == messages{disconnect_frames});
    w.advance(1s);
    CHECK(w.reconnects.size() == 1);
}

TEST_CASE("majordomo worker: it heartbeats when it has nothing else to say, also at work") {
    worker w;
    w.register_quietly();
    w.advance(2499ms);
    CHECK(w.take().empty());
    w.advance(1ms);
    CHECK(w.take() == messages{heartbeat_frames});
    w.in(request_frames("c", {"a"}));
    w.advance(2500ms);
    CHECK(w.take() == messages{heartbeat_frames});
    w.advance(1s);
    w.reply(w.jobs.at(0), {"A"});
    w.take();
    w.advance(2499ms);
    CHECK(w.take().empty());
    w.advance(1ms);
    CHECK(w.take() == messages{heartbeat_frames});
}

TEST_CASE("majordomo worker: a silent broker is left after the silence and the back-off") {
    worker w;
    w.connected();
    w.advance(7499ms);
    CHECK(w.core.stats().lost_brokers == 0);
    w.advance(1ms);
    CHECK(w.core.stats().lost_brokers == 1);
    CHECK(w.reconnects.empty());
    w.advance(313ms);
    REQUIRE(w.reconnects.size() == 1);
    CHECK(w.reconnects[0] >= start + 7500ms + 187ms);
    w.take();
    w.advance(1min); // until it is told that the new connection is up
    CHECK(w.take().empty());
    w.connected();
    CHECK(w.take() == messages{ready_frames("echo")});
}

TEST_CASE("majordomo worker: a broker that heartbeats, at half speed too, is kept") {
    worker w;
    w.register_quietly();
    for (int i = 0; i < 10; ++i) {
        w.advance(5s);
        w.in(heartbeat_frames);
    }
    CHECK(w.reconnects.empty());
    CHECK(w.core.stats().lost_brokers == 0);
}

TEST_CASE("majordomo worker: a silence while it works does not count") {
    worker w;
    w.register_quietly();
    w.in(request_frames("c", {"a"}));
    w.advance(1h);
    w.reply(w.jobs.at(0), {"A"});
    CHECK(w.take().back() == reply_frames("c", {"A"}));
    w.advance(7499ms);
    CHECK(w.core.stats().lost_brokers == 0);
    w.advance(1ms);
    CHECK(w.core.stats().lost_brokers == 1);
}

TEST_CASE("majordomo worker: a pause of its own does not count as the broker's silence") {
    worker w;
    w.register_quietly();
    w.now += 1min; // stopped, and what came meanwhile is not read yet
    w.core.handle_timeout(w.now);
    w.collect();
    w.in(heartbeat_frames);
    w.advance(7499ms);
    CHECK(w.core.stats().lost_brokers == 0);
}

TEST_CASE("majordomo worker: DISCONNECT means a new connection, after longer and longer delays") {
    worker w;
    milliseconds least = 187ms; // three quarters of 250 ms
    milliseconds most = 313ms;
    for (int i = 0; i < 12; ++i) {
        w.connected();
        w.take();
        const time_point told = w.now;
        w.reconnects.clear();
        w.in(disconnect_frames);
        w.advance(1min);
        REQUIRE(w.reconnects.size() == 1);
        CHECK(w.reconnects[0] >= told + least);
        CHECK(w.reconnects[0] <= told + most);
        CHECK(w.take().empty());
        least = std::min(2 * least, milliseconds{24'000});
        most = std::min(2 * most, milliseconds{40'000});
    }
}

TEST_CASE("majordomo worker: a heartbeat or a request makes the delay short again") {
    for (const frames& sign : {heartbeat_frames, request_frames("c", {"a"})}) {
        worker w;
        for (int i = 0; i < 6; ++i) {
            w.connected();
            w.in(disconnect_frames);
            w.advance(1min);
        }
        w.connected();
        w.in(sign);
        w.in(disconnect_frames);
        w.reconnects.clear();
        w.advance(313ms);
        CHECK(w.reconnects.size() == 1);
    }
}

TEST_CASE("majordomo worker: two seeds wait for different times") {
    worker a{echo_options(), 1};
    worker b{echo_options(), 2};
    for (worker* w : {&a, &b}) {
        w->connected();
        w->in(disconnect_frames);
    }
    CHECK(a.core.deadline() != b.core.deadline());
}

TEST_CASE("majordomo worker: a connection about to be dropped is neither heard nor used") {
    worker w;
    w.register_quietly();
    w.in(request_frames("c", {"a"}));
    w.in(disconnect_frames);
    w.in(request_frames("c", {"b"}));
    w.reply(w.jobs.at(0), {"A"});
    w.fail(w.jobs.at(0));
    w.connected();
    CHECK(w.jobs.size() == 1);
    CHECK(w.take().empty());
    CHECK(w.core.stats().ignored == 1);
    CHECK(w.core.stats().late_replies == 2);
}

TEST_CASE("majordomo worker: a reply to a request of an earlier connection is dropped") {
    worker w;
    w.register_quietly();
    w.in(request_frames("c", {"a"}));
    w.core.disconnected(w.now);
    w.register_quietly();
    w.in(request_frames("c", {"b"}));
    w.reply(w.jobs.at(0), {"A"});
    CHECK(w.take().empty());
    CHECK(w.core.stats().late_replies == 1);
    w.reply(w.jobs.at(1), {"B"});
    CHECK(w.take() == messages{reply_frames("c", {"B"})});
}

TEST_CASE("majordomo worker: what is no Majordomo is dropped, and the connection with it") {
    for (const frames& bad : messages{{"x"},
                                      {"", "MDPW01"},
                                      {"", "MDPC01", "\x02"},
                                      {"x", "MDPW01", "\x04"},
                                      {"", "MDPW01", "\x02"},
                                      {"", "MDPW01", "\x02", "c", "a"}}) {
        worker w;
        w.register_quietly();
        w.in(bad);
        CHECK(w.core.stats().malformed == 1);
        w.advance(1s);
        CHECK(w.reconnects.size() == 1);
    }
}

TEST_CASE("majordomo worker: a command that brokers do not send is dropped, no more") {
    worker w;
    w.register_quietly();
    w.in({"", "MDPW01", "\x09"});
    w.in(ready_frames("echo"));
    w.in(reply_frames("c", {"a"}));
    CHECK(w.core.stats().unknown == 3);
    w.in(request_frames("c", {"a"}));
    CHECK(w.jobs.size() == 1);
}

TEST_CASE("majordomo worker: shutdown says DISCONNECT once, and then nothing") {
    worker w;
    w.register_quietly();
    w.in(request_frames("c", {"a"}));
    w.core.shutdown(w.now);
    w.core.shutdown(w.now);
    w.collect();
    CHECK(w.take() == messages{disconnect_frames});
    w.reply(w.jobs.at(0), {"A"});
    w.connected();
    w.advance(1min);
    CHECK(w.take().empty());
    CHECK_FALSE(w.core.deadline());
}

// --- Credit ---

worker_options with_credit(std::uint32_t credit) {
    worker_options options = echo_options();
    options.credit = credit;
    return options;
}

TEST_CASE("majordomo worker: credit is announced on READY only when there is more than one") {
    worker one{with_credit(1)};
    one.connected();
    CHECK(one.take() == messages{ready_frames("echo")});
    worker many{with_credit(100)};
    many.connected();
    CHECK(many.take() == messages{ready_frames("echo") + frames{"credit=100"}});
}

TEST_CASE("majordomo worker: a broker that refuses credit is asked once without") {
    worker w{with_credit(100)};
    const frames plain = ready_frames("echo");
    const frames wanted = plain + frames{"credit=100"};
    w.connected();
    w.in(disconnect_frames);
    w.connected(); // that connection is about to be dropped
    w.advance(1s);
    w.connected();
    CHECK(w.take() == messages{wanted, plain});
    w.in(disconnect_frames);
    w.advance(1s);
    w.connected();
    w.in(heartbeat_frames); // whoever sends this has taken it
    w.in(disconnect_frames);
    w.advance(1s);
    w.connected();
    CHECK(w.take() == messages{wanted, wanted});
}

TEST_CASE("majordomo worker: as many requests as its credit says are taken, whatever the limit") {
    worker_options options = with_credit(3);
    options.max_requests = 1;
    worker w{options};
    w.register_quietly();
    for (const char* handle : {"00000001", "00000002", "00000003", "00000004"})
        w.in(request_frames(handle, {handle}));
    CHECK(w.jobs.size() == 3);
    CHECK(w.core.stats().overflowed == 1);
    w.reply(w.jobs[1], {"B"});
    w.in(request_frames("00000005", {"e"}));
    CHECK(w.jobs.size() == 4);
    w.reply(w.jobs[3], {"E"});
    w.reply(w.jobs[0], {"A"});
    w.reply(w.jobs[1], {"again"}); // its place was given to another
    CHECK(w.take() == messages{reply_frames("00000002", {"B"}), reply_frames("00000005", {"E"}),
                               reply_frames("00000001", {"A"})});
}

TEST_CASE("majordomo worker: a broker that heartbeats to the busy is missed by the busy") {
    worker w;
    w.register_quietly();
    w.in(request_frames("12345678", {"a"}));
    w.advance(1s);
    w.in(heartbeat_frames);
    w.advance(7499ms);
    CHECK(w.core.stats().lost_brokers == 0);
    w.advance(1ms);
    CHECK(w.core.stats().lost_brokers == 1);
}

// --- Draining ---

TEST_CASE("majordomo worker: a drain without work says DISCONNECT at once") {
    worker w;
    w.register_quietly();
    w.core.drain(w.now);
    w.collect();
    CHECK(w.take() == messages{disconnect_frames});
    CHECK(w.core.ended());
}

TEST_CASE("majordomo worker: a drain answers what it has, takes nothing new, then leaves") {
    worker w{with_credit(4)};
    w.register_quietly();
    w.in(request_frames("00000001", {"a"}));
    w.in(request_frames("00000002", {"b"}));
    w.core.drain(w.now);
    w.in(request_frames("00000003", {"c"}));
    CHECK(w.jobs.size() == 2);
    w.reply(w.jobs[1], {"B"});
    CHECK_FALSE(w.core.ended());
    w.advance(2500ms);
    w.fail(w.jobs[0]);
    CHECK(w.take() == messages{reply_frames("00000002", {"B"}), heartbeat_frames,
                               reply_frames("00000001\x01", {"broken"}), disconnect_frames});
    CHECK(w.core.ended());
    CHECK_FALSE(w.core.deadline());
}

TEST_CASE("majordomo worker: a drain whose broker is lost is over") {
    for (const bool told : {false, true}) {
        worker w;
        w.register_quietly();
        w.in(request_frames("00000001", {"a"}));
        w.core.drain(w.now);
        if (told)
            w.in(disconnect_frames);
        else
            w.core.disconnected(w.now);
        CHECK(w.core.ended());
        w.advance(1min);
        CHECK(w.reconnects.empty());
    }
    worker unconnected;
    unconnected.core.drain(unconnected.now);
    CHECK(unconnected.core.ended());
}

// --- MDP 0.2, from RFC 18 ---

frames command_02(char command, const frames& rest = {}) {
    return frames{"MDPW02", std::string(1, command)} + rest;
}

worker_options second_version() {
    worker_options options = echo_options();
    options.protocol = dialect::version::mdp02;
    return options;
}

TEST_CASE("majordomo worker 0.2: parts of a reply, then the final one") {
    worker w{second_version()};
    w.connected();
    CHECK(w.take() == messages{command_02('\1', {"echo"})});
    w.in(command_02('\2', {"12345678", "", "a"}));
    REQUIRE(w.jobs.size() == 1);
    w.core.partial(w.jobs[0], message_of({"1"}), w.now);
    w.core.partial(w.jobs[0], message_of({}), w.now);
    w.collect();
    w.reply(w.jobs[0], {"2"});
    CHECK(w.take() == messages{command_02('\3', {"12345678", "", "1"}),
                               command_02('\3', {"12345678", "", ""}),
                               command_02('\4', {"12345678", "", "2"})});
    CHECK(w.core.stats().partials == 2);
    w.core.partial(w.jobs[0], message_of({"3"}), w.now);
    w.collect();
    CHECK(w.take().empty());
}

TEST_CASE("majordomo worker 0.2: its heartbeat is 0.1's DISCONNECT, and is not taken for that") {
    worker w{second_version()};
    w.register_quietly();
    w.advance(2500ms);
    CHECK(w.take() == messages{command_02('\5')});
    w.in(command_02('\5'));
    CHECK(w.core.stats().disconnects == 0);
    w.in(command_02('\6'));
    CHECK(w.core.stats().disconnects == 1);
    worker old;
    old.register_quietly();
    old.in(command_02('\5')); // the other version's: no broker of ours
    CHECK(old.core.stats().malformed == 1);
}

TEST_CASE("majordomo worker: 0.1 has no word for a part of a reply") {
    worker w;
    w.register_quietly();
    w.in(request_frames("12345678", {"a"}));
    w.core.partial(w.jobs.at(0), message_of({"1"}), w.now);
    w.collect();
    CHECK(w.take().empty());
    w.reply(w.jobs[0], {"A"});
    CHECK(w.take() == messages{reply_frames("12345678", {"A"})});
}

} // namespace
} // namespace mizzen::majordomo::test
