// PUB, SUB, XPUB and XSUB (29/PUBSUB).
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/pub.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>
#include <mizzen/xsub.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mizzen::testing {
namespace {

std::string wants(std::string_view topic) { return "\1" + std::string{topic}; }
std::string no_more(std::string_view topic) { return std::string(1, '\0') + std::string{topic}; }
std::string subscribe_command(std::string_view topic) {
    return frame("\x09SUBSCRIBE" + std::string{topic}, command);
}
std::string cancel_command(std::string_view topic) {
    return frame("\x06"
                 "CANCEL" +
                     std::string{topic},
                 command);
}

// A raw subscriber that is connected.
raw_peer subscriber(loop& run, const std::string& endpoint, int minor = 1) {
    raw_peer peer{run, endpoint};
    peer.handshake("SUB", {}, minor);
    return peer;
}

TEST_CASE(
    "check 111, rule 7: a PUB takes both forms of subscription, whatever the peer's version") {
    for (const int minor : {0, 1}) {
        for (const std::string& form : {subscribe_command("A"), frame(wants("A"))}) {
            loop run;
            xpub probe{run.io}; // tells when a subscription has arrived
            raw_peer peer = subscriber(run, probe.bind("tcp://127.0.0.1:*"), minor);
            peer.write(form);
            CHECK(receive(run, probe) == wants("A"));
            send(run, probe, "Bx");
            send(run, probe, "Ax/rest");
            CHECK(peer.receive() == "Ax/rest");
        }
    }
}

TEST_CASE("check 112, rule 6: a peer's subscriptions are a set: one cancel undoes two") {
    loop run;
    xpub socket{run.io};
    raw_peer peer = subscriber(run, socket.bind("tcp://127.0.0.1:*"));
    peer.write(subscribe_command("A") + subscribe_command("A") + cancel_command("A") +
               subscribe_command("B"));
    CHECK(receive(run, socket) == wants("A"));
    CHECK(receive(run, socket) == no_more("A"));
    CHECK(receive(run, socket) == wants("B"));
    send(run, socket, "Ax");
    send(run, socket, "Bx");
    CHECK(peer.receive() == "Bx");
}

TEST_CASE("check 113: a message arrives once, however many topics it matches, by its first part") {
    loop run;
    xpub socket{run.io};
    raw_peer peer = subscriber(run, socket.bind("tcp://127.0.0.1:*"));
    const std::string large(1000, 't');
    peer.write(subscribe_command("") + subscribe_command("A") + subscribe_command(large));
    for (int i = 0; i < 3; ++i)
        receive(run, socket);
    for (const std::string& text : {std::string{"AA"}, std::string{}, large + "x", "z/A"s}) {
        send(run, socket, text);
        CHECK(peer.receive() == text);
    }
    peer.write(cancel_command(""));
    CHECK(receive(run, socket) == no_more(""));
    send(run, socket, "z/A");
    send(run, socket, "A/z");
    CHECK(peer.receive() == "A/z");
}

TEST_CASE("check 114: a PUB passes over what is no subscription, an XPUB hands it on") {
    loop run;
    pub deaf{run.io};
    raw_peer one = subscriber(run, deaf.bind("tcp://127.0.0.1:*"));
    one.write(frame("nonsense") + frame("\1two", more) + frame("parts") + cancel_command("none"));
    REQUIRE(run.until([&] { return deaf.stats().dropped_unexpected == 2; }));
    CHECK(deaf.stats().disconnects == 0);

    xpub socket{run.io};
    raw_peer other = subscriber(run, socket.bind("tcp://127.0.0.1:*"));
    other.write(frame("hello") + subscribe_command("A"));
    CHECK(receive(run, socket) == "hello");
    CHECK(receive(run, socket) == wants("A"));
}

TEST_CASE("check 115: an XPUB reports the first that wants a topic and the last that does not") {
    loop run;
    xpub socket{run.io};
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer a = subscriber(run, endpoint);
    raw_peer b = subscriber(run, endpoint);
    a.write(subscribe_command("A") + subscribe_command("a only"));
    CHECK(receive(run, socket) == wants("A"));
    CHECK(receive(run, socket) == wants("a only"));
    b.write(subscribe_command("A") + subscribe_command("b only"));
    CHECK(receive(run, socket) == wants("b only"));
    a.close();
    CHECK(receive(run, socket) == no_more("a only"));
    b.write(cancel_command("A"));
    CHECK(receive(run, socket) == no_more("A"));
}

TEST_CASE("an XPUB reports all subscriptions, or cancellations too, when that is asked") {
    using which = option::xpub_reports::which;
    for (const which what : {which::all_new, which::all}) {
        loop run;
        xpub socket{run.io};
        socket.set(option::xpub_reports{what});
        const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
        raw_peer a = subscriber(run, endpoint);
        raw_peer b = subscriber(run, endpoint);
        a.write(subscribe_command("A"));
        CHECK(receive(run, socket) == wants("A"));
        b.write(subscribe_command("A"));
        CHECK(receive(run, socket) == wants("A"));
        b.write(cancel_command("A") + subscribe_command("mark"));
        if (what == which::all)
            CHECK(receive(run, socket) == no_more("A"));
        CHECK(receive(run, socket) == wants("mark"));
    }
}

TEST_CASE("an XPUB in manual mode applies what its program says, to who asked last") {
    loop run;
    xpub socket{run.io};
    socket.set(option::xpub_manual{true});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    std::error_code ec;
    CHECK_THROWS_AS(socket.subscribe("x"), std::system_error);
    raw_peer a = subscriber(run, endpoint);
    a.write(subscribe_command("asked"));
    CHECK(receive(run, socket) == wants("asked"));
    send(run, socket, "asked for");
    socket.subscribe("given");
    send(run, socket, "given instead");
    CHECK(a.receive() == "given instead");
    socket.unsubscribe("given");
    send(run, socket, "given no more");
    CHECK(a.is_quiet(20ms));
}

TEST_CASE("with last value, the message after a subscribe goes to that peer only") {
    loop run;
    xpub socket{run.io};
    socket.set(option::xpub_manual{true, true});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer a = subscriber(run, endpoint);
    raw_peer b = subscriber(run, endpoint);
    for (raw_peer* peer : {&a, &b}) {
        peer->write(subscribe_command("A"));
        CHECK(receive(run, socket) == wants("A"));
        socket.subscribe("A");
        send(run, socket, "A/last value");
        CHECK(peer->receive() == "A/last value");
    }
    send(run, socket, "A/new");
    CHECK(a.receive() == "A/new");
    CHECK(b.receive() == "A/new");
}

TEST_CASE("an XPUB welcomes each new peer") {
    loop run;
    xpub socket{run.io};
    socket.set(option::xpub_welcome{"hello"});
    raw_peer peer = subscriber(run, socket.bind("tcp://127.0.0.1:*"));
    CHECK(peer.receive() == "hello");
}

TEST_CASE("check 116: a SUB tells each new connection every topic once, in the peer's form") {
    for (const int minor : {0, 1}) {
        loop run;
        sub socket{run.io};
        socket.subscribe("A");
        socket.subscribe("A");
        raw_listener listener{run};
        socket.connect(listener.endpoint());
        for (int i = 0; i < 2; ++i) { // and again after a reconnect
            raw_peer peer = listener.accept();
            peer.handshake("PUB", {}, minor);
            const raw_frame told = peer.read_frame();
            if (minor == 0) {
                CHECK(told.flags == 0);
                CHECK(told.body == wants("A"));
            } else {
                CHECK(told.flags == command);
                CHECK(told.body == "\x09SUBSCRIBEA");
            }
            CHECK(peer.is_quiet(20ms));
        }
    }
}

TEST_CASE(
    "check 117: a SUB cancels at the last of its subscriptions, and drops what it does not want") {
    loop run;
    sub socket{run.io};
    socket.subscribe("A");
    socket.subscribe("A");
    socket.unsubscribe("unknown");
    raw_listener listener{run};
    socket.connect(listener.endpoint());
    raw_peer peer = listener.accept();
    peer.handshake("PUB");
    CHECK(peer.read_frame().body == "\x09SUBSCRIBEA");
    socket.unsubscribe("A");
    CHECK(peer.is_quiet(20ms));
    peer.send("Zz");
    peer.send("Aa");
    CHECK(receive(run, socket) == "Aa");
    CHECK(socket.stats().dropped_unwanted == 1);
    socket.unsubscribe("A");
    CHECK(peer.read_frame().body == "\x06"
                                    "CANCELA");
}

TEST_CASE("check 118: a subscriber that does not read loses messages, and holds up nobody") {
    loop run;
    pub socket{run.io};
    socket.set(option::send_high_water_mark{10});
    const std::string endpoint = socket.bind("tcp://127.0.0.1:*");
    raw_peer slow = subscriber(run, endpoint);
    sub good{run.io};
    good.set(option::receive_high_water_mark{0});
    good.connect(endpoint);
    good.subscribe("");
    slow.write(subscribe_command(""));
    REQUIRE(run.until([&] {
        const std::string probe = "probe";
        send(run, socket, probe);
        message m;
        return good.try_receive(m);
    }));
    const std::string body(1024, 'x');
    for (int i = 0; i < 20'000; ++i) {
        CHECK_FALSE(try_send(socket, std::to_string(i) + "/" + body));
        if (i % 5 == 0)
            run.io.poll();
    }
    send(run, socket, "end");
    int last = -1;
    for (std::string got; (got = receive(run, good)) != "end";) {
        if (got == "probe")
            continue;
        const int came = std::stoi(got);
        CHECK(came > last);
        CHECK(got.size() == std::to_string(came).size() + 1 + body.size());
        last = came;
    }
    CHECK(last > 10'000);
    CHECK(socket.stats().dropped_full > 0);
}

TEST_CASE("a PUB that does not drop would block while a subscriber is full") {
    loop run;
    pub socket{run.io};
    socket.set(option::publish_no_drop{true});
    socket.set(option::send_high_water_mark{10});
    raw_peer slow = subscriber(run, socket.bind("tcp://127.0.0.1:*"));
    slow.write(subscribe_command("A"));
    const std::string body = "A/" + std::string(100'000, 'x');
    std::error_code ec;
    REQUIRE(run.until([&] {
        ec = try_send(socket, body);
        return bool{ec};
    }));
    CHECK(ec == errc::would_block);
    CHECK_FALSE(try_send(socket, "B")); // that nobody wants
    CHECK(socket.stats().dropped_full == 0);
}

TEST_CASE("subscriptions and messages pass an XSUB and an XPUB as through a proxy") {
    loop run;
    pub source{run.io};
    xsub front{run.io};
    xpub back{run.io};
    sub end{run.io};
    front.connect(source.bind("tcp://127.0.0.1:*"));
    end.connect(back.bind("tcp://127.0.0.1:*"));
    end.subscribe("A");
    const auto pump = [&] {
        message m;
        std::error_code ec;
        while (back.try_receive(m))
            CHECK(front.try_send(m, ec));
        while (front.try_receive(m))
            CHECK(back.try_send(m, ec));
    };
    message got;
    REQUIRE(run.until([&] {
        CHECK_FALSE(try_send(source, "A/x"));
        CHECK_FALSE(try_send(source, "B/x"));
        pump();
        return end.try_receive(got);
    }));
    CHECK(text_of(got) == "A/x");
}

TEST_CASE("an XSUB's other messages go upstream to every publisher, an XPUB receives them") {
    loop run;
    xpub one{run.io};
    xpub two{run.io};
    xsub socket{run.io};
    socket.connect(one.bind("tcp://127.0.0.1:*"));
    socket.connect(two.bind("tcp://127.0.0.1:*"));
    await_connections(run, socket, 2);
    send(run, socket, "hello/there");
    CHECK(receive(run, one) == "hello/there");
    CHECK(receive(run, two) == "hello/there");
}

TEST_CASE("check 119: a peer that subscribes to very much costs what it says, and is forgotten") {
    loop run;
    xpub socket{run.io};
    socket.set(option::receive_high_water_mark{100});
    raw_peer peer = subscriber(run, socket.bind("tcp://127.0.0.1:*"));
    std::string all;
    for (int i = 0; i < 20'000; ++i)
        all += subscribe_command("topic." + std::to_string(i));
    peer.write(all);
    for (int i = 0; i < 20'000; ++i)
        CHECK(receive(run, socket) == wants("topic." + std::to_string(i)));
    peer.write(subscribe_command(std::string(1 << 20, 't')));
    CHECK(peer.is_closed());
    int gone = 0;
    message m;
    REQUIRE(run.until([&] {
        while (socket.try_receive(m))
            ++gone;
        return gone == 20'000;
    }));
}

} // namespace
} // namespace mizzen::testing
