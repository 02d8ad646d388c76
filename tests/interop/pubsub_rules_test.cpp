// What publishers and subscribers have to get right with libzmq in particular, by the rules and
// deviations of the wire protocol's digest.
#include "raw_peer.hpp"
#include "sides.hpp"
#include <mizzen/pub.hpp>

#include <cstddef>

namespace mizzen::testing {
namespace {

using strings = std::vector<std::string>;

template <class Socket> bool hears(loop& run, Socket& theirs, parts& got) {
    return run.until([&] { return theirs.receive(got, ZMQ_DONTWAIT); });
}

TEST_CASE("rule 6, D11: a libzmq SUB that subscribes twice is there until it cancels twice") {
    loop run;
    zmq_context context;
    xpub ours{run.io};
    ours.set(option::xpub_reports{option::xpub_reports::which::all});
    zmq_peer theirs{context, ZMQ_SUB};
    theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    for (const char* topic : {"A", "A", "mark"})
        theirs.set(ZMQ_SUBSCRIBE, topic);
    // Before the connection was up, so it may be told once.
    strings told;
    while (told.empty() || told.back() != wants("mark"))
        told.push_back(receive(run, ours));
    theirs.set(ZMQ_SUBSCRIBE, "A"); // the third
    CHECK(receive(run, ours) == wants("A"));
    theirs.set(ZMQ_UNSUBSCRIBE, "A");
    theirs.set(ZMQ_UNSUBSCRIBE, "A");
    theirs.set(ZMQ_SUBSCRIBE, "after two");
    CHECK(receive(run, ours) == wants("after two"));
    send(run, ours, "A/still");
    parts got;
    CHECK(hears(run, theirs, got));
    CHECK(got == parts{"A", "still"});
    theirs.set(ZMQ_UNSUBSCRIBE, "A"); // one CANCEL for three SUBSCRIBEs
    CHECK(receive(run, ours) == no_more("A"));
    send(run, ours, "A/unwanted");
    CHECK(ours.stats().messages_sent == 1);
}

TEST_CASE(
    "rule 6: our SUB that subscribes twice is there for libzmq's XPUB until it cancels twice") {
    loop run;
    zmq_context context;
    zmq_peer theirs{context, ZMQ_XPUB};
    theirs.set(ZMQ_XPUB_VERBOSER, 1);
    sub ours{run.io};
    ours.connect(theirs.bind());
    await_connections(run, ours, 1);
    ours.subscribe("A");
    ours.subscribe("A");
    ours.unsubscribe("A");
    ours.subscribe("between");
    ours.unsubscribe("A");
    ours.subscribe("end");
    parts got;
    for (const std::string& expected :
         {wants("A"), wants("A"), wants("between"), no_more("A"), wants("end")}) {
        REQUIRE(hears(run, theirs, got));
        CHECK(got == parts{expected});
    }
}

TEST_CASE("rule 7, D13: libzmq's XSUB asks by commands first and by messages then; both count") {
    loop run;
    zmq_context context;
    zmq_peer theirs{context, ZMQ_XSUB};
    CHECK(theirs.send({wants("first")}));
    SUBCASE("as it writes them") {
        raw_listener listener{run};
        theirs.connect(listener.endpoint());
        raw_peer peer = listener.accept();
        peer.handshake("XPUB");
        const raw_frame by_command = peer.read_frame();
        CHECK(by_command.flags == command);
        CHECK(by_command.body == "\x09SUBSCRIBEfirst");
        CHECK(theirs.send({wants("second")}));
        const raw_frame by_message = peer.read_frame();
        CHECK(by_message.flags == 0);
        CHECK(by_message.body == wants("second"));
    }
    SUBCASE("as our XPUB takes them") {
        xpub ours{run.io};
        theirs.connect(ours.bind("tcp://127.0.0.1:*"));
        CHECK(receive(run, ours) == wants("first"));
        CHECK(theirs.send({wants("second")}));
        CHECK(receive(run, ours) == wants("second"));
        CHECK(theirs.send({no_more("first")}));
        CHECK(receive(run, ours) == no_more("first"));
        CHECK(theirs.send({"neither", "of them"}));
        CHECK(receive(run, ours) == "neither/of them");
        send(run, ours, "first");
        send(run, ours, "second");
        parts got;
        CHECK(hears(run, theirs, got));
        CHECK(got == parts{"second"});
    }
}

TEST_CASE("D32: libzmq's SUB closes without a word; our XPUB reports what nobody wants now") {
    loop run;
    zmq_context context;
    xpub ours{run.io};
    const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
    zmq_peer stays{context, ZMQ_SUB};
    zmq_peer leaves{context, ZMQ_SUB};
    stays.connect(endpoint);
    stays.set(ZMQ_SUBSCRIBE, "both");
    CHECK(receive(run, ours) == wants("both"));
    leaves.connect(endpoint);
    leaves.set(ZMQ_SUBSCRIBE, "both");
    leaves.set(ZMQ_SUBSCRIBE, "one");
    CHECK(receive(run, ours) == wants("one"));
    leaves.close();
    CHECK(receive(run, ours) == no_more("one"));
    stays.close();
    CHECK(receive(run, ours) == no_more("both"));
    REQUIRE(run.until([&] { return ours.stats().disconnects == 2; }));
}

TEST_CASE("our XPUB tells of every libzmq SUB that asks, and cancels, when that is wanted") {
    using which = option::xpub_reports::which;
    for (const which what : {which::changes, which::all_new, which::all}) {
        CAPTURE(static_cast<int>(what));
        loop run;
        zmq_context context;
        xpub ours{run.io};
        ours.set(option::xpub_reports{what});
        const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
        zmq_peer a{context, ZMQ_SUB};
        zmq_peer b{context, ZMQ_SUB};
        strings told;
        const auto ask = [&](zmq_peer& peer, const std::string& mark) {
            peer.set(ZMQ_SUBSCRIBE, mark);
            while (told.empty() || told.back() != wants(mark))
                told.push_back(receive(run, ours));
            told.pop_back();
        };
        for (zmq_peer* peer : {&a, &b}) {
            peer->connect(endpoint);
            ask(*peer, peer == &a ? "a is there" : "b is there");
            peer->set(ZMQ_SUBSCRIBE, "A");
            ask(*peer, peer == &a ? "a asked" : "b asked");
        }
        for (zmq_peer* peer : {&a, &b}) {
            peer->set(ZMQ_UNSUBSCRIBE, "A");
            ask(*peer, peer == &a ? "a cancelled" : "b cancelled");
        }
        strings expected{wants("A"), no_more("A")};
        if (what != which::changes)
            expected.insert(expected.begin(), wants("A"));
        if (what == which::all)
            expected.push_back(no_more("A"));
        CHECK(told == expected);
    }
}

bool misframes_topics() {
    int major = 0;
    int minor = 0;
    int patch = 0;
    zmq_version(&major, &minor, &patch);
    return ZMQ_MAKE_VERSION(major, minor, patch) < ZMQ_MAKE_VERSION(4, 3, 5);
}

// libzmq 4.3.3 and 4.3.4 write such a command without the bit for its long size. What is left is an
// empty command, which means nothing, and small messages made of the size's other octets, the last
// of which is that of a subscription to all at 247. Then the stream is out of step for good.
TEST_CASE("D14: libzmq's SUB cannot ask us for 246 to 255 octets, and others do not notice") {
    for (std::size_t size = 246; size <= 255; ++size) {
        CAPTURE(size);
        loop run;
        zmq_context context;
        xpub ours{run.io};
        const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
        zmq_peer good{context, ZMQ_SUB};
        zmq_peer bad{context, ZMQ_SUB};
        const std::string topic(size, 't');
        good.connect(endpoint);
        good.set(ZMQ_SUBSCRIBE, "good");
        CHECK(receive(run, ours) == wants("good"));
        bad.connect(endpoint);
        bad.set(ZMQ_SUBSCRIBE, "short");
        CHECK(receive(run, ours) == wants("short"));
        bad.set(ZMQ_SUBSCRIBE, topic);
        if (!misframes_topics()) {
            CHECK(receive(run, ours) == wants(topic));
            continue;
        }
        CHECK(receive(run, ours).empty());
        CHECK(receive(run, ours).empty());
        if (size > 246)
            CHECK(receive(run, ours) == std::string(1, static_cast<char>(size - 246)));
        bad.close();
        CHECK(receive(run, ours) == no_more(size == 247 ? "" : "short"));
        if (size == 247)
            CHECK(receive(run, ours) == no_more("short"));
        good.set(ZMQ_SUBSCRIBE, topic.substr(0, 245));
        CHECK(receive(run, ours) == wants(topic.substr(0, 245)));
        send(run, ours, "good");
        parts got;
        CHECK(hears(run, good, got));
        CHECK(got == parts{"good"});
        CHECK(ours.stats().disconnects == 1);
    }
}

} // namespace
} // namespace mizzen::testing
