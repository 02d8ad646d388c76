// Titanic's dispatching: windows, pauses, attempts that fail or find nobody.
#include "titanic_service_helpers.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace mizzen::titanic::test {
namespace {

void request_many(services& t, int count, const std::string& service, const std::string& body) {
    for (int i = 0; i < count; ++i)
        t.ask("titanic.request", {service, body + std::to_string(i)});
    t.settle();
}

std::size_t attempts_of(const services& t, const std::string& service) {
    return static_cast<std::size_t>(
        std::count_if(t.attempts.begin(), t.attempts.end(),
                      [&](const services::attempt& each) { return each.service == service; }));
}

TEST_CASE("titanic dispatch: a service gets its whole window once it has answered") {
    service_options options;
    options.window = 5;
    services t{options};
    request_many(t, 20, "echo", "a");
    CHECK(t.attempts.size() == 1); // nobody has seen it work
    t.serve();
    CHECK(t.attempts.size() == 5);
    CHECK(t.attempts[0].body == frames{"a1"}); // the oldest ones
    CHECK(t.attempts[4].body == frames{"a5"});
    for (int left = 19; left != 0; --left)
        t.serve();
    t.settle();
    CHECK(t.k.kept->stats().done == 20);
}

TEST_CASE("titanic dispatch: a dead service or a slow one holds up no other") {
    service_options options;
    options.window = 4;
    services t{options};
    request_many(t, 50, "dead", "d");
    request_many(t, 50, "slow", "s");
    t.end(t.attempts[1], attempt_end::answered, {"once"});
    t.attempts.erase(t.attempts.begin() + 1);
    CHECK(attempts_of(t, "dead") == 1);
    CHECK(attempts_of(t, "slow") == 4);
    request_many(t, 50, "quick", "q");
    for (int i = 0; i < 50; ++i) {
        const auto next = std::find_if(t.attempts.begin(), t.attempts.end(),
                                       [](const auto& each) { return each.service == "quick"; });
        REQUIRE(next != t.attempts.end());
        const std::uint64_t number = next->number;
        t.attempts.erase(next);
        t.end({number, {}, {}}, attempt_end::answered, {"done"});
    }
    t.settle();
    CHECK(t.k.kept->stats().done == 51);
}

TEST_CASE("titanic dispatch: one turn begins with each of the services, not with one's backlog") {
    service_options options;
    options.window = 100;
    options.max_running = 10;
    services t{options};
    for (const char* const service : {"a", "b", "c"}) {
        request_many(t, 1, service, "first");
        t.serve();
    }
    t.ask("titanic.request", {"a", "x"});
    for (int i = 0; i < 30; ++i)
        for (const char* const service : {"a", "b", "c"})
            t.ask("titanic.request", {service, "x"});
    t.settle();
    CHECK(t.attempts.size() == 10);
    for (int i = 0; i < 40; ++i)
        t.serve();
    CHECK(t.attempts.size() == 10);
    for (const char* const service : {"a", "b", "c"})
        CHECK(attempts_of(t, service) >= 3);
}

TEST_CASE("titanic dispatch: octets on their way are bounded, of a service and in all") {
    service_options options;
    options.window_octets = 3000;
    options.max_running_octets = 5000;
    services t{options};
    for (const char* const service : {"a", "b"}) {
        request_many(t, 1, service, "first");
        t.serve();
    }
    for (const char* const service : {"a", "b"}) {
        for (int i = 0; i < 10; ++i)
            t.ask("titanic.request", {service, std::string(1000, 'x')});
        t.settle();
    }
    CHECK(attempts_of(t, "a") == 3);
    CHECK(attempts_of(t, "b") == 2);
    for (int i = 0; i < 20; ++i)
        t.serve();
    t.settle();
    CHECK(t.k.kept->stats().done == 22);
}

TEST_CASE(
    "titanic dispatch: a failed attempt is counted, and made again after a pause that grows") {
    service_options options;
    options.retry = 1s;
    options.retry_max = 10s;
    services t{options};
    const std::string id = t.request({"a"});
    std::vector<std::chrono::milliseconds> pauses;
    for (std::uint32_t i = 1; i <= 8; ++i) {
        t.fail();
        t.settle();
        CHECK(t.k.kept->find(*parse_request_id(id))->attempts == i);
        std::chrono::milliseconds waited{0};
        while (t.attempts.empty() && waited < 60s) {
            t.advance(10ms);
            waited += 10ms;
        }
        pauses.push_back(waited);
    }
    CHECK(pauses[0] >= 750ms);
    CHECK(pauses[0] <= 1260ms);
    CHECK(pauses[3] >= 6s);
    CHECK(pauses[7] >= 7500ms);
    CHECK(pauses[7] <= 12510ms);
    t.serve();
    t.settle();
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
}

TEST_CASE("titanic dispatch: requests that failed together do not come back together") {
    services t;
    request_many(t, 1, "echo", "first");
    t.serve();
    request_many(t, 100, "echo", "a");
    while (!t.attempts.empty())
        t.fail();
    t.settle();
    std::set<std::size_t> at_once;
    std::size_t last = 0;
    std::size_t most = 0;
    for (int i = 0; i < 150; ++i) {
        t.advance(10ms);
        most = std::max(most, t.attempts.size() - last);
        last = t.attempts.size();
    }
    CHECK(last == 100);
    CHECK(most < 20);
}

TEST_CASE("titanic dispatch: others go on while a failed request waits for its turn") {
    services t;
    const std::string bad = t.request({"bad"});
    t.fail();
    const std::string good = t.request({"good"});
    t.serve();
    t.settle();
    CHECK(t.fetch(good) == frames{"200", "got", "good"});
    CHECK(t.fetch(bad) == frames{"300"});
}

TEST_CASE("titanic dispatch: attempts without limit, unless there is one") {
    services t;
    const std::string id = t.request({"a"});
    for (int i = 0; i < 100; ++i) {
        t.fail();
        t.settle();
        t.advance(5min);
    }
    CHECK(t.fetch(id) == frames{"300"});

    service_options options;
    options.max_attempts = 3;
    services limited{options};
    const std::string other = limited.request({"a"});
    for (int i = 0; i < 3; ++i) {
        limited.fail();
        limited.settle();
        limited.advance(5min);
    }
    CHECK(limited.attempts.empty());
    CHECK(limited.fetch(other) == frames{"500", "set aside after 3 failed attempts"});
    CHECK(limited.stats().set_aside == 1);
    limited.crash();
    CHECK(limited.attempts.empty());
    CHECK(limited.fetch(other).at(0) == "500");
    CHECK(limited.call("titanic.close", {other}) == frames{"200"});
    CHECK(limited.fetch(other) == frames{"400"});
}

TEST_CASE("titanic dispatch: where there is no worker, no attempt has failed") {
    service_options options;
    options.max_attempts = 1;
    services t{options};
    const std::string id = t.request({"a"});
    request_many(t, 20, "echo", "b");
    for (int i = 0; i < 50; ++i) {
        CHECK(t.attempts.size() == 1);
        CHECK(t.attempts[0].body == frames{"a"}); // the oldest one is the one to try
        t.find_no_worker();
        CHECK(t.attempts.empty());
        t.advance(10s);
    }
    CHECK(t.k.kept->find(*parse_request_id(id))->attempts == 0);
    t.serve();
    CHECK(t.attempts.size() == 20);
    t.settle();
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
}

TEST_CASE("titanic dispatch: a service without workers is tried less and less, up to a limit") {
    service_options options;
    options.service_retry = 100ms;
    options.service_retry_max = 1s;
    services t{options};
    t.request({"a"});
    int tries = 0;
    for (int i = 0; i < 2000; ++i) { // 20 s
        t.advance(10ms);
        if (!t.attempts.empty()) {
            t.find_no_worker();
            ++tries;
        }
    }
    CHECK(tries >= 16);
    CHECK(tries <= 32);
}

TEST_CASE("titanic dispatch: what was on its way when the workers went is sent again") {
    services t;
    request_many(t, 1, "echo", "first");
    t.serve();
    request_many(t, 10, "echo", "a");
    CHECK(t.attempts.size() == 10);
    while (!t.attempts.empty())
        t.find_no_worker();
    t.advance(10s);
    CHECK(t.attempts.size() == 1);
    for (int i = 0; i < 10; ++i)
        t.serve();
    t.settle();
    CHECK(t.k.kept->stats().done == 11);
    CHECK(t.attempts.empty());
}

TEST_CASE("titanic dispatch: the limit of an attempt comes with it") {
    service_options options;
    options.attempt_timeout = 1234ms;
    services t{options};
    t.core->call(1, "titanic.request", message_of({"echo", "a"}), t.moment());
    t.job = t.core->next_commit(t.moment());
    t.job->run();
    t.core->commit_ended(t.moment());
    service_core::dispatch out;
    REQUIRE(t.core->next_dispatch(out));
    CHECK(out.limit == 1234ms);
    CHECK(out.service == "echo");
}

TEST_CASE("titanic dispatch: an attempt ends once, and one that never was does not end") {
    services t;
    const std::string id = t.request({"a"});
    const services::attempt first = t.serve();
    t.end(first, attempt_end::answered, {"again"});
    t.end({0, {}, {}}, attempt_end::failed);
    t.end({0xffff'ffff'ffff'ffff, {}, {}}, attempt_end::failed);
    t.settle();
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    CHECK(t.stats().answered == 1);
}

TEST_CASE("titanic dispatch: a reply that is too large sets the request aside") {
    services t;
    const std::string id = t.request({"a"});
    t.end(t.take_attempt(), attempt_end::answered, {std::string(20 << 10, 'x')});
    t.settle();
    CHECK(t.fetch(id).at(0) == "500");
    CHECK(t.attempts.empty());
}

TEST_CASE("titanic dispatch: a reply larger than the services take sets the request aside") {
    service_options options;
    options.max_body_octets = 100; // less than the store takes
    services t{options};
    t.request({"a"});
    t.end(t.take_attempt(), attempt_end::answered, {std::string(100, 'x')});
    t.settle();
    CHECK(t.k.kept->stats().set_aside == 1);
    CHECK(t.core->idle());
}

TEST_CASE("titanic dispatch: an attempt says whether its service was seen to work") {
    services t;
    t.request({"a"});
    CHECK(t.serve().unseen);
    t.settle();
    t.request({"b"});
    CHECK_FALSE(t.attempts.at(0).unseen);
    t.find_no_worker();
    t.advance(10s);
    CHECK(t.attempts.at(0).unseen);
}

TEST_CASE("titanic dispatch: the pauses of a service are short again once it has worked") {
    services t;
    t.request({"a"});
    for (int i = 0; i < 10; ++i) {
        t.find_no_worker();
        t.advance(10s);
    }
    t.serve();
    t.settle();
    t.request({"b"});
    t.find_no_worker();
    t.advance(500ms);
    CHECK(t.attempts.size() == 1);
}

TEST_CASE("titanic dispatch: what is closed or drained while its body is read is not sent") {
    service_options options;
    options.recent_octets = 0;
    services t{options};
    const auto call = t.ask("titanic.request", {"echo", "a"});
    CHECK(t.commit());
    REQUIRE(t.reads.size() == 1);
    t.ask("titanic.close", {t.answer(call).at(1)});
    t.settle();
    CHECK(t.attempts.empty());
    t.ask("titanic.request", {"echo", "b"});
    CHECK(t.commit());
    REQUIRE(t.reads.size() == 1);
    t.core->drain(t.moment());
    t.settle();
    CHECK(t.attempts.empty());
    CHECK(t.core->idle());
    t.crash();
    t.read_all();
    CHECK(t.take_attempt().body == frames{"b"});
}

TEST_CASE("titanic dispatch: once it drains, nothing is due for what failed") {
    services t;
    t.request({"a"});
    t.fail();
    t.settle();
    CHECK(t.core->deadline().has_value());
    t.core->drain(t.moment());
    CHECK_FALSE(t.core->deadline().has_value());
}

TEST_CASE("titanic dispatch: a reply without frames is one empty frame") {
    services t;
    const std::string id = t.request({"a"});
    t.end(t.take_attempt(), attempt_end::answered);
    t.settle();
    CHECK(t.fetch(id) == frames{"200", ""});
}

TEST_CASE("titanic dispatch: replies that a commit cannot take wait for the next one") {
    services t;
    request_many(t, 1, "echo", "first");
    t.serve();
    request_many(t, 20, "echo", "a");
    for (int i = 0; i < 20; ++i)
        t.end(t.take_attempt(), attempt_end::answered, {std::string(14 << 10, 'x')});
    CHECK(t.stats().running > 10);
    t.settle();
    CHECK(t.stats().running == 0);
    CHECK(t.k.kept->stats().done == 21);
}

TEST_CASE("titanic dispatch: bodies that are no longer in memory are read again") {
    service_options options;
    options.recent_octets = 0;
    options.max_read_octets = 100;
    services t{options};
    request_many(t, 1, "echo", "first");
    t.serve();
    for (int i = 0; i < 10; ++i)
        t.ask("titanic.request", {"echo", std::string(90, static_cast<char>('a' + i))});
    CHECK(t.commit());
    CHECK(t.reads.size() == 1); // as many octets as may be read at once
    CHECK(t.attempts.empty());
    t.settle();
    CHECK(t.attempts.size() == 10);
    CHECK(t.attempts[9].body == frames{std::string(90, 'j')});
    t.serve();
    t.settle();
    CHECK(t.stats().reads == 11);
}

TEST_CASE("titanic dispatch: a body that is damaged sets the request aside") {
    service_options options;
    options.recent_octets = 0;
    services t{options};
    t.ask("titanic.request", {"echo", "a"});
    t.commit();
    REQUIRE(t.reads.size() == 1);
    t.core->read_ended(t.reads[0].id, {}, make_error_code(errc::damaged), t.moment());
    t.core->read_ended(t.reads[0].id, {}, {}, t.moment()); // once is enough
    t.reads.clear();
    t.settle();
    CHECK(t.core->idle());
    CHECK_FALSE(t.answers.contains(0)); // which is no call
    CHECK(t.k.kept->stats().set_aside == 1);
    CHECK(t.attempts.empty());
}

TEST_CASE("titanic dispatch: closing what waits for a dead service gives its memory back") {
    services t;
    t.request({"first"}, "dead");
    for (int i = 0; i < 20'000; ++i) {
        const std::string id = to_text(id_of(7));
        t.ask("titanic.submit", {id, "dead", "x"});
        t.ask("titanic.close", {id});
        if (i % 100 == 0)
            t.settle();
    }
    t.settle();
    CHECK(t.stats().queued < 5000);
}

TEST_CASE("titanic dispatch: services without requests are forgotten") {
    services t;
    for (int i = 0; i < 5000; ++i) {
        const std::string id = to_text(id_of(7));
        t.ask("titanic.submit", {id, "service " + std::to_string(i), "x"});
        t.settle();
        t.serve();
        t.ask("titanic.close", {id});
    }
    CHECK(t.stats().services <= 1024);
}

TEST_CASE("titanic dispatch: a drain takes no requests, sends none, and waits for what runs") {
    services t;
    request_many(t, 1, "echo", "first");
    t.serve();
    t.settle();
    const std::string id = t.request({"a"});
    const auto unfinished = t.ask("titanic.request", {"echo", "b"});
    t.core->drain(t.moment());
    CHECK_FALSE(t.core->idle());
    CHECK(t.call("titanic.request", {"echo", "c"}) == frames{"500", "about to stop"});
    CHECK(t.answer(unfinished).at(0) == "200");
    CHECK(t.attempts.size() == 1);
    CHECK_FALSE(t.core->idle());
    t.serve();
    t.settle();
    CHECK(t.core->idle());
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    CHECK(t.attempts.empty());
}

TEST_CASE("titanic dispatch: replies and failures for which the disk has no room wait for some") {
    journal_options small;
    small.segment_octets = 32 << 10;
    small.max_body_octets = small.max_group_octets = 4 << 10;
    service_options options;
    options.max_body_octets = small.max_body_octets;
    options.max_attempts = 1;
    services t{options, small};
    std::vector<std::string> ids;
    ids.reserve(8);
    for (int i = 0; i < 8; ++i)
        ids.push_back(t.request({std::to_string(i)}));
    t.serve(); // the service gets its whole window after it
    t.settle();
    REQUIRE(t.attempts.size() == 7);
    t.k.disk.room = t.k.disk.used();
    while (t.call("titanic.request", {"none", std::string(1000, 'x')}).at(0) == "200") {
    }
    const std::string large(3000, 'y');
    for (int i = 0; i < 6; ++i) {
        const auto each = t.take_attempt();
        t.end(each, attempt_end::answered, frames{"got", large} + each.body);
        t.settle();
    }
    CHECK(t.stats().answered < 7);
    t.find_no_worker(); // of "none"
    CHECK(t.stats().lost_replies == 0);

    t.k.disk.room = pretended_disk::never;
    t.advance(2s);
    t.settle();
    CHECK(t.stats().answered == 7);
    for (int i = 1; i < 7; ++i)
        CHECK(t.fetch(ids.at(static_cast<std::size_t>(i))) ==
              frames{"200", "got", large, std::to_string(i)});
}

} // namespace
} // namespace mizzen::titanic::test
