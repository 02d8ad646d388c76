// Peers that an authenticator of the program's judges: what it is asked, when and how it may
// answer, and what becomes of the peer.
#include "../../lib/src/socket_core.hpp"
#include "../interop/raw_peer.hpp"
#include "security_helpers.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/router.hpp>
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

using zmtp::verdict;
using answer_handler = authenticator::answer_handler;

const option::plain_client as_ann{"ann", "one"};

/// Keeps what it is asked, and answers when the test does.
class patient final : public authenticator {
public:
    void authenticate(const authentication_request& request, answer_handler done) override {
        asked.push_back(request);
        waiting.push_back(std::move(done));
    }
    bool may_stay(const authentication_request& request, std::string& reason) const override {
        reason = "gone from the list";
        return request.credentials.empty() || request.credentials[0] != unwanted_;
    }
    void banish(std::string name) {
        unwanted_ = std::move(name);
        rules_changed();
    }
    std::vector<authentication_request> asked;
    std::vector<answer_handler> waiting;

private:
    std::string unwanted_ = "nobody";
};

/// Lets everybody in, until its rules are to throw.
class fallible final : public authenticator {
public:
    void authenticate(const authentication_request&, answer_handler done) override {
        done({.verdict = verdict::accepted});
    }
    bool may_come(const std::string&, std::string&) const override { return throws_unless_ok(); }
    bool may_stay(const authentication_request&, std::string&) const override {
        return throws_unless_ok();
    }
    void throw_from_now_on() {
        ok = false;
        rules_changed();
    }
    bool ok = true;

private:
    bool throws_unless_ok() const { return ok ? true : throw std::runtime_error{"out of luck"}; }
};

/// A server that asks `who`, and a client.
struct couple {
    explicit couple(std::shared_ptr<authenticator> who, const option::security& how = {},
                    const option::security& client_has = {}) {
        server.set(how);
        server.set(option::authentication{std::move(who), "here"});
        client.set(client_has);
        endpoint = server.bind("tcp://127.0.0.1:*");
        client.connect(endpoint);
    }
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    monitor watch{server};
    monitor watch_client{client};
    std::string endpoint;
};
struct plain_couple : couple {
    explicit plain_couple(std::shared_ptr<authenticator> who, option::plain_server users = {})
        : couple{std::move(who), {.mechanism = std::move(users)}, {.mechanism = as_ann}} {}
};

} // namespace

TEST_CASE("an authenticator is asked all that 27/ZAP has, by every mechanism") {
    option::security server;
    option::security client;
    std::string mechanism = "NULL";
    std::vector<std::string> credentials;
    SUBCASE("NULL") {}
    SUBCASE("PLAIN") {
        server.mechanism = option::plain_server{};
        client.mechanism = as_ann;
        mechanism = "PLAIN";
        credentials = {"ann", "one"};
    }
    SUBCASE("CURVE") {
        if (!curve_is_built())
            return;
        const auto keys = make_curve_key_pair();
        const auto own = make_curve_key_pair();
        server.mechanism = option::curve_server{keys.secret_key};
        client.mechanism = option::curve_client{keys.public_key, own.secret_key};
        mechanism = "CURVE";
        credentials = {std::string{zmtp::as_text(own.public_key.octets)}};
    }
    loop run;
    const auto who = std::make_shared<patient>();
    dealer listener{run.io};
    dealer caller{run.io};
    server.who = who;
    server.domain = "here";
    listener.set(server);
    listener.set(option::routing_id{"listener"});
    caller.set(client);
    const std::string endpoint = listener.bind("tcp://127.0.0.1:*");
    caller.connect(endpoint);
    REQUIRE(run.until([&] { return !who->asked.empty(); }));
    const authentication_request& asked = who->asked[0];
    CHECK(asked.domain == "here");
    CHECK(asked.address == "127.0.0.1");
    CHECK(asked.endpoint == endpoint);
    CHECK(asked.routing_id == "listener");
    CHECK(asked.mechanism == mechanism);
    CHECK(asked.credentials == credentials);
    CHECK(run.never([&] { return listener.stats().connections != 0; })); // nobody gets in unasked
    who->waiting[0]({.verdict = verdict::accepted});
    send(run, caller, "hello");
    CHECK(receive(run, listener) == "hello");
    CHECK(who->asked.size() == 1);
}

TEST_CASE("an address is asked about by number alone, as IPv4 where it is that") {
    for (const auto& [from, address] : {std::pair{"tcp://192.0.2.7:49152", "192.0.2.7"},
                                        {"tcp://[2001:db8::7]:49152", "2001:db8::7"},
                                        {"tcp://[::ffff:192.0.2.7]:49152", "192.0.2.7"},
                                        {"ipc:///tmp/somewhere", ""}}) {
        detail::socket_core core{zmtp::socket_type::pull, 1};
        core.options.who = always({});
        detail::session& s = core.add_accepted("tcp://[::]:1", from, {});
        const std::string said = greeting();
        std::copy_n(as_octets(said).begin(), said.size(), s.link->prepare()[0].begin());
        core.received(s, said.size(), {});
        REQUIRE(core.next_question() == &s);
        const auto asked = core.question(s.key, s.peer);
        REQUIRE(asked);
        CHECK(asked.value_or(authentication_request{}).address == address);
        CHECK_FALSE(core.question(s.key, s.peer)); // once
    }
}

TEST_CASE("what an authenticator says of a peer is in its identity, its info and its events") {
    plain_couple two{always({.verdict = verdict::accepted,
                             .user_id = "ann of accounts",
                             .metadata = {{"group", "accounts"}}})};
    const auto event = await_event(two.run, two.watch, event_kind::handshake_succeeded);
    CHECK(event.peer.user_id == "ann of accounts");
    send(two.run, two.client, "hello");
    const message m = receive_message(two.run, two.server);
    CHECK(two.server.sender(m)->user_id == "ann of accounts");
    const auto info = two.server.peer(m.peer()).value_or(peer_info{});
    REQUIRE(info.properties.size() == 1);
    CHECK(info.properties[0].name == "group");
    CHECK(info.properties[0].value == "accounts");
}

TEST_CASE("without a user id of the authenticator's a peer has that of its mechanism") {
    plain_couple two{always({.verdict = verdict::accepted})};
    CHECK(await_event(two.run, two.watch, event_kind::handshake_succeeded).peer.user_id == "ann");
}

TEST_CASE("a refusal's reason is told to this end's monitors, and its code to the peer") {
    for (const auto& [what, code] :
         {std::pair{verdict::refused, "400"}, std::pair{verdict::server_error, "500"}}) {
        CAPTURE(code);
        plain_couple two{always({.verdict = what, .reason = "not on a Friday"})};
        const auto event = await_event(two.run, two.watch, event_kind::handshake_failed);
        CHECK(event.reason == zmtp::errc::authentication_failed);
        CHECK(event.detail == "not on a Friday");
        CHECK(libzmq_event(event) == 0x4000);
        const auto there = await_event(two.run, two.watch_client, event_kind::handshake_failed);
        CHECK(there.reason == zmtp::errc::refused_by_peer);
        CHECK(there.refusal == code);
        CHECK(there.detail == "");
        static_cast<void>(await_event(two.run, two.watch_client, event_kind::ended));
    }
}

TEST_CASE("to try later is no refusal: not a word is said, and the peer comes again") {
    int asked = 0;
    plain_couple two{
        make_authenticator([&](const authentication_request&, const answer_handler& done) {
            done({.verdict = ++asked == 1 ? verdict::try_later : verdict::accepted});
        })};
    const auto event = await_event(two.run, two.watch, event_kind::handshake_failed);
    CHECK(event.detail == "the authenticator cannot say now");
    CHECK(libzmq_event(event) == 0x4000);
    const auto there = await_event(two.run, two.watch_client, event_kind::handshake_failed);
    CHECK(there.reason == zmtp::errc::end_of_stream);
    CHECK(there.refusal == "");
    static_cast<void>(await_event(two.run, two.watch_client, event_kind::handshake_succeeded));
    CHECK(asked == 2);
}

TEST_CASE("what cannot be asked refuses: a handler that is dropped, or an exception") {
    SUBCASE("dropped") {
        plain_couple two{make_authenticator([](const auto&, const auto&) {})};
        CHECK(await_event(two.run, two.watch, event_kind::handshake_failed).detail ==
              "the authenticator gave no answer");
        CHECK(await_event(two.run, two.watch_client, event_kind::handshake_failed).refusal ==
              "500");
    }
    SUBCASE("thrown") {
        plain_couple two{make_authenticator(
            [](const auto&, const auto&) { throw std::runtime_error{"out of luck"}; })};
        CHECK(await_event(two.run, two.watch, event_kind::handshake_failed).detail ==
              "the authenticator has thrown an exception");
    }
    SUBCASE("no function at all") {
        plain_couple two{make_authenticator({})};
        CHECK(await_event(two.run, two.watch, event_kind::handshake_failed).reason ==
              zmtp::errc::authentication_failed);
    }
}

TEST_CASE("the first answer counts") {
    plain_couple two{make_authenticator([](const auto&, const answer_handler& done) {
        done({.verdict = verdict::refused, .reason = "first"});
        done({.verdict = verdict::accepted});
        const answer_handler copy = done;
        copy({.verdict = verdict::accepted});
    })};
    CHECK(await_event(two.run, two.watch, event_kind::handshake_failed).detail == "first");
    CHECK(two.run.never([&] { return two.server.stats().connections != 0; }));
}

TEST_CASE("an answer that comes too late does nothing") {
    const auto who = std::make_shared<patient>();
    std::optional<plain_couple> two{who};
    REQUIRE(two->run.until([&] { return !who->waiting.empty(); }));
    SUBCASE("the peer has gone") {
        two->client.close();
        static_cast<void>(await_event(two->run, two->watch, event_kind::handshake_failed));
        who->waiting[0]({.verdict = verdict::accepted});
        CHECK(two->run.never([&] { return two->server.stats().connections != 0; }));
    }
    SUBCASE("the socket is closed") {
        two->server.close();
        who->waiting[0]({.verdict = verdict::accepted});
        CHECK(two->run.never([&] { return two->client.stats().connections != 0; }));
    }
    SUBCASE("the socket and its loop are no more") {
        two.reset();
        who->waiting[0]({.verdict = verdict::accepted});
        who->waiting.clear();
    }
}

TEST_CASE(
    "an answer may come from another thread, and the program may close the socket meanwhile") {
    SUBCASE("another thread") {
        std::thread other;
        plain_couple two{make_authenticator([&](const auto&, answer_handler done) {
            other = std::thread{[done = std::move(done)] { done({.verdict = verdict::accepted}); }};
        })};
        send(two.run, two.client, "hello");
        CHECK(receive(two.run, two.server) == "hello");
        other.join();
    }
    SUBCASE("closed while it is asked") {
        couple* both = nullptr;
        plain_couple two{make_authenticator([&](const auto&, const answer_handler& done) {
            both->server.close();
            done({.verdict = verdict::accepted});
        })};
        both = &two;
        REQUIRE(two.run.until([&] { return !two.server.is_open(); }));
        CHECK(two.run.never([&] { return two.client.stats().connections != 0; }));
    }
}

TEST_CASE("handshake_timeout bounds what an authenticator takes, and its event says so") {
    const auto who = std::make_shared<patient>();
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    monitor watch{server};
    server.set(option::handshake_timeout{50ms});
    server.set(option::authentication{who});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    const auto event = await_event(run, watch, event_kind::handshake_failed);
    CHECK(event.reason == zmtp::errc::handshake_timeout);
    CHECK(event.detail == "the authenticator has not answered");
    CHECK(server.stats().connections == 0);
}

TEST_CASE(
    "a peer that goes on talking while it is judged loses nothing, and is not read for ever") {
    const auto who = std::make_shared<patient>();
    loop run;
    dealer server{run.io};
    server.set(option::authentication{who});
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    peer.write(greeting() + ready("DEALER"));
    const std::string part(50'000, 'x');
    constexpr int many = 200; // more than a connection keeps before it has looked at it
    std::string all;
    for (int i = 0; i < many; ++i)
        all += frame(part);
    std::string_view left = all;
    const auto push_on = [&] {
        left.remove_prefix(peer.write_some(left));
        return left.empty();
    };
    REQUIRE(run.until([&] { return !who->waiting.empty(); }));
    CHECK(run.never(push_on));
    who->waiting[0]({.verdict = verdict::accepted});
    int received = 0;
    CHECK(run.until([&] {
        push_on();
        message m;
        while (server.try_receive(m))
            received += m.front().size() == part.size() ? 1 : 0;
        return received == many;
    }));
}

TEST_CASE("a list and an authenticator both have to let a peer in, and the list comes first") {
    int asked = 0;
    const auto who =
        make_authenticator([&](const authentication_request&, const answer_handler& done) {
            ++asked;
            done({.verdict = verdict::accepted});
        });
    plain_couple stranger{who, {{{"bob", "two"}}}};
    const auto event = await_event(stranger.run, stranger.watch, event_kind::handshake_failed);
    CHECK(event.detail == "none of those that the socket's option lists");
    CHECK(asked == 0);
    plain_couple listed{who, {{{"ann", "one"}}}};
    static_cast<void>(await_event(listed.run, listed.watch, event_kind::handshake_succeeded));
    CHECK(asked == 1);
}

TEST_CASE("an end that connects judges as well, and tries again after a refusal of its own") {
    const auto who = std::make_shared<patient>();
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    monitor watch{server};
    server.set(option::reconnect_interval{1ms, 1ms});
    option::security how{.who = who};
    SUBCASE("by NULL") {}
    SUBCASE("by PLAIN, as its server") {
        how.mechanism = option::plain_server{};
        client.set(as_ann);
    }
    server.set(how);
    const std::string endpoint = client.bind("tcp://127.0.0.1:*");
    server.connect(endpoint);
    REQUIRE(run.until([&] { return who->waiting.size() == 1; }));
    CHECK(who->asked[0].endpoint == endpoint);
    who->waiting[0]({.verdict = verdict::refused, .reason = "not yet"});
    CHECK(await_event(run, watch, event_kind::handshake_failed).detail == "not yet");
    REQUIRE(run.until([&] { return who->waiting.size() == 2; }));
    who->waiting[1]({.verdict = verdict::accepted});
    send(run, client, "hello");
    CHECK(receive(run, server) == "hello");
}

TEST_CASE("each listener keeps the security that was set when it was bound") {
    loop run;
    dealer server{run.io};
    const std::string open = server.bind("tcp://127.0.0.1:*");
    server.set(option::authentication{always({.verdict = verdict::refused, .reason = "first"})});
    const std::string first = server.bind("tcp://127.0.0.1:*");
    server.set(option::authentication{always({.verdict = verdict::accepted, .user_id = "second"})});
    const std::string second = server.bind("tcp://127.0.0.1:*");
    server.set(option::plain_server{}); // nobody any more, beside the one who accepts all
    const std::string third = server.bind("tcp://127.0.0.1:*");
    server.set(option::security{});
    const std::string open_again = server.bind("tcp://127.0.0.1:*");
    monitor watch{server};
    const auto meet = [&](const std::string& endpoint) {
        dealer client{run.io};
        client.connect(endpoint);
        for (;;) {
            connection_event event = next_event(run, watch);
            if (event.kind == event_kind::handshake_succeeded ||
                event.kind == event_kind::handshake_failed)
                return event;
        }
    };
    CHECK(meet(open).kind == event_kind::handshake_succeeded);
    CHECK(meet(first).detail == "first");
    CHECK(meet(second).peer.user_id == "second");
    CHECK(meet(third).reason == zmtp::errc::mechanism_mismatch);
    CHECK(meet(open_again).peer.user_id == "");
}

TEST_CASE("security that would let in whom nobody judges is an error when it is set") {
    loop run;
    dealer server{run.io};
    std::error_code ec;
    server.set(option::authentication{}, ec);
    CHECK(ec == errc::invalid_option);
    const auto who = always({});
    server.set(option::authentication{who, std::string(256, 'd')}, ec);
    CHECK(ec == errc::invalid_option);
    server.set(option::authentication{who, std::string(255, 'd')}, ec);
    CHECK_FALSE(ec);
    const option::plain_client wrong{std::string(256, 'x'), ""};
    server.set(option::security{.mechanism = wrong}, ec); // all of it, or nothing
    CHECK(ec == errc::invalid_option);
    server.set(option::security{.domain = std::string(256, 'd')}, ec);
    CHECK(ec == errc::invalid_option);
    dealer client{run.io};
    monitor watch{server};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    CHECK(await_event(run, watch, event_kind::handshake_failed).detail ==
          "the authenticator refused");
}

TEST_CASE("peers whom changed rules do not want are cut, and others stay") {
    const auto who = std::make_shared<patient>();
    loop run;
    router server{run.io};
    monitor watch{server};
    server.set(option::plain_server{});
    server.set(option::authentication{who});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer first{run.io};
    dealer second{run.io};
    monitor watch_first{first};
    first.set(as_ann);
    second.set(option::plain_client{"bob", "two"});
    first.connect(endpoint);
    second.connect(endpoint);
    REQUIRE(run.until([&] { return who->waiting.size() == 2; }));
    SUBCASE("that are there") {
        for (const auto& done : who->waiting)
            done({.verdict = verdict::accepted});
        await_connections(run, server, 2);
        who->banish("ann");
        const auto event = await_event(run, watch, event_kind::disconnected);
        CHECK(event.reason == errc::revoked);
        CHECK(event.detail == "gone from the list");
        CHECK(event.peer.user_id == "ann");
        CHECK(server.peer(event.peer.id).value_or(peer_info{}).reason == errc::revoked);
    }
    SUBCASE("who are accepted by what was thought of before") {
        who->banish("ann");
        REQUIRE(run.until([&] { return run.io.poll() == 0; }));
        for (const auto& done : who->waiting)
            done({.verdict = verdict::accepted});
        const auto event = await_event(run, watch, event_kind::handshake_failed);
        CHECK(event.reason == zmtp::errc::authentication_failed);
        CHECK(event.detail == "gone from the list");
    }
    SUBCASE("whose answer was on its way") {
        for (const auto& done : who->waiting)
            done({.verdict = verdict::accepted});
        who->banish("ann");
        const auto event = await_event(run, watch, event_kind::handshake_failed);
        CHECK(event.detail == "gone from the list");
        CHECK(libzmq_event(event) == 0x4000);
    }
    await_connections(run, second, 1);
    send(run, second, "still here");
    CHECK(receive_message(run, server).size() == 2);
    CHECK(server.peers().size() == 1);
}

TEST_CASE("rules that throw let nobody stay or come, and the listener goes on") {
    const auto who = std::make_shared<fallible>();
    loop run;
    router server{run.io};
    monitor watch{server};
    server.set(option::plain_server{});
    server.set(option::authentication{who});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer first{run.io};
    dealer second{run.io};
    for (dealer* const client : {&first, &second}) {
        client->set(as_ann);
        client->set(option::reconnect_interval{1ms, 1ms});
        client->connect(endpoint);
    }
    await_connections(run, server, 2);
    who->throw_from_now_on();
    for (int cut = 0; cut < 2; ++cut) {
        const auto event = await_event(run, watch, event_kind::disconnected);
        CHECK(event.reason == errc::revoked);
        CHECK(event.detail == "its rules threw");
    }
    const auto event = await_event(run, watch, event_kind::handshake_failed); // they come again
    CHECK(event.reason == errc::address_denied);
    CHECK(event.detail == "its rules threw");
    who->ok = true;
    await_connections(run, server, 4);
}

TEST_CASE("an answer that the rules throw at is no leave") {
    const auto who = std::make_shared<fallible>();
    detail::socket_core core{zmtp::socket_type::pull, 1};
    core.options.who = who;
    detail::session& s = core.add_accepted("tcp://[::]:1", "tcp://192.0.2.7:1", {});
    const std::string said = greeting();
    std::copy_n(as_octets(said).begin(), said.size(), s.link->prepare()[0].begin());
    core.received(s, said.size(), {});
    REQUIRE(core.next_question() == &s);
    REQUIRE(core.question(s.key, s.peer));
    who->ok = false;
    core.answer(s.key, s.peer, {.verdict = verdict::accepted}, {});
    REQUIRE(s.asked);
    CHECK(s.asked->answer.verdict == verdict::refused);
}

TEST_CASE("what a peer that is cut has sent and nobody looked at is dropped, and it gets no more") {
    const auto who = std::make_shared<patient>();
    loop run;
    dealer server{run.io};
    server.set(option::receive_high_water_mark{1});
    server.set(option::plain_server{});
    server.set(option::authentication{who});
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    peer.write(greeting(1, "PLAIN") + frame("\x05HELLO\x03"
                                            "ann\x03one",
                                            command));
    REQUIRE(run.until([&] { return who->waiting.size() == 1; }));
    who->waiting[0]({.verdict = verdict::accepted});
    peer.write(frame("\x08INITIATE"s + property("Socket-Type", "DEALER"), command));
    peer.write(frame("one") + frame("two") + frame("three"));
    await_connections(run, server, 1);
    CHECK(receive(run, server) == "one");
    who->banish("ann");
    for (int i = 0; i < 50; ++i) { // the first wait in a queue, more are on their way to the wire
        message last{"too late"};
        CHECK(server.try_send(last));
    }
    REQUIRE(run.until([&] { return server.stats().disconnects == 1; }));
    message m;
    int left = 0;
    while (server.try_receive(m))
        ++left;
    CHECK(left <= 1); // what the mark lets wait
    const std::string heard = peer.read_to_end();
    CHECK(heard.find("READY") != std::string::npos);
    CHECK(heard.find("too late") == std::string::npos);
}

TEST_CASE("blocking sockets have authenticators as well") {
    std::atomic<int> asked = 0;
    blocking::dealer server;
    blocking::dealer client;
    server.set(option::plain_server{});
    server.set(option::authentication{
        make_authenticator([&](const authentication_request& request, const answer_handler& done) {
            ++asked;
            done({.verdict = verdict::accepted, .user_id = "user " + request.credentials[0]});
        })});
    client.set(as_ann);
    client.connect(server.bind("tcp://127.0.0.1:*"));
    client.send(message{"hello"});
    message m;
    std::error_code ec;
    REQUIRE(server.receive(m, 20s, ec));
    CHECK(text_of(m) == "hello");
    REQUIRE(server.sender(m) != nullptr);
    CHECK(server.sender(m)->user_id == "user ann");
    CHECK(asked == 1);
}

TEST_CASE("inproc has no security: nobody is asked") {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    server.set(option::authentication{always({})});
    server.bind("inproc://unasked");
    client.connect("inproc://unasked");
    send(run, client, "hello");
    CHECK(receive(run, server) == "hello");
}

} // namespace mizzen::testing
