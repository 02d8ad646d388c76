// The Majordomo client at brokers that know request tags, and at several of them.
#include "majordomo_client_helpers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace mizzen::majordomo::test {
namespace {

using step = client_core::step;

// A client whose broker knows tags.
test_client aware_client(const client_options& options = {}, int brokers = 1,
                         std::uint64_t seed = 1) {
    test_client c{options, brokers, seed};
    c.request("first", {"x"});
    c.learn(true);
    const auto sent = c.take_sent();
    c.in(c.link(), tagged_reply(sent.at(0).parts, {"X"}));
    c.results.clear();
    c.take_steps();
    return c;
}

TEST_CASE("majordomo client: a broker that knows tags gets all requests on one link") {
    test_client c = aware_client();
    std::vector<std::uint64_t> numbers;
    for (const char* body : {"a", "b", "c"})
        numbers.push_back(c.request("echo", {body}));
    CHECK(c.take_steps() == std::vector(3, step::send));
    for (const auto& each : c.sent) {
        CHECK(each.link == c.link());
        CHECK(each.parts.at(0).size() == 22);
        CHECK(each.parts.at(0).starts_with("M1"));
    }
    CHECK(c.sent[0].parts == frames{c.sent[0].parts[0]} + client_frames("echo", {"a"}));
    CHECK(c.sent[0].parts[0] != c.sent[1].parts[0]);
    for (const std::size_t i : {2U, 0U, 1U}) // in any order
        c.in(c.link(), tagged_reply(c.sent[i].parts, {std::to_string(i)}));
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(c.results.at(numbers[i]).body == frames{std::to_string(i)});
    CHECK_FALSE(c.core.deadline());
}

TEST_CASE("majordomo client: more than may be outstanding wait, and are sent in order") {
    client_options options;
    options.max_outstanding = 2;
    test_client c = aware_client(options);
    for (const char* body : {"a", "b", "c", "d"})
        c.request("echo", {body});
    REQUIRE(c.sent.size() == 2);
    c.in(c.link(), tagged_reply(c.sent[0].parts, {"A"}));
    REQUIRE(c.sent.size() == 3);
    CHECK(c.sent[2].parts.back() == "c");
}

TEST_CASE("majordomo client: a broker is told how much of a request's time is left") {
    test_client c = aware_client(without_pauses());
    request_options wanted;
    wanted.deadline = 0x01020304ms;
    c.request("echo", {"a"}, wanted);
    CHECK(c.sent.back().parts[0].substr(18) == "\1\2\3\4"s);
    wanted.deadline = 3000ms;
    c.request("echo", {"b"}, wanted);
    CHECK(c.sent.back().parts[0].substr(18) == std::string("\0\0\x0b\xb8", 4));
    c.advance(2500ms);
    CHECK(c.sent.back().parts[0].substr(18) == std::string("\0\0\x01\xf4", 4));
    c.request("echo", {"c"}); // without one: what its attempts take
    CHECK(c.sent.back().parts.back() == "c");
    CHECK(c.sent.back().parts[0].substr(18) == std::string("\0\0\x1d\x4c", 4));
}

TEST_CASE("majordomo client: a request that is sent again has the same id") {
    test_client c = aware_client(without_pauses());
    const auto number = c.request("echo", {"a"});
    const std::uint32_t link = c.link();
    c.advance(2500ms);
    // Nothing was heard meanwhile: the broker is asked whether it lives.
    REQUIRE(c.sent.size() == 3);
    CHECK(c.sent[1].parts == client_frames("mmi.broker", {""}));
    CHECK(c.sent[2].parts[0].substr(0, 18) == c.sent[0].parts[0].substr(0, 18));
    c.in(link, client_frames("mmi.broker", {"200", "M1"}));
    c.advance(2000ms);
    CHECK(c.link() == link);
    c.in(link, tagged_reply(c.sent[0].parts, {"A"}));
    CHECK(c.results.at(number).body == frames{"A"});
    c.in(link, tagged_reply(c.sent[2].parts, {"A"})); // the second copy's
    CHECK(c.core.stats().mismatched == 1);
}

TEST_CASE("majordomo client: clients with different seeds have different ids") {
    test_client a = aware_client({}, 1, 1);
    test_client b = aware_client({}, 1, 2);
    for (test_client* c : {&a, &b})
        c->request("echo", {"a"});
    CHECK(a.sent[0].parts[0] != b.sent[0].parts[0]);
}

TEST_CASE("majordomo client: only a reply with its tag and service is believed") {
    test_client c = aware_client();
    const auto number = c.request("echo", {"a"});
    const frames sent = c.sent[0].parts;
    c.in(c.link(), client_frames("echo", {"A"}));
    c.in(c.link(), frames{tag_frame('i', 0, '\0')} + client_frames("echo", {"A"}));
    frames other = tagged_reply(sent, {"A"});
    other[3] = "other";
    c.in(c.link(), other);
    frames next = tagged_reply(sent, {"A"});
    next[0][17] ^= 1; // another slot, and no number of a request
    c.in(c.link(), next);
    CHECK(c.results.empty());
    CHECK(c.core.stats().mismatched == 4);
    c.cancel(number);
    c.in(c.link(), tagged_reply(sent, {"A"}));
    CHECK(c.core.stats().mismatched == 5);
    CHECK(c.links.size() == 1); // it is for the others, too
}

TEST_CASE("majordomo client: every status of a reply has its error, with the reason for a body") {
    const std::vector<std::error_code> expected{
        {},
        errc::handler_failed,
        errc::no_such_service,
        errc::queue_full,
        errc::expired,
        errc::given_up,
        errc::not_authorised,
        errc::stopping,
        errc::handler_failed, // a status that has no name yet
    };
    test_client c = aware_client();
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto number = c.request("echo", {"a"});
        c.in(c.link(), tagged_reply(c.sent.back().parts, {"why"}, static_cast<char>(i)));
        CHECK(c.results.at(number).ec == expected[i]);
        CHECK(c.results.at(number).body == frames{"why"});
    }
}

TEST_CASE("majordomo client: requests are abandoned one by one, each when its time is over") {
    test_client c = aware_client(without_pauses());
    request_options quick;
    quick.timeout = 10ms;
    quick.retries = 0;
    const auto a = c.request("echo", {"a"});
    const auto b = c.request("echo", {"b"}, quick);
    c.advance(10ms);
    CHECK(c.results.at(b).ec == errc::timed_out);
    c.advance(10s);
    CHECK(c.results.at(a).ec == errc::timed_out);
    CHECK(c.core.pending() == 0);
}

TEST_CASE("majordomo client: what a lost broker had is sent again, in order, once it is back") {
    test_client c = aware_client();
    const auto a = c.request("echo", {"a"});
    c.request("echo", {"b"});
    const auto before = c.take_sent();
    c.take_steps();
    c.lost(c.link());
    CHECK(c.take_steps() == std::vector{step::close, step::open, step::send});
    c.request("echo", {"c"});
    c.learn(true);
    REQUIRE(c.sent.size() == 3);
    CHECK(c.sent[0].parts[0].substr(0, 18) == before[0].parts[0].substr(0, 18));
    CHECK(c.sent[1].parts.back() == "b");
    CHECK(c.sent[2].parts.back() == "c");
    c.in(c.link(), tagged_reply(c.sent[0].parts, {"A"}));
    CHECK(c.results.at(a).body == frames{"A"});
    CHECK(c.core.stats().failovers == 1);
    CHECK(c.core.stats().resent == 2);
}

TEST_CASE("majordomo client: a broker that stays away is asked for until the requests are over") {
    test_client c = aware_client(without_pauses());
    const auto a = c.request("echo", {"a"});
    c.lost(c.link());
    const auto b = c.request("echo", {"b"});
    c.advance(3s);
    CHECK(c.results.empty());
    for (const auto& each : c.take_sent()) // never as to a plain broker
        CHECK((each.parts.size() == 5 || each.parts == client_frames("mmi.broker", {""})));
    c.advance(20s);
    CHECK(c.results.at(a).ec == errc::timed_out);
    CHECK(c.results.at(b).ec == errc::timed_out);
    const auto later = c.request("echo", {"c"});
    c.advance(20s);
    CHECK(c.results.at(later).ec == errc::timed_out);
    CHECK(c.links.size() <= 1);
}

// --- Several brokers ---

TEST_CASE("majordomo client: a broker that refuses is left for the next, at once") {
    test_client c{{}, 3};
    c.request("echo", {"a"});
    CHECK(c.links.at(c.link()) == 0);
    c.link_refused(c.link());
    CHECK(c.links.at(c.link()) == 1);
    c.link_refused(c.link());
    CHECK(c.links.at(c.link()) == 2);
    c.learn(true);
    CHECK(c.sent.at(0).parts.back() == "a");
}

TEST_CASE("majordomo client: when all refuse it pauses before it begins again") {
    test_client c{{}, 2};
    const auto number = c.request("echo", {"a"});
    c.link_refused(c.link());
    c.link_refused(c.link());
    CHECK(c.links.empty());
    c.advance(74ms);
    CHECK(c.links.empty());
    c.advance(51ms);
    CHECK(c.links.at(c.link()) == 0);
    while (!c.results.contains(number)) { // and for no longer than the request has time
        if (!c.links.empty())
            c.link_refused(c.link());
        c.advance(100ms);
        REQUIRE(c.now - start < 60s);
    }
    CHECK(c.results.at(number).ec == errc::timed_out);
}

TEST_CASE("majordomo client: outstanding requests go to the next broker with the same ids") {
    test_client c = aware_client({}, 2);
    const auto a = c.request("echo", {"a"});
    const auto b = c.request("echo", {"b"});
    const auto before = c.take_sent();
    c.lost(c.link());
    CHECK(c.links.at(c.link()) == 1);
    c.learn(true);
    REQUIRE(c.sent.size() == 2);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(c.sent[i].parts[0].substr(0, 18) == before[i].parts[0].substr(0, 18));
    c.in(c.link(), tagged_reply(c.sent[1].parts, {"B"}));
    c.in(c.link(), tagged_reply(c.sent[0].parts, {"A"}));
    CHECK(c.results.at(a).body == frames{"A"});
    CHECK(c.results.at(b).body == frames{"B"});
}

TEST_CASE("majordomo client: a broker that falls silent is left when it does not answer a probe") {
    test_client c = aware_client(without_pauses(), 2);
    c.request("echo", {"a"});
    c.advance(2500ms);
    CHECK(c.links.at(c.link()) == 0);
    c.advance(1000ms);
    CHECK(c.links.at(c.link()) == 1);
    c.learn(true);
    CHECK(c.sent.at(0).parts.back() == "a");
}

TEST_CASE("majordomo client: a broker that lives and stands by is left once a request times out") {
    for (const int brokers : {1, 2}) {
        test_client c = aware_client({}, brokers);
        const std::uint32_t link = c.link();
        c.request("echo", {"a"});
        c.take_sent();
        c.advance(2500ms);
        REQUIRE(c.sent.size() == 1);
        c.in(link, client_frames("mmi.broker", {"200", "M1", "passive"}));
        CHECK(c.core.stats().failovers == (brokers == 1 ? 0 : 1)); // alone it is asked again
        CHECK(c.links.at(c.link()) == static_cast<std::uint32_t>(brokers - 1));
    }
}

TEST_CASE("majordomo client: the next broker may be a plain one") {
    test_client c = aware_client({}, 2);
    const auto number = c.request("echo", {"a"});
    c.lost(c.link());
    c.learn(false);
    CHECK(c.sent.at(0).parts == client_frames("echo", {"a"}));
    c.in(c.link(), client_frames("echo", {"A"}));
    CHECK(c.results.at(number).body == frames{"A"});
}

TEST_CASE("majordomo client: a broker that is about to stop is left for the next") {
    test_client c = aware_client({}, 2);
    const auto a = c.request("echo", {"a"});
    const auto b = c.request("echo", {"b"});
    c.in(c.link(), tagged_reply(c.sent[0].parts, {"stopping"}, '\7'));
    CHECK(c.links.at(c.link()) == 1);
    c.learn(true);
    REQUIRE(c.sent.size() == 2);
    for (const auto& each : c.take_sent())
        c.in(c.link(), tagged_reply(each.parts, {"done"}));
    CHECK(c.results.at(a).body == frames{"done"});
    CHECK(c.results.at(b).body == frames{"done"});
}

TEST_CASE("majordomo client: at plain brokers, one of which nothing is heard is left as well") {
    test_client c{without_pauses(), 2};
    const auto number = c.request("echo", {"a"});
    c.learn(false);
    CHECK(c.links.at(c.sent.at(0).link) == 0);
    c.advance(1ms);
    c.take_sent();
    c.request("echo", {"b"});
    c.advance(2500ms);
    REQUIRE_FALSE(c.sent.empty());
    const auto again = c.sent.back();
    CHECK(c.links.at(again.link) == 1);
    c.in(again.link, client_frames("echo", {"A"}));
    CHECK(c.results.size() == 1);
    CHECK(c.core.pending() == 1);
    static_cast<void>(number);
}

} // namespace
} // namespace mizzen::majordomo::test
