// The Lazy Pirate client, message by message, in virtual time.
#include "pattern_helpers.hpp"
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

namespace mizzen::lazy_pirate::test {
namespace {

using namespace patterns::test;

struct end {
    std::error_code ec;
    frames body;
    friend bool operator==(const end&, const end&) = default;
};

// A client whose actions are kept by kind.
struct client {
    zmtp::time_point now = start;
    client_core core;
    messages sent;
    std::vector<std::size_t> opened; // endpoints
    std::vector<zmtp::time_point> times;
    int closed = 0;
    std::map<std::uint64_t, std::vector<end>> ends;

    explicit client(const client_options& options = {}, std::size_t endpoints = 1,
                    std::uint64_t seed = 1)
        : core{options, seed} {
        while (endpoints-- != 0)
            core.add_endpoint();
    }
    void collect() {
        for (client_core::action out; core.next_action(out);) {
            switch (out.what) {
            case client_core::step::open: opened.push_back(out.endpoint); break;
            case client_core::step::close: ++closed; break;
            case client_core::step::done:
                ends[out.request].push_back({out.ec, frames_of(out.m)});
                break;
            case client_core::step::send:
                sent.push_back(frames_of(out.m));
                times.push_back(now);
                break;
            }
        }
    }
    void request(std::uint64_t number, const frames& body) { CHECK_FALSE(refusal(number, body)); }
    std::error_code refusal(std::uint64_t number, const frames& body) {
        std::error_code ec;
        core.request(number, message_of(body), now, ec);
        collect();
        return ec;
    }
    void in(const frames& parts, std::size_t lane = 0) {
        core.receive(lane, message_of(parts), now);
        collect();
    }
    void advance(milliseconds by) {
        const auto until = now + by;
        for (auto due = core.deadline(); due && *due <= until; due = core.deadline()) {
            now = std::max(now, *due);
            core.handle_timeout(now);
            collect();
        }
        now = until;
    }
    const client_stats& stats() const { return core.stats(); }
};

const end abandoned_after(int attempts) {
    return {errc::abandoned, {"no reply after " + std::to_string(attempts) + " attempts"}};
}

TEST_CASE("lazy pirate client: a request is what a REQ sends, and its reply ends it") {
    client c;
    c.request(7, {"a", "b"});
    CHECK(c.opened == std::vector<std::size_t>{0});
    CHECK(c.sent == messages{{"", "a", "b"}});
    c.in({"", "x", "", "y"});
    CHECK(c.ends[7] == std::vector<end>{{{}, {"x", "", "y"}}});
    CHECK_FALSE(c.core.deadline());
}

TEST_CASE("lazy pirate client: a connection is used again after a reply, unless told not to") {
    for (const bool keep : {true, false}) {
        client_options options;
        options.keep_connection = keep;
        client c{options};
        c.request(1, {"a"});
        c.in({"", "A"});
        c.request(2, {"b"});
        CHECK(c.opened.size() == (keep ? 1 : 2));
        CHECK(c.closed == (keep ? 0 : 1));
    }
}

TEST_CASE("lazy pirate client: each attempt after silence has a connection of its own") {
    client c;
    c.request(1, {"a"});
    c.advance(2499ms);
    CHECK(c.sent.size() == 1);
    c.advance(1ms + 100ms);
    CHECK(c.closed == 1);
    CHECK(c.opened.size() == 2);
    CHECK(c.sent == messages{{"", "a"}, {"", "a"}});
    c.in({"", "A"});
    CHECK(c.ends[1] == std::vector<end>{{{}, {"A"}}});
}

TEST_CASE("lazy pirate client: a request without a reply is abandoned, once") {
    client c;
    c.request(1, {"a"});
    c.advance(1min);
    CHECK(c.sent.size() == 3);
    CHECK(c.closed == 3);
    CHECK(c.ends[1] == std::vector<end>{abandoned_after(3)});
    CHECK(c.stats().abandoned == 1);
    CHECK(c.stats().running == 0);
    CHECK(make_error_code(errc::abandoned) == std::errc::timed_out);
}

TEST_CASE("lazy pirate client: no reply that comes while nothing is asked is believed later") {
    client c;
    c.request(1, {"a"});
    c.in({"", "A"});
    c.in({"", "A again"});
    CHECK(c.closed == 1); // that server is out of step
    CHECK(c.stats().unsolicited == 1);
    c.request(2, {"b"});
    CHECK(c.opened.size() == 2);
    CHECK(c.ends[2].empty());
}

TEST_CASE("lazy pirate client: pauses between rounds double, and are drawn anew each time") {
    client_options options;
    options.retries = 6;
    options.pause = 1000ms;
    options.pause_max = 4000ms;
    std::set<milliseconds> firsts;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        client c{options, 1, seed};
        c.request(1, {"a"});
        c.advance(10min);
        REQUIRE(c.times.size() == 7);
        const milliseconds most[] = {1000ms, 2000ms, 4000ms, 4000ms, 4000ms, 4000ms};
        for (std::size_t i = 0; i < 6; ++i) {
            const auto pause = std::chrono::duration_cast<milliseconds>(
                c.times[i + 1] - c.times[i] - options.timeout);
            CHECK(pause >= 0ms);
            CHECK(pause <= most[i]);
            if (i == 0)
                firsts.insert(pause);
        }
    }
    CHECK(firsts.size() > 30);
    CHECK(*firsts.begin() < 200ms);
    CHECK(*firsts.rbegin() > 800ms);
}

TEST_CASE("lazy pirate client: one deadline holds for attempts, pauses and waiting alike") {
    client_options options;
    options.deadline = 6000ms;
    options.retries = 100;
    client c{options};
    c.request(1, {"a"});
    c.request(2, {"b"}); // waits for the connection
    c.advance(5999ms);
    CHECK(c.ends.empty());
    c.advance(1ms);
    CHECK(c.ends[1].size() == 1);
    CHECK(c.ends[1][0].ec == errc::abandoned);
    CHECK(c.ends[2] == std::vector<end>{abandoned_after(0)});
    CHECK(c.stats().abandoned == 2);
    c.advance(1min);
    CHECK(c.ends[1].size() == 1);
}

TEST_CASE("lazy pirate client: a wrong reply neither ends a request nor prolongs its time") {
    client c;
    c.request(1, {"a"});
    c.advance(2000ms);
    for (const frames& wrong : messages{{},
                                        {""},
                                        {"x"},
                                        {"x", "y"},
                                        {"x", "", "y"},
                                        {tag_frame('i'), "", "y"},
                                        {tag_frame('i', 0, 0), ""}})
        c.in(wrong);
    CHECK(c.stats().malformed + c.stats().mismatched == 7);
    CHECK(c.ends.empty());
    c.advance(500ms);
    CHECK(c.closed == 1);
}

TEST_CASE("lazy pirate client: with several endpoints a round asks each of them once, in order") {
    client_options options;
    options.retries = 1;
    client c{options, 3};
    c.request(1, {"a"});
    c.advance(5000ms);
    CHECK(c.opened == std::vector<std::size_t>{0, 1, 2});
    CHECK(c.times[2] - c.times[0] == 5000ms); // no pause between different servers
    c.advance(1min);
    CHECK(c.opened == std::vector<std::size_t>{0, 1, 2, 0, 1, 2});
    CHECK(c.ends[1] == std::vector<end>{abandoned_after(6)});
}

TEST_CASE("lazy pirate client: it begins with the endpoint that answered last") {
    client c{{}, 3};
    c.request(1, {"a"});
    c.advance(2500ms);
    c.in({"", "A"});
    c.request(2, {"b"});
    CHECK(c.opened == std::vector<std::size_t>{0, 1});
    c.advance(2500ms);
    CHECK(c.opened == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("lazy pirate client: a tagged request is the same in every attempt, and has an id") {
    client_options options;
    options.tagged = true;
    options.deadline = 20'000ms;
    client c{options};
    c.request(1, {"a"});
    c.advance(3000ms);
    REQUIRE(c.sent.size() == 2);
    CHECK(c.sent[0] == c.sent[1]);
    const std::string tag = c.sent[0][0];
    CHECK(c.sent[0] == frames{tag, "", "a"});
    CHECK(tag.size() == 22);
    CHECK(tag.starts_with("M1"));
    CHECK(tag.ends_with("\x00\x00\x4e\x20"s));
    c.in({"", "plain"});                      // not to this request
    c.in({tag_frame('x'), "", "of another"}); //
    CHECK(c.stats().mismatched == 2);
    c.in({tag, "", "from a plain REP"}); // which returns the envelope as it is
    CHECK(c.ends[1] == std::vector<end>{{{}, {"from a plain REP"}}});
    c.request(2, {"b"});
    CHECK(c.sent[2][0] != tag);
    c.in({tag + '\0', "", "late"});
    CHECK(c.ends[2].empty());
    c.in({c.sent[2][0] + '\0', "", "from ours"});
    CHECK(c.ends[2] == std::vector<end>{{{}, {"from ours"}}});
}

TEST_CASE("lazy pirate client: a failure that a server tells is an error with its words") {
    const std::pair<char, errc> all[] = {
        {'\1', errc::handler_failed}, {'\2', errc::no_such_service}, {'\3', errc::queue_full},
        {'\4', errc::expired},        {'\5', errc::given_up},        {'\6', errc::refused},
        {'\x7f', errc::refused}};
    for (const auto& [octet, code] : all) {
        client_options options;
        options.tagged = true;
        client c{options};
        c.request(1, {"a"});
        c.in({c.sent[0][0] + octet, "", "why"});
        CHECK(c.ends[1] == std::vector<end>{{code, {"why"}}});
    }
}

TEST_CASE("lazy pirate client: as many requests are on their way as there are connections") {
    client_options options;
    options.max_connections = 2;
    client c{options};
    for (std::uint64_t n = 1; n <= 4; ++n)
        c.request(n, {std::to_string(n)});
    CHECK(c.sent == messages{{"", "1"}, {"", "2"}});
    CHECK(c.stats().running == 2);
    CHECK(c.stats().waiting == 2);
    c.in({"", "two"}, 1);
    CHECK(c.ends[2] == std::vector<end>{{{}, {"two"}}});
    CHECK(c.sent.back() == frames{"", "3"});
    c.in({"", "three"}, 1);
    CHECK(c.ends[3] == std::vector<end>{{{}, {"three"}}});
    c.in({"", "one"}, 0);
    CHECK(c.ends[1] == std::vector<end>{{{}, {"one"}}});
    CHECK(c.stats().waiting == 0);
    CHECK(c.stats().waiting_octets == 0);
}

TEST_CASE("lazy pirate client: requests beyond what may wait are refused at once") {
    client_options options;
    options.max_waiting = 2;
    options.max_waiting_octets = 100;
    client c{options};
    c.request(1, {"a"});
    c.request(2, {std::string(1000, 'b')}); // larger than all, alone
    CHECK(c.refusal(3, {"c"}) == errc::queue_full);
    c.in({"", "A"});
    c.request(4, {"d"});
    c.request(5, {"e"});
    CHECK(c.refusal(6, {"f"}) == errc::queue_full);
    CHECK(c.stats().refused == 2);
    CHECK(c.ends[3].empty());
}

TEST_CASE("lazy pirate client: what makes no sense is refused") {
    client none{{}, 0};
    CHECK(none.refusal(1, {"a"}) == errc::no_endpoint);
    client c;
    CHECK(c.refusal(1, {}) == errc::malformed_request);
    c.core.receive(99, message_of({"", "x"}), c.now);
    CHECK(c.stats().unsolicited == 1);
    CHECK(c.stats().requests == 0);
}

TEST_CASE("lazy pirate client: a request can be cancelled while it runs, pauses or waits") {
    client_options options;
    options.pause = 1h;
    options.pause_max = 1h;
    client c{options, 1, 3};
    c.request(1, {"a"});
    c.request(2, {"b"});
    c.core.cancel(2, c.now);
    c.core.cancel(99, c.now);
    c.collect();
    CHECK(c.ends[2] == std::vector<end>{{errc::cancelled, {}}});
    c.core.cancel(1, c.now);
    c.collect();
    CHECK(c.ends[1] == std::vector<end>{{errc::cancelled, {}}});
    CHECK(c.closed == 1);
    c.request(3, {"c"});
    c.advance(2500ms);
    c.core.cancel(3, c.now);
    c.collect();
    CHECK(c.ends[3] == std::vector<end>{{errc::cancelled, {}}});
    c.advance(24h);
    CHECK(c.sent.size() == 2);
    CHECK(c.stats().cancelled == 3);
}

} // namespace
TEST_CASE(
    "lazy pirate client: another server is asked after the time to settle, the same one is not") {
    client_options options;
    options.timeout = 100ms;
    options.settle = 300ms;
    options.pause = 0ms;
    options.retries = 1;
    client pair{options, 2};
    pair.request(1, {"x"});
    pair.advance(10'000ms);
    REQUIRE(pair.times.size() == 4);
    for (std::size_t i = 0; i < pair.times.size(); ++i)
        CHECK(pair.times[i] == start + i * 400ms);
    CHECK(pair.opened == std::vector<std::size_t>{0, 1, 0, 1});
    CHECK(pair.closed == 4);

    client single{options, 1};
    single.request(1, {"x"});
    single.advance(10'000ms);
    REQUIRE(single.times.size() == 2);
    CHECK(single.times.back() == start + 100ms);
}

TEST_CASE("lazy pirate client: a deadline ends the time to settle") {
    client_options options;
    options.timeout = 100ms;
    options.settle = 10'000ms;
    options.deadline = 500ms;
    client c{options, 2};
    c.request(1, {"x"});
    c.advance(500ms);
    REQUIRE(c.ends[1].size() == 1);
    CHECK(c.ends[1].front().ec == errc::abandoned);
    CHECK(c.sent.size() == 1);
}

} // namespace mizzen::lazy_pirate::test
