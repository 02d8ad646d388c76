// The Majordomo broker, message by message.
#include "majordomo_broker_helpers.hpp"

#include <random>

namespace mizzen::majordomo::test {
namespace {

TEST_CASE("majordomo broker: a request goes to the worker and its reply to the client") {
    broker b;
    b.worker(1);
    b.client(2, {"hello", "world"});
    const std::string handle = b.handle(1, {"hello", "world"});
    b.in(1, reply_frames(handle, {"HELLO", "WORLD"}));
    CHECK(b.take(2) == messages{client_frames("echo", {"HELLO", "WORLD"})});
    CHECK(b.stats().requests == 1);
    CHECK(b.stats().replies == 1);
    CHECK(b.stats().dispatched == 0);
    CHECK(b.take(1) == nothing);
}

TEST_CASE("majordomo broker: a large body goes through whole") {
    broker b;
    b.worker(1);
    const std::string large(100'000, 'x');
    b.client(2, {large, "tail"});
    b.in(1, reply_frames(b.handle(1, {large, "tail"}), {"tail", large}));
    CHECK(b.take(2) == messages{client_frames("echo", {"tail", large})});
}

TEST_CASE("majordomo broker: a request waits for a worker of its service") {
    broker b;
    b.client(2, {"hello"});
    b.worker(1, "other");
    CHECK(b.take(1) == nothing);
    CHECK(b.stats().queued == 1);
    b.worker(3);
    b.handle(3, {"hello"});
    CHECK(b.stats().queued == 0);
}

TEST_CASE("majordomo broker: requests go in order, to the worker that has waited longest") {
    broker b;
    b.client(10, {"1"});
    b.client(11, {"2"});
    b.client(12, {"3"});
    b.worker(1);
    const std::string first = b.handle(1, {"1"});
    b.worker(2);
    b.handle(2, {"2"});
    b.in(1, reply_frames(first, {"1"}));
    const std::string third = b.handle(1, {"3"});
    b.worker(3);
    b.in(1, reply_frames(third, {"3"}));
    b.in(10, client_frames("echo", {"4"}));
    b.handle(3, {"4"});
    b.in(10, client_frames("echo", {"5"}));
    b.handle(1, {"5"});
}

TEST_CASE("majordomo broker: a client's envelope comes back in front of its reply") {
    broker b;
    b.worker(1);
    b.up(2);
    const frames envelope{"far", "near"};
    b.in(2, envelope + client_frames("echo", {"a"}));
    b.in(1, reply_frames(b.handle(1, {"a"}), {"b"}));
    CHECK(b.take(2) == messages{envelope + client_frames("echo", {"b"})});
}

TEST_CASE("majordomo broker: a reply without a body becomes one empty frame") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    b.in(1, reply_frames(b.handle(1, {"a"}), {}));
    CHECK(b.take(2) == messages{client_frames("echo", {""})});
}

TEST_CASE("majordomo broker: an idle worker's reply is answered with DISCONNECT, then silence") {
    broker b;
    b.worker(1);
    b.in(1, reply_frames("12345678", {"a"}));
    CHECK(b.take(1) == messages{disconnect_frames});
    CHECK(b.stats().workers == 0);
    b.in(1, ready_frames("echo"));
    b.in(1, heartbeat_frames);
    b.in(1, {"x"});
    b.advance(60s);
    CHECK(b.take(1) == nothing);
    CHECK(b.stats().ignored == 3);
    b.client(2, {"a"});
    CHECK(b.take(1) == nothing);
}

TEST_CASE("majordomo broker: a busy worker's reply to another request is dropped") {
    broker b;
    b.worker(1);
    b.worker(2);
    b.client(10, {"a"});
    b.client(11, {"b"});
    const std::string a = b.handle(1, {"a"});
    const std::string c = b.handle(2, {"b"});
    b.in(2, reply_frames(a, {"stolen"}));
    b.in(2, reply_frames("short", {"?"}));
    CHECK(b.stats().stale_replies == 2);
    CHECK(b.take(10) == nothing);
    b.in(1, reply_frames(a, {"A"}));
    b.in(2, reply_frames(c, {"B"}));
    CHECK(b.take(10) == messages{client_frames("echo", {"A"})});
    CHECK(b.take(11) == messages{client_frames("echo", {"B"})});
}

TEST_CASE("majordomo broker: a handle is not used twice") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    const std::string first = b.handle(1, {"a"});
    b.in(1, reply_frames(first, {"a"}));
    b.in(2, client_frames("echo", {"b"}));
    CHECK(b.handle(1, {"b"}) != first);
    b.in(1, reply_frames(first, {"again"}));
    CHECK(b.stats().stale_replies == 1);
}

TEST_CASE("majordomo broker: a second READY ends the registration") {
    broker b;
    b.worker(1);
    b.in(1, ready_frames("echo"));
    CHECK(b.take(1) == messages{disconnect_frames});
    CHECK(b.stats().workers == 0);
}

TEST_CASE("majordomo broker: a READY for a reserved or bad name is answered with DISCONNECT") {
    for (const std::string& name : {"mmi.evil"s, ""s, std::string(256, 'x'), "a\tb"s}) {
        broker b;
        b.worker(1, name);
        CHECK(b.take(1) == messages{disconnect_frames});
    }
    broker b; // none of these is reserved
    for (peer_id peer = 1; const std::string& name : {"image"s, "math"s, "id"s, "mmi"s, "x.mmi.y"s})
        b.worker(peer++, name);
    CHECK(b.stats().workers == 5);
}

TEST_CASE("majordomo broker: commands before READY are answered with DISCONNECT") {
    for (const frames& command : {heartbeat_frames, reply_frames("12345678", {"a"})}) {
        broker b;
        b.up(1);
        b.in(1, command);
        CHECK(b.take(1) == messages{disconnect_frames});
    }
    broker b;
    b.up(1);
    b.in(1, disconnect_frames);
    b.in(1, {"", "MDPW01", "\x09"});
    CHECK(b.take(1) == nothing);
}

TEST_CASE("majordomo broker: a worker that says DISCONNECT may register again") {
    broker b;
    b.worker(1);
    b.in(1, disconnect_frames);
    CHECK(b.stats().workers == 0);
    b.in(1, ready_frames("echo"));
    CHECK(b.stats().workers == 1);
    CHECK(b.take(1) == nothing);
}

TEST_CASE("majordomo broker: malformed messages are dropped and counted, and harm nobody") {
    const std::vector<frames> bad{{"x"},
                                  {"", "MDPC01"},
                                  {"", "MDPC01", "echo"},
                                  {"", "MDPW01"},
                                  {"", "MDPW01", "\x01"},
                                  {"", "MDPW01", "\x03"},
                                  {"", "MDPW01", "\x03", "x"},
                                  {"", "MDPW01", "\x09"},
                                  {"", "MDPX01", "a", "b"},
                                  {"x", "x", "MDPC01", "echo"}};
    broker b;
    b.worker(1);
    b.up(2);
    for (const frames& parts : bad)
        b.in(2, parts);
    CHECK(b.stats().malformed == bad.size());
    CHECK(b.take(2) == nothing);
    for (peer_id peer = 10; const frames& parts : bad) {
        b.worker(peer, "bad");
        b.in(peer, parts);
        CHECK(b.take(peer) == messages{disconnect_frames});
        ++peer;
    }
    b.client(3, {"a"});
    b.in(1, reply_frames(b.handle(1, {"a"}), {"b"}));
    CHECK(b.take(3).size() == 1);
}

TEST_CASE("majordomo broker: unknown command, reply, disconnect and a request end in order") {
    broker b; // this kills the reference broker
    b.up(1);
    b.in(1, {"", "MDPW01", "\x09"});
    b.in(1, ready_frames("echo"));
    b.in(1, reply_frames("12345678", {"x"}));
    b.in(1, disconnect_frames);
    b.client(2, {"a"});
    CHECK(b.stats().queued == 1);
    CHECK(b.take(2) == nothing);
}

TEST_CASE("majordomo broker: a peer keeps the role of its first message") {
    broker b;
    b.client(1, {"a"}, "other");
    b.in(1, ready_frames("echo"));
    b.in(1, heartbeat_frames);
    CHECK(b.take(1) == nothing);
    CHECK(b.stats().wrong_role == 2);
    b.worker(2);
    b.in(2, client_frames("echo", {"a"}));
    CHECK(b.take(2) == messages{disconnect_frames});
    CHECK(b.stats().workers == 0);
}

TEST_CASE("majordomo broker: a message of a connection never announced is dropped") {
    broker b;
    b.in(7, ready_frames("echo"));
    b.worker(1);
    b.down(1);
    b.in(1, ready_frames("echo"));
    CHECK(b.stats().unknown_peer == 2);
    CHECK(b.stats().workers == 0);
    CHECK(b.stats().peers == 0);
}

TEST_CASE("majordomo broker: a lost worker's request is run again before all others") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    b.handle(1, {"a"});
    b.client(3, {"b"});
    SUBCASE("by its transport") { b.down(1); }
    SUBCASE("by its DISCONNECT") { b.in(1, disconnect_frames); }
    SUBCASE("by its confusion") { b.in(1, {"x"}); }
    SUBCASE("by a second READY") { b.in(1, ready_frames("echo")); }
    CHECK(b.stats().redelivered == 1);
    b.worker(4);
    b.in(4, reply_frames(b.handle(4, {"a"}), {"A"}));
    CHECK(b.take(2) == messages{client_frames("echo", {"A"})});
    b.handle(4, {"b"});
}

TEST_CASE("majordomo broker: a lost worker's request goes at once to one that is idle") {
    broker b;
    b.worker(1);
    b.worker(2);
    b.client(3, {"a"});
    b.handle(1, {"a"});
    b.down(1);
    b.handle(2, {"a"});
}

TEST_CASE("majordomo broker: a request is given up after its redeliveries") {
    broker_options options;
    options.redeliveries = 2;
    broker b{options};
    b.up(9);
    b.in(9, frames{tag_frame('i')} + client_frames("echo", {"poison"}));
    for (peer_id peer = 1; peer <= 3; ++peer) {
        b.worker(peer);
        b.handle(peer, {"poison"});
        CHECK(b.take(9) == nothing);
        b.down(peer);
    }
    CHECK(b.stats().redelivered == 2);
    CHECK(b.stats().dropped_given_up == 1);
    const auto told = b.take(9);
    REQUIRE(told.size() == 1);
    CHECK(told[0][0] == tag_frame('i', 0, '\x05'));
    b.worker(4);
    CHECK(b.take(4) == nothing);
}

TEST_CASE("majordomo broker: without redeliveries a request is lost with its worker") {
    broker_options options;
    options.redeliveries = 0;
    broker b{options};
    b.worker(1);
    b.client(2, {"a"});
    b.down(1);
    b.worker(3);
    CHECK(b.take(3) == nothing);
    CHECK(b.stats().dropped_given_up == 1);
}

TEST_CASE("majordomo broker: a client that goes takes its waiting requests along") {
    broker b;
    b.client(2, {"a"});
    b.in(2, client_frames("echo", {"b"}));
    b.client(3, {"c"});
    b.down(2);
    CHECK(b.stats().dropped_gone == 2);
    CHECK(b.stats().queued == 1);
    b.worker(1);
    b.handle(1, {"c"});
}

TEST_CASE("majordomo broker: a reply to a client that is gone is dropped and frees the worker") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    const std::string handle = b.handle(1, {"a"});
    b.down(2);
    b.up(2); // the same number would not come again; here it must not matter
    b.in(1, reply_frames(handle, {"A"}));
    CHECK(b.stats().orphaned_replies == 1);
    CHECK(b.take(2) == nothing);
    b.client(3, {"b"});
    b.handle(1, {"b"});
}

TEST_CASE("majordomo broker: a request whose client is gone is not run again") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    b.down(2);
    b.down(1);
    b.worker(3);
    CHECK(b.take(3) == nothing);
    CHECK(b.stats().dropped_gone == 1);
}

TEST_CASE("majordomo broker: mmi.service tells whether a worker is registered") {
    broker b;
    b.worker(1);
    b.client(2, {"echo"}, "mmi.service");
    b.client(2, {"other"}, "mmi.service");
    b.client(2, {"a"});
    b.client(2, {"echo"}, "mmi.service"); // busy is registered too
    b.down(1);
    b.client(2, {"echo"}, "mmi.service");
    b.client(2, {"x"}, "mmi.nothing");
    CHECK(b.take(2) ==
          messages{client_frames("mmi.service", {"200"}), client_frames("mmi.service", {"404"}),
                   client_frames("mmi.service", {"200"}), client_frames("mmi.service", {"404"}),
                   client_frames("mmi.nothing", {"501"})});
    CHECK(b.stats().services == 1);
}

TEST_CASE("majordomo broker: mmi.broker lists the extensions") {
    broker b;
    b.client(2, {""}, "mmi.broker");
    CHECK(b.take(2) ==
          messages{client_frames("mmi.broker", {"200", "M1", "MDP/0.2", "credit=1000"})});
    b.up(3);
    b.in(3, frames{"hop", tag_frame('i')} + client_frames("mmi.broker", {""}));
    CHECK(b.take(3) ==
          messages{frames{"hop", tag_frame('i', 0, '\0')} +
                   client_frames("mmi.broker", {"200", "M1", "MDP/0.2", "credit=1000"})});
}

TEST_CASE("majordomo broker: an aware client is told of success and of a handler's failure") {
    broker b;
    b.worker(1);
    b.up(2);
    b.in(2, frames{"hop", tag_frame('i', 9000)} + client_frames("echo", {"a"}));
    b.in(1, reply_frames(b.handle(1, {"a"}), {"A"}));
    CHECK(b.take(2) ==
          messages{frames{"hop", tag_frame('i', 9000, '\0')} + client_frames("echo", {"A"})});
    b.in(2, frames{tag_frame('j')} + client_frames("echo", {"b"}));
    b.in(1, reply_frames(b.handle(1, {"b"}) + "\x01", {"broken"}));
    CHECK(b.take(2) ==
          messages{frames{tag_frame('j', 0, '\x01')} + client_frames("echo", {"broken"})});
    CHECK(b.stats().failed_replies == 1);
}

TEST_CASE("majordomo broker: a plain client hears nothing of a handler's failure") {
    broker b;
    b.worker(1);
    b.client(2, {"a"});
    b.in(1, reply_frames(b.handle(1, {"a"}) + "\x01", {"broken"}));
    CHECK(b.take(2) == nothing);
    CHECK(b.stats().failed_replies == 1);
    b.client(2, {"b"}); // and the worker is free
    b.handle(1, {"b"});
}

TEST_CASE("majordomo broker: shutdown sends DISCONNECT to every worker and ends all") {
    broker b;
    b.worker(1);
    b.worker(2);
    b.worker(3, "other");
    b.client(4, {"a"});
    b.client(5, {"b"}, "third");
    b.take(1);
    b.core.shutdown(b.now);
    b.collect();
    for (peer_id peer = 1; peer <= 3; ++peer)
        CHECK(b.take(peer) == messages{disconnect_frames});
    CHECK_FALSE(b.core.deadline());
    b.in(4, client_frames("echo", {"c"}));
    for (peer_id peer = 1; peer <= 5; ++peer)
        b.down(peer);
    CHECK(b.stats().queued == 0);
    CHECK(b.stats().dispatched == 0);
    for (const auto& [peer, sent] : b.sent)
        CHECK(sent.empty());
}

// One random thing that a peer, time or the network may do.
void do_something(broker& b, std::minstd_rand& random) {
    const peer_id peer = 1 + random() % 12;
    const std::string service(1, "ab"[random() % 2]);
    const messages bad{{"x"}, {"", "MDPW01", "\x09"}, {"", "MDPC01", "a"}, {"", "MDPW01", "\x03"}};
    messages& inbox = b.sent[peer];
    switch (random() % 12) {
    case 0: return b.up(peer);
    case 1: return random() % 4 == 0 ? b.down(peer) : b.up(peer);
    case 2: return b.in(peer, ready_frames(service));
    case 3: return b.in(peer, heartbeat_frames);
    case 4: return random() % 4 == 0 ? b.in(peer, disconnect_frames) : b.up(peer);
    case 5: return random() % 8 == 0 ? b.in(peer, bad[random() % bad.size()]) : b.up(peer);
    case 6: return b.advance(milliseconds{random() % 3000});
    case 7:
        return b.in(peer,
                    frames{"hop", tag_frame('i', static_cast<std::uint32_t>(random() % 4000))} +
                        client_frames(service, {"a"}));
    case 8: return b.in(peer, client_frames(service, {"b"}));
    default: break;
    }
    if (inbox.empty())
        return;
    const frames last = inbox.back();
    inbox.clear();
    if (last.size() > 4 && last[2] == "\x02")
        b.in(peer, reply_frames(last[3] + (random() % 4 == 0 ? "\x01" : ""), {"done"}));
}

TEST_CASE("majordomo broker: whatever peers do, nothing is left of it once they are gone") {
    broker_options options;
    options.request_expiry = 4s;
    options.max_requests_per_service = 5;
    broker b{options};
    std::minstd_rand random{7};
    for (int i = 0; i < 50'000; ++i)
        do_something(b, random);
    CHECK(b.stats().replies > 500);
    CHECK(b.stats().redelivered > 50);
    CHECK(b.stats().dropped_given_up > 0);
    CHECK(b.stats().dropped_full > 0);
    CHECK(b.stats().expired_workers > 0);
    for (peer_id peer = 1; peer <= 12; ++peer)
        b.down(peer);
    CHECK(b.stats().queued == 0);
    CHECK(b.stats().dispatched == 0);
    CHECK(b.stats().workers == 0);
    b.advance(2min);
    CHECK(b.stats().services == 0);
    CHECK_FALSE(b.core.deadline());
}

} // namespace
} // namespace mizzen::majordomo::test
