// Pairs of Binary Star servers and their clients on one loop, over loopback.
#include "pattern_helpers.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/patterns/binary_star/client.hpp>
#include <mizzen/patterns/binary_star/server.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/req.hpp>
#include <mizzen/sub.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mizzen::binary_star {
namespace {

using namespace patterns::test;

const char any_port[] = "tcp://127.0.0.1:*";

// Long enough for a loaded machine not to lose a peer that lives.
server_options half_of(role which) {
    server_options options;
    options.star.half = which;
    options.star.heartbeat = 100ms;
    options.star.peer_timeout = 1000ms;
    return options;
}

client_options quick() {
    client_options options;
    options.timeout = 200ms;
    options.settle = 1000ms;
    options.retries = 50;
    return options;
}

// Says who it was that answered.
request_handler named(const std::string& name) {
    return [name](message body, responder answer) {
        body.push_back(name);
        answer.reply(std::move(body));
    };
}

struct live_half {
    std::vector<happening> happened;
    std::optional<server> node;
    std::string clients;
    std::string peer;
    std::string control;

    live_half(asio::io_context& io, role which, request_handler serve, star_hooks hooks = {}) {
        hooks.happened = [this](happening what) { happened.push_back(what); };
        node.emplace(io, half_of(which), std::move(serve), std::move(hooks));
        clients = node->bind(any_port);
        peer = node->half().bind_peer(any_port);
        control = node->half().bind_control(any_port);
    }
    [[nodiscard]] state in() const { return node->half().core().now_in().in; }
    [[nodiscard]] std::optional<state> heard() const { return node->half().core().now_in().peer; }
};

struct live_pair {
    live_half primary;
    live_half backup;

    explicit live_pair(asio::io_context& io, star_hooks primary_hooks = {},
                       star_hooks backup_hooks = {})
        : primary{io, role::primary, named("primary"), std::move(primary_hooks)},
          backup{io, role::backup, named("backup"), std::move(backup_hooks)} {
        primary.node->half().connect_peer(backup.peer);
        backup.node->half().connect_peer(primary.peer);
        REQUIRE(run_until(io, [&] {
            return primary.in() == state::active && backup.in() == state::passive &&
                   primary.heard() == state::passive;
        }));
    }
    template <class Client> void serve(Client& to) const {
        to.connect(primary.clients);
        to.connect(backup.clients);
    }
};

frames ask(asio::io_context& io, client& from, std::string_view body) {
    outcome o;
    from.async_request(message{body}, o.handler());
    REQUIRE(run_until(io, [&] { return o.ends != 0; }));
    CHECK_FALSE(o.ec);
    return o.reply;
}

frames control(asio::io_context& io, const live_half& of, std::string_view word) {
    req from{io};
    from.connect(of.control);
    std::optional<frames> got;
    from.async_send(message{word}, [](std::error_code) {});
    from.async_receive([&](std::error_code ec, const message& m) {
        CHECK_FALSE(ec);
        got = frames_of(m);
    });
    REQUIRE(run_until(io, [&] { return got.has_value(); }));
    return *got;
}

} // namespace

TEST_CASE("binary star: the primary of a pair serves, and the backup does when that is gone") {
    asio::io_context io{1};
    live_pair both{io};
    client c{io, quick()};
    both.serve(c);
    CHECK(ask(io, c, "a") == frames{"a", "primary"});
    both.primary.node.reset();
    CHECK(ask(io, c, "b") == frames{"b", "backup"});
    CHECK(ask(io, c, "c") == frames{"c", "backup"}); // which the client goes to at once
    CHECK(c.stats().abandoned == 0);
    const auto& seen = both.backup.happened;
    CHECK(std::count(seen.begin(), seen.end(), happening::activated) == 1);
}

TEST_CASE("binary star: the passive half answers nobody, and is no reason to ask both") {
    asio::io_context io{1};
    live_pair both{io};
    client c{io, quick()};
    c.connect(both.backup.clients); // the wrong one first
    c.connect(both.primary.clients);
    CHECK(ask(io, c, "a") == frames{"a", "primary"});
    CHECK(both.backup.node->stats().refused == 1);
    CHECK(both.backup.node->stats().served == 0);
    CHECK(both.primary.node->stats().served == 1);
}

TEST_CASE("binary star: a hand-over waits for what is at hand, which is answered") {
    asio::io_context io{1};
    live_pair both{io};
    std::optional<responder> kept;
    both.primary.node.reset();
    live_half other{io, role::primary,
                    [&](message, responder answer) { kept = std::move(answer); }};
    other.node->half().connect_peer(both.backup.peer);
    both.backup.node->half().connect_peer(other.peer);
    REQUIRE(run_until(io, [&] { return both.backup.in() == state::active; })); // it restarted
    std::optional<std::error_code> first;
    REQUIRE(run_until(io, [&] { return both.backup.heard() == state::passive; }));
    both.backup.node->half().hand_over(0ms, [&](std::error_code ec) { first = ec; });
    REQUIRE(run_until(io, [&] { return first && other.in() == state::active; }));
    CHECK_FALSE(*first);
    REQUIRE(run_until(io, [&] { return other.heard() == state::passive; }));

    client_options patient = quick();
    patient.timeout = 10s;
    client c{io, patient};
    c.connect(other.clients);
    c.connect(both.backup.clients);
    outcome o;
    c.async_request(message{"x"}, o.handler());
    REQUIRE(run_until(io, [&] { return kept.has_value(); }));
    std::optional<std::error_code> over;
    other.node->half().hand_over(20s, [&](std::error_code ec) { over = ec; });
    std::optional<std::error_code> again;
    other.node->half().hand_over(20s, [&](std::error_code ec) { again = ec; });
    REQUIRE(run_until(io, [&] { return again.has_value(); }));
    CHECK(*again == errc::handing_over);
    CHECK_FALSE(over);
    CHECK(other.in() == state::active);
    kept->reply(message{"done"});
    REQUIRE(run_until(io, [&] { return over && o.ends != 0; }));
    CHECK_FALSE(*over);
    CHECK(o.reply == frames{"done"});
    REQUIRE(run_until(io, [&] { return both.backup.in() == state::active; }));
    client next{io, quick()};
    next.connect(other.clients);
    next.connect(both.backup.clients);
    CHECK(ask(io, next, "y") == frames{"y", "backup"});
}

TEST_CASE("binary star: a request waits for the fence, and is served after its yes") {
    asio::io_context io{1};
    std::function<void(bool)> answer;
    star_hooks hooks;
    hooks.fence = [&](reason why, std::function<void(bool)> to) {
        CHECK(why == reason::peer_silent);
        answer = std::move(to);
    };
    live_pair both{io, {}, std::move(hooks)};
    both.primary.node.reset();
    client c{io, quick()};
    both.serve(c);
    outcome o;
    c.async_request(message{"x"}, o.handler());
    REQUIRE(run_until(io, [&] { return static_cast<bool>(answer); }));
    CHECK(both.backup.in() == state::passive);
    CHECK(both.backup.node->stats().served == 0);
    answer(true);
    CHECK(both.backup.in() == state::active);
    CHECK(both.backup.node->stats().served == 1);
    REQUIRE(run_until(io, [&] { return o.ends != 0; }));
    CHECK(o.reply == frames{"x", "backup"});
}

TEST_CASE("binary star: only a client's request votes") {
    asio::io_context io{1};
    live_pair both{io};
    both.primary.node.reset();
    REQUIRE(run_until(io, [&] {
        const auto& seen = both.backup.happened;
        return std::find(seen.begin(), seen.end(), happening::peer_lost) != seen.end();
    }));
    dealer junk{io};
    junk.connect(both.backup.clients);
    for (const frames& each : {frames{"no delimiter"}, frames{""}, frames(12, "x")}) {
        message m = message_of(each);
        REQUIRE(run_until(io, [&] { return junk.try_send(m); }));
    }
    REQUIRE(run_until(io, [&] { return both.backup.node->stats().malformed == 3; }));
    static_cast<void>(control(io, both.backup, "status"));
    CHECK(both.backup.in() == state::passive);
    CHECK(both.backup.node->half().core().stats().votes == 0);
}

TEST_CASE("binary star: several endpoints for clients, and several links to the peer") {
    asio::io_context io{1};
    live_pair both{io};
    const std::string second = both.primary.node->bind(any_port);
    const std::string link = both.primary.node->half().bind_peer(any_port);
    both.backup.node->half().connect_peer(link);
    client c{io, quick()};
    c.connect(second);
    CHECK(ask(io, c, "a") == frames{"a", "primary"});
}

TEST_CASE("binary star: the control endpoint tells what a half is, and hands over") {
    asio::io_context io{1};
    live_pair both{io};
    const frames told = control(io, both.primary, "status");
    const auto has = [&](const char* line) {
        return std::find(told.begin(), told.end(), line) != told.end();
    };
    CHECK(told.front() == "200");
    CHECK(has("role primary"));
    CHECK(has("state active"));
    CHECK(has("peer passive"));
    CHECK(has("heartbeat 100"));
    CHECK(has("peer-timeout 1000"));
    CHECK(told.back().ends_with(" primary active peer-started"));
    CHECK(control(io, both.backup, "switch") == frames{"409", "this half is not active"});
    CHECK(control(io, both.primary, "x") == frames{"501"});
    CHECK(control(io, both.primary, "switch") == frames{"200"});
    REQUIRE(run_until(io, [&] {
        return both.backup.in() == state::active && both.primary.in() == state::passive;
    }));
}

TEST_CASE("binary star: hooks are called for each change, and whoever stops ends all") {
    asio::io_context io{1};
    std::vector<std::string> calls;
    star_hooks hooks;
    hooks.activated = [&] { calls.emplace_back("active"); };
    hooks.deactivated = [&] { calls.emplace_back("passive"); };
    live_pair both{io, std::move(hooks)};
    CHECK(calls == std::vector<std::string>{"active"});
    std::optional<std::error_code> over;
    both.primary.node->half().hand_over(0ms, [&](std::error_code ec) { over = ec; });
    REQUIRE(run_until(io, [&] { return over.has_value(); }));
    CHECK(calls == std::vector<std::string>{"active", "passive"});
    both.primary.node->stop();
    over.reset();
    both.primary.node->half().hand_over(0ms, [&](std::error_code ec) { over = ec; });
    REQUIRE(run_until(io, [&] { return over.has_value(); }));
    CHECK(*over == errc::stopped);
}

TEST_CASE("binary star: a hand-over whose peer is lost meanwhile has this half serve on") {
    asio::io_context io{1};
    std::function<void()> drained;
    int resumed = 0;
    star_hooks hooks;
    hooks.drain = [&](std::function<void()> done) { drained = std::move(done); };
    hooks.resumed = [&] { ++resumed; };
    star_options options = half_of(role::primary).star;
    star one{io, options, std::move(hooks)};
    live_half other{io, role::backup, named("backup")};
    other.node->half().connect_peer(one.bind_peer(any_port));
    one.connect_peer(other.peer);
    REQUIRE(run_until(io, [&] { return one.core().now_in().peer == state::passive; }));
    std::optional<std::error_code> over;
    one.hand_over(20s, [&](std::error_code ec) { over = ec; });
    CHECK(one.vote() == star::verdict::refuse);
    other.node.reset();
    REQUIRE(run_until(io, [&] { return !one.core().now_in().peer_heard; }));
    CHECK(resumed == 0);
    drained();
    REQUIRE(run_until(io, [&] { return over.has_value(); }));
    CHECK(*over == errc::peer_not_ready);
    CHECK(resumed == 1);
    CHECK(one.vote() == star::verdict::serve);
}

TEST_CASE("binary star: a peer's wire is one digit, and nonsense is dropped") {
    asio::io_context io{1};
    live_half one{io, role::primary, named("primary")};
    pub peer{io};
    sub listener{io};
    listener.subscribe("");
    listener.connect(one.peer);
    one.node->half().connect_peer(peer.bind(any_port));
    message m;
    REQUIRE(run_until(io, [&] { return listener.try_receive(m); }));
    CHECK(frames_of(m) == frames{"1"});
    REQUIRE(run_until(io, [&] {
        message junk{"2", "3"};
        static_cast<void>(peer.try_send(junk));
        return one.node->half().core().stats().malformed != 0;
    }));
    CHECK(one.in() == state::primary);
    message said{"2"};
    static_cast<void>(peer.try_send(said));
    REQUIRE(run_until(io, [&] { return one.in() == state::active; }));
    REQUIRE(run_until(io, [&] { return listener.try_receive(m); }));
    CHECK(frames_of(m) == frames{"3"});
}

} // namespace mizzen::binary_star
