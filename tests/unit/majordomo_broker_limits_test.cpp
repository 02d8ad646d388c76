// The Majordomo broker's heartbeats, expiries and bounds, in virtual time.
#include "majordomo_broker_helpers.hpp"

namespace mizzen::majordomo::test {
namespace {

TEST_CASE("majordomo broker: every worker gets heartbeats, idle or busy") {
    broker b;
    b.worker(1);
    b.worker(2);
    b.client(3, {"a"});
    b.handle(1, {"a"});
    b.advance(2499ms);
    CHECK(b.take(1) == nothing);
    b.advance(1ms);
    CHECK(b.take(1) == messages{heartbeat_frames});
    CHECK(b.take(2) == messages{heartbeat_frames});
    b.advance(2500ms);
    CHECK(b.take(1) == messages{heartbeat_frames});
}

TEST_CASE("majordomo broker: a request stands for a heartbeat") {
    broker b;
    b.worker(1);
    b.advance(2000ms);
    b.client(3, {"a"});
    b.handle(1, {"a"});
    b.advance(2499ms);
    CHECK(b.take(1) == nothing);
    b.advance(1ms);
    CHECK(b.take(1) == messages{heartbeat_frames});
}

TEST_CASE("majordomo broker: an idle worker that is silent expires, one that heartbeats lives") {
    broker b;
    b.worker(1);
    b.worker(2);
    for (int i = 0; i < 4; ++i) {
        b.advance(1874ms);
        b.in(1, heartbeat_frames); // by turns, so that the order of expiry changes
    }
    CHECK(b.stats().workers == 2);
    b.advance(4ms);
    CHECK(b.stats().workers == 1);
    CHECK(b.stats().expired_workers == 1);
    b.client(3, {"a"});
    CHECK(b.take(2) == messages(2, heartbeat_frames));
    b.handle(1, {"a"});
}

TEST_CASE("majordomo broker: an expired worker that speaks again is sent away once") {
    broker b;
    b.worker(1);
    b.advance(7500ms);
    CHECK(b.stats().workers == 0);
    b.take(1);
    b.in(1, heartbeat_frames);
    b.in(1, heartbeat_frames);
    CHECK(b.take(1) == messages{disconnect_frames});
}

TEST_CASE("majordomo broker: a busy worker that never heartbeats at work may work for ever") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    const std::string handle = b.handle(1, {"a"});
    b.advance(100ms);
    b.in(1, heartbeat_frames); // crossed the request
    b.advance(1h);
    b.in(1, reply_frames(handle, {"A"}));
    CHECK(b.take(2) == messages{client_frames("echo", {"A"})});
    CHECK(b.stats().workers == 1);
    b.advance(7500ms); // idle again, silence counts
    CHECK(b.stats().workers == 0);
}

TEST_CASE("majordomo broker: a busy worker that stopped to heartbeat loses its request") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    b.handle(1, {"a"});
    b.advance(2500ms);
    b.in(1, heartbeat_frames);
    b.advance(7499ms);
    CHECK(b.stats().workers == 1);
    b.advance(1ms);
    CHECK(b.stats().workers == 0);
    b.worker(3);
    b.handle(3, {"a"});
}

TEST_CASE("majordomo broker: workers are not expired for a pause of the broker itself") {
    broker b;
    b.worker(1);
    b.now += 1min; // stopped, and what came meanwhile is not read yet
    b.core.handle_timeout(b.now);
    b.collect();
    b.in(1, heartbeat_frames);
    b.advance(7499ms);
    CHECK(b.stats().workers == 1);
    b.advance(1ms);
    CHECK(b.stats().workers == 0);
}

TEST_CASE("majordomo broker: a request that waits too long is dropped, and an aware client told") {
    broker b;
    b.client(2, {"a"});
    b.up(3);
    b.in(3, frames{tag_frame('i')} + client_frames("echo", {"b"}));
    b.advance(29'999ms);
    CHECK(b.stats().queued == 2);
    b.advance(1ms);
    CHECK(b.stats().dropped_expired == 2);
    CHECK(b.take(2) == nothing);
    const auto told = b.take(3);
    REQUIRE(told.size() == 1);
    CHECK(told[0].size() == 5);
    CHECK(told[0][0] == tag_frame('i', 0, '\x04'));
    CHECK(told[0][3] == "echo");
}

TEST_CASE("majordomo broker: a client's own deadline holds while it waits and while it is run") {
    broker b;
    b.worker(1);
    b.up(2);
    for (const char id : {'a', 'b', 'c', 'd'}) // not in the order of their deadlines
        b.in(2, frames{tag_frame(id, id == 'b' ? 100 : 200)} + client_frames("echo", {{id}}));
    const std::string handle = b.handle(1, {"a"});
    b.advance(100ms);
    CHECK(b.take(2).at(0)[0] == tag_frame('b', 100, '\x04'));
    b.advance(100ms);
    CHECK(b.take(2).size() == 3);
    CHECK(b.stats().dropped_expired == 4);
    b.in(1, reply_frames(handle, {"late"}));
    CHECK(b.take(2) == nothing);
    CHECK(b.stats().orphaned_replies == 1);
    CHECK(b.stats().queued == 0);
}

TEST_CASE("majordomo broker: deadlines fall due in their order, whatever the requests' order") {
    broker b;
    b.up(2);
    for (const std::uint32_t tenths : {7u, 3u, 9u, 1u, 5u, 8u, 2u, 6u, 4u})
        b.in(2, frames{tag_frame('i', tenths * 100)} + client_frames("echo", {"a"}));
    b.worker(1); // takes the first, whose client then is not told twice
    b.in(1, reply_frames(b.handle(1, {"a"}), {"A"})); // and then the one with 3, and so on
    CHECK(b.take(2).at(0)[0] == tag_frame('i', 700, '\0'));
    for (const std::uint32_t tenths : {1u, 2u, 3u, 4u, 5u, 6u, 8u, 9u}) {
        b.advance(start + tenths * 100ms - b.now);
        const messages told = b.take(2);
        REQUIRE(told.size() == 1);
        CHECK(told[0][0] == tag_frame('i', tenths * 100, '\x04'));
    }
}

TEST_CASE("majordomo broker: a full queue drops the newest request, and tells an aware client") {
    broker_options options;
    options.max_requests_per_service = 2;
    broker b{options};
    for (const char* body : {"a", "b", "c"})
        b.client(2, {body});
    b.up(3);
    b.in(3, frames{tag_frame('i')} + client_frames("echo", {"d"}));
    CHECK(b.stats().queued == 2);
    CHECK(b.stats().dropped_full == 2);
    CHECK(b.take(2) == nothing);
    CHECK(b.take(3).at(0)[0] == tag_frame('i', 0, '\x03'));
}

TEST_CASE("majordomo broker: a queue takes no more octets than its limit") {
    broker_options options;
    options.max_queued_octets = 1000;
    broker b{options};
    b.client(2, {std::string(2000, 'x')}); // alone, it may be larger
    b.client(2, {"a"});
    CHECK(b.stats().queued == 1);
    b.worker(1);
    b.take(1);
    b.client(2, {std::string(600, 'x')});
    b.client(2, {std::string(600, 'x')});
    b.client(2, {std::string(300, 'x')});
    CHECK(b.stats().queued == 2);
    CHECK(b.stats().dropped_full == 2);
}

TEST_CASE("majordomo broker: unused services give way to new ones, and vanish in time") {
    broker_options options;
    options.max_services = 2;
    options.request_expiry = 1s;
    broker b{options};
    b.worker(1, "used");
    b.client(2, {"a"}, "first");
    b.up(3);
    b.in(3, frames{tag_frame('i')} + client_frames("second", {"a"}));
    CHECK(b.take(3).at(0)[0] == tag_frame('i', 0, '\x02'));
    CHECK(b.stats().refused_services == 1);
    b.advance(1s);
    b.client(2, {"a"}, "third");
    CHECK(b.stats().services == 2);
    CHECK(b.stats().queued == 1);
    b.down(1);
    b.advance(60s);
    CHECK(b.stats().services == 1);
    b.advance(1s);
    CHECK(b.stats().services == 0);
    CHECK_FALSE(b.core.deadline());
}

} // namespace
} // namespace mizzen::majordomo::test
