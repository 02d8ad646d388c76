// Credit, duplicates, execution limits and internal services at the broker, in virtual time.
#include "majordomo_broker_helpers.hpp"

namespace mizzen::majordomo::test {
namespace {

broker_options with_window() {
    broker_options options;
    options.duplicate_window = 10s;
    return options;
}
frames tagged(char id, const std::string& body, std::uint32_t deadline_ms = 0) {
    return frames{tag_frame(id, deadline_ms)} + client_frames("echo", {body});
}
frames told(char id, char outcome, const std::string& body, std::uint32_t deadline_ms = 0) {
    return frames{tag_frame(id, deadline_ms, outcome)} + client_frames("echo", {body});
}

TEST_CASE("majordomo broker: a worker has as many requests as its credit, not one more") {
    broker b;
    b.worker_with_credit(1, 3);
    for (const char* body : {"a", "b", "c", "d", "e"})
        b.client(2, {body});
    const auto jobs = b.jobs(1);
    REQUIRE(jobs.size() == 3);
    CHECK(b.stats().queued == 2);
    b.in(1, reply_frames(jobs[1].first, {"B"})); // in any order
    CHECK(b.bodies(1) == "d");
    b.in(1, reply_frames(jobs[0].first, {"A"}));
    CHECK(b.bodies(1) == "e");
    CHECK(b.take(2) == messages{client_frames("echo", {"B"}), client_frames("echo", {"A"})});
    CHECK(b.stats().dispatched == 3);
}

TEST_CASE("majordomo broker: a worker gets no more credit than the broker gives") {
    broker_options options;
    options.max_credit = 2;
    broker b{options};
    b.worker_with_credit(1, 100);
    for (const char* body : {"a", "b", "c"})
        b.client(2, {body});
    CHECK(b.bodies(1) == "ab");
}

TEST_CASE("majordomo broker: idle workers come first, then those with credit left by turns") {
    broker b;
    b.worker_with_credit(1, 3);
    b.worker_with_credit(2, 3);
    b.worker(3);
    for (const char* body : {"a", "b", "c", "d", "e", "f", "g", "h"})
        b.client(9, {body});
    CHECK(b.bodies(1) == "adf");
    CHECK(b.bodies(2) == "beg");
    CHECK(b.bodies(3) == "c");
    CHECK(b.stats().queued == 1);
}

TEST_CASE("majordomo broker: all of a dead worker's requests are run again, in their order") {
    broker b;
    b.worker_with_credit(1, 4);
    for (const char* body : {"a", "b", "c", "d", "e"})
        b.client(2, {body});
    const auto jobs = b.jobs(1);
    REQUIRE(jobs.size() == 4);
    b.in(1, reply_frames(jobs[1].first, {"B"}));
    CHECK(b.bodies(1) == "e");
    b.down(1);
    CHECK(b.stats().redelivered == 4);
    b.worker_with_credit(3, 10);
    CHECK(b.bodies(3) == "acde");
}

TEST_CASE("majordomo broker: workers that are lost together do not get each other's requests") {
    broker_options options;
    options.redeliveries = 1;
    broker b{options};
    b.worker_with_credit(1, 2);
    b.worker_with_credit(3, 2);
    b.client(2, {"a"});
    CHECK(b.bodies(1) == "a");
    b.advance(10s);
    CHECK(b.stats().expired_workers == 2);
    CHECK(b.bodies(3) == "");
    b.worker(4);
    CHECK(b.bodies(4) == "a");
}

TEST_CASE("majordomo broker: a worker's reply to another one's request is stale") {
    broker b;
    b.worker_with_credit(1, 2);
    b.worker_with_credit(2, 2);
    b.client(9, {"a"});
    b.client(9, {"b"});
    const auto jobs = b.jobs(2);
    REQUIRE(jobs.size() == 1);
    b.in(1, reply_frames(jobs[0].first, {"stolen"}));
    CHECK(b.stats().stale_replies == 1);
    CHECK(b.take(9) == nothing);
}

TEST_CASE("majordomo broker: a duplicate of a request on its way takes its reply") {
    broker b{with_window()};
    b.worker(1);
    b.up(2);
    b.in(2, tagged('i', "a"));
    const std::string handle = b.handle(1, {"a"});
    b.up(3);
    b.in(3, tagged('i', "a"));
    CHECK(b.take(1) == nothing);
    CHECK(b.stats().attached_duplicates == 1);
    b.down(2);
    b.in(1, reply_frames(handle, {"A"}));
    CHECK(b.take(3) == messages{told('i', '\0', "A")});
    CHECK(b.take(2) == nothing);
}

TEST_CASE("majordomo broker: a client that lost its connection gets the reply by asking again") {
    broker b{with_window()};
    b.worker(1);
    b.up(2);
    b.in(2, tagged('i', "a"));
    const std::string handle = b.handle(1, {"a"});
    b.down(2);
    b.in(1, reply_frames(handle, {"A"}));
    CHECK(b.stats().orphaned_replies == 1);
    b.up(3);
    b.in(3, tagged('i', "a"));
    CHECK(b.take(3) == messages{told('i', '\0', "A")});
    CHECK(b.take(1) == nothing);
    CHECK(b.stats().answered_duplicates == 1);
}

TEST_CASE("majordomo broker: within the window a reply is given again, and after it run again") {
    broker b{with_window()};
    b.worker_with_credit(1, 10);
    b.up(2);
    b.in(2, tagged('i', "a"));
    b.in(1, reply_frames(b.jobs(1).at(0).first + '\x01', {"why"})); // a failure is one, too
    b.in(2, tagged('i', "a"));
    CHECK(b.take(2) == messages(2, told('i', '\x01', "why")));
    b.in(2, frames{tag_frame('i')} + client_frames("other", {"a"})); // not the same request
    CHECK(b.stats().queued == 1);
    for (int i = 0; i < 4; ++i) {
        b.advance(2500ms);
        b.in(1, heartbeat_frames);
    }
    CHECK(b.stats().duplicates == 0);
    b.in(2, tagged('i', "a"));
    CHECK(b.bodies(1) == "a");
}

TEST_CASE("majordomo broker: no more replies, and no more octets of them, are kept than allowed") {
    broker_options options = with_window();
    options.max_duplicates = 2;
    options.max_duplicate_octets = 1000;
    broker b{options};
    b.worker(1);
    b.up(2);
    const auto run = [&](char id, std::size_t size) {
        b.in(2, tagged(id, "x"));
        b.in(1, reply_frames(b.handle(1, {"x"}), {std::string(size, 'r')}));
    };
    for (const char id : {'a', 'b', 'c'})
        run(id, 10);
    CHECK(b.stats().duplicates == 2);
    b.in(2, tagged('c', "x"));
    CHECK(b.stats().answered_duplicates == 1);
    run('d', 985);
    CHECK(b.stats().duplicates == 1);
    run('e', 2000); // more than all
    CHECK(b.stats().duplicates == 0);
    run('a', 10); // run again, since it is forgotten
    CHECK(b.stats().answered_duplicates == 1);
}

TEST_CASE("majordomo broker: many ids are found again") {
    broker_options options = with_window();
    options.max_client_requests = 10'000;
    broker b{options};
    b.up(2);
    const auto tag_of = [](int i) {
        std::string tag = tag_frame('i');
        tag[2] = static_cast<char>(i);
        tag[17] = static_cast<char>(i >> 8);
        return tag;
    };
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 1000; ++i)
            b.in(2, frames{tag_of(i)} + client_frames("echo", {"x"}));
    }
    CHECK(b.stats().queued == 1000);
    CHECK(b.stats().attached_duplicates == 1000);
    b.advance(31s); // all expire, unanswered: what comes then is new
    CHECK(b.stats().queued == 0);
    b.in(2, frames{tag_of(1)} + client_frames("echo", {"x"}));
    CHECK(b.stats().queued == 1);
}

TEST_CASE("majordomo broker: a request that was refused is no duplicate when it is asked again") {
    broker_options options = with_window();
    options.max_requests_per_service = 1;
    broker b{options};
    b.client(9, {"first"});
    b.up(2);
    b.in(2, tagged('i', "a"));
    CHECK(b.take(2).at(0).at(0) == tag_frame('i', 0, '\x03'));
    b.worker_with_credit(1, 2);
    b.take(1);
    b.in(2, tagged('i', "a"));
    CHECK(b.bodies(1) == "a");
}

TEST_CASE("majordomo broker: without a window, ids are not looked at") {
    broker b;
    b.worker_with_credit(1, 2);
    b.up(2);
    b.in(2, tagged('i', "a"));
    b.in(2, tagged('i', "a"));
    CHECK(b.bodies(1) == "aa");
}

TEST_CASE("majordomo broker: a worker over its service's execution limit is sent away") {
    broker_options options;
    options.execution_limit = 5s;
    options.execution_limits["slow"] = 20s;
    options.execution_limits["any"] = 0ms;
    options.heartbeat = 0ms;
    broker b{options};
    b.worker(1);
    b.worker(2, "slow");
    b.worker(3, "any");
    for (const char* service : {"echo", "slow", "any"})
        b.client(9, {service}, service);
    b.advance(4999ms);
    CHECK(b.stats().workers == 3);
    b.advance(1ms);
    CHECK(b.stats().overdue_workers == 1);
    CHECK(b.take(1).back() == disconnect_frames);
    b.worker(4); // gets what the first one had
    b.handle(4, {"echo"});
    b.advance(4s);
    b.in(4, reply_frames("none", {"x"}));
    b.advance(1s);
    CHECK(b.stats().overdue_workers == 2);
    b.advance(10s);
    CHECK(b.stats().overdue_workers == 3);
    CHECK(b.take(2).back() == disconnect_frames);
    b.advance(1h);
    CHECK(b.stats().workers == 1);
}

TEST_CASE("majordomo broker: a reply in time is no matter for the execution limit") {
    broker_options options;
    options.execution_limit = 5s;
    options.heartbeat = 0ms;
    broker b{options};
    b.worker_with_credit(1, 2);
    b.client(9, {"a"});
    b.client(9, {"b"});
    const auto jobs = b.jobs(1);
    b.advance(4s);
    b.in(1, reply_frames(jobs.at(0).first, {"A"}));
    b.in(1, reply_frames(jobs.at(1).first, {"B"}));
    b.advance(1min);
    CHECK(b.stats().workers == 1);
}

TEST_CASE("majordomo broker: a service inside answers when it wants to") {
    broker b;
    b.core.add_internal("inside.");
    b.up(2);
    b.in(2, frames{tag_frame('i')} + client_frames("inside.store", {"a", "b"}));
    broker_core::call call;
    REQUIRE(b.core.next_call(call));
    CHECK(call.service == "inside.store");
    CHECK(frames_of(call.body) == frames{"a", "b"});
    CHECK(call.tag->id[0] == std::byte{'i'});
    CHECK_FALSE(b.core.next_call(call));
    b.advance(1min);
    b.core.answer(call.id, message{"stored"}, status::ok, b.now);
    b.core.answer(call.id, message{"twice"}, status::ok, b.now);
    b.collect();
    CHECK(b.take(2) ==
          messages{frames{tag_frame('i', 0, '\0')} + client_frames("inside.store", {"stored"})});
    b.worker(1, "inside.store"); // nobody else may serve it
    CHECK(b.take(1) == messages{disconnect_frames});
}

TEST_CASE("majordomo broker: calls of a service inside that goes away end, and those who can be "
          "told are") {
    broker b;
    b.core.add_internal("inside.");
    b.core.add_internal("other.");
    b.up(2);
    b.up(3);
    b.in(2, frames{tag_frame('i')} + client_frames("inside.store", {"a"}));
    b.in(3, client_frames("inside.store", {"a"}));
    b.in(2, frames{tag_frame('j')} + client_frames("other.store", {"a"}));
    broker_core::call call;
    REQUIRE(b.core.next_call(call));
    CHECK(b.stats().dispatched == 3);
    b.core.end_calls("inside.", b.now);
    b.core.answer(call.id, message{"too late"}, status::ok, b.now);
    b.collect();
    const auto told = b.take(2);
    REQUIRE(told.size() == 1);
    CHECK(told[0][0] == tag_frame('i', 0, static_cast<char>(status::stopping)));
    CHECK(b.take(3) == messages{}); // silence is all that it knows
    CHECK(b.stats().dispatched == 1);
}

TEST_CASE("majordomo broker: a service inside asks as a client does, and is told of every end") {
    broker_options options;
    options.redeliveries = 0;
    broker b{options};
    std::vector<std::pair<std::uint64_t, status>> ends;
    std::vector<std::uint64_t> ids;
    const auto ask = [&](const char* service, milliseconds deadline = 0ms) {
        ids.push_back(b.core.issue(service, message{"a"}, {deadline, 0ms}, b.now));
        b.collect();
    };
    const auto end = [&] {
        broker_core::result result;
        REQUIRE(b.core.next_result(result));
        CHECK(result.id == ids.back());
        CHECK_FALSE(b.core.next_result(result));
        return result.outcome;
    };
    b.worker(1);
    ask("echo");
    b.in(1, reply_frames(b.handle(1, {"a"}), {"A"}));
    CHECK(end() == status::ok);
    ask("echo");
    b.in(1, reply_frames(b.handle(1, {"a"}) + '\x01', {"why"}));
    CHECK(end() == status::handler_failed);
    ask("echo");
    b.down(1);
    CHECK(end() == status::given_up);
    ask("echo", 10ms);
    b.advance(10ms);
    CHECK(end() == status::expired);
    ask("mmi.service");
    CHECK(end() == status::no_such_service);
    ask("echo");
    b.core.shutdown(b.now);
    CHECK(end() == status::stopping);
    CHECK(b.stats().issued == 6);
}

TEST_CASE("majordomo broker: a service inside learns whether a worker ever had its request") {
    broker_options options;
    options.request_expiry = 1s;
    options.redeliveries = 1;
    broker b{options};
    broker_core::result result;
    const auto ask = [&](broker_core::issue_limits limits) {
        b.core.issue("echo", message{"a"}, limits, b.now);
        b.collect();
    };
    ask({});
    b.advance(1s);
    REQUIRE(b.core.next_result(result));
    CHECK(result.outcome == status::expired);
    CHECK_FALSE(result.tried);

    // The time at a worker begins there, and anew at the next one.
    ask({0ms, 100ms});
    b.advance(900ms);
    b.worker(1);
    b.advance(90ms);
    b.down(1);
    b.advance(900ms);
    b.worker(2);
    b.advance(90ms);
    CHECK_FALSE(b.core.next_result(result));
    b.advance(10ms);
    REQUIRE(b.core.next_result(result));
    CHECK(result.outcome == status::expired);
    CHECK(result.tried);
    b.in(2, reply_frames(b.handle(2, {"a"}), {"late"}));
    CHECK_FALSE(b.core.next_result(result));
    CHECK(b.stats().orphaned_replies == 1);
}

TEST_CASE("majordomo broker: mmi.service knows the services inside") {
    broker b;
    b.core.add_internal("inside.");
    b.client(2, {"inside.store"}, "mmi.service");
    b.client(2, {"outside"}, "mmi.service");
    b.client(2, {"mmi.stats"}, "mmi.service");
    CHECK(b.take(2) == messages{client_frames("mmi.service", {"200"}),
                                client_frames("mmi.service", {"404"}),
                                client_frames("mmi.service", {"404"})});
}

} // namespace
} // namespace mizzen::majordomo::test
