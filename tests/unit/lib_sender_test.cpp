// Who sent a message: without a copy, and also when the sender has gone.
#include "../../lib/src/socket_core.hpp"
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include "security_helpers.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/router.hpp>
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace mizzen::testing {

TEST_CASE("each message has its sender's identity, for every transport") {
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*", "inproc://senders"}) {
        CAPTURE(where);
        loop run;
        router server{run.io};
        const std::string endpoint = server.bind(where);
        dealer first{run.io};
        dealer second{run.io};
        first.set(option::routing_id{"first"});
        second.set(option::routing_id{"second"});
        first.connect(endpoint);
        second.connect(endpoint);
        for (int i = 0; i < 3; ++i) {
            for (auto* each : {&first, &second}) {
                send(run, *each, "hello");
                const message m = receive_message(run, server);
                const peer_identity* const who = server.sender(m);
                REQUIRE(who != nullptr);
                CHECK(who->id == m.peer());
                CHECK(who->routing_id == as_text(m.front()));
                CHECK(who == server.sender(m)); // no copy is made
            }
        }
    }
}

TEST_CASE("a sender's identity outlives the sender, until the next is asked for") {
    loop run;
    pull server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    push client{run.io};
    client.connect(endpoint);
    send(run, client, "one");
    send(run, client, "two");
    const message one = receive_message(run, server);
    const message two = receive_message(run, server);
    const peer_identity* const who = server.sender(one);
    REQUIRE(who != nullptr);
    const std::string address = who->address;
    client.close();
    REQUIRE(run.until([&] { return server.stats().disconnects == 1; }));
    CHECK(who->address == address);
    CHECK(server.sender(two) == who);
    CHECK(server.sender(message{"of nobody"}) == nullptr);
    REQUIRE(server.sender(two) != nullptr);
    CHECK(server.sender(two)->address == address);
}

TEST_CASE("however many senders have gone, those of waiting messages are known") {
    for (const std::string where : {"tcp://127.0.0.1:*", "ipc://*"}) {
        CAPTURE(where);
        loop run;
        router server{run.io};
        server.set(option::report_peers{true}); // notices are messages as well
        const std::string endpoint = server.bind(where);
        constexpr std::size_t many = gone_peers_kept + 50;
        for (std::size_t i = 0; i < many; ++i) {
            dealer client{run.io};
            client.set(option::routing_id{"client " + std::to_string(i)});
            client.connect(endpoint);
            send(run, client, "hello");
            await_connections(run, client, 1);
            client.close();
            REQUIRE(run.until([&] { return server.stats().disconnects > i; }));
        }
        std::size_t said = 0;
        std::vector<peer_id> gone;
        message m;
        while (server.try_receive_from(m)) {
            const peer_identity* const who = server.sender(m);
            REQUIRE(who != nullptr);
            CHECK(who->id == m.peer());
            CHECK(who->routing_id.starts_with("client "));
            if (m.peer_notice() == notice::peer_down)
                gone.push_back(m.peer());
            said += m.peer_notice() == notice::none ? 1U : 0U;
        }
        CHECK(said == many);
        REQUIRE(gone.size() == many);
        // Now that nothing waits, the last ones are known, as ever.
        std::size_t known = 0;
        for (const peer_id each : gone)
            known += server.peer(each) ? 1U : 0U;
        CHECK(known == gone_peers_kept);
    }
}

TEST_CASE("what is kept of senders that have gone counts as what they left unread") {
    detail::socket_core core{zmtp::socket_type::pull, 1};
    core.options.mark_octets = 1; // and so the least that is kept: 1 MiB
    constexpr std::size_t size = 60 * 128;
    std::string properties;
    for (int i = 0; i < 60; ++i)
        properties += property("X-" + std::to_string(i), std::string(128, 'x'));
    const std::string all =
        greeting() + frame("\x05READY"s + property("Socket-Type", "PUSH") + properties, command) +
        frame("hello");
    const auto come_and_go = [&] {
        detail::session& s = core.add_accepted("tcp://[::]:1", "tcp://192.0.2.7:1", {});
        for (auto left = as_octets(all); !left.empty();) {
            const auto room = s.link->prepare()[0];
            const std::size_t some = std::min(room.size(), left.size());
            REQUIRE(some != 0);
            std::copy_n(left.begin(), some, room.begin());
            left = left.subspan(some);
            core.received(s, some, {});
        }
        core.transport_lost(s, zmtp::errc::end_of_stream, {});
    };
    const auto received = [&] {
        std::size_t count = 0;
        std::error_code ec;
        for (message m;; ++count) {
            core.receive(m, ec);
            if (ec)
                return count;
            REQUIRE(core.sender(m.peer()) != nullptr);
        }
    };
    constexpr std::size_t many = 300;
    std::size_t dropped = 0;
    for (int round = 0; round < 2; ++round) { // what is read makes room
        for (std::size_t i = 0; i < many; ++i)
            come_and_go();
        const std::size_t kept = received();
        CHECK(kept > 50);
        CHECK(kept < (std::size_t{1} << 20) / size);
        dropped += many - kept;
        CHECK(core.stats.dropped_disconnect == dropped);
    }
}

TEST_CASE("a connecter's earlier peers are known while their messages wait") {
    loop run;
    pull client{run.io};
    client.set(option::reconnect_interval{1ms, 1ms});
    std::string endpoint = "tcp://127.0.0.1:*";
    constexpr std::size_t many = gone_peers_kept + 10;
    for (std::size_t i = 0; i < many; ++i) {
        push server{run.io};
        const bool first = i == 0;
        endpoint = server.bind(endpoint);
        if (first)
            client.connect(endpoint);
        send(run, server, std::to_string(i));
        server.close();
        REQUIRE(run.until([&] { return client.stats().disconnects > i; }));
    }
    for (std::size_t i = 0; i < many; ++i) {
        const message m = receive_message(run, client);
        CHECK(text_of(m) == std::to_string(i));
        REQUIRE(client.sender(m) != nullptr);
        CHECK(client.sender(m)->id == m.peer());
    }
}

TEST_CASE("a blocking socket's sender is the caller's to keep, whoever is asked for meanwhile") {
    blocking::pull server;
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    message one;
    message two;
    std::error_code ec;
    for (message* const m : {&one, &two}) {
        blocking::push client;
        client.connect(endpoint);
        client.send(message{"hello"});
        REQUIRE(server.receive(*m, 20s, ec));
    }
    const std::shared_ptr<const peer_identity> who = server.sender(one);
    REQUIRE(who != nullptr);
    CHECK(server.sender(two) != who);
    server.close();
    CHECK(who->id == one.peer());
}

TEST_CASE("by CURVE each end knows the other's key, as octets") {
    if (!curve_is_built())
        return;
    const auto server_keys = make_curve_key_pair();
    const auto client_keys = make_curve_key_pair();
    blocking::dealer server;
    blocking::dealer client;
    server.set(option::curve_server{server_keys.secret_key});
    client.set(option::curve_client{server_keys.public_key, client_keys.secret_key});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    client.send(message{"hello"});
    message m;
    std::error_code ec;
    REQUIRE(server.receive(m, 20s, ec));
    REQUIRE(server.sender(m) != nullptr);
    CHECK(server.sender(m)->public_key == client_keys.public_key);
    CHECK(server.sender(m)->user_id == to_z85(client_keys.public_key));
    server.send(message{"hello"});
    REQUIRE(client.receive(m, 20s, ec));
    REQUIRE(client.sender(m) != nullptr);
    CHECK(client.sender(m)->public_key == server_keys.public_key);
    CHECK(client.sender(m)->user_id == "");
}

} // namespace mizzen::testing
