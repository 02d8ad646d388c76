// The Majordomo client at a plain broker, message by message, in virtual time.
#include "majordomo_client_helpers.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mizzen::majordomo::test {
namespace {

using step = client_core::step;

// A client that knows its broker for a plain one.
test_client plain_client(const client_options& options = {}) {
    test_client c{options};
    c.request("first", {"x"});
    c.learn(false);
    c.in(c.link(), client_frames("first", {"X"}));
    c.results.clear();
    c.take_sent();
    c.take_steps();
    return c;
}

TEST_CASE("majordomo client: the first request asks the broker what it knows") {
    test_client c;
    const auto number = c.request("echo", {"a", "b"});
    CHECK(c.take_steps() == std::vector{step::open, step::send});
    c.learn(false);
    CHECK(c.take_steps() == std::vector{step::send});
    CHECK(c.sent.at(0).parts == client_frames("echo", {"a", "b"}));
    c.in(c.link(), client_frames("echo", {"A", "B"}));
    CHECK(c.take_steps() == std::vector{step::done});
    CHECK(c.results.at(number).body == frames{"A", "B"});
    CHECK_FALSE(c.results.at(number).ec);
    CHECK_FALSE(c.core.deadline());
    CHECK(c.core.pending() == 0);
}

TEST_CASE("majordomo client: a plain broker's requests each have a link, which is used again") {
    test_client c = plain_client();
    const auto a = c.request("echo", {"a"});
    const auto b = c.request("echo", {"b"});
    REQUIRE(c.sent.size() == 2);
    CHECK(c.sent[0].link != c.sent[1].link);
    c.in(c.sent[1].link, client_frames("echo", {"B"}));
    c.in(c.sent[0].link, client_frames("echo", {"A"}));
    CHECK(c.results.at(a).body == frames{"A"});
    CHECK(c.results.at(b).body == frames{"B"});
    c.take_steps();
    c.request("other", {"c"});
    CHECK(c.take_steps() == std::vector{step::send});
    CHECK(c.links.size() == 2);
}

TEST_CASE("majordomo client: requests beyond the connections that are allowed wait in order") {
    client_options options;
    options.max_connections = 2;
    test_client c = plain_client(options);
    for (const char* body : {"a", "b", "c", "d"})
        c.request("echo", {body});
    REQUIRE(c.sent.size() == 2);
    c.in(c.sent[1].link, client_frames("echo", {"B"}));
    REQUIRE(c.sent.size() == 3);
    CHECK(c.sent[2].parts.back() == "c");
    CHECK(c.links.size() == 2);
}

TEST_CASE("majordomo client: silence means a pause, a new link and the same octets again") {
    client_options options;
    options.retry_delay = 100ms;
    test_client c = plain_client(options);
    const std::string large(1000, 'x');
    const auto number = c.request("echo", {large, "b"});
    c.advance(2499ms + 75ms);
    CHECK(c.sent.size() == 1);
    c.take_steps();
    c.advance(51ms);
    CHECK(c.take_steps() == std::vector{step::close, step::open, step::send});
    c.advance(2500ms + 250ms);
    REQUIRE(c.sent.size() == 3);
    for (const auto& each : c.sent)
        CHECK(each.parts == client_frames("echo", {large, "b"}));
    c.in(c.sent[2].link, client_frames("echo", {"A"}));
    CHECK(c.results.at(number).body == frames{"A"});
    CHECK(c.core.stats().resent == 2);
}

TEST_CASE("majordomo client: pauses before retries double up to their maximum, with jitter") {
    client_options options;
    options.retry_delay = 1000ms;
    options.retry_delay_max = 4000ms;
    options.timeout = 10ms;
    options.retries = 4;
    test_client c = plain_client(options);
    c.request("echo", {"a"});
    std::vector<milliseconds> pauses;
    time_point before = c.now;
    for (std::size_t sent = 1; c.sent.size() < 5; sent = c.sent.size()) {
        while (c.sent.size() == sent)
            c.advance(1ms);
        pauses.push_back(std::chrono::duration_cast<milliseconds>(c.now - before) - 10ms);
        before = c.now;
    }
    const milliseconds expected[] = {1000ms, 2000ms, 4000ms, 4000ms};
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(pauses[i] >= expected[i] * 3 / 4);
        CHECK(pauses[i] <= expected[i] * 5 / 4);
    }
}

TEST_CASE("majordomo client: a reply that comes in the pause before a retry counts") {
    test_client c = plain_client();
    const auto number = c.request("echo", {"a"});
    c.advance(2500ms);
    c.in(c.link(), client_frames("echo", {"A"}));
    CHECK(c.results.at(number).body == frames{"A"});
    c.advance(1h);
    CHECK(c.sent.size() == 1);
}

TEST_CASE("majordomo client: it abandons a request after its retries, and closes its link") {
    test_client c = plain_client(without_pauses());
    const auto number = c.request("echo", {"a"});
    c.advance(7499ms);
    CHECK(c.core.pending() == 1);
    c.take_steps();
    c.advance(1ms);
    CHECK(c.take_steps() == std::vector{step::close, step::done});
    CHECK(c.results.at(number).ec == errc::timed_out);
    CHECK(c.core.stats().abandoned == 1);
    CHECK(c.links.empty());
}

TEST_CASE("majordomo client: one request may have its own time-out, retries and deadline") {
    test_client c = plain_client(without_pauses());
    request_options once;
    once.retries = 0;
    once.timeout = 10ms;
    const auto a = c.request("echo", {"a"}, once);
    request_options soon;
    soon.deadline = 100ms;
    const auto b = c.request("echo", {"b"}, soon);
    c.advance(10ms);
    CHECK(c.results.at(a).ec == errc::timed_out);
    c.advance(89ms);
    CHECK_FALSE(c.results.contains(b));
    c.advance(1ms);
    CHECK(c.results.at(b).ec == errc::timed_out);
    CHECK(c.sent.size() == 2);
}

TEST_CASE("majordomo client: a deadline ends a request that waits for a link") {
    client_options options;
    options.max_connections = 1;
    test_client c = plain_client(options);
    c.request("echo", {"a"});
    request_options soon;
    soon.deadline = 100ms;
    const auto b = c.request("echo", {"b"}, soon);
    c.advance(100ms);
    CHECK(c.results.at(b).ec == errc::timed_out);
    CHECK(c.sent.size() == 1);
}

TEST_CASE("majordomo client: what is not the reply is dropped and does not buy time") {
    test_client c = plain_client();
    c.request("echo", {"a"});
    c.advance(2s);
    const auto before = c.core.deadline();
    const std::uint32_t link = c.link();
    c.in(link, {"x"});
    c.in(link, {"", "MDPC01"});
    c.in(link, {"", "MDPC01", "echo"});
    c.in(link, {"", "MDPW01", "echo", "a"});
    c.in(link, client_frames("other", {"a"}));
    c.in(link, frames{tag_frame('i', 0, '\0')} + client_frames("echo", {"a"}));
    c.in(link + 1, client_frames("echo", {"a"}));
    CHECK(c.core.stats().malformed + c.core.stats().mismatched == 7);
    CHECK(c.results.empty());
    CHECK(c.core.deadline() == before);
}

TEST_CASE("majordomo client: a bad service name and a body without parts are refused") {
    test_client c;
    CHECK(c.refused("", {"a"}) == errc::malformed_request);
    CHECK(c.refused("a\nb", {"a"}) == errc::malformed_request);
    CHECK(c.refused(std::string(256, 'x'), {"a"}) == errc::malformed_request);
    CHECK(c.refused("echo", {}) == errc::malformed_request);
    CHECK(c.take_steps().empty());
}

TEST_CASE("majordomo client: requests beyond its limits are refused and counted") {
    client_options options;
    options.max_outstanding = 2;
    options.max_waiting = 1;
    options.max_octets = 1000;
    test_client c = plain_client(options);
    const auto a = c.request("echo", {"a"});
    c.request("echo", {"b"});
    c.request("echo", {"c"});
    CHECK(c.refused("echo", {"d"}) == errc::too_many_requests);
    c.cancel(a);
    CHECK(c.refused("echo", {std::string(1000, 'x')}) == errc::too_many_requests);
    c.request("echo", {"e"});
    CHECK(c.core.stats().refused == 2);
}

TEST_CASE("majordomo client: a request larger than its limit is taken when there is no other") {
    client_options options;
    options.max_octets = 10;
    test_client c = plain_client(options);
    c.request("echo", {std::string(1000, 'x')});
    CHECK(c.sent.size() == 1);
}

TEST_CASE("majordomo client: a cancelled request is done, and its link closed") {
    test_client c = plain_client();
    c.cancel(12345);
    CHECK(c.take_steps().empty());
    const auto number = c.request("echo", {"a"});
    c.take_steps();
    c.cancel(number);
    CHECK(c.take_steps() == std::vector{step::close, step::done});
    CHECK(c.results.at(number).ec == errc::cancelled);
    CHECK_FALSE(c.core.deadline());
    c.cancel(number); // it is over: nothing happens
    CHECK(c.take_steps().empty());
}

TEST_CASE("majordomo client: a broker that does not say what it knows is taken for a plain one") {
    test_client c;
    const auto number = c.request("echo", {"a"});
    c.take_sent();
    c.advance(1000ms);
    REQUIRE(c.sent.size() == 1);
    CHECK(c.sent[0].parts == client_frames("echo", {"a"}));
    c.in(c.sent[0].link, client_frames("echo", {"A"}));
    CHECK(c.results.at(number).body == frames{"A"});
    // And is asked again, since it lives.
    CHECK(c.sent.back().parts == client_frames("mmi.broker", {""}));
    c.learn(true);
    c.request("echo", {"b"});
    CHECK(c.sent.at(0).parts.size() == 5);
}

TEST_CASE("majordomo client: a link that is lost has its request sent again, on another") {
    test_client c = plain_client();
    const auto number = c.request("echo", {"a"});
    const std::uint32_t link = c.link();
    c.take_steps();
    c.lost(link);
    CHECK(c.take_steps().empty());
    c.advance(125ms);
    CHECK(c.take_steps() == std::vector{step::close, step::open, step::send});
    c.in(c.sent.back().link, client_frames("echo", {"A"}));
    CHECK(c.results.at(number).body == frames{"A"});
    c.lost(c.link()); // an idle one
    CHECK(c.links.empty());
    c.lost(99);
}

// --- MDP 0.2, from RFC 18 ---

client_options second_version() {
    client_options options;
    options.protocol = dialect::version::mdp02;
    return options;
}

frames command_frames(char command, const std::string& service, const frames& body) {
    return frames{"MDPC02", std::string(1, command), service} + body;
}

test_client plain_02_client(const client_options& options = second_version()) {
    test_client c{options};
    c.request("first", {"x"});
    CHECK(c.sent.at(0).parts == command_frames('\1', "mmi.broker", {""}));
    c.in(c.link(), command_frames('\3', "mmi.broker", {"501"}));
    c.in(c.link(), command_frames('\3', "first", {"X"}));
    c.results.clear();
    c.take_sent();
    return c;
}

TEST_CASE("majordomo client 0.2: parts come one by one, and the final one ends the request") {
    test_client c = plain_02_client();
    const auto number = c.request("list", {"a"});
    CHECK(c.sent.at(0).parts == command_frames('\1', "list", {"a"}));
    c.in(c.link(), command_frames('\2', "list", {"1", "one"}));
    c.in(c.link(), command_frames('\2', "list", {"2"}));
    CHECK(c.results.empty());
    c.in(c.link(), command_frames('\3', "list", {"3"}));
    CHECK(c.parts.at(number) == messages{{"1", "one"}, {"2"}});
    CHECK(c.results.at(number).body == frames{"3"});
    CHECK(c.core.stats().partials == 2);
    c.in(c.link(), command_frames('\2', "list", {"4"}));
    CHECK(c.core.stats().mismatched == 1);
}

TEST_CASE("majordomo client 0.2: a request is not sent again once a part of its reply has come") {
    test_client c = plain_02_client();
    const auto slow = c.request("list", {"a"});
    for (int i = 0; i < 10; ++i) {
        c.advance(2499ms);
        c.in(c.link(), command_frames('\2', "list", {"part"}));
    }
    CHECK(c.sent.size() == 1);
    c.advance(2500ms);
    CHECK(c.results.at(slow).ec == errc::timed_out);
    CHECK(c.sent.size() == 1);
    const auto broken = c.request("list", {"b"});
    c.in(c.link(), command_frames('\2', "list", {"part"}));
    c.lost(c.link());
    CHECK(c.results.at(broken).ec == errc::interrupted);
}

TEST_CASE("majordomo client 0.2: a request that is interrupted makes room for one that waits") {
    client_options options = second_version();
    options.max_outstanding = 1;
    test_client c = plain_02_client(options);
    const auto broken = c.request("list", {"a"});
    const auto waits = c.request("list", {"b"});
    c.in(c.link(), command_frames('\2', "list", {"part"}));
    CHECK(c.take_sent().size() == 1);
    c.lost(c.link());
    CHECK(c.results.at(broken).ec == errc::interrupted);
    REQUIRE(c.sent.size() == 1);
    CHECK(c.sent[0].parts == command_frames('\1', "list", {"b"}));
    c.in(c.link(), command_frames('\3', "list", {"B"}));
    CHECK(c.results.at(waits).body == frames{"B"});
}

TEST_CASE("majordomo client 0.2: parts are of one run, where each time it is sent is one") {
    for (const bool looks_at_ids : {false, true}) {
        for (const std::size_t first : {0U, 1U}) {
            client_options options = second_version();
            options.retry_delay = 0ms;
            test_client c{options};
            request_options wanted;
            wanted.in_parts = true;
            const auto number = c.request("list", {"a"}, wanted);
            c.in(c.link(), command_frames('\3', "mmi.broker",
                                          looks_at_ids ? frames{"200", "M1", "duplicates=9"}
                                                       : frames{"200", "M1"}));
            c.take_sent();
            c.advance(2500ms);
            frames ids;
            for (const auto& each : c.take_sent())
                if (each.parts[0].size() == 22)
                    ids.push_back(each.parts[0] + '\0');
            REQUIRE(ids.size() == 1);
            frames before = ids;
            before.front()[10] ^= looks_at_ids ? '\0' : '\1'; // the first attempt's
            const frames runs{before.front(), ids.front()};
            const auto in = [&](std::size_t run, char command, const char* body) {
                c.in(c.link(), frames{runs[run], ""} + command_frames(command, "list", {body}));
            };
            in(first, '\2', "1");
            in(1 - first, '\2', "other");
            in(first, '\2', "2");
            in(1 - first, '\3', "other's end");
            if (looks_at_ids) { // it says that these are of one run
                CHECK(c.parts.at(number) == messages{{"1"}, {"other"}, {"2"}});
                CHECK(c.results.at(number).body == frames{"other's end"});
                continue;
            }
            CHECK(c.results.empty());
            in(first, '\3', "3");
            CHECK(c.parts.at(number) == messages{{"1"}, {"2"}});
            CHECK(c.results.at(number).body == frames{"3"});
            CHECK(c.core.stats().mismatched == 2);
        }
    }
}

TEST_CASE("majordomo client 0.2: tags stand in an envelope before an empty frame") {
    test_client c{second_version()};
    const auto number = c.request("list", {"a"});
    c.in(c.link(), command_frames('\3', "mmi.broker", {"200", "M1"}));
    const frames sent = c.sent.back().parts;
    CHECK(sent.at(0).size() == 22);
    CHECK(sent == frames{sent[0], ""} + command_frames('\1', "list", {"a"}));
    c.in(c.link(), frames{sent[0] + '\0', ""} + command_frames('\2', "list", {"1"}));
    c.in(c.link(), frames{sent[0] + '\0', ""} + command_frames('\3', "list", {"2"}));
    CHECK(c.parts.at(number) == messages{{"1"}});
    CHECK(c.results.at(number).body == frames{"2"});
}

} // namespace
} // namespace mizzen::majordomo::test
