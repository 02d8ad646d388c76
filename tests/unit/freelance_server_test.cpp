// A Freelance server's decisions.
#include "pattern_helpers.hpp"
#include <mizzen/patterns/freelance/server_core.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace mizzen::freelance {
namespace {

using namespace patterns::test;
using patterns::status;

struct test_server {
    struct sent_message {
        peer_id to = 0;
        frames parts;
        friend bool operator==(const sent_message&, const sent_message&) = default;
    };
    struct job {
        std::uint64_t request = 0;
        frames body;
    };

    time_point now = start;
    server_core core;
    std::vector<sent_message> sent;
    std::vector<job> jobs;

    explicit test_server(const server_options& options = {}) : core{options} {}

    void collect() {
        for (server_core::action out; core.next_action(out);) {
            if (out.what == server_core::step::send)
                sent.push_back({out.to, frames_of(out.m)});
            else
                jobs.push_back({out.request, frames_of(out.m)});
        }
    }
    void in(peer_id from, const frames& m) {
        core.receive(from, message_of(m), now);
        collect();
    }
    void reply(std::size_t which, const frames& body) {
        core.reply(jobs.at(which).request, message_of(body), now);
        collect();
    }
    void fail(std::size_t which) {
        core.fail(jobs.at(which).request, "why", now);
        collect();
    }
    void advance(milliseconds by) {
        pass_time(core, now, by, [this] { collect(); });
    }
    std::vector<sent_message> take() { return std::exchange(sent, {}); }
};

server_options model_2() {
    server_options options;
    options.how = model::shotgun;
    return options;
}

char octet(status what) { return static_cast<char>(what); }

} // namespace

TEST_CASE("freelance server: PING is answered, whatever follows it and whatever else there is") {
    server_options options;
    options.max_running = 1;
    options.max_waiting = 0;
    test_server s{options};
    s.in(7, {"PING"});
    s.in(8, {"1", "a"});
    s.in(8, {"2", "b"});
    s.in(7, {"PING", "what", ""});
    CHECK(s.take() == std::vector<test_server::sent_message>{{7, {"PONG"}}, {7, {"PONG"}}});
    CHECK(s.core.stats().pings == 2);
}

TEST_CASE("freelance server: a control frame comes back as it was") {
    test_server s;
    for (const std::string& control : {"1"s, ""s, "\0\1\2\3"s, std::string(300, 'c'), "PONG"s}) {
        s.in(7, {control, "Hello", "", "world"});
        CHECK(s.jobs.back().body == frames{"Hello", "", "world"});
        s.reply(s.jobs.size() - 1, {"OK"});
        CHECK(s.take() == std::vector<test_server::sent_message>{{7, {control, "OK"}}});
    }
    s.reply(0, {"again"});
    CHECK(s.take().empty());
    s.in(7, {"6", "x"});
    s.reply(5, {}); // a reply has a body
    CHECK(s.take() == std::vector<test_server::sent_message>{{7, {"6", ""}}});
}

TEST_CASE("freelance server: our clients are told how it went, others hear nothing of failures") {
    test_server s;
    s.in(7, {tag_frame('i'), "a"});
    s.in(7, {tag_frame('j'), "b"});
    s.in(8, {"1", "c"});
    s.reply(0, {"A"});
    s.fail(1);
    s.fail(2);
    CHECK(s.take() == std::vector<test_server::sent_message>{
                          {7, {tag_frame('i', 0, octet(status::ok)), "A"}},
                          {7, {tag_frame('j', 0, octet(status::handler_failed)), "why"}}});
    CHECK(s.core.stats().failures == 2);
    CHECK(s.core.stats().replies == 2);
    CHECK(s.core.stats().running == 0);
}

TEST_CASE("freelance server: more than may run wait their turn, and more than that are refused") {
    server_options options;
    options.max_running = 1;
    options.max_waiting = 2;
    test_server s{options};
    for (const char* body : {"a", "b", "c"})
        s.in(7, {body, body});
    s.in(7, {tag_frame('d'), "d"});
    s.in(8, {"e", "e"});
    CHECK(s.jobs.size() == 1);
    CHECK(s.take() ==
          std::vector<test_server::sent_message>{
              {7, {tag_frame('d', 0, octet(status::queue_full)), "too many requests wait"}}});
    CHECK(s.core.stats().refused == 2);
    CHECK(s.core.stats().waiting == 2);
    s.reply(0, {"A"});
    s.fail(1);
    s.reply(2, {"C"});
    CHECK(s.take() == std::vector<test_server::sent_message>{{7, {"a", "A"}}, {7, {"c", "C"}}});
    CHECK(s.core.stats().waiting == 0);
    CHECK(s.core.stats().waiting_octets == 0);
}

TEST_CASE("freelance server: what waits is bounded in octets too, and one always fits") {
    server_options options;
    options.max_running = 1;
    options.max_waiting_octets = 100;
    test_server s{options};
    s.in(7, {"1", "a"});
    s.in(7, {"2", std::string(1000, 'b')});
    s.in(7, {"3", "c"});
    CHECK(s.core.stats().waiting == 1);
    CHECK(s.core.stats().refused == 1);
}

TEST_CASE("freelance server: what stands in front of a request that waits counts as well") {
    const std::string large(1000, 'x');
    server_options options;
    options.max_running = 1;
    options.max_waiting_octets = 2500;
    SUBCASE("the control frame") {
        test_server s{options};
        for (int i = 0; i < 4; ++i)
            s.in(7, {large, "a"});
        CHECK(s.core.stats().waiting == 2);
        CHECK(s.core.stats().refused == 1);
    }
    SUBCASE("the envelope of model 2") {
        options.how = model::shotgun;
        test_server s{options};
        for (int i = 0; i < 4; ++i)
            s.in(7, {large, "", "1", "a"});
        CHECK(s.core.stats().waiting == 2);
        CHECK(s.core.stats().refused == 1);
    }
}

TEST_CASE("freelance server: what waits for longer than it is worth is not run") {
    server_options options;
    options.max_running = 1;
    test_server s{options};
    s.in(7, {"1", "a"});
    s.in(7, {tag_frame('b', 100), "b"});
    s.in(7, {tag_frame('c', 200), "c"});
    s.in(7, {tag_frame('d', 0), "d"});
    s.advance(100ms);
    CHECK(s.take() ==
          std::vector<test_server::sent_message>{{7,
                                                  {tag_frame('b', 100, octet(status::expired)),
                                                   "waited for longer than it is worth"}}});
    s.reply(0, {"A"});
    s.advance(1000ms); // c runs
    REQUIRE(s.jobs.size() == 2);
    CHECK(s.jobs[1].body == frames{"c"});
    s.reply(1, {"C"});
    CHECK(s.jobs.at(2).body == frames{"d"});
    CHECK(s.core.stats().expired == 1);
    CHECK_FALSE(s.core.deadline());
}

TEST_CASE("freelance server: what a client that is gone had waiting is not run") {
    server_options options;
    options.max_running = 1;
    test_server s{options};
    s.in(7, {"1", "a"});
    s.in(7, {"2", "b"});
    s.in(8, {"3", "c"});
    s.core.peer_down(7, s.now);
    s.core.peer_down(7, s.now);
    s.core.peer_down(99, s.now);
    CHECK(s.core.stats().gone == 1);
    s.reply(0, {"A"});
    REQUIRE(s.jobs.size() == 2);
    CHECK(s.jobs[1].body == frames{"c"});
}

TEST_CASE("freelance server: what is no request is counted, and harmless") {
    test_server three;
    for (const frames& m : {frames{}, frames{"1"}, frames{""}, frames{"PONG"}})
        three.in(7, m);
    CHECK(three.core.stats().malformed == 4);
    test_server two{model_2()};
    for (const frames& m : {frames{}, frames{"PING"}, frames{"1", "a"}, frames{"", "1"},
                            frames{"1", "2", "3", "4", "5", "6", "7", "8", "9", "", "1", "a"}})
        two.in(7, m);
    CHECK(two.core.stats().malformed == 5);
    CHECK(three.sent.empty());
    CHECK(two.sent.empty());
}

TEST_CASE("freelance server: model 2 returns the number, behind the envelope") {
    test_server s{model_2()};
    s.in(7, {"", "1", "hello"});
    s.in(8, {"relay", "", "4294967296", "a", "b"});
    s.in(9, {"", "\0\0\0\1"s, "c"}); // some write it in octets
    CHECK(s.jobs.at(0).body == frames{"hello"});
    CHECK(s.jobs.at(1).body == frames{"a", "b"});
    s.reply(2, {"OK"});
    s.reply(1, {"OK"});
    s.reply(0, {"OK"});
    CHECK(s.take() == std::vector<test_server::sent_message>{{9, {"", "\0\0\0\1"s, "OK"}},
                                                             {8, {"relay", "", "4294967296", "OK"}},
                                                             {7, {"", "1", "OK"}}});
}

} // namespace mizzen::freelance
