// REQ and REP: whose turn it is, envelopes, and replies that answer nothing (28/REQREP).
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <doctest/doctest.h>

#include <string>

namespace mizzen::testing {
namespace {

TEST_CASE("check 94: REQ and REP take turns, and say so out of turn") {
    loop run;
    rep server{run.io};
    req client{run.io};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    for (int round = 0; round < 3; ++round) {
        CHECK(try_receive(client) == errc::wrong_state);
        CHECK(try_send(server, "answer") == errc::wrong_state);
        CHECK(try_receive(server) == errc::would_block);
        send(run, client, "question/in parts");
        CHECK(try_send(client, "another") == errc::wrong_state);
        CHECK(try_receive(client) == errc::would_block);
        CHECK(receive(run, server) == "question/in parts");
        CHECK(try_receive(server) == errc::wrong_state);
        send(run, server, "answer//too");
        CHECK(receive(run, client) == "answer//too");
    }
}

TEST_CASE("a message that is refused is as it was") {
    loop run;
    req lonely{run.io};
    message m = parts_of("a/b");
    std::error_code ec;
    CHECK_FALSE(lonely.try_send(m, ec));
    CHECK(ec == errc::would_block);
    CHECK(text_of(m) == "a/b");
    message none;
    CHECK_FALSE(lonely.try_send(none, ec));
    CHECK(ec == errc::empty_message);
}

TEST_CASE("check 94, 95: a request has an empty part in front on the wire, and its reply too") {
    loop run;
    req client{run.io};
    raw_peer peer{run, client.bind("tcp://127.0.0.1:*")};
    peer.handshake("REP");
    send(run, client, "hello");
    CHECK(peer.read(9) == "\x01\x00\x00\x05hello"s);
    peer.send("/world/again");
    CHECK(receive(run, client) == "world/again");
}

TEST_CASE("check 96: a reply nobody asked for, or a second one, never answers a later request") {
    loop run;
    req client{run.io};
    raw_peer peer{run, client.bind("tcp://127.0.0.1:*")};
    peer.handshake("REP");
    peer.send("/unasked");
    REQUIRE(run.until([&] { return client.stats().dropped_unexpected == 1; }));
    send(run, client, "1");
    CHECK(peer.receive() == "/1");
    peer.send("/first");
    CHECK(receive(run, client) == "first");
    peer.send("/second");
    REQUIRE(run.until([&] { return client.stats().dropped_unexpected == 2; }));
    send(run, client, "2");
    CHECK(peer.receive() == "/2");
    peer.write(frames_of("/right") + frames_of("/behind it")); // at once
    CHECK(receive(run, client) == "right");
    REQUIRE(run.until([&] { return client.stats().dropped_unexpected == 3; }));
    send(run, client, "3");
    CHECK(peer.receive() == "/3");
    peer.send("/last");
    CHECK(receive(run, client) == "last");
}

TEST_CASE("hundreds of replies to nothing, in one burst with the right one, stay out of the way") {
    loop run;
    req client{run.io};
    raw_peer peer{run, client.bind("tcp://127.0.0.1:*")};
    peer.handshake("REP");
    send(run, client, "1");
    peer.receive();
    std::string burst = frames_of("/right");
    for (int i = 0; i < 500; ++i)
        burst += frames_of("/stale");
    peer.write(burst);
    CHECK(receive(run, client) == "right");
    send(run, client, "2"); // while some of the burst may not have been looked at
    CHECK(peer.receive() == "/2");
    REQUIRE(run.until([&] { return client.stats().dropped_unexpected >= 400; }));
    INFO("a reply that arrives behind the request it could answer is taken for its answer");
    const std::string answer = [&] {
        if (client.stats().dropped_unexpected == 500)
            peer.send("/second");
        return receive(run, client);
    }();
    CHECK((answer == "second" || client.stats().dropped_unexpected < 500));
}

TEST_CASE("check 97, D35: a malformed reply is dropped and counted, and the connection lives") {
    loop run;
    req client{run.io};
    raw_peer peer{run, client.bind("tcp://127.0.0.1:*")};
    peer.handshake("REP");
    send(run, client, "1");
    peer.receive();
    peer.send("no delimiter");
    peer.send("no/delimiter");
    peer.send(""); // a delimiter and nothing behind it
    peer.send("/right");
    CHECK(receive(run, client) == "right");
    CHECK(client.stats().dropped_malformed == 3);
    CHECK(client.stats().disconnects == 0);
}

TEST_CASE("a REQ takes the answer from the peer it asked only, and asks the next one next") {
    loop run;
    req client{run.io};
    const std::string endpoint = client.bind("tcp://127.0.0.1:*");
    raw_peer first{run, endpoint};
    first.handshake("REP");
    await_connections(run, client, 1);
    raw_peer second{run, endpoint};
    second.handshake("REP");
    await_connections(run, client, 2);
    send(run, client, "1");
    CHECK(first.receive() == "/1");
    second.send("/not asked");
    REQUIRE(run.until([&] { return client.stats().dropped_unexpected == 1; }));
    CHECK(try_receive(client) == errc::would_block);
    first.send("/asked");
    CHECK(receive(run, client) == "asked");
    send(run, client, "2");
    CHECK(second.receive() == "/2");
}

TEST_CASE("check 99: a request whose connection drops is not repeated; the next may answer it") {
    loop run;
    raw_listener listener{run};
    req client{run.io};
    client.set(option::reconnect_interval{5ms, 20ms});
    client.connect(listener.endpoint());
    {
        raw_peer lost = listener.accept();
        lost.handshake("REP");
        send(run, client, "question");
        CHECK(lost.receive() == "/question");
    }
    raw_peer back = listener.accept();
    back.handshake("REP");
    CHECK(back.is_quiet());
    back.send("/answer");
    CHECK(receive(run, client) == "answer");
}

TEST_CASE("check 100: a REP puts a request's envelope, of any length, in front of the reply") {
    loop run;
    rep server{run.io};
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER");
    for (const auto* envelope : {"", "id1/id2/", "1/2/3/4/5/6/7/8/9/10/"}) {
        peer.send(std::string{envelope} + "/body//more");
        CHECK(receive(run, server) == "body//more");
        send(run, server, "reply/too");
        CHECK(peer.receive() == std::string{envelope} + "/reply/too");
    }
    peer.write(frame(std::string(300, 'i'), more) + frame(std::string(70000, 'j'), more) +
               frame("", more) + frame("x"));
    CHECK(receive(run, server) == "x");
    send(run, server, "y");
    std::string expected(300, 'i');
    expected.append(1, '/').append(70000, 'j').append("//y");
    CHECK(peer.receive() == expected);
}

TEST_CASE("a request's body may be one empty part") {
    loop run;
    rep server{run.io};
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    peer.handshake("REQ");
    peer.send("/");
    const message request = receive_message(run, server);
    CHECK(request.size() == 1);
    CHECK(request.front().empty());
}

TEST_CASE("check 101: a request without a delimiter, or a body behind it, is dropped and counted") {
    loop run;
    rep server{run.io};
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    peer.handshake("DEALER");
    peer.send("no delimiter");
    peer.send("id/");
    peer.send("");
    peer.send("id//good");
    CHECK(receive(run, server) == "good");
    CHECK(server.stats().dropped_malformed == 3);
    send(run, server, "reply");
    CHECK(peer.receive() == "id//reply");
}

TEST_CASE("check 102: a REP serves its peers in turn, each with its own reply") {
    loop run;
    rep server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer a{run, endpoint};
    a.handshake("DEALER", "same id");
    await_connections(run, server, 1);
    raw_peer b{run, endpoint};
    b.handshake("DEALER", "same id");
    await_connections(run, server, 2);
    a.write(frames_of("/a0") + frames_of("/a1") + frames_of("/a2"));
    b.write(frames_of("/b0") + frames_of("/b1") + frames_of("/b2"));
    const auto before = server.stats().octets_in;
    REQUIRE(run.until([&] { return server.stats().octets_in >= before; }));
    int from_a = 0;
    int from_b = 0;
    for (int i = 0; i < 6; ++i) {
        const std::string request = receive(run, server);
        const bool is_a = request[0] == 'a';
        CHECK(request.substr(1) == std::to_string(is_a ? from_a++ : from_b++));
        send(run, server, "to " + request);
        CHECK((is_a ? a : b).receive() == "/to " + request);
    }
    CHECK(from_a == 3);
}

TEST_CASE("check 102: a reply to a requester that left is dropped, and the next one is served") {
    loop run;
    rep server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    {
        raw_peer gone{run, endpoint};
        gone.handshake("REQ");
        gone.send("/bye");
        CHECK(receive(run, server) == "bye");
    }
    REQUIRE(run.until([&] { return server.stats().disconnects == 1; }));
    send(run, server, "too late");
    CHECK(server.stats().dropped_no_route == 1);
    req next{run.io};
    next.connect(endpoint);
    send(run, next, "hello");
    CHECK(receive(run, server) == "hello");
}

TEST_CASE("a requester that does not read costs its replies, not the server") {
    loop run;
    rep server{run.io};
    server.set(option::send_high_water_mark{2});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer greedy{run, endpoint};
    greedy.handshake("DEALER");
    const std::string large(1 << 20, 'x');
    for (int i = 0; i < 40; ++i) {
        greedy.send("/more");
        CHECK(receive(run, server) == "more");
        send(run, server, large);
    }
    CHECK(server.stats().dropped_full > 0);
    raw_peer good{run, endpoint};
    good.handshake("REQ");
    good.send("/hello");
    CHECK(receive(run, server) == "hello");
    send(run, server, "there");
    CHECK(good.receive() == "/there");
}

TEST_CASE("check 109: a REQ talks to a ROUTER, which sees its id and the delimiter") {
    loop run;
    router server{run.io};
    req client{run.io};
    client.set(option::routing_id{"me"});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    send(run, client, "body");
    CHECK(receive(run, server) == "me//body");
    send(run, server, "me//answer");
    CHECK(receive(run, client) == "answer");
}

} // namespace
} // namespace mizzen::testing
