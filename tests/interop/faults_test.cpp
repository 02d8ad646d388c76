// libzmq at the other end of a network that goes wrong.
#include "../support/fault_proxy.hpp"
#include "../unit/loop.hpp"
#include "libzmq_peer.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/option.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

namespace mizzen::testing {
namespace {

/// Our DEALER, libzmq's, and the network between them.
class apart {
public:
    loop run;
    dealer ours{run.io};

private:
    zmq_context context_;

public:
    zmq_peer theirs{context_, ZMQ_DEALER};
    std::unique_ptr<fault_proxy> network;

    void connect(binds who) {
        ours.set(option::reconnect_interval{1ms, 5ms});
        theirs.set(ZMQ_RECONNECT_IVL, 1);
        network = std::make_unique<fault_proxy>(who == binds::we ? ours.bind("tcp://127.0.0.1:*")
                                                                 : theirs.bind());
        if (who == binds::we)
            theirs.connect(network->endpoint());
        else
            ours.connect(network->endpoint());
    }
    /// Sends both ways until something of that has come both ways; nothing comes twice or in part.
    void get_through() {
        const int first = next_;
        bool to_us = false;
        bool to_them = false;
        REQUIRE(run.until([&] {
            const std::string number = std::to_string(next_++);
            message ahead{number, rest_};
            static_cast<void>(ours.try_send(ahead));
            static_cast<void>(theirs.send({number, rest_}, ZMQ_DONTWAIT));
            for (message m; ours.try_receive(m);)
                to_us =
                    take(here_, {std::string{m.text(0)}, std::string{m.text(1)}}) >= first || to_us;
            for (parts got; theirs.receive(got, ZMQ_DONTWAIT);)
                to_them = take(there_, got) >= first || to_them;
            return to_us && to_them;
        }));
    }

private:
    int take(std::set<int>& seen, const parts& got) {
        REQUIRE(got.size() == 2);
        CHECK(got[1] == rest_);
        const int number = std::stoi(got[0]);
        CHECK(number < next_);
        CHECK(seen.insert(number).second);
        return number;
    }

    const std::string rest_ = std::string(700, 'x');
    int next_ = 0;
    std::set<int> here_;
    std::set<int> there_;
};

TEST_CASE("libzmq and we understand each other by octets that come one by one, and late") {
    for (const binds who : {binds::we, binds::they}) {
        apart a;
        a.connect(who);
        a.network->trickle(true);
        a.get_through();
        a.network->trickle(false);
        a.network->delay(3ms);
        a.get_through();
        CHECK(a.ours.stats().disconnects == 0);
    }
}

TEST_CASE("a connection with libzmq that is cut is made again, at whatever octet that was") {
    for (const binds who : {binds::we, binds::they}) {
        apart a;
        a.connect(who);
        for (const way which : {way::there, way::back}) {
            for (std::uint64_t octets = 1; octets < 1000; octets += octets < 130 ? 13 : 210) {
                CAPTURE(octets);
                const std::uint64_t before = a.network->connections();
                a.network->cut_after(which, octets);
                parts got;
                REQUIRE(a.run.until([&] {
                    message m{"-1"};
                    static_cast<void>(a.ours.try_send(m));
                    static_cast<void>(a.theirs.send({"-1"}, ZMQ_DONTWAIT));
                    while (a.ours.try_receive(m))
                        CHECK(text_of(m) == "-1");
                    while (a.theirs.receive(got, ZMQ_DONTWAIT))
                        CHECK(got == parts{"-1"});
                    return a.network->connections() > before + 1;
                }));
            }
            a.network->cut_after(which, 0);
        }
        // What was on its way.
        a.ours.set(option::linger{0ms});
        const std::uint64_t before = a.ours.stats().connections;
        a.network->cut();
        await_connections(a.run, a.ours, before + 1);
        REQUIRE(a.run.until([&] {
            message m{"end"};
            parts got;
            static_cast<void>(a.ours.try_send(m));
            static_cast<void>(a.theirs.send({"end"}, ZMQ_DONTWAIT));
            bool there = false;
            while (a.theirs.receive(got, ZMQ_DONTWAIT))
                there = got == parts{"end"};
            return there;
        }));
    }
}

TEST_CASE("libzmq that vanished without a word is found by our heartbeats, and we by libzmq's") {
    for (const binds who : {binds::we, binds::they}) {
        for (const bool we_beat : {true, false}) {
            CAPTURE(we_beat);
            apart a;
            if (we_beat) {
                a.ours.set(option::heartbeat{20ms, 200ms});
            } else {
                a.theirs.set(ZMQ_HEARTBEAT_IVL, 20);
                a.theirs.set(ZMQ_HEARTBEAT_TIMEOUT, 200);
            }
            a.connect(who);
            a.get_through();
            const std::uint64_t calls = a.network->connections();
            const std::uint64_t lost = a.ours.stats().disconnects;
            a.network->silence();
            REQUIRE(a.run.until([&] {
                parts got; // libzmq's timers run in its own thread
                static_cast<void>(a.theirs.receive(got, ZMQ_DONTWAIT));
                const bool we_connect = who == binds::they;
                if (we_beat)
                    return a.ours.stats().disconnects > lost;
                return we_connect || a.network->connections() > calls; // it calls again
            }));
            a.network->cut(); // the other end's side of it
            a.network->resume();
            a.get_through();
        }
    }
}

} // namespace
} // namespace mizzen::testing
