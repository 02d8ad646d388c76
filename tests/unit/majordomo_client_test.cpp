// The Majordomo client, message by message, in virtual time.
#include "majordomo_helpers.hpp"
#include <mizzen/patterns/majordomo/client_core.hpp>

#include <doctest/doctest.h>

namespace mizzen::majordomo::test {
namespace {

using step = client_core::step;

// A client whose actions are kept in order.
struct client {
    time_point now = start;
    client_core core;
    std::vector<step> steps;
    messages sent;
    messages bodies;
    std::vector<std::error_code> results;

    explicit client(const client_options& options = {}, std::uint64_t seed = 1)
        : core{options, seed} {}

    void collect() {
        for (client_core::action out; core.next_action(out);) {
            steps.push_back(out.what);
            if (out.what == step::send)
                sent.push_back(frames_of(out.m));
            if (out.what == step::done) {
                results.push_back(out.ec);
                bodies.push_back(frames_of(out.m));
            }
        }
    }
    std::error_code try_request(const std::string& service, const frames& body) {
        std::error_code ec = errc::expired; // to see it cleared
        core.request(service, message_of(body), now, ec);
        collect();
        return ec;
    }
    void request(const std::string& service, const frames& body) {
        REQUIRE_FALSE(try_request(service, body));
    }
    void in(const frames& parts) {
        core.receive(message_of(parts), now);
        collect();
    }
    void advance(milliseconds by) {
        const time_point end = now + by;
        for (auto due = core.deadline(); due && *due <= end; due = core.deadline()) {
            now = std::max(now, *due);
            core.handle_timeout(now);
            collect();
        }
        now = end;
    }
    std::vector<step> take_steps() { return std::exchange(steps, {}); }
};

TEST_CASE("majordomo client: a request is sent on a connection and done with its reply") {
    client c;
    CHECK_FALSE(c.try_request("echo", {"a", "b"}));
    CHECK(c.take_steps() == std::vector{step::open, step::send});
    CHECK(c.sent == messages{client_frames("echo", {"a", "b"})});
    c.in(client_frames("echo", {"A", "B"}));
    CHECK(c.take_steps() == std::vector{step::done});
    CHECK(c.bodies == messages{{"A", "B"}});
    CHECK_FALSE(c.results.at(0));
    CHECK_FALSE(c.core.deadline());
}

TEST_CASE("majordomo client: the next request uses the same connection") {
    client c;
    c.request("echo", {"a"});
    c.in(client_frames("echo", {"A"}));
    c.take_steps();
    c.request("other", {"b"});
    CHECK(c.take_steps() == std::vector{step::send});
}

TEST_CASE("majordomo client: silence means a new connection and the same octets again") {
    client c;
    const std::string large(1000, 'x');
    c.request("echo", {large, "b"});
    c.advance(2499ms);
    CHECK(c.sent.size() == 1);
    c.take_steps();
    c.advance(1ms);
    CHECK(c.take_steps() == std::vector{step::close, step::open, step::send});
    c.advance(2500ms);
    CHECK(c.sent == messages(3, client_frames("echo", {large, "b"})));
    c.in(client_frames("echo", {"A"}));
    CHECK(c.bodies == messages{{"A"}});
    CHECK(c.core.stats().resent == 2);
}

TEST_CASE("majordomo client: it gives up after its retries, and closes") {
    client c;
    c.request("echo", {"a"});
    c.take_steps();
    c.advance(7499ms);
    CHECK(c.core.pending());
    c.take_steps();
    c.advance(1ms);
    CHECK(c.take_steps() == std::vector{step::close, step::done});
    CHECK(c.results == std::vector{make_error_code(errc::timed_out)});
    c.in(client_frames("echo", {"late"}));
    CHECK(c.core.stats().mismatched == 1);
    c.request("echo", {"b"});
    CHECK(c.take_steps() == std::vector{step::open, step::send});
}

TEST_CASE("majordomo client: without retries a request is sent once") {
    client_options options;
    options.retries = 0;
    client c{options};
    c.request("echo", {"a"});
    c.advance(2500ms);
    CHECK(c.sent == messages{client_frames("echo", {"a"})});
    CHECK(c.results == std::vector{make_error_code(errc::timed_out)});
}

TEST_CASE("majordomo client: what is not the reply is dropped and does not buy time") {
    client c;
    c.request("echo", {"a"});
    c.advance(2s);
    c.in({"x"});
    c.in({"", "MDPC01"});
    c.in({"", "MDPC01", "echo"});
    c.in({"", "MDPW01", "echo", "a"});
    c.in(client_frames("other", {"a"}));
    c.in(frames{tag_frame('i', 0, '\0')} + client_frames("echo", {"a"}));
    CHECK(c.core.stats().malformed == 4);
    CHECK(c.core.stats().mismatched == 2);
    CHECK(c.results.empty());
    CHECK(c.core.deadline() == start + 2500ms);
}

TEST_CASE("majordomo client: a bad service name and a body without parts are refused") {
    client c;
    CHECK(c.try_request("", {"a"}) == errc::malformed_request);
    CHECK(c.try_request("a\nb", {"a"}) == errc::malformed_request);
    CHECK(c.try_request(std::string(256, 'x'), {"a"}) == errc::malformed_request);
    CHECK(c.try_request("echo", {}) == errc::malformed_request);
    CHECK(c.take_steps().empty());
}

TEST_CASE("majordomo client: a second request has to wait for the first") {
    client c;
    c.request("echo", {"a"});
    CHECK(c.try_request("echo", {"b"}) == errc::request_pending);
    CHECK(c.sent.size() == 1);
}

TEST_CASE("majordomo client: a cancelled request is done, and its connection closed") {
    client c;
    c.core.cancel();
    c.collect();
    CHECK(c.take_steps().empty());
    c.request("echo", {"a"});
    c.take_steps();
    c.core.cancel();
    c.collect();
    CHECK(c.take_steps() == std::vector{step::close, step::done});
    CHECK(c.results == std::vector{make_error_code(errc::cancelled)});
    CHECK_FALSE(c.core.deadline());
}

client_options aware_options() {
    client_options options;
    options.aware = true;
    options.deadline = 0x0102ms;
    return options;
}

TEST_CASE("majordomo client: an aware request has a tag, the same each time it is sent") {
    client c{aware_options()};
    c.request("echo", {"a"});
    c.advance(2500ms);
    REQUIRE(c.sent.size() == 2);
    const std::string tag = c.sent[0][0];
    CHECK(tag.size() == 22);
    CHECK(tag.starts_with("M1"));
    CHECK(tag.ends_with("\0\0\x01\x02"s));
    CHECK(c.sent[0] == frames{tag} + client_frames("echo", {"a"}));
    CHECK(c.sent[1] == c.sent[0]);
    c.in(frames{tag + '\0'} + client_frames("echo", {"A"}));
    CHECK(c.bodies == messages{{"A"}});
    c.request("echo", {"b"});
    CHECK(c.sent[2][0] != tag);
}

TEST_CASE("majordomo client: clients with different seeds have different tags") {
    client a{aware_options(), 1};
    client b{aware_options(), 2};
    for (client* c : {&a, &b})
        c->request("echo", {"a"});
    CHECK(a.sent[0][0] != b.sent[0][0]);
}

TEST_CASE("majordomo client: an aware client believes only a reply with its tag") {
    client c{aware_options()};
    c.request("echo", {"a"});
    c.in(client_frames("echo", {"A"}));
    c.in(frames{tag_frame('i', 0, '\0')} + client_frames("echo", {"A"}));
    CHECK(c.results.empty());
    CHECK(c.core.stats().mismatched == 2);
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
    for (std::size_t i = 0; i < expected.size(); ++i) {
        client c{aware_options()};
        c.request("echo", {"a"});
        c.in(frames{c.sent[0][0] + static_cast<char>(i)} + client_frames("echo", {"why"}));
        CHECK(c.results == std::vector{expected[i]});
        CHECK(c.bodies == messages{{"why"}});
    }
}

TEST_CASE("majordomo client: it may become aware after it asked the broker") {
    client c;
    c.request("mmi.broker", {""});
    c.in(client_frames("mmi.broker", {"200", "M1"}));
    CHECK(c.bodies == messages{{"200", "M1"}});
    c.core.set_aware(true);
    c.request("echo", {"a"});
    CHECK(c.sent[1].size() == 5);
}

} // namespace
} // namespace mizzen::majordomo::test
