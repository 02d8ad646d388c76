// Publishers and subscribers that are slower than the other side, or start again; one of each pair
// is libzmq's.
#include "sides.hpp"
#include <mizzen/pub.hpp>

#include <cstddef>
#include <optional>

namespace mizzen::testing {
namespace {

// Whether it is the number-th of the messages here, not cut and not mixed with another.
parts numbered(int number) {
    return {std::to_string(number), content({4096}, static_cast<std::size_t>(number)).front(), ""};
}
// The number of a message that has to be whole and newer than the last.
int number_of(const parts& got, int last) {
    const int number = std::stoi(got.at(0));
    CHECK(difference(numbered(number), got) == "");
    CHECK(number > last);
    return number;
}

TEST_CASE("a libzmq SUB that does not read holds up neither our PUB nor another SUB") {
    constexpr int count = 5000;
    loop run;
    zmq_context context;
    pub ours{run.io};
    ours.set(option::send_high_water_mark{10});
    const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
    zmq_peer slow{context, ZMQ_SUB};
    zmq_peer fast{context, ZMQ_SUB};
    slow.set(ZMQ_RCVHWM, 5);
    slow.set(ZMQ_RCVBUF, 4096);
    fast.set(ZMQ_RCVHWM, 0);
    for (zmq_peer* peer : {&slow, &fast}) {
        peer->connect(endpoint);
        peer->set(ZMQ_SUBSCRIBE, "");
    }
    parts got;
    for (zmq_peer* peer : {&slow, &fast})
        REQUIRE(run.until([&] {
            CHECK_FALSE(try_send(ours, "are you there"));
            return peer->receive(got, ZMQ_DONTWAIT);
        }));
    int fast_last = -1;
    for (int i = 0; i < count; ++i) {
        message m = as_message(numbered(i));
        CHECK(ours.try_send(m)); // at once, always
        if (i % 8 != 7)
            continue;
        REQUIRE(run.until([&] { // the other one misses nothing
            while (fast_last != i && fast.receive(got, ZMQ_DONTWAIT))
                if (got != parts{"are you there"}) {
                    CHECK(got == numbered(fast_last + 1));
                    ++fast_last;
                }
            return fast_last == i;
        }));
    }
    CHECK(ours.stats().dropped_full > 0);

    int last = -1;
    int taken = 0;
    REQUIRE(run.until([&] { // it gets an end as soon as there is room for one
        CHECK_FALSE(try_send(ours, "end"));
        while (slow.receive(got, ZMQ_DONTWAIT)) {
            if (got == parts{"end"})
                return true;
            if (got == parts{"are you there"})
                continue;
            last = number_of(got, last);
            ++taken;
        }
        return false;
    }));
    CHECK(taken > 0);
    CHECK(taken < count);
    CHECK(ours.stats().disconnects == 0);
}

TEST_CASE(
    "D31: our SUB that is not read leaves libzmq's PUB to drop, and gets whole messages then") {
    constexpr int count = 5000;
    loop run;
    zmq_context context;
    zmq_peer theirs{context, ZMQ_PUB};
    theirs.set(ZMQ_SNDHWM, 10);
    theirs.set(ZMQ_SNDBUF, 65536);
    sub ours{run.io};
    ours.set(option::receive_high_water_mark{10});
    ours.subscribe("");
    ours.connect(theirs.bind());
    message m;
    REQUIRE(run.until([&] {
        theirs.send({"are you there"});
        return ours.try_receive(m);
    }));
    for (int i = 0; i < count; ++i) {
        CHECK(theirs.send(numbered(i)));
        run.io.poll();
    }
    static_cast<void>(run.never([] { return false; })); // takes in all that it ever will
    const auto taken_in = ours.stats().octets_in;
    CHECK(taken_in < 512 * 1024); // of 20 MB

    int last = -1;
    int received = 0;
    REQUIRE(run.until([&] {
        CHECK(theirs.send({"end"}));
        while (ours.try_receive(m)) {
            const parts got = as_parts(m);
            if (got == parts{"end"})
                return true;
            if (got == parts{"are you there"})
                continue;
            last = number_of(got, last);
            ++received;
        }
        return false;
    }));
    CHECK(received > 10);
    CHECK(received < count);
    CHECK(ours.stats().disconnects == 0);
}

// A socket of the type on an endpoint that another one has just left.
void bind_again(loop& run, zmq_context& context, int type, const std::string& endpoint,
                std::optional<zmq_peer>& peer) {
    peer.emplace(context, type);
    REQUIRE(run.until([&] {
        try {
            peer->bind(endpoint);
            return true;
        } catch (const std::exception&) {
            return false; // closing takes libzmq a moment
        }
    }));
}

TEST_CASE("our SUB tells libzmq's PUB its topics again when that has been away") {
    for (const int type : {ZMQ_PUB, ZMQ_XPUB}) {
        CAPTURE(type);
        loop run;
        zmq_context context;
        std::optional<zmq_peer> theirs;
        theirs.emplace(context, type);
        sub ours{run.io};
        ours.set(option::reconnect_interval{10ms, 20ms});
        const std::string endpoint = theirs->bind();
        ours.connect(endpoint);
        ours.subscribe("A");
        ours.subscribe("cancelled");
        for (int round = 0; round < 3; ++round) {
            CAPTURE(round);
            message m;
            const std::string now = "A" + std::to_string(round);
            REQUIRE(run.until([&] {
                CHECK(theirs->send({"other"}));
                CHECK(theirs->send({now, "x"}));
                while (ours.try_receive(m))
                    if (text_of(m) == now + "/x")
                        return true;
                return false;
            }));
            if (round == 1)
                ours.unsubscribe("cancelled");
            if (type == ZMQ_XPUB && round == 2) {
                parts got;
                CHECK(theirs->receive(got));
                CHECK(got == parts{wants("A")}); // and not of what was cancelled
                CHECK_FALSE(theirs->receive(got, ZMQ_DONTWAIT));
            }
            theirs->close();
            bind_again(run, context, type, endpoint, theirs);
        }
        CHECK(ours.stats().dropped_unwanted == 0);
    }
}

} // namespace
} // namespace mizzen::testing
