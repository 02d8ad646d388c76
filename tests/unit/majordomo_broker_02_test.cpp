// Majordomo 0.2 at the broker, and 0.2 beside 0.1, in virtual time.
#include "majordomo_broker_helpers.hpp"

namespace mizzen::majordomo::test {
namespace {

// From RFC 18, by hand.
const frames ready_02{"MDPW02", "\x01", "echo"};
const frames heartbeat_02{"MDPW02", "\x05"};
const frames disconnect_02{"MDPW02", "\x06"};
frames partial_02(const std::string& handle, const frames& body) {
    return frames{"MDPW02", "\x03", handle, ""} + body;
}
frames final_02(const std::string& handle, const frames& body) {
    return frames{"MDPW02", "\x04", handle, ""} + body;
}
frames ask_02(const frames& body) { return frames{"MDPC02", "\x01", "echo"} + body; }
frames part_02(const frames& body) { return frames{"MDPC02", "\x02", "echo"} + body; }
frames end_02(const frames& body) { return frames{"MDPC02", "\x03", "echo"} + body; }

void worker_02(broker& b, peer_id peer) {
    b.up(peer);
    b.in(peer, ready_02);
}
void client_02(broker& b, peer_id peer, const frames& body) {
    b.up(peer);
    b.in(peer, ask_02(body));
}
std::string handle_02(broker& b, peer_id worker, const frames& body) {
    std::vector<frames> got = b.take(worker);
    std::erase(got, heartbeat_02);
    REQUIRE(got.size() == 1);
    REQUIRE(got[0].size() > 3);
    CHECK(got[0] == frames{"MDPW02", "\x02", got[0][2], ""} + body);
    CHECK(got[0][2].size() == 8);
    return got[0][2];
}

TEST_CASE("majordomo broker 0.2: parts of a reply come before its end, and nothing after it") {
    broker b;
    worker_02(b, 1);
    client_02(b, 2, {"a"});
    const std::string handle = handle_02(b, 1, {"a"});
    b.in(1, partial_02(handle, {"A1"}));
    b.in(1, partial_02(handle, {"A2", "more"}));
    b.in(1, final_02(handle, {"A3"}));
    b.in(1, final_02(handle, {"A4"}));
    CHECK(b.take(2) == messages{part_02({"A1"}), part_02({"A2", "more"}), end_02({"A3"})});
    CHECK(b.take(1) == messages{disconnect_02}); // it had nothing to answer
    CHECK(b.stats().partials == 2);
}

TEST_CASE("majordomo broker 0.2: heartbeats and DISCONNECT have 0.2's octets") {
    broker b;
    worker_02(b, 1);
    b.advance(2500ms);
    CHECK(b.take(1) == messages{heartbeat_02});
    for (int i = 0; i < 3; ++i) {
        b.in(1, heartbeat_02);
        b.advance(5s);
    }
    CHECK(b.stats().workers == 1);
    b.take(1);
    b.in(1, disconnect_02);
    CHECK(b.stats().workers == 0);
    b.in(1, ready_02);
    CHECK(b.stats().workers == 1);
    b.in(1, ready_02);
    CHECK(b.take(1) == messages{disconnect_02});
}

TEST_CASE("majordomo broker: a 0.1 client is served by a 0.2 worker, without the parts") {
    broker b;
    worker_02(b, 1);
    b.client(2, {"a"});
    const std::string handle = handle_02(b, 1, {"a"});
    b.in(1, partial_02(handle, {"A1"}));
    b.in(1, final_02(handle, {"A2"}));
    CHECK(b.take(2) == messages{client_frames("echo", {"A2"})});
    CHECK(b.stats().dropped_partials == 1);
    CHECK(b.stats().partials == 0);
}

TEST_CASE("majordomo broker: a 0.2 client is served by a 0.1 worker, whose reply is the end") {
    broker b;
    b.worker(1);
    client_02(b, 2, {"a"});
    b.in(1, reply_frames(b.handle(1, {"a"}), {"A"}));
    CHECK(b.take(2) == messages{end_02({"A"})});
}

TEST_CASE("majordomo broker 0.2: a peer with a delimiter is answered with one") {
    broker b;
    b.up(1);
    b.in(1, frames{""} + ready_02);
    b.up(2);
    b.in(2, frames{""} + ask_02({"a"}));
    const messages got = b.take(1);
    REQUIRE(got.size() == 1);
    REQUIRE(got[0].size() == 6);
    CHECK(got[0] == frames{"", "MDPW02", "\x02", got[0][3], "", "a"});
    b.in(1, final_02(got[0][3], {"A"})); // in the other shape: taken
    CHECK(b.take(2) == messages{frames{""} + end_02({"A"})});
    b.advance(2500ms);
    CHECK(b.take(1) == messages{frames{""} + heartbeat_02});
}

TEST_CASE("majordomo broker 0.2: a tag and an envelope come back in front of every part") {
    broker b;
    worker_02(b, 1);
    b.up(2);
    b.in(2, frames{"hop", tag_frame('i', 900), ""} + ask_02({"a"}));
    const std::string handle = handle_02(b, 1, {"a"});
    b.in(1, partial_02(handle, {"A1"}));
    b.in(1, final_02(handle + '\x01', {"why"}));
    CHECK(b.take(2) == messages{frames{"hop", tag_frame('i', 900, '\0'), ""} + part_02({"A1"}),
                                frames{"hop", tag_frame('i', 900, '\x01'), ""} + end_02({"why"})});
}

TEST_CASE("majordomo broker 0.2: once a part was sent, a lost worker's request is not run again") {
    broker b;
    worker_02(b, 1);
    worker_02(b, 5);
    client_02(b, 2, {"a"});
    b.in(1, partial_02(handle_02(b, 1, {"a"}), {"A1"}));
    b.down(1);
    CHECK(b.take(5) == nothing);
    CHECK(b.take(2) == messages{part_02({"A1"})}); // 0.2 has no word for an end like that
    CHECK(b.stats().dropped_given_up == 1);
    CHECK(b.stats().dispatched == 0);
}

TEST_CASE("majordomo broker 0.2: an aware client is told that a reply ended in the middle") {
    broker b;
    worker_02(b, 1);
    b.up(2);
    b.in(2, frames{tag_frame('i'), ""} + ask_02({"a"}));
    b.in(1, partial_02(handle_02(b, 1, {"a"}), {"A1"}));
    b.down(1);
    const messages got = b.take(2);
    REQUIRE(got.size() == 2);
    CHECK(got[1].at(0) == tag_frame('i', 0, '\x05'));
    CHECK(got[1].at(3) == "\x03");
}

TEST_CASE("majordomo broker 0.2: who asks again does not get the rest of parts that were missed") {
    broker_options options;
    options.duplicate_window = 10s;
    broker b{options};
    worker_02(b, 1);
    b.up(2);
    b.in(2, frames{tag_frame('i'), ""} + ask_02({"a"}));
    const std::string handle = handle_02(b, 1, {"a"});
    b.down(2);
    b.in(1, partial_02(handle, {"A1"}));
    b.up(3);
    b.in(3, frames{tag_frame('i'), ""} + ask_02({"a"}));
    b.in(1, partial_02(handle, {"A2"}));
    b.in(1, final_02(handle, {"A3"}));
    const messages got = b.take(3);
    REQUIRE(got.size() == 1);
    CHECK(got[0].at(0) == tag_frame('i', 0, '\x05'));
    CHECK(b.stats().dropped_partials == 2);
}

TEST_CASE("majordomo broker 0.2: before any part, a lost worker's request is run again") {
    broker b;
    worker_02(b, 1);
    client_02(b, 2, {"a"});
    handle_02(b, 1, {"a"});
    b.down(1);
    b.worker(5); // of the other version
    b.in(5, reply_frames(b.handle(5, {"a"}), {"A"}));
    CHECK(b.take(2) == messages{end_02({"A"})});
}

TEST_CASE("majordomo broker: a peer keeps the version of its first valid message") {
    broker b;
    worker_02(b, 1);
    b.in(1, heartbeat_frames); // in 0.2 it would be FINAL
    CHECK(b.stats().wrong_role == 1);
    CHECK(b.take(1) == messages{disconnect_02});
    b.client(2, {"a"});
    b.in(2, ask_02({"b"}));
    CHECK(b.stats().wrong_role == 2);
    CHECK(b.stats().queued == 1);
    b.up(3);
    b.in(3, {"MDPC02", "\x02", "echo", "a"}); // not valid: fixes nothing
    b.in(3, client_frames("echo", {"c"}));
    CHECK(b.stats().queued == 2);
}

TEST_CASE("majordomo broker 0.2: a part from an idle worker is answered with DISCONNECT") {
    broker b;
    worker_02(b, 1);
    b.in(1, partial_02("12345678", {"A"}));
    b.in(1, partial_02("12345678", {"A"}));
    CHECK(b.take(1) == messages{disconnect_02});
    CHECK(b.stats().unexpected == 1);
    CHECK(b.stats().ignored == 1);
}

TEST_CASE("majordomo broker 0.2: mmi answers with a FINAL") {
    broker b;
    worker_02(b, 1);
    b.up(2);
    b.in(2, {"MDPC02", "\x01", "mmi.service", "echo"});
    b.in(2, {"MDPC02", "\x01", "mmi.nothing", "echo"});
    CHECK(b.take(2) == messages{{"MDPC02", "\x03", "mmi.service", "200"},
                                {"MDPC02", "\x03", "mmi.nothing", "501"}});
}

} // namespace
} // namespace mizzen::majordomo::test
