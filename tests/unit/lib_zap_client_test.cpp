// The ZAP client: what it says to a handler, which replies it believes, and that nobody gets in
// otherwise.
#include "../../lib/src/zap_core.hpp"
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include "security_helpers.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/curve_key.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>
#include <mizzen/hosted_loop.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/router.hpp>
#include <mizzen/zap_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

using detail::zap_core;
using zmtp::verdict;

authentication_request plain_question(std::string name = "ann", std::string password = "one") {
    authentication_request q;
    q.domain = "global";
    q.address = "192.0.2.7";
    q.endpoint = "tcp://192.0.2.1:5555";
    q.routing_id = "broker";
    q.mechanism = "PLAIN";
    q.credentials = {std::move(name), std::move(password)};
    return q;
}

/// A core in pretended time, whose handler has ten seconds and may have two questions.
class lone_core {
public:
    zap_client_options options{10s, 2, {}};
    zap_core core{"tcp://192.0.2.9:1", options};
    zap_core::time_point now{};

    std::uint64_t ask() { return core.ask(plain_question(), now); }
    /// Asks, and sends what there is to send.
    std::uint64_t ask_and_send() {
        const std::uint64_t number = ask();
        send();
        return number;
    }
    int send() {
        int count = 0;
        for (; core.next_request() != nullptr; ++count)
            core.sent();
        return count;
    }
    void hear(std::initializer_list<std::string_view> frames) { core.receive(message{frames}); }
    void wait(std::chrono::milliseconds time) {
        now += time;
        core.handle_timeout(now);
    }
    std::optional<zap_core::answer> next() {
        zap_core::answer out;
        if (!core.next_answer(out))
            return std::nullopt;
        return out;
    }
    /// There is one, to that question.
    authentication_answer answer_to(std::uint64_t question) {
        const auto got = next().value_or(zap_core::answer{});
        CHECK(got.question == question);
        return got.what;
    }
};

constexpr std::string_view x_zone{"\x06X-Zone\0\0\0\4east", 15};

} // namespace

TEST_CASE("ZAP: a request is the frames of 27/ZAP, with the mechanism's credentials") {
    lone_core one;
    one.ask();
    CHECK(text_of(*one.core.next_request()) == "/1.0/1/global/192.0.2.7/broker/PLAIN/ann/one");
    one.send();
    authentication_request q;
    q.mechanism = "CURVE";
    q.credentials = {std::string(32, '\0')};
    one.core.ask(q, one.now);
    const message& curve = *one.core.next_request();
    REQUIRE(curve.size() == 8);
    CHECK(curve.text(2) == "2");
    CHECK(curve.text(3).empty());
    CHECK(curve.text(4).empty());
    CHECK(curve.text(5).empty());
    CHECK(curve.text(7) == std::string(32, '\0'));
    q.mechanism = "NULL";
    q.credentials.clear();
    CHECK(text_of(detail::zap_request(3, q)) == "/1.0/3////NULL");
}

TEST_CASE("ZAP: 200, 300, 400 and 500 are the four verdicts, and a text is their reason") {
    lone_core one;
    const auto verdict_of = [&](std::string_view status) {
        const std::string number = std::to_string(one.ask_and_send());
        one.hear({"", "1.0", number, status, "because", "ann", x_zone});
        return one.next()->what;
    };
    const authentication_answer in = verdict_of("200");
    CHECK(in.verdict == verdict::accepted);
    CHECK(in.user_id == "ann");
    REQUIRE(in.metadata.size() == 1);
    CHECK(in.metadata[0].name == "X-Zone");
    CHECK(in.metadata[0].value == "east");
    CHECK(verdict_of("300").verdict == verdict::try_later);
    CHECK(verdict_of("400").verdict == verdict::refused);
    const authentication_answer out = verdict_of("500");
    CHECK(out.verdict == verdict::server_error);
    CHECK(out.reason == "because");
    CHECK(out.user_id.empty()); // of nobody
    CHECK(out.metadata.empty());
    CHECK(one.core.stats().accepted == 1);
    CHECK(one.core.stats().refused == 3);
    CHECK(one.core.stats().outstanding == 0);
}

TEST_CASE("ZAP: a reason is short and printable, and there is one without a text as well") {
    lone_core one;
    const std::string number = std::to_string(one.ask_and_send());
    one.hear({"", "1.0", number, "400", "no\n\x1b[2J\x7f" + std::string(1000, 'x'), "", ""});
    const std::string reason = one.next()->what.reason;
    CHECK(reason.substr(0, 9) == "no??[2J?x");
    CHECK(reason.size() == 255);
    one.ask_and_send();
    one.hear({"", "1.0", "2", "400", "", "", ""});
    CHECK(one.next()->what.reason == "the ZAP handler says 400");
}

TEST_CASE("ZAP: what is no reply refuses whom it is for, says why and is counted") {
    const auto reason_of = [](std::initializer_list<std::string_view> frames) {
        lone_core one;
        const std::uint64_t number = one.ask_and_send();
        one.hear(frames);
        CHECK(one.core.stats().malformed == 1);
        const authentication_answer out = one.answer_to(number);
        CHECK(out.verdict == verdict::server_error);
        CHECK(out.user_id.empty());
        CHECK(out.metadata.empty());
        return out.reason;
    };
    const std::string handler = "the ZAP handler at tcp://192.0.2.9:1 sent ";
    CHECK(reason_of({"", "1.1", "1", "200", "OK", "ann", ""}) ==
          handler + "a reply of another version than 1.0");
    for (const std::string_view status : {"600", "20", "2000", "", "0200"})
        CHECK(reason_of({"", "1.0", "1", status, "OK", "ann", ""}) ==
              handler + "a reply with an unknown status");
    CHECK(reason_of({"", "1.0", "1", "200", "OK", std::string(256, 'a'), ""}) ==
          handler + "a reply with a user id that is too long");
    const std::string long_list = [] {
        std::string all;
        for (int i = 0; i < 65; ++i)
            all += x_zone;
        return all;
    }();
    std::string large{"\1a\0\0\x20\1", 6};
    large.resize(large.size() + 8193);
    for (const std::string_view metadata :
         {x_zone.substr(0, 14), std::string_view{"\0\0\0\0\0", 5}, std::string_view{long_list},
          std::string_view{large}, std::string_view{"\1a\xff\xff\xff\xff", 6}})
        for (const std::string_view status : {"200", "400"})
            CHECK(reason_of({"", "1.0", "1", status, "OK", "ann", metadata}) ==
                  handler + "a reply with malformed metadata");
}

TEST_CASE("ZAP: a reply that is nobody's is counted, and the question goes on") {
    lone_core one;
    const std::uint64_t number = one.ask_and_send();
    one.ask(); // not sent: it cannot be answered
    const auto ignored = [&](std::initializer_list<std::string_view> frames) {
        one.hear(frames);
        CHECK_FALSE(one.next());
    };
    for (const std::string_view id : {"2", "3", "01", "+1", "1 ", "x", "", "18446744073709551617"})
        ignored({"", "1.0", id, "200", "OK", "ann", ""});
    CHECK(one.core.stats().unexpected == 8);
    ignored({"1.0", "1", "200", "OK", "ann", ""});      // without the delimiter
    ignored({"x", "1.0", "1", "200", "OK", "ann", ""}); // something else in its place
    ignored({"", "1.0", "1", "200", "OK", "ann"});      // without metadata
    ignored({"", "1.0", "1", "200", "OK", "ann", "", "surplus"});
    ignored({""});
    CHECK(one.core.stats().malformed == 5);
    one.hear({"", "1.0", "1", "200", "OK", "ann", ""});
    CHECK(one.answer_to(number).verdict == verdict::accepted);
    one.hear({"", "1.0", "1", "200", "OK", "ann", ""}); // again
    CHECK_FALSE(one.next());
}

TEST_CASE("ZAP: without an answer in time a peer is refused with 500, whatever comes later") {
    lone_core one;
    const std::uint64_t first = one.ask_and_send();
    one.wait(4s);
    const std::uint64_t second = one.ask_and_send();
    CHECK(one.core.deadline() == zap_core::time_point{} + 10s);
    one.wait(5999ms);
    CHECK_FALSE(one.next());
    one.wait(1ms);
    const authentication_answer late = one.answer_to(first);
    CHECK(late.verdict == verdict::server_error);
    CHECK(late.reason == "the ZAP handler at tcp://192.0.2.9:1 does not answer");
    CHECK_FALSE(one.next());
    one.hear({"", "1.0", "1", "200", "OK", "ann", ""});
    CHECK_FALSE(one.next());
    CHECK(one.core.stats().unexpected == 1);
    one.core.set_trouble("Connection refused");
    one.wait(4s);
    CHECK(one.answer_to(second).reason ==
          "the ZAP handler at tcp://192.0.2.9:1 does not answer: Connection refused");
    CHECK(one.core.stats().timed_out == 2);
    CHECK_FALSE(one.core.deadline());
}

TEST_CASE("ZAP: who waits in vain is told of replies that were nobody's") {
    lone_core one;
    const std::uint64_t number = one.ask_and_send();
    one.hear({"", "nonsense"});
    one.wait(10s);
    CHECK(one.answer_to(number).reason == "the ZAP handler at tcp://192.0.2.9:1 does not answer, "
                                          "but sent a reply of other frames than ZAP's seven");
}

TEST_CASE("ZAP: a question too many is refused with 500, at once and unsent") {
    lone_core one;
    one.ask();
    one.ask();
    const std::uint64_t third = one.ask();
    CHECK(one.send() == 2);
    const authentication_answer surplus = one.answer_to(third);
    CHECK(surplus.verdict == verdict::server_error);
    CHECK(surplus.reason == "too many questions wait for the ZAP handler at tcp://192.0.2.9:1");
    CHECK(one.core.stats().surplus == 1);
    one.hear({"", "1.0", "2", "200", "OK", "", ""});
    CHECK(one.next()->what.verdict == verdict::accepted);
    one.ask();
    CHECK_FALSE(one.next()); // there is room again
}

TEST_CASE("ZAP: what is open when the connection goes is asked again, and only that") {
    lone_core one;
    one.ask_and_send();
    one.ask_and_send();
    one.hear({"", "1.0", "1", "200", "OK", "", ""});
    one.core.connection_lost();
    REQUIRE(one.core.next_request() != nullptr);
    CHECK(one.core.next_request()->text(2) == "2");
    CHECK(one.send() == 1);
    one.wait(10s);
    one.core.connection_lost();
    CHECK(one.core.next_request() == nullptr); // what is over is not
}

TEST_CASE("ZAP: a password is wiped once its question is over, and when the client goes") {
    const std::string password(200, 'p'); // in a block, which the message here shares
    auto one = std::make_unique<lone_core>();
    const auto ask = [&] {
        one->core.ask(plain_question("ann", password), one->now);
        const message* const next = one->core.next_request();
        REQUIRE(next != nullptr);
        message shared = next->share();
        one->send();
        CHECK(shared.text(8) == password);
        return shared;
    };
    const std::string zeros(200, '\0');
    const message answered = ask();
    one->hear({"", "1.0", "1", "200", "OK", "ann", ""});
    CHECK(answered.text(8) == zeros);
    const message late = ask();
    one->wait(10s);
    CHECK(late.text(8) == zeros);
    const message open = ask();
    one.reset();
    CHECK(open.text(8) == zeros);
}

namespace {

/// What a client was answered, one after the other.
class answers {
public:
    auto operator()() {
        return [all = all_](const authentication_answer& got) { all->push_back(got); };
    }
    authentication_answer next(loop& run) {
        REQUIRE(run.until([&] { return all_->size() > taken_; }));
        return (*all_)[taken_++];
    }
    [[nodiscard]] std::size_t waiting() const { return all_->size() - taken_; }

private:
    std::shared_ptr<std::vector<authentication_answer>> all_ =
        std::make_shared<std::vector<authentication_answer>>();
    std::size_t taken_ = 0;
};

/// Asks until a handler's answer comes: a connection to it may need some time.
authentication_answer patient_answer(loop& run, zap_client& client) {
    for (;;) {
        answers got;
        client.authenticate(plain_question(), got());
        const authentication_answer next = got.next(run);
        if (next.verdict != verdict::server_error)
            return next;
    }
}

} // namespace

TEST_CASE("ZAP: the octets that a handler gets are those of the RFC") {
    loop run;
    raw_listener listener{run};
    zap_client client{run.io, listener.endpoint()};
    raw_peer handler = listener.accept();
    answers got;
    client.authenticate(plain_question(), got());
    CHECK(handler.handshake("ROUTER").find("DEALER") != std::string::npos);
    const std::string wire = "\1\0"
                             "\1\0031.0"
                             "\1\0011"
                             "\1\6global"
                             "\1\011192.0.2.7"
                             "\1\6broker"
                             "\1\5PLAIN"
                             "\1\3ann"
                             "\0\3one"s;
    CHECK(handler.read(wire.size()) == wire);
    handler.write("\1\0"
                  "\1\0031.0"
                  "\1\0011"
                  "\1\003200"
                  "\1\2OK"
                  "\1\3ann"
                  "\0\017"s +
                  std::string{x_zone});
    const authentication_answer in = got.next(run);
    CHECK(in.verdict == verdict::accepted);
    CHECK(in.reason == "OK");
    CHECK(in.user_id == "ann");
    CHECK(in.metadata.size() == 1);
}

TEST_CASE("ZAP: several questions are under way at once, and answered in any order") {
    loop run;
    router handler{run.io};
    zap_client client{run.io, handler.bind("ipc://*")};
    answers first;
    answers second;
    client.authenticate(plain_question("ann"), first());
    client.authenticate(plain_question("bob"), second());
    message to_first = receive_message(run, handler);
    message to_second = receive_message(run, handler);
    CHECK(to_second.text(8) == "bob");
    const auto answer = [&](const message& question, std::string_view status) {
        message m{question.text(0), "", "1.0", question.text(3), status, "", question.text(8), ""};
        REQUIRE(handler.try_send(m));
    };
    answer(to_second, "200");
    CHECK(second.next(run).user_id == "bob");
    CHECK(first.waiting() == 0);
    answer(to_first, "400");
    CHECK(first.next(run).verdict == verdict::refused);
}

TEST_CASE("ZAP: a REP is a handler as well") {
    loop run;
    rep handler{run.io};
    zap_client client{run.io, handler.bind("tcp://127.0.0.1:*")};
    answers got;
    for (const char* name : {"ann", "bob"}) {
        client.authenticate(plain_question(name), got());
        const message question = receive_message(run, handler);
        CHECK(question.text(0) == "1.0");
        message m{"1.0", question.text(1), "200", "OK", question.text(6), ""};
        REQUIRE(handler.try_send(m));
        CHECK(got.next(run).user_id == name);
    }
}

TEST_CASE("ZAP: while the handler is away peers are refused, and once it comes it is asked") {
    loop run;
    std::string endpoint;
    {
        const raw_listener gone{run};
        endpoint = gone.endpoint();
    }
    zap_client client{run.io, endpoint, {50ms, 10, {}}};
    answers got;
    client.authenticate(plain_question(), got());
    const authentication_answer away = got.next(run);
    CHECK(away.verdict == verdict::server_error);
    CHECK(away.reason == "the ZAP handler at " + endpoint + " does not answer: Connection refused");

    rep handler{run.io};
    handler.bind(endpoint);
    handler.async_receive([&](std::error_code, const message& question) {
        message m{"1.0", question.text(1), "200", "OK", "", ""};
        CHECK(handler.try_send(m));
    });
    // What was asked while it was away is not asked of it any more: the reply is to a later one.
    CHECK(patient_answer(run, client).verdict == verdict::accepted);
    CHECK(client.stats().unexpected == 0);
}

TEST_CASE("ZAP: a handler that went with a question is asked again when it is back") {
    loop run;
    raw_listener listener{run};
    zap_client client{run.io, listener.endpoint()};
    answers got;
    client.authenticate(plain_question(), got());
    {
        raw_peer handler = listener.accept();
        handler.handshake("ROUTER");
        CHECK(handler.receive() == "/1.0/1/global/192.0.2.7/broker/PLAIN/ann/one");
        handler.close();
    }
    raw_peer handler = listener.accept();
    handler.handshake("ROUTER");
    CHECK(handler.receive() == "/1.0/1/global/192.0.2.7/broker/PLAIN/ann/one");
    handler.send("/1.0/1/200/OK/ann/");
    CHECK(got.next(run).verdict == verdict::accepted);
}

TEST_CASE("ZAP: a reply that is too large costs the handler its connection, and lets nobody in") {
    loop run;
    raw_listener listener{run};
    zap_client client{run.io, listener.endpoint(), {500ms, 10, {}}};
    answers got;
    client.authenticate(plain_question(), got());
    raw_peer handler = listener.accept();
    handler.handshake("ROUTER");
    handler.receive();
    handler.send("/1.0/1/200/" + std::string(detail::largest_zap_reply, 'x') + "/ann/");
    CHECK(handler.is_closed());
    const authentication_answer out = got.next(run);
    CHECK(out.verdict == verdict::server_error);
    CHECK(out.reason.find(" does not answer: ") != std::string::npos);
}

TEST_CASE("ZAP: the connection to the handler is protected as the options say") {
    loop run;
    std::vector<std::pair<option::security, option::security>> ways;
    ways.push_back(
        {{option::plain_server{{{"zap", "secret"}}}}, {option::plain_client{"zap", "secret"}}});
    std::error_code ec;
    const auto keys = make_curve_key_pair(ec);
    if (!ec)
        ways.push_back(
            {{option::curve_server{keys.secret_key}}, {option::curve_client{keys.public_key}}});
    for (const auto& [theirs, ours] : ways) {
        rep handler{run.io};
        handler.set(theirs);
        zap_client client{run.io, handler.bind("tcp://127.0.0.1:*"), {5s, 10, ours}};
        answers got;
        client.authenticate(plain_question(), got());
        const message question = receive_message(run, handler);
        CHECK(handler.peers().front().mechanism != "NULL");
        message m{"1.0", question.text(1), "200", "OK", "", ""};
        REQUIRE(handler.try_send(m));
        CHECK(got.next(run).verdict == verdict::accepted);
    }
}

TEST_CASE("ZAP: a handler that refuses us lets nobody in, until it takes us") {
    loop run;
    std::string endpoint;
    std::optional<rep> handler{run.io};
    handler->set(option::plain_server{});
    endpoint = handler->bind("tcp://127.0.0.1:*");
    zap_client client{run.io, endpoint, {100ms, 10, {option::plain_client{"zap", "secret"}}}};
    answers got;
    client.authenticate(plain_question(), got());
    const authentication_answer out = got.next(run);
    CHECK(out.verdict == verdict::server_error);
    CHECK(out.reason == "the ZAP handler at " + endpoint + " does not answer: " +
                            make_error_code(zmtp::errc::refused_by_peer).message());

    handler->unbind(endpoint);
    handler->set(option::plain_server{{{"zap", "secret"}}});
    std::error_code ec;
    REQUIRE(run.until([&] { // the kernel may need a moment to give the port back
        handler->bind(endpoint, ec);
        return !ec;
    }));
    handler->async_receive([&](std::error_code, const message& question) {
        message m{"1.0", question.text(1), "200", "OK", "", ""};
        CHECK(handler->try_send(m));
    });
    CHECK(patient_answer(run, client).verdict == verdict::accepted);
}

TEST_CASE("ZAP: why nobody gets in is told to the monitor of the server, and a code to the peer") {
    const auto refused = [](std::string_view version, std::string_view status,
                            std::string_view text) {
        loop run;
        rep handler{run.io};
        const std::string at = handler.bind("ipc://*");
        dealer server{run.io};
        dealer client{run.io};
        server.set(option::plain_server{});
        server.set(option::authentication{std::make_shared<zap_client>(run.io, at), "global"});
        client.set(option::plain_client{"ann", "one"});
        monitor ours{server};
        monitor theirs{client};
        client.connect(server.bind("tcp://127.0.0.1:*"));
        const message question = receive_message(run, handler);
        CHECK(text_of(question) == "1.0/1/global/127.0.0.1//PLAIN/ann/one");
        message m{version, question.text(1), status, text, "ann", ""};
        REQUIRE(handler.try_send(m));
        const connection_event told = await_event(run, ours, event_kind::handshake_failed);
        CHECK(told.reason == zmtp::errc::authentication_failed);
        const auto word = await_event(run, theirs, event_kind::handshake_failed).refusal;
        return word + ": " + told.detail;
    };
    CHECK(refused("1.0", "400", "not on Mondays") == "400: not on Mondays");
    CHECK(refused("1.0", "500", "no database") == "500: no database");
    CHECK(refused("1.0", "600", "OK").find("sent a reply with an unknown status") !=
          std::string::npos);
    CHECK(refused("2.0", "200", "OK").find("sent a reply of another version") != std::string::npos);
}

TEST_CASE("ZAP: a peer is let in with the user id and metadata of the handler") {
    loop run;
    rep handler{run.io};
    dealer server{run.io};
    dealer client{run.io};
    server.set(option::authentication{
        std::make_shared<zap_client>(run.io, handler.bind("tcp://127.0.0.1:*")), "global"});
    client.connect(server.bind("ipc://*"));
    const message question = receive_message(run, handler);
    CHECK(text_of(question) == "1.0/1/global///NULL");
    message m{"1.0", "1", "200", "OK", "ann", x_zone};
    REQUIRE(handler.try_send(m));
    send(run, client, "hello");
    const message got = receive_message(run, server);
    REQUIRE(server.sender(got) != nullptr);
    CHECK(server.sender(got)->user_id == "ann");
    const auto known = server.peer(got.peer()).value_or(peer_info{}).properties;
    REQUIRE(known.size() == 1);
    CHECK(known[0].name == "X-Zone");
    CHECK(known[0].value == "east");
}

TEST_CASE("ZAP: blocking sockets ask by a client on a loop of its own") {
    blocking::rep handler;
    const std::string at = handler.bind("tcp://127.0.0.1:*");
    const hosted_loop hosted;
    blocking::dealer server;
    blocking::dealer client;
    server.set(option::plain_server{});
    server.set(option::authentication{
        hosted.call([&] { return std::make_shared<zap_client>(hosted.get_executor(), at); })});
    client.set(option::plain_client{"ann", "one"});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    message question;
    std::error_code ec;
    REQUIRE(handler.receive(question, 20s, ec));
    handler.send(message{"1.0", question.text(1), "200", "OK", "Ann", ""});
    client.send(message{"hello"});
    message m;
    REQUIRE(server.receive(m, 20s, ec));
    REQUIRE(server.sender(m) != nullptr);
    CHECK(server.sender(m)->user_id == "Ann");
}

TEST_CASE("ZAP: whoever is asked about when the client ends is dropped, within an answer too") {
    loop run;
    router handler{run.io};
    const std::string endpoint = handler.bind("tcp://127.0.0.1:*");
    auto client = std::make_unique<zap_client>(run.io, endpoint);
    auto kept = std::make_shared<int>();
    int called = 0;
    client->authenticate(plain_question(), [&, kept](const authentication_answer&) {
        ++called;
        client.reset();
    });
    client->authenticate(plain_question(), [&, kept](const authentication_answer&) { ++called; });
    const message question = receive_message(run, handler);
    message m{question.text(0), "", "1.0", question.text(3), "200", "", "", ""};
    REQUIRE(handler.try_send(m));
    REQUIRE(run.until([&] { return client == nullptr; }));
    CHECK(called == 1);
    REQUIRE(run.until([&] { return kept.use_count() == 1; }));
}

TEST_CASE("ZAP: an asker that throws ends nobody else's question, nor the program") {
    loop run;
    router handler{run.io};
    zap_client client{run.io, handler.bind("ipc://*"), {10s, 1, {}}};
    answers got;
    bool thrown = false;
    client.authenticate(plain_question("ann"), got());
    client.authenticate(plain_question("bob"), [&](const authentication_answer& what) {
        CHECK(what.verdict == verdict::server_error); // one too many
        thrown = true;
        throw std::runtime_error{"an asker's"};
    });
    REQUIRE(run.until([&] { return thrown; }));
    const message question = receive_message(run, handler);
    message m{question.text(0), "", "1.0", question.text(3), "200", "", "ann", ""};
    REQUIRE(handler.try_send(m));
    CHECK(got.next(run).user_id == "ann");
}

TEST_CASE("ZAP: an endpoint or options that do not do are an error at once") {
    loop run;
    const auto error_of = [&](std::string_view endpoint, const zap_client_options& options) {
        try {
            const zap_client made{run.io, endpoint, options};
        } catch (const std::system_error& thrown) {
            return thrown.code();
        }
        return std::error_code{};
    };
    CHECK(error_of("tcp://127.0.0.1:1", {}) == std::error_code{});
    CHECK(error_of("127.0.0.1:1", {}) == errc::endpoint_without_transport);
    CHECK(error_of("tcp://127.0.0.1:*", {}) == errc::endpoint_bad_port);
    CHECK(error_of("tcp://127.0.0.1:1", {0ms, 1, {}}) == errc::invalid_option);
    CHECK(error_of("tcp://127.0.0.1:1", {1s, 0, {}}) == errc::invalid_option);
    CHECK(
        error_of("tcp://127.0.0.1:1", {1s, 1, {option::plain_client{std::string(256, 'x'), ""}}}) ==
        errc::invalid_option);
}

} // namespace mizzen::testing
