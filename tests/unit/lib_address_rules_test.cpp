// Addresses, nets, and who may come by them.
#include "../interop/raw_peer.hpp"
#include "security_helpers.hpp"
#include <mizzen/address_rules.hpp>
#include <mizzen/dealer.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace mizzen::testing {
namespace {

bool contains(std::string_view net, std::string_view address) {
    std::error_code ec;
    const address_net read = parse_address_net(net, ec);
    INFO(net);
    REQUIRE_FALSE(ec);
    return read.contains(address);
}
std::error_code reading(std::string_view net) {
    std::error_code ec;
    static_cast<void>(parse_address_net(net, ec));
    return ec;
}
bool lets_in(const address_rules::lists& rules, const std::string& address) {
    std::string reason;
    const bool in = address_rules{rules}.may_come(address, reason);
    CHECK(reason.empty() == in);
    return in;
}

} // namespace

TEST_CASE("a net has the addresses with its first bits, and no others") {
    CHECK(contains("192.0.2.1", "192.0.2.1"));
    CHECK_FALSE(contains("192.0.2.1", "192.0.2.2"));
    CHECK(contains("192.0.2.0/24", "192.0.2.255"));
    CHECK_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
    CHECK(contains("192.0.2.128/25", "192.0.2.128"));
    CHECK_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
    CHECK(contains("0.0.0.0/0", "203.0.113.9"));
    CHECK(contains("10.0.0.0/7", "11.255.255.255"));
    CHECK_FALSE(contains("10.0.0.0/7", "12.0.0.0"));
    CHECK(contains("192.0.2.1/32", "192.0.2.1"));
    CHECK(contains("2001:db8::/32", "2001:db8:ffff::1"));
    CHECK_FALSE(contains("2001:db8::/32", "2001:db9::"));
    CHECK(contains("::1", "::1"));
    CHECK(contains("::1", "0:0:0:0:0:0:0:1"));
    CHECK(contains("fe80::/10", "fe80::1%eth0"));
    CHECK(contains("2001:db8::8/125", "2001:db8::f"));
    CHECK_FALSE(contains("2001:db8::8/125", "2001:db8::10"));
}

TEST_CASE("IPv4 is IPv4 however it is written, and IPv6 nets have none of it") {
    CHECK(contains("192.0.2.0/24", "::ffff:192.0.2.7"));
    CHECK(contains("::ffff:192.0.2.0/120", "192.0.2.7"));
    CHECK(contains("::ffff:0:0/96", "203.0.113.9"));
    CHECK_FALSE(contains("::/0", "203.0.113.9"));
    CHECK_FALSE(contains("::/0", "::ffff:203.0.113.9"));
    CHECK(contains("::/0", "2001:db8::1"));
    CHECK_FALSE(contains("0.0.0.0/0", "::1"));
}

TEST_CASE("peers without an address are those of ipc") {
    CHECK(contains("ipc", ""));
    CHECK_FALSE(contains("ipc", "127.0.0.1"));
    CHECK_FALSE(contains("0.0.0.0/0", ""));
    CHECK_FALSE(contains("::/0", ""));
    CHECK_FALSE(contains("0.0.0.0/0", "no address"));
}

TEST_CASE("what is neither an address nor a net is an error") {
    for (const std::string_view text : {"",
                                        "/",
                                        "/24",
                                        "192.0.2",
                                        "192.0.2.0/",
                                        "192.0.2.0/33",
                                        "192.0.2.0/-1",
                                        "192.0.2.0/+8",
                                        "192.0.2.0/24/24",
                                        "192.0.2.0/2 4",
                                        "192.0.2.1/24",
                                        "256.0.0.1",
                                        "localhost",
                                        "::1/129",
                                        "2001:db8::1/32",
                                        "fe80::1%eth0",
                                        "fe80::%eth0/10",
                                        " 192.0.2.1",
                                        "192.0.2.1 ",
                                        "tcp://::1",
                                        "[::1]",
                                        "IPC",
                                        "192.0.2.0/99999999999999999999",
                                        "0.0.0.1/0"})
        CHECK(reading(text) == errc::malformed_address);
    CHECK_THROWS_AS((address_rules{{.deny = {"192.0.2.1", "nonsense"}}}), std::system_error);
}

TEST_CASE("who is denied may not come, nor who is not allowed where somebody is") {
    CHECK(lets_in({}, "192.0.2.1"));
    CHECK(lets_in({.deny = {"192.0.2.0/24"}}, "192.0.3.1"));
    CHECK_FALSE(lets_in({.deny = {"192.0.2.0/24"}}, "192.0.2.1"));
    CHECK(lets_in({.allow = {"192.0.2.0/24", "::1"}}, "::1"));
    CHECK_FALSE(lets_in({.allow = {"192.0.2.0/24", "::1"}}, "192.0.3.1"));
    CHECK_FALSE(lets_in({.allow = {"192.0.2.0/24"}}, ""));
    CHECK(lets_in({.allow = {"192.0.2.0/24", "ipc"}}, ""));
    CHECK_FALSE(lets_in({.allow = {"192.0.2.0/24"}, .deny = {"192.0.2.1"}}, "192.0.2.1"));
    CHECK(lets_in({.allow = {"192.0.2.0/24"}, .deny = {"192.0.2.1"}}, "192.0.2.2"));
}

TEST_CASE("who may not come is turned away before a word is said") {
    loop run;
    dealer server{run.io};
    monitor watch{server};
    server.set(option::authentication{
        std::make_shared<address_rules>(address_rules::lists{.deny = {"127.0.0.0/8"}})});
    raw_peer peer{run, server.bind("tcp://127.0.0.1:*")};
    const auto event = await_event(run, watch, event_kind::handshake_failed);
    CHECK(event.reason == errc::address_denied);
    CHECK(event.detail == "the address is on the list of those denied");
    CHECK(event.peer.address.starts_with("tcp://127.0.0.1:"));
    CHECK(libzmq_event(event) == 0x4000);
    std::error_code ec;
    char octet = 0;
    REQUIRE(run.until([&] {
        peer.socket().read_some(asio::buffer(&octet, 1), ec);
        return ec != asio::error::would_block;
    }));
    CHECK(ec == asio::error::eof); // not even a greeting
    CHECK(server.stats().handshakes_failed == 1);
    CHECK(server.stats().connections == 0);
}

TEST_CASE("an end that connects is as careful where") {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    monitor watch{client};
    client.set(option::plain_client{"ann", "one"}); // who is not to be told to anybody
    client.set(option::authentication{
        std::make_shared<address_rules>(address_rules::lists{.allow = {"192.0.2.0/24"}})});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    CHECK(next_event(run, watch).kind == event_kind::connecting);
    const auto event = next_event(run, watch);
    CHECK(event.kind == event_kind::connect_failed);
    CHECK(event.reason == errc::address_denied);
    CHECK(event.detail == "the address is not on the list of those allowed");
    CHECK(event.peer.address.starts_with("tcp://127.0.0.1:"));
    CHECK(next_event(run, watch).kind == event_kind::retrying);
    CHECK(client.stats().handshakes_failed == 0);
}

TEST_CASE("address rules stand before another authenticator, and over ipc too") {
    loop run;
    dealer server{run.io};
    monitor watch{server};
    const auto rules = std::make_shared<address_rules>(
        address_rules::lists{.allow = {"127.0.0.1"}},
        always({.verdict = zmtp::verdict::refused, .reason = "the second says no"}));
    server.set(option::authentication{rules});
    dealer client{run.io};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    CHECK(await_event(run, watch, event_kind::handshake_failed).detail == "the second says no");
    dealer local{run.io};
    local.connect(server.bind("ipc://*"));
    CHECK(await_event(run, watch, event_kind::handshake_failed).reason == errc::address_denied);
}

TEST_CASE("rules that are replaced cut those who may no longer be here") {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    monitor watch{server};
    const auto rules = std::make_shared<address_rules>(address_rules::lists{});
    option::security how{.who = rules};
    SUBCASE("that were judged") {}
    SUBCASE("or spoken to as a client, who judges nobody") {
        how.mechanism = option::plain_client{"ann", "one"};
        client.set(option::plain_server{{{"ann", "one"}}});
    }
    server.set(how);
    client.connect(server.bind("tcp://127.0.0.1:*"));
    await_connections(run, server, 1);
    std::error_code ec;
    rules->replace({.deny = {"nonsense"}}, ec);
    CHECK(ec == errc::malformed_address);
    rules->replace({.deny = {"192.0.2.0/24"}});
    CHECK(run.never([&] { return server.stats().disconnects != 0; }));
    rules->replace({.deny = {"127.0.0.1"}});
    const auto event = await_event(run, watch, event_kind::disconnected);
    CHECK(event.reason == errc::revoked);
    CHECK(event.detail == "the address is on the list of those denied");
    CHECK(await_event(run, watch, event_kind::handshake_failed).reason == errc::address_denied);
}

} // namespace mizzen::testing
