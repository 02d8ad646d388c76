// PUSH, PULL and a PAIR's second peer, with libzmq as the other side.
#include "sides.hpp"
#include <mizzen/pair.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>

#include <cstddef>

namespace mizzen::testing {
namespace {

// Pushes all as fast as they go; each has to arrive whole and in its turn.
template <class Push, class Pull>
void carry(bool sender_binds, const std::vector<shape>& shapes, std::size_t times) {
    CAPTURE(sender_binds);
    loop run;
    zmq_context context;
    Push sender{run, context};
    Pull receiver{run, context};
    if (sender_binds)
        receiver.connect(sender.bind());
    else
        sender.connect(receiver.bind());
    const std::size_t count = times * shapes.size();
    std::size_t sent = 0;
    std::size_t received = 0;
    std::string problem;
    const auto nth = [&](std::size_t i) { return content(shapes[i % shapes.size()], i); };
    CHECK(run.until([&] {
        if (sent < count && sender.try_send(nth(sent)))
            ++sent;
        for (parts got; problem.empty() && receiver.try_receive(got); ++received)
            problem = difference(nth(received), got);
        return received == count || !problem.empty();
    }));
    CAPTURE(received);
    CHECK(problem == "");
    CHECK(run.never([&] {
        parts got;
        return receiver.try_receive(got);
    }));
}
template <class Push, class Pull> void carry_both_ways() {
    for (const bool sender_binds : {true, false}) {
        carry<Push, Pull>(sender_binds, ordinary_shapes(), 3);
        carry<Push, Pull>(sender_binds, huge_shapes(), 1);
    }
}

TEST_CASE("our PUSH sends to libzmq's PULL") {
    carry_both_ways<our_side<push>, their_side<ZMQ_PULL>>();
}
TEST_CASE("libzmq's PUSH sends to our PULL") {
    carry_both_ways<their_side<ZMQ_PUSH>, our_side<pull>>();
}

TEST_CASE("our PUSH shares its messages out among libzmq's PULLs, and waits for their room") {
    loop run;
    zmq_context context;
    push ours{run.io};
    ours.set(option::send_high_water_mark{1});
    const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
    zmq_peer a{context, ZMQ_PULL};
    zmq_peer b{context, ZMQ_PULL};
    for (zmq_peer* peer : {&a, &b}) {
        peer->set(ZMQ_RCVHWM, 1);
        peer->set(ZMQ_RCVBUF, 4096);
        peer->connect(endpoint);
    }
    await_connections(run, ours, 2);
    const std::string body(100'000, 'x');
    int sent = 0;
    REQUIRE(run.until([&] { // until both are full, which TCP's own memory delays
        bool room = false;
        while (try_send(ours, std::to_string(sent) + "/" + body) == std::error_code{}) {
            room = true;
            ++sent;
        }
        return !room && run.never([&] {
            message m = parts_of(std::to_string(sent) + "/" + body);
            const bool more_room = ours.try_send(m);
            sent += more_room ? 1 : 0;
            return more_room;
        });
    }));
    int by_a = -1;
    int by_b = -1;
    int all = 0;
    REQUIRE(run.until([&] {
        parts got;
        if (a.receive(got, ZMQ_DONTWAIT)) {
            CHECK(std::stoi(got.at(0)) > by_a);
            CHECK(got.at(1) == body);
            by_a = std::stoi(got[0]);
            ++all;
        }
        if (b.receive(got, ZMQ_DONTWAIT)) {
            CHECK(std::stoi(got.at(0)) > by_b);
            CHECK(got.at(1) == body);
            by_b = std::stoi(got[0]);
            ++all;
        }
        return all == sent;
    }));
    CHECK(by_a != -1);
    CHECK(by_b != -1);
}

TEST_CASE("our PAIR closes libzmq's second PAIR, and takes it once the first is gone") {
    loop run;
    zmq_context context;
    pair ours{run.io};
    const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
    zmq_peer first{context, ZMQ_PAIR};
    first.connect(endpoint);
    await_connections(run, ours, 1);
    zmq_peer second{context, ZMQ_PAIR};
    zmq_peer events{context, ZMQ_PAIR};
    second.set(ZMQ_RECONNECT_IVL, 10);
    second.report(ZMQ_EVENT_DISCONNECTED, "inproc://second");
    events.connect("inproc://second");
    second.connect(endpoint);
    parts got;
    CHECK(run.until([&] { return events.receive(got, ZMQ_DONTWAIT); }));

    send(run, ours, "to the first");
    CHECK(run.until([&] { return first.receive(got, ZMQ_DONTWAIT); }));
    CHECK(got == parts{"to the first"});
    CHECK(first.send({"back"}));
    CHECK(receive(run, ours) == "back");
    CHECK_FALSE(second.receive(got, ZMQ_DONTWAIT));

    first.close();
    REQUIRE(run.until([&] {
        static_cast<void>(second.send({"from the second"}, ZMQ_DONTWAIT));
        message m;
        return ours.try_receive(m) && text_of(m) == "from the second";
    }));
    send(run, ours, "to the second");
    CHECK(run.until([&] { return second.receive(got, ZMQ_DONTWAIT); }));
    CHECK(got == parts{"to the second"});
}

} // namespace
} // namespace mizzen::testing
