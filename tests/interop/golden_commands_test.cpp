// Commands of real libzmq's behind the handshake: heartbeats and subscriptions, octet by octet.
#include "libzmq_peer.hpp"
#include "raw_peer.hpp"
#include "session.hpp"
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::testing {
namespace {

using zmtp::testing::hex;
using zmtp::testing::lone_end;

std::string behind_ready(const session& s) {
    const std::string_view heard = s.ours.heard;
    const auto ready = static_cast<unsigned char>(heard[65]);
    return std::string{heard.substr(64U + 2U + ready)};
}

// --- Heartbeats ---

TEST_CASE("check 91: libzmq's PING is ours, TTLs rounded down to tenths of a second") {
    zmq_context context;
    for (const auto& [asked, tenths] : {std::array{0, 0}, std::array{100, 1}, std::array{250, 2},
                                        std::array{1000, 10}, std::array{65'500, 655}}) {
        CAPTURE(asked);
        session s{context,
                  {.theirs = socket_type::pull, .ours = socket_type::push},
                  [&](zmq_peer& theirs) {
                      theirs.set(ZMQ_HEARTBEAT_IVL, 10);
                      theirs.set(ZMQ_HEARTBEAT_TIMEOUT, 10'000);
                      theirs.set(ZMQ_HEARTBEAT_TTL, asked);
                  }};
        REQUIRE(s.ours.until_handshake());
        REQUIRE(s.ours.until([&] { return behind_ready(s).size() >= 9; }));
        const std::string ping = behind_ready(s).substr(0, 9);
        CHECK(ping == "\x04\x07\x04PING" + number(static_cast<unsigned>(tenths), 2));

        lone_end twin{{.type = socket_type::pull,
                       .beat = {.interval = 10ms, .ttl = std::chrono::milliseconds{asked}}}};
        twin.shake("PUSH").wait(10ms);
        CHECK(twin.says() == hex(zmtp::as_octets(ping)));
    }
}

TEST_CASE("check 85: libzmq's PONG is ours, with 0, 1, 16 and 17 octets of context") {
    zmq_context context;
    session s{context, {.theirs = socket_type::dealer, .ours = socket_type::dealer}};
    REQUIRE(s.ours.until_handshake());
    lone_end twin{{.type = socket_type::dealer}};
    twin.shake("DEALER");
    std::string expected;
    for (const std::string_view context_octets :
         {"", "c", "0123456789abcdef", "0123456789abcdefg"}) {
        const std::string ping = frame("\x04PING\x00\x00"s + std::string{context_octets}, command);
        s.ours.say(ping);
        expected += "\x04" + number(5 + std::min<std::size_t>(16, context_octets.size()), 1) +
                    "\x04PONG" + std::string{context_octets.substr(0, 16)};
        REQUIRE(s.ours.until([&] { return behind_ready(s).size() >= expected.size(); }));
        twin.hear(zmtp::as_octets(ping));
    }
    CHECK(behind_ready(s) == expected);
    CHECK(twin.says() == hex(zmtp::as_octets(expected)));
}

TEST_CASE("heartbeats of both sides, with and without TTL, keep a session with libzmq open") {
    zmq_context context;
    for (const auto how : {security::null, security::plain_client}) {
        session s{context,
                  {.theirs = socket_type::dealer, .ours = socket_type::dealer, .how = how},
                  [](zmq_peer& theirs) {
                      theirs.set(ZMQ_HEARTBEAT_IVL, 10);
                      theirs.set(ZMQ_HEARTBEAT_TIMEOUT, 5000);
                      theirs.set(ZMQ_HEARTBEAT_TTL, 5000);
                  },
                  {.interval = 10ms, .timeout = 5000ms, .ttl = 5000ms}};
        REQUIRE(s.ours.until_handshake());
        const auto count = [&](std::string_view name, const std::string& of) {
            std::size_t found = 0;
            for (auto at = of.find(name); at != of.npos; at = of.find(name, at + 1))
                ++found;
            return found;
        };
        for (std::string body = "0";
             count("\x04PING", s.ours.said) < 5 || count("\x04PONG", s.ours.heard) < 5 ||
             count("\x04PONG", s.ours.said) < 5;
             body += '0') {
            s.ours.send({body});
            CHECK(s.they_receive() == parts{body});
            s.they_send({body});
            CHECK(s.we_receive() == parts{body});
        }
        CHECK_FALSE(s.ours.got.closed);
    }
}

// --- Subscriptions ---

// libzmq up to 4.3.4 counts the name of the command out when it chooses the form of the size.
bool misframed_by_old_libzmq(std::size_t topic) {
    int major = 0;
    int minor = 0;
    int patch = 0;
    zmq_version(&major, &minor, &patch);
    return ZMQ_MAKE_VERSION(major, minor, patch) < ZMQ_MAKE_VERSION(4, 3, 5) && topic >= 246 &&
           topic <= 255;
}

TEST_CASE("rule 8, D11: libzmq's SUB subscribes and cancels by our commands, twice and once") {
    zmq_context context;
    for (const bool they_bind : {true, false}) {
        session s{context,
                  {.theirs = socket_type::sub, .ours = socket_type::xpub, .they_bind = they_bind}};
        REQUIRE(s.ours.until_handshake());
        s.await_attached();
        parts expected;
        for (const std::size_t size : {0U, 1U, 2U, 100U, 244U, 245U, 256U, 1'000U, 65'536U}) {
            const std::string topic(size, 't');
            s.theirs.set(ZMQ_SUBSCRIBE, topic);
            s.theirs.set(ZMQ_SUBSCRIBE, topic);
            s.theirs.set(ZMQ_UNSUBSCRIBE, topic);
            s.theirs.set(ZMQ_UNSUBSCRIBE, topic);
            expected.insert(expected.end(), {"+" + topic, "+" + topic, "-" + topic});
        }
        REQUIRE(s.ours.until([&] { return s.ours.got.topics.size() >= expected.size(); }));
        CHECK((s.ours.got.topics == expected));
        CHECK(difference(s.ours.heard.substr(64), s.retold().substr(64)) == "");
    }
}

TEST_CASE("D14: libzmq 4.3.4 misframes topics of 246 to 255 octets, which nobody can make out") {
    zmq_context context;
    for (const std::size_t size : {246U, 250U, 255U}) {
        session s{context, {.theirs = socket_type::sub, .ours = socket_type::xpub}};
        REQUIRE(s.ours.until_handshake());
        s.await_attached();
        s.theirs.set(ZMQ_SUBSCRIBE, std::string(size, 't'));
        if (!misframed_by_old_libzmq(size)) {
            REQUIRE(s.ours.until([&] { return !s.ours.got.topics.empty(); }));
            CHECK(s.ours.got.topics == parts{"+" + std::string(size, 't')});
            CHECK(difference(s.ours.heard.substr(64), s.retold().substr(64)) == "");
            continue;
        }
        // 04 without the bit for a long size, which follows: so an empty command, then zeros.
        const std::string said = "\x04" + number(10 + size, 8) + "\x09SUBSCRIBE";
        constexpr std::size_t pong = 7;
        REQUIRE(s.ours.until([&] { return behind_ready(s).size() >= pong + said.size() + size; }));
        CHECK(behind_ready(s).substr(pong) == said + std::string(size, 't'));
        CHECK(s.ours.got.topics.empty());
    }
}

// A SUB or XSUB of libzmq's whose peer says that it speaks 3.0.
struct old_publisher {
    loop run;
    zmq_context context;
    zmq_peer theirs;
    raw_peer peer;

    explicit old_publisher(int type) : theirs{context, type}, peer{run, theirs.bind()} {
        peer.write(greeting(0) + ready("PUB"));
        peer.read_greeting();
        CHECK(peer.read_frame().flags == command);
        peer.write("\x04\x07\x04PING\x00\x00"s);
        CHECK(peer.read_frame().body == "\x04PONG");
        parts none;
        REQUIRE_FALSE(theirs.receive(none, ZMQ_DONTWAIT)); // it sees its peer now
    }
};

TEST_CASE("rule 8: to a publisher of 3.0 libzmq's SUB subscribes by our messages") {
    old_publisher old{ZMQ_SUB};
    lone_end twin{{.type = socket_type::sub}};
    twin.hear(zmtp::as_octets(greeting(0))).hear(zmtp::testing::ready_of("PUB"));
    zmtp::testing::written(twin.c);
    for (const std::size_t size : {0U, 1U, 244U, 254U, 256U, 1'000U}) { // 255: D14
        const std::string topic(size, 't');
        old.theirs.set(ZMQ_SUBSCRIBE, topic);
        old.theirs.set(ZMQ_UNSUBSCRIBE, topic);
        std::error_code ec;
        twin.c.subscribe(zmtp::as_octets(topic), ec);
        twin.c.cancel(zmtp::as_octets(topic), ec);
        const std::string expected{zmtp::as_text(zmtp::testing::written(twin.c))};
        CHECK(expected == frame("\1" + topic) + frame("\0"s + topic));
        CHECK(difference(old.peer.read(expected.size()), expected) == "");
    }
}

TEST_CASE("D13: what libzmq's XSUB sends by hand comes as messages, to publishers of 3.1 as well") {
    zmq_context context;
    session s{context, {.theirs = socket_type::xsub, .ours = socket_type::xpub}};
    REQUIRE(s.ours.until_handshake());
    s.await_attached();
    for (const auto& text : {"\1A"s, "\1"s, "\0A"s, "\0"s, "a message"s}) {
        s.they_send({text});
        CHECK(s.we_receive() == parts{text});
    }
    CHECK(s.ours.got.topics.empty());
    CHECK(difference(s.ours.heard.substr(64), s.retold().substr(64)) == "");
}

TEST_CASE("D13: what libzmq's XSUB had subscribed before we came it tells us by commands") {
    zmq_context context;
    session s{context,
              {.theirs = socket_type::xsub, .ours = socket_type::xpub},
              [](zmq_peer& theirs) { theirs.send({"\1early"}); }};
    REQUIRE(s.ours.until_handshake());
    s.await_attached();
    REQUIRE(s.ours.until([&] { return !s.ours.got.topics.empty(); }));
    CHECK(s.ours.got.topics == parts{"+early"});
    CHECK(difference(s.ours.heard.substr(64), s.retold().substr(64)) == "");
}

TEST_CASE("check 111: libzmq's publishers understand our subscriptions and send what they match") {
    zmq_context context;
    for (const socket_type theirs : {socket_type::pub, socket_type::xpub})
        for (const bool they_bind : {true, false}) {
            session s{context,
                      {.theirs = theirs, .ours = socket_type::sub, .they_bind = they_bind}};
            REQUIRE(s.ours.until_handshake());
            const std::string long_topic(300, 'L');
            for (const auto& topic : {"A"s, "B"s, long_topic})
                s.ours.subscribe(topic);
            s.ours.cancel("B");
            s.ours.subscribe("last");
            REQUIRE(s.ours.until([&] {
                s.theirs.send({"last"});
                return !s.ours.got.messages.empty();
            }));
            for (const auto& text : {"Ax"s, "Bx"s, "x"s, long_topic + "x", "end"s, "last!"s})
                s.they_send({text});
            REQUIRE(s.ours.until([&] { return s.ours.got.messages.back() == parts{"last!"}; }));
            std::erase(s.ours.got.messages, parts{"last"});
            CHECK(
                (s.ours.got.messages == std::vector<parts>{{"Ax"}, {long_topic + "x"}, {"last!"}}));
        }
}

TEST_CASE("rule 7: libzmq's XPUB takes our subscriptions in both forms, and reports each") {
    zmq_context context;
    session s{context, {.theirs = socket_type::xpub, .ours = socket_type::xsub}};
    REQUIRE(s.ours.until_handshake());
    s.ours.subscribe("A");
    CHECK(s.they_receive() == parts{"\1A"});
    s.ours.send({"\1B"});
    CHECK(s.they_receive() == parts{"\1B"});
    s.ours.cancel("B");
    CHECK(s.they_receive() == parts{"\0B"s});
    s.ours.send({"\0A"s});
    CHECK(s.they_receive() == parts{"\0A"s});
    for (const std::size_t size : {245U, 246U, 255U, 256U, 60'000U}) { // ours are framed rightly
        s.ours.subscribe(std::string(size, 't'));
        CHECK((s.they_receive() == parts{"\1" + std::string(size, 't')}));
    }
}

} // namespace
} // namespace mizzen::testing
