// What one client, and all of them, may have at the broker; and how it stops. In virtual time.
#include "majordomo_broker_helpers.hpp"

namespace mizzen::majordomo::test {
namespace {

broker_options few_a_client() {
    broker_options options;
    options.max_client_requests = 4;
    return options;
}

TEST_CASE("majordomo broker: a client with too many requests is left unread until half are done") {
    broker b{few_a_client()};
    b.worker_with_credit(1, 10);
    for (const char* body : {"a", "b", "c"})
        b.client(2, {body});
    CHECK_FALSE(b.paused[2]);
    b.client(2, {"d"});
    CHECK(b.paused[2]);
    b.client(2, {"e"}); // was read before
    b.client(3, {"f"});
    CHECK_FALSE(b.paused[3]);
    const auto jobs = b.jobs(1);
    REQUIRE(jobs.size() == 6);
    b.in(1, reply_frames(jobs[0].first, {"x"}));
    b.in(1, reply_frames(jobs[1].first, {"x"}));
    CHECK(b.paused[2]);
    b.in(1, reply_frames(jobs[2].first, {"x"}));
    CHECK_FALSE(b.paused[2]);
    CHECK(b.stats().pauses == 1);
    CHECK(b.stats().paused == 0);
}

TEST_CASE("majordomo broker: a request waits behind no more of another client's than its bound") {
    broker_options options;
    options.max_client_requests = 4;
    broker b{options};
    for (const char* body : {"a", "b", "c", "d"})
        b.client(2, {body});
    CHECK(b.paused[2]); // whatever else it sends stays where it is
    b.client(3, {"single"});
    b.worker(1);
    std::string order;
    const auto finish_one = [&] {
        const auto jobs = b.jobs(1);
        REQUIRE(jobs.size() == 1);
        order += jobs[0].second + ' ';
        b.in(1, reply_frames(jobs[0].first, {"x"}));
    };
    finish_one();
    finish_one();
    CHECK_FALSE(b.paused[2]);
    b.client(2, {"e"}); // now it is read: behind the other's
    for (int i = 0; i < 4; ++i)
        finish_one();
    CHECK(order == "a b c d single e ");
}

TEST_CASE("majordomo broker: a client's octets count as well as its requests") {
    broker_options options;
    options.max_client_octets = 1000;
    broker b{options};
    b.client(2, {std::string(900, 'x')});
    CHECK_FALSE(b.paused[2]);
    b.client(2, {std::string(200, 'x')});
    CHECK(b.paused[2]);
    b.worker(1);
    b.in(1, reply_frames(b.take(1).at(0)[3], {"x"}));
    CHECK_FALSE(b.paused[2]);
}

TEST_CASE("majordomo broker: a client that takes no replies is left unread, and loses none") {
    broker b;
    b.worker_with_credit(1, 10);
    for (const char* body : {"a", "b", "c"})
        b.client(2, {body});
    const auto jobs = b.jobs(1);
    b.full[2] = true;
    b.in(1, reply_frames(jobs.at(0).first, {"A"}));
    CHECK(b.paused[2]);
    b.in(1, reply_frames(jobs.at(1).first, {"B"}));
    CHECK(b.stats().held == 2);
    b.full[2] = false;
    b.core.peer_writable(2, b.now);
    b.collect();
    b.in(1, reply_frames(jobs.at(2).first, {"C"}));
    CHECK_FALSE(b.paused[2]);
    CHECK(b.take(2) == messages{client_frames("echo", {"A"}), client_frames("echo", {"B"}),
                                client_frames("echo", {"C"})});
    CHECK(b.stats().held == 0);
    CHECK(b.stats().undeliverable == 0);
}

TEST_CASE("majordomo broker: what is held for a client that takes nothing has a bound") {
    broker_options options;
    options.max_client_octets = 1000;
    options.max_client_requests = 100;
    broker b{options};
    b.worker_with_credit(1, 100);
    for (int i = 0; i < 20; ++i)
        b.client(2, {"a"});
    b.full[2] = true;
    for (const auto& [handle, body] : b.jobs(1))
        b.in(1, reply_frames(handle, {std::string(400, 'x')}));
    CHECK(b.stats().held == 2);
    CHECK(b.stats().undeliverable == 18);
    CHECK(b.stats().replies == 20);
    b.down(2);
    CHECK(b.stats().held == 0);
    CHECK(b.stats().undeliverable == 20);
    CHECK(b.stats().paused == 0);
}

TEST_CASE("majordomo broker: a worker whose queue is full gets no more until it has room") {
    broker b;
    b.worker_with_credit(1, 10);
    b.full[1] = true;
    b.client(9, {"a"});
    b.client(9, {"b"});
    CHECK(b.stats().dispatched == 1);
    CHECK(b.stats().queued == 1);
    b.advance(2500ms); // and no heartbeats pile up
    CHECK(b.stats().held == 1);
    b.full[1] = false;
    b.core.peer_writable(1, b.now);
    b.collect();
    CHECK(b.bodies(1) == "ab");
    CHECK(b.stats().held == 0);
    b.full[1] = true;
    b.client(9, {"c"});
    b.down(1); // with one that it never got
    b.worker_with_credit(2, 10);
    CHECK(b.bodies(2) == "abc");
}

TEST_CASE("majordomo broker: beyond its bounds in all, requests are refused at once") {
    broker_options options;
    options.max_requests = 2;
    broker b{options};
    b.worker(1);
    b.client(2, {"a"});
    b.client(2, {"b"}, "other");
    b.up(3);
    b.in(3, frames{tag_frame('i')} + client_frames("third", {"c"}));
    CHECK(b.take(3).at(0)[0] == tag_frame('i', 0, '\x03'));
    CHECK(b.stats().dropped_full == 1);
    b.in(3, client_frames("mmi.service", {"echo"})); // is still answered
    CHECK(b.take(3) == messages{client_frames("mmi.service", {"200"})});
    b.in(1, reply_frames(b.handle(1, {"a"}), {"A"}));
    b.in(3, client_frames("echo", {"d"}));
    b.handle(1, {"d"});
    CHECK(b.stats().octets != 0);

    options = {};
    options.max_octets = 100;
    broker c{options};
    c.client(2, {std::string(200, 'x')});
    c.client(2, {"a"});
    CHECK(c.stats().queued == 1);
    CHECK(c.stats().dropped_full == 1);
    c.down(2);
    CHECK(c.stats().octets == 0);
}

TEST_CASE("majordomo broker: peers beyond the bound are never read from") {
    broker_options options;
    options.max_peers = 2;
    broker b{options};
    for (peer_id peer = 1; peer <= 3; ++peer)
        b.up(peer);
    b.collect();
    CHECK(b.paused[3]);
    b.in(3, client_frames("echo", {"a"}));
    CHECK(b.stats().unknown_peer == 1);
    CHECK(b.stats().refused_peers == 1);
    b.down(3);
    b.down(1);
    b.client(4, {"a"});
    CHECK(b.stats().queued == 1);
}

TEST_CASE("majordomo broker: mmi lists services, workers and counts") {
    broker b;
    b.worker_with_credit(1, 3);
    b.worker(7, "upper");
    b.client(2, {"a"});
    b.client(2, {"b"}, "nobody");
    const auto ask = [&](const std::string& service, const std::string& argument) {
        b.take(2);
        b.in(2, client_frames(service, {argument}));
        const messages got = b.take(2);
        REQUIRE(got.size() == 1);
        return frames(got[0].begin() + 3, got[0].end());
    };
    CHECK(ask("mmi.services", "") == frames{"200", "echo", "1", "0", "1", "0", "nobody", "0", "1",
                                            "0", "0", "upper", "1", "0", "0", "0"});
    CHECK(ask("mmi.services", "u") == frames{"200", "upper", "1", "0", "0", "0"});
    b.advance(20ms);
    CHECK(ask("mmi.workers", "echo") == frames{"200", "1", "0.1", "3", "1", "20"});
    CHECK(ask("mmi.workers", "nobody") == frames{"200"});
    CHECK(ask("mmi.workers", "unknown") == frames{"404"});
    CHECK(ask("mmi.broker", "") == frames{"200", "M1", "MDP/0.2", "credit=1000"});
    CHECK(ask("mmi.", "") == frames{"501"});
    const frames counts = ask("mmi.stats", "");
    REQUIRE(counts.size() % 2 == 1);
    CHECK(counts[0] == "200");
    const auto at = std::find(counts.begin(), counts.end(), "registrations");
    REQUIRE(at != counts.end());
    CHECK(*(at + 1) == "2");
}

TEST_CASE("majordomo broker: draining takes nothing new, ends what waits and lets the rest end") {
    broker b;
    b.worker(1);
    b.up(2);
    b.in(2, frames{tag_frame('a')} + client_frames("echo", {"a"}));
    b.in(2, frames{tag_frame('b')} + client_frames("echo", {"b"}));
    const std::string handle = b.handle(1, {"a"});
    b.core.drain(10s, b.now);
    b.collect();
    CHECK(b.take(2).at(0)[0] == tag_frame('b', 0, '\x07'));
    CHECK_FALSE(b.core.ended());
    b.in(2, frames{tag_frame('c')} + client_frames("echo", {"c"}));
    CHECK(b.take(2).at(0)[0] == tag_frame('c', 0, '\x07'));
    b.client(3, {"plain"});
    CHECK(b.take(3) == nothing);
    b.in(3, client_frames("mmi.service", {"echo"}));
    CHECK(b.take(3).size() == 1);
    b.worker(4);
    CHECK(b.take(4) == messages{disconnect_frames});
    CHECK(b.take(1) == nothing);
    b.in(1, reply_frames(handle, {"A"}));
    CHECK(b.take(2).at(0)[4] == "A");
    CHECK(b.take(1) == messages{disconnect_frames});
    CHECK(b.core.ended());
    CHECK(b.stats().dropped_stopping == 3);
}

TEST_CASE("majordomo broker: a drain ends at its limit, and at once when nothing runs") {
    broker b;
    b.worker(1);
    b.up(2);
    b.in(2, frames{tag_frame('a')} + client_frames("echo", {"a"}));
    b.core.drain(100ms, b.now);
    b.advance(99ms);
    CHECK_FALSE(b.core.ended());
    b.advance(1ms);
    CHECK(b.core.ended());
    CHECK(b.take(2).at(0)[0] == tag_frame('a', 0, '\x07'));
    CHECK_FALSE(b.core.deadline());

    broker idle;
    idle.worker(1);
    idle.core.drain(0ms, idle.now);
    idle.collect();
    CHECK(idle.core.ended());
    CHECK(idle.take(1) == messages{disconnect_frames});
}

TEST_CASE("majordomo broker: while it drains, a lost worker's request is ended, not run again") {
    broker b;
    b.worker(1);
    b.worker(4);
    b.up(2);
    b.in(2, frames{tag_frame('a')} + client_frames("echo", {"a"}));
    b.core.drain(0ms, b.now);
    b.down(1);
    CHECK(b.take(4) == messages{disconnect_frames});
    CHECK(b.take(2).at(0)[0] == tag_frame('a', 0, '\x07'));
    CHECK(b.core.ended());
}

} // namespace
} // namespace mizzen::majordomo::test
