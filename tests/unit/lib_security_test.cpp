// Security as sockets have it: its options, and what becomes of peers that do not fit.
#include "monitor_helpers.hpp"
#include "security_helpers.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/curve_key.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/zmtp/error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <system_error>

namespace mizzen::testing {
namespace {

template <class Option> std::error_code setting(const Option& value) {
    loop run;
    dealer one{run.io};
    std::error_code ec;
    one.set(value, ec);
    return ec;
}

/// How the first handshake of a server ended that a client tried.
template <class Server, class Client>
connection_event meeting(const Server& server_has, const Client& client_has) {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    monitor watch{server};
    server.set(server_has);
    client.set(client_has);
    client.connect(server.bind("tcp://127.0.0.1:*"));
    for (;;) {
        const auto event = next_event(run, watch);
        if (event.kind == event_kind::handshake_failed)
            return event;
        if (event.kind != event_kind::handshake_succeeded)
            continue;
        send(run, client, "to/the server");
        CHECK(receive(run, server) == "to/the server");
        send(run, server, "and back");
        CHECK(receive(run, client) == "and back");
        return event;
    }
}

} // namespace

TEST_CASE("security that cannot work is an error when it is set") {
    const std::string longest(255, 'x');
    CHECK_FALSE(setting(option::no_security{}));
    CHECK_FALSE(setting(option::plain_client{longest, longest}));
    CHECK(setting(option::plain_client{longest + "x", ""}) == errc::invalid_option);
    CHECK(setting(option::plain_client{"", longest + "x"}) == errc::invalid_option);
    CHECK_FALSE(setting(option::plain_server{}));
    CHECK_FALSE(setting(option::plain_server{{{longest, longest}}}));
    CHECK(setting(option::plain_server{{{"a", "b"}, {longest + "x", ""}}}) == errc::invalid_option);
    if (!curve_is_built()) {
        CHECK(setting(option::curve_client{}) == errc::no_curve);
        CHECK(setting(option::curve_server{}) == errc::no_curve);
        return;
    }
    const auto keys = make_curve_key_pair();
    CHECK_FALSE(setting(option::curve_client{keys.public_key}));
    CHECK_FALSE(setting(option::curve_server{keys.secret_key}));
    CHECK(setting(option::curve_client{}) == errc::invalid_option);
    CHECK(setting(option::curve_client{keys.public_key, curve_key{}}) == errc::invalid_option);
    CHECK(setting(option::curve_server{}) == errc::invalid_option);
}

TEST_CASE("PLAIN lets in who says a listed name with its password, and nobody unlisted") {
    const option::plain_server users{{{"ann", "one"}, {"bob", "two"}, {"", ""}}};
    const auto ann = meeting(users, option::plain_client{"ann", "one"});
    CHECK(ann.kind == event_kind::handshake_succeeded);
    CHECK(ann.peer.user_id == "ann");
    CHECK(meeting(users, option::plain_client{"bob", "two"}).peer.user_id == "bob");
    CHECK(meeting(users, option::plain_client{}).kind == event_kind::handshake_succeeded);
    for (const auto& stranger : {option::plain_client{"ann", "two"},
                                 {"bob", ""},
                                 {"", "one"},
                                 {"ann", "one "},
                                 {"anne", "one"}})
        CHECK(meeting(users, stranger).detail == "none of those that the socket's option lists");
    CHECK(meeting(option::plain_server{}, option::plain_client{}).reason ==
          zmtp::errc::authentication_failed);
}

TEST_CASE("CURVE lets in who has a listed key; without a list everybody, as whoever they are") {
    if (!curve_is_built())
        return;
    const auto server = make_curve_key_pair();
    const auto ann = make_curve_key_pair();
    const auto bob = make_curve_key_pair();
    const option::curve_server listed{server.secret_key, {{ann.public_key}}};
    const auto in = meeting(listed, option::curve_client{server.public_key, ann.secret_key});
    CHECK(in.kind == event_kind::handshake_succeeded);
    CHECK(in.peer.mechanism == "CURVE");
    CHECK(in.peer.user_id == to_z85(ann.public_key));
    for (const auto& stranger :
         {option::curve_client{server.public_key, bob.secret_key}, {server.public_key}})
        CHECK(meeting(listed, stranger).reason == zmtp::errc::authentication_failed);
    CHECK(meeting(option::curve_server{server.secret_key, {{}}},
                  option::curve_client{server.public_key, ann.secret_key})
              .reason == zmtp::errc::authentication_failed);

    const option::curve_server open{server.secret_key};
    CHECK(meeting(open, option::curve_client{server.public_key, bob.secret_key}).peer.user_id ==
          to_z85(bob.public_key));
    CHECK(meeting(open, option::curve_client{server.public_key}).kind ==
          event_kind::handshake_succeeded);
    const auto wrong_key = meeting(open, option::curve_client{bob.public_key});
    CHECK(wrong_key.reason == zmtp::errc::protection_failed);
    CHECK(wrong_key.detail == "HELLO: for another server key, or broken");
    CHECK(libzmq_event(wrong_key) == 0x2000);
}

TEST_CASE("peers of different mechanisms are told apart before anything is said") {
    CHECK(meeting(option::plain_server{}, option::no_security{}).reason ==
          zmtp::errc::mechanism_mismatch);
    CHECK(meeting(option::no_security{}, option::plain_client{}).reason ==
          zmtp::errc::mechanism_mismatch);
    if (!curve_is_built())
        return;
    const auto keys = make_curve_key_pair();
    CHECK(meeting(option::curve_server{keys.secret_key}, option::no_security{}).reason ==
          zmtp::errc::mechanism_mismatch);
    CHECK(meeting(option::plain_server{}, option::curve_client{keys.public_key}).reason ==
          zmtp::errc::mechanism_mismatch);
}

TEST_CASE("a client that was refused does not come again, and says so") {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    server.set(option::plain_server{});
    client.set(option::plain_client{"ann", "one"});
    monitor watch{client};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    expect(run, watch, event_kind::connecting);
    expect(run, watch, event_kind::connected);
    CHECK(expect(run, watch, event_kind::handshake_failed).reason == zmtp::errc::refused_by_peer);
    CHECK(expect(run, watch, event_kind::ended).reason == zmtp::errc::refused_by_peer);
}

TEST_CASE("the last security set is the one that later connections have") {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    client.set(option::plain_client{"ann", "one"});
    client.set(option::no_security{});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    send(run, client, "in clear");
    CHECK(receive(run, server) == "in clear");
    CHECK(server.peers().front().mechanism == "NULL");
}

TEST_CASE("a connecter may be the server, and a listener the client") {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    server.set(option::plain_server{{{"ann", "one"}}});
    client.set(option::plain_client{"ann", "one"});
    server.connect(client.bind("ipc://*"));
    send(run, client, "hello");
    CHECK(receive(run, server) == "hello");
    CHECK(server.peers().front().user_id == "ann");
    CHECK(client.peers().front().user_id == "");
}

TEST_CASE("blocking sockets have the same security") {
    if (!curve_is_built())
        return;
    const auto keys = make_curve_key_pair();
    blocking::dealer server;
    blocking::dealer client;
    server.set(option::curve_server{keys.secret_key});
    client.set(option::curve_client{keys.public_key});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    client.send(message{"hello"});
    CHECK(text_of(server.receive()) == "hello");
}

TEST_CASE("messages of every size pass by CURVE between many, and large ones in parts") {
    if (!curve_is_built())
        return;
    const auto keys = make_curve_key_pair();
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    server.set(option::curve_server{keys.secret_key});
    client.set(option::curve_client{keys.public_key});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    for (const std::size_t size : {0U, 1U, 100U, 1'000U, 65'536U, 3'000'000U}) {
        const std::string text = std::string(size, 'x') + "//" + std::string(size / 2, 'y');
        send(run, client, text);
        CHECK(receive(run, server) == text);
    }
    for (int i = 0; i < 900; ++i)
        send(run, server, std::to_string(i));
    for (int i = 0; i < 900; ++i)
        CHECK(receive(run, client) == std::to_string(i));
}

} // namespace mizzen::testing
