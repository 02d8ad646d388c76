// A Freelance client's decisions, in virtual time.
#include "pattern_helpers.hpp"
#include <mizzen/patterns/freelance/client_core.hpp>
#include <mizzen/patterns/freelance/error.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace mizzen::freelance {
namespace {

using namespace patterns::test;
using step = client_core::step;
using server_id = client_core::server_id;

struct sent_message {
    server_id to = 0;
    frames parts;
    friend bool operator==(const sent_message&, const sent_message&) = default;
};

// A client whose actions are kept. PINGs are left out of what it sent.
struct test_client {
    time_point now = start;
    client_core core;
    std::vector<server_id> servers;
    std::vector<server_id> opened, resets, closed, pinged;
    std::vector<sent_message> sent;
    std::map<std::uint64_t, outcome> results;

    explicit test_client(const client_options& options = {}, int count = 2, std::uint64_t seed = 1)
        : core{options, seed, start} {
        while (count-- > 0)
            servers.push_back(core.add_server());
        collect();
    }

    void collect() {
        for (client_core::action out; core.next_action(out);) {
            switch (out.what) {
            case step::open: opened.push_back(out.server); break;
            case step::reset: resets.push_back(out.server); break;
            case step::close: closed.push_back(out.server); break;
            case step::send:
                if (is_word(out.m, ping))
                    pinged.push_back(out.server);
                else
                    sent.push_back({out.server, frames_of(out.m)});
                break;
            case step::done: {
                outcome& o = results[out.request];
                ++o.ends;
                o.ec = out.ec;
                o.reply = frames_of(out.m);
            }
            }
        }
    }
    void up(std::size_t which) {
        core.up(servers[which], now);
        collect();
    }
    void down(std::size_t which) {
        core.down(servers[which], now);
        collect();
    }
    void in(std::size_t which, const frames& m) {
        core.receive(servers[which], message_of(m), now);
        collect();
    }
    std::uint64_t ask(const std::string& body, std::optional<milliseconds> timeout = std::nullopt) {
        std::error_code ec = errc::refused; // to see it cleared
        const std::uint64_t number = core.request(message{body}, timeout, now, ec);
        CHECK_FALSE(ec);
        CHECK(number != 0);
        collect();
        return number;
    }
    std::error_code refused(const frames& body) {
        std::error_code ec;
        CHECK(core.request(message_of(body), std::nullopt, now, ec) == 0);
        return ec;
    }
    void advance(milliseconds by) {
        pass_time(core, now, by, [this] { collect(); });
    }
    /// All are up, and say so whenever they are asked.
    void advance_alive(milliseconds by) {
        for (const time_point end = now + by; now < end;) {
            advance(std::min(milliseconds{100}, std::chrono::ceil<milliseconds>(end - now)));
            for (std::size_t i = 0; i < servers.size(); ++i)
                in(i, {"PONG"});
        }
    }
    std::vector<sent_message> take_sent() { return std::exchange(sent, {}); }
    [[nodiscard]] bool is_over(std::uint64_t request) const { return results.contains(request); }
};

frames reply_to(const sent_message& request, const frames& body) {
    return frames{request.parts.at(0)} + body;
}
frames status_to(const sent_message& request, patterns::status what, const std::string& why) {
    return {request.parts.at(0) + static_cast<char>(what), why};
}

client_options shotgun() {
    client_options options;
    options.how = model::shotgun;
    return options;
}

} // namespace

// --- Model 3 ---

TEST_CASE("freelance client: a request goes to the first server that is there, with a tag") {
    test_client c;
    CHECK(c.opened == c.servers);
    c.up(1);
    c.up(0);
    const auto number = c.ask("hello");
    const auto sent = c.take_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == c.servers[0]);
    REQUIRE(sent[0].parts.size() == 2);
    CHECK(sent[0].parts[0].size() == 22);
    CHECK(sent[0].parts[0].starts_with("M1"));
    CHECK(sent[0].parts[0].substr(18) == "\0\0\x0b\xb8"s); // 3000 ms
    CHECK(sent[0].parts[1] == "hello");
    c.in(0, reply_to(sent[0], {"Hello", "", "world"}));
    CHECK(c.results.at(number).reply == frames{"Hello", "", "world"});
    CHECK_FALSE(c.results.at(number).ec);
    CHECK(c.core.stats().outstanding == 0);
    CHECK(c.core.stats().octets == 0);
}

TEST_CASE("freelance client: a request waits for a server to come, as long as it may") {
    test_client c;
    const auto patient = c.ask("patient");
    const auto hasty = c.ask("hasty", 100ms);
    CHECK(c.sent.empty());
    c.advance(100ms);
    CHECK(c.results.at(hasty).ec == errc::abandoned);
    c.up(1);
    const auto sent = c.take_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == c.servers[1]);
    CHECK(sent[0].parts[0].substr(18) == "\0\0\x0b\x54"s); // what is left: 2900 ms
    c.in(1, reply_to(sent[0], {"here"}));
    CHECK(c.results.at(patient).reply == frames{"here"});
}

TEST_CASE("freelance client: what a lost connection had is sent to another server, at once") {
    test_client c;
    c.up(0);
    c.up(1);
    const auto number = c.ask("a");
    c.take_sent();
    c.down(0);
    auto sent = c.take_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == c.servers[1]);
    c.down(1);
    CHECK(c.sent.empty());
    c.up(0); // a new connection, which has not had it
    sent = c.take_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == c.servers[0]);
    c.in(0, reply_to(sent[0], {"A"}));
    CHECK(c.results.at(number).reply == frames{"A"});
    CHECK(c.core.stats().copies == 3);
    CHECK(c.core.stats().hedged == 0);
}

TEST_CASE("freelance client: a server that lives but does not answer is passed over in time") {
    test_client c{{}, 3};
    for (std::size_t i : {0U, 1U, 2U})
        c.up(i);
    const auto number = c.ask("a");
    c.advance_alive(900ms);
    CHECK(c.take_sent().size() == 1);
    c.advance_alive(100ms);
    const auto second = c.take_sent();
    REQUIRE(second.size() == 1);
    CHECK(second[0].to == c.servers[1]);
    c.advance_alive(1000ms);
    const auto third = c.take_sent();
    REQUIRE(third.size() == 1);
    CHECK(third[0].to == c.servers[2]);
    CHECK(c.core.stats().hedged == 2);
    c.in(1, reply_to(second[0], {"from the second"}));
    CHECK(c.results.at(number).reply == frames{"from the second"});
    c.in(2, reply_to(third[0], {"from the third"})); // the first one wins
    c.in(1, reply_to(second[0], {"again"}));
    CHECK(c.results.at(number).ends == 1);
    CHECK(c.core.stats().late == 2);
}

TEST_CASE("freelance client: no server gets a request twice over one connection") {
    client_options options;
    options.timeout = 10'000ms;
    test_client c{options};
    c.up(0);
    c.up(1);
    const auto number = c.ask("a");
    c.advance_alive(9000ms);
    CHECK(c.take_sent().size() == 2);
    c.advance_alive(1000ms);
    CHECK(c.results.at(number).ec == errc::abandoned);
    CHECK_FALSE(c.core.stats().outstanding);
}

TEST_CASE(
    "freelance client: a server that comes and goes does not keep a request from the others") {
    client_options options;
    options.ttl = 60'000ms; // nobody is silent for too long
    options.timeout = 60'000ms;
    options.another_after = 100ms;
    test_client c{options, 3};
    for (std::size_t i : {0U, 1U, 2U})
        c.up(i);
    c.ask("a");
    CHECK(c.take_sent().at(0).to == c.servers[0]);
    c.down(0);
    CHECK(c.take_sent().at(0).to == c.servers[1]); // which says nothing
    c.up(0);
    c.advance(100ms);
    CHECK(c.take_sent().at(0).to == c.servers[2]);
    c.advance(100ms);
    CHECK(c.take_sent().at(0).to == c.servers[0]); // once more, over its new connection
    for (std::size_t i : {0U, 1U, 2U}) {           // and in that order
        c.down(i);
        c.take_sent();
    }
    c.up(0);
    CHECK(c.take_sent().at(0).to == c.servers[0]);
    c.down(0);
    for (std::size_t i : {1U, 2U, 0U})
        c.up(i);
    CHECK(c.take_sent().at(0).to == c.servers[1]);
    c.advance(100ms);
    CHECK(c.take_sent().at(0).to == c.servers[2]);
}

TEST_CASE("freelance client: a request that nobody has wakes the client when its time is over") {
    client_options options;
    options.another_after = 10ms;
    options.hedge = true;
    test_client c{options, 1};
    c.up(0);
    for (int i = 0; i < 32; ++i) { // no time passes at all
        c.ask("a");
        c.in(0, reply_to(c.take_sent().at(0), {"A"}));
    }
    c.down(0);
    c.ask("b");
    CHECK(c.core.deadline() == c.now + 3000ms);
}

TEST_CASE("freelance client: silence is asked about, and then is death") {
    client_options options;
    options.timeout = 60'000ms;
    options.another_after = 0ms;
    test_client c{options};
    c.up(0);
    c.up(1);
    CHECK(c.pinged == c.servers); // to know how far they are
    c.pinged.clear();
    const auto number = c.ask("a");
    c.take_sent();
    c.advance(499ms);
    CHECK(c.pinged.empty());
    c.advance(1ms);
    CHECK(c.pinged == c.servers);
    c.in(1, {"PONG"});
    c.advance(999ms);
    CHECK(c.resets.empty());
    CHECK(c.sent.empty());
    c.advance(1ms); // three times its PING went unanswered
    CHECK(c.resets == std::vector{c.servers[0]});
    const auto sent = c.take_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == c.servers[1]);
    CHECK(c.core.stats().expired == 1);
    CHECK(c.core.stats().alive == 1);
    c.in(0, {"PONG"}); // of the connection that was left: means nothing
    CHECK(c.core.stats().alive == 1);
    c.in(1, reply_to(sent[0], {"A"}));
    CHECK(c.results.at(number).reply == frames{"A"});
}

TEST_CASE("freelance client: no PING where there is traffic") {
    test_client c{{}, 1};
    c.up(0);
    c.pinged.clear();
    for (int i = 0; i < 20; ++i) {
        const auto number = c.ask("a");
        c.advance(300ms);
        c.in(0, reply_to(c.take_sent().at(0), {"A"}));
        CHECK(c.is_over(number));
    }
    CHECK(c.pinged.empty());
}

TEST_CASE("freelance client: who was stopped itself takes nobody for dead") {
    test_client c{{}, 1};
    c.up(0);
    c.now += 60s; // nothing ran
    c.core.handle_timeout(c.now);
    c.collect();
    CHECK(c.resets.empty());
    c.in(0, {"PONG"});
    c.advance(400ms);
    CHECK(c.core.stats().alive == 1);
}

TEST_CASE("freelance client: PONG is no reply, and a reply to nothing is dropped") {
    test_client c{{}, 1};
    c.up(0);
    c.in(0, {"PONG"});
    const auto number = c.ask("a");
    const auto sent = c.take_sent();
    c.in(0, {"PONG"});
    CHECK_FALSE(c.is_over(number));
    c.in(0, {"PONG", "and more"});
    c.in(0, {"1", "OK"});
    c.in(0, {"", "1", "OK"});
    c.in(0, {sent[0].parts[0]});
    c.in(0, {sent[0].parts[0] + "xx", "A"});
    CHECK(c.core.stats().malformed == 5);
    frames other = reply_to(sent[0], {"A"});
    other[0][2] ^= 1; // another client's
    c.in(0, other);
    CHECK(c.core.stats().malformed == 6);
    other = reply_to(sent[0], {"A"});
    other[0][17] ^= 64; // a number that was never given
    c.in(0, other);
    CHECK(c.core.stats().late == 1);
    CHECK_FALSE(c.is_over(number));
    c.in(0, reply_to(sent[0], {"A"}));
    CHECK(c.results.at(number).reply == frames{"A"});
}

TEST_CASE("freelance client: a reply counts from whoever was asked alone") {
    test_client c;
    c.up(0);
    c.up(1);
    const auto number = c.ask("a");
    const auto sent = c.take_sent();
    c.in(1, reply_to(sent[0], {"stolen"}));
    CHECK_FALSE(c.is_over(number));
    CHECK(c.core.stats().late == 1);
}

TEST_CASE("freelance client: failures have their errors, with the reason for a body") {
    using patterns::status;
    const std::pair<status, errc> all[] = {{status::handler_failed, errc::handler_failed},
                                           {status::expired, errc::expired},
                                           {status::no_such_service, errc::no_such_service},
                                           {status::not_authorised, errc::refused},
                                           {static_cast<status>(99), errc::refused}};
    for (const auto& [what, error] : all) {
        test_client c;
        c.up(0);
        c.up(1);
        const auto number = c.ask("a");
        c.in(0, status_to(c.take_sent().at(0), what, "why"));
        CHECK(c.results.at(number).ec == error);
        CHECK(c.results.at(number).reply == frames{"why"});
        CHECK(c.sent.empty());
    }
}

TEST_CASE("freelance client: a server that is full is left for another, and all of them are told") {
    test_client c;
    c.up(0);
    c.up(1);
    const auto lucky = c.ask("a");
    c.in(0, status_to(c.take_sent().at(0), patterns::status::queue_full, "full"));
    const auto sent = c.take_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == c.servers[1]);
    c.in(1, reply_to(sent[0], {"A"}));
    CHECK(c.results.at(lucky).reply == frames{"A"});
    const auto unlucky = c.ask("b");
    c.in(0, status_to(c.take_sent().at(0), patterns::status::queue_full, "full"));
    c.in(1, status_to(c.take_sent().at(0), patterns::status::queue_full, "full as well"));
    CHECK(c.results.at(unlucky).ec == errc::queue_full);
    CHECK(c.results.at(unlucky).reply == frames{"full as well"});
    CHECK(c.core.stats().outstanding == 0);
}

TEST_CASE("freelance client: a hedged request is sent again after the time most replies take") {
    client_options options;
    options.hedge = true;
    test_client c{options, 3};
    for (std::size_t i : {0U, 1U, 2U})
        c.up(i);
    for (int i = 0; i < 32; ++i) { // 20 ms each; before that is known it waits a second
        const auto number = c.ask("a");
        c.advance(i == 5 ? 40ms : 20ms);
        c.in(0, reply_to(c.take_sent().at(0), {"A"}));
        CHECK(c.is_over(number));
    }
    CHECK(c.core.stats().hedged == 0);
    const auto slow = c.ask("slow");
    CHECK(c.take_sent().size() == 1);
    c.advance(19ms);
    CHECK(c.sent.empty());
    c.advance(30ms);
    const auto copy = c.take_sent();
    REQUIRE(copy.size() == 1);
    CHECK(copy[0].to == c.servers[1]);
    c.advance(200ms);
    CHECK(c.sent.empty()); // one, not all of them
    c.in(1, reply_to(copy[0], {"A"}));
    CHECK(c.is_over(slow));
    CHECK(c.core.stats().hedged == 1);
}

TEST_CASE("freelance client: by latency, the server that answers soonest gets most") {
    client_options options;
    options.prefer = preference::latency;
    test_client c{options};
    c.up(0);
    c.up(1);
    int of_the_second = 0;
    for (int i = 0; i < 200; ++i) {
        const auto number = c.ask("a");
        const auto sent = c.take_sent().at(0);
        const bool second = sent.to == c.servers[1];
        of_the_second += second ? 1 : 0;
        c.advance(second ? 5ms : 50ms);
        c.in(second ? 1 : 0, reply_to(sent, {"A"}));
        CHECK(c.is_over(number));
    }
    CHECK(of_the_second > 170);
    CHECK(of_the_second < 200); // the other is looked at as well
}

TEST_CASE("freelance client: servers come and go while requests are under way") {
    test_client c{{}, 1};
    CHECK(c.core.stats().servers == 1);
    c.up(0);
    const auto number = c.ask("a");
    c.take_sent();
    c.servers.push_back(c.core.add_server());
    c.collect();
    CHECK(c.opened.back() == c.servers[1]);
    c.up(1);
    CHECK(c.sent.empty());
    c.core.remove_server(c.servers[0], c.now);
    c.collect();
    CHECK(c.closed == std::vector{c.servers[0]});
    const auto sent = c.take_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == c.servers[1]);
    c.core.remove_server(c.servers[0], c.now); // was removed before
    c.in(0, reply_to(sent[0], {"A"}));
    CHECK_FALSE(c.is_over(number));
    c.in(1, reply_to(sent[0], {"A"}));
    CHECK(c.is_over(number));
    c.core.remove_server(c.servers[1], c.now);
    c.collect();
    CHECK(c.refused({"b"}) == errc::no_endpoint);
    CHECK(c.core.stats().alive == 0);
    CHECK_FALSE(c.core.deadline());
}

TEST_CASE("freelance client: a request can be cancelled, wherever it is") {
    test_client c{{}, 1};
    const auto waits = c.ask("a");
    c.core.cancel(waits, c.now);
    c.collect();
    CHECK(c.results.at(waits).ec == errc::cancelled);
    c.up(0);
    CHECK(c.sent.empty());
    const auto sent = c.ask("b");
    c.core.cancel(sent, c.now);
    c.core.cancel(sent, c.now);
    c.core.cancel(77, c.now);
    c.collect();
    CHECK(c.results.at(sent).ends == 1);
    c.in(0, reply_to(c.take_sent().at(0), {"B"}));
    CHECK(c.core.stats().late == 1);
    CHECK(c.core.stats().cancelled == 2);
}

TEST_CASE("freelance client: requests are bounded, in number and in octets") {
    client_options options;
    options.max_outstanding = 2;
    options.max_octets = 100;
    test_client c{options, 1};
    c.up(0);
    c.ask("a");
    CHECK(c.refused({std::string(100, 'x')}) == errc::too_many_requests);
    c.ask("b");
    CHECK(c.refused({"c"}) == errc::too_many_requests);
    CHECK(c.refused({}) == errc::malformed_request);
    CHECK(c.core.stats().refused == 2);
    c.in(0, reply_to(c.sent.at(0), {"A"}));
    c.in(0, reply_to(c.sent.at(1), {"B"}));
    c.ask(std::string(1000, 'x')); // alone, whatever its size
    CHECK(c.core.stats().outstanding == 1);
}

// --- Model 2 ---

TEST_CASE("freelance client: a shotgun's request goes to all servers, and the first reply wins") {
    test_client c{shotgun(), 3};
    c.up(0);
    c.up(2);
    CHECK(c.pinged.empty());
    const auto number = c.ask("hello");
    const auto sent = c.take_sent();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0] == sent_message{c.servers[0], {"", "1", "hello"}});
    CHECK(sent[1] == sent_message{c.servers[2], {"", "1", "hello"}});
    c.up(1); // it comes in time to be asked
    CHECK(c.take_sent() == std::vector{sent_message{c.servers[1], {"", "1", "hello"}}});
    c.in(2, {"", "1", "OK"});
    CHECK(c.results.at(number).reply == frames{"OK"});
    c.in(0, {"", "1", "OK"});
    c.in(1, {"", "1", "OK"});
    CHECK(c.core.stats().late == 2);
    CHECK(c.ask("again") == 2);
    CHECK(c.take_sent().size() == 3);
    c.in(1, {"", "2", "OK"});
    CHECK_FALSE(c.core.deadline());
}

TEST_CASE("freelance client: a shotgun's request is abandoned in time, one that nobody has too") {
    test_client c{shotgun()};
    const auto nobody = c.ask("a");
    c.up(0);
    const auto silent = c.ask("b");
    c.advance(2999ms);
    CHECK(c.results.empty());
    c.advance(1ms);
    CHECK(c.results.at(nobody).ec == errc::abandoned);
    CHECK(c.results.at(silent).ec == errc::abandoned);
    CHECK(c.core.stats().abandoned == 2);
}

TEST_CASE("freelance client: what is no shotgun's reply is dropped") {
    test_client c{shotgun(), 1};
    c.up(0);
    const auto number = c.ask("a");
    for (const frames& m : {frames{"1", "OK"}, frames{"", "1"}, frames{"", "01", "OK"},
                            frames{"", "-1", "OK"}, frames{"", "1x", "OK"}, frames{"", "", "OK"},
                            frames{"", "99999999999999999999", "OK"}, frames{"PONG"}, frames{}})
        c.in(0, m);
    CHECK(c.core.stats().malformed == 9);
    CHECK_FALSE(c.is_over(number));
    c.in(0, {"", "2", "OK"});
    CHECK(c.core.stats().late == 1);
}

} // namespace mizzen::freelance
