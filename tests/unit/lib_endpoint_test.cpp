// Endpoints: their grammar, and what bind, connect, unbind and disconnect do with them.
#include "loop.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::testing {
namespace {

std::string address_text(const host_and_port& a) { return a.host + '|' + std::to_string(a.port); }

// "host|port" or "transport:name", or what is wrong with it.
std::string parsed(std::string_view text, endpoint_use use) {
    std::error_code ec = make_error_code(errc::would_block); // to be cleared
    const endpoint found = parse_endpoint(text, use, ec);
    if (ec == errc::endpoint_without_transport)
        return "no transport";
    if (ec == errc::unknown_transport)
        return "unknown transport";
    if (ec == errc::endpoint_bad_host)
        return "bad host";
    if (ec == errc::endpoint_bad_port)
        return "bad port";
    if (ec == errc::endpoint_bad_name)
        return "bad name";
    REQUIRE_FALSE(ec);
    switch (found.via) {
    case transport::ipc: return "ipc:" + found.name;
    case transport::inproc: return "inproc:" + found.name;
    default:
        return (found.source ? address_text(*found.source) + ';' : "") + address_text(found.tcp);
    }
}
std::string to_bind(std::string_view text) { return parsed(text, endpoint_use::bind); }
std::string to_connect(std::string_view text) { return parsed(text, endpoint_use::connect); }

int kernel_option(int descriptor, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(descriptor, level, name, &value, &size) == 0);
    return value;
}

// Of this process; -1 if there is none.
int descriptor_connected_to(const asio::ip::tcp::endpoint& peer) {
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
        asio::ip::tcp::endpoint found;
        auto size = static_cast<socklen_t>(found.capacity());
        if (::getpeername(descriptor, found.data(), &size) == 0 && found == peer)
            return descriptor;
    }
    return -1;
}

TEST_CASE("an endpoint to bind has an address and a port, either of which may be any") {
    CHECK(to_bind("tcp://127.0.0.1:5555") == "127.0.0.1|5555");
    CHECK(to_bind("tcp://localhost:1") == "localhost|1");
    CHECK(to_bind("tcp://*:65535") == "|65535");
    CHECK(to_bind("tcp://*:*") == "|0");
    CHECK(to_bind("tcp://127.0.0.1:0") == "127.0.0.1|0");
    CHECK(to_bind("tcp://[::1]:*") == "::1|0");
    CHECK(to_bind("tcp://[::]:80") == "::|80");
    CHECK(to_bind("tcp://eth0.100:80") == "eth0.100|80"); // an interface
}

TEST_CASE("an endpoint to connect has a host and a port") {
    CHECK(to_connect("tcp://127.0.0.1:5555") == "127.0.0.1|5555");
    CHECK(to_connect("tcp://localhost:65535") == "localhost|65535");
    CHECK(to_connect("tcp://a-b.example.org:7") == "a-b.example.org|7");
    CHECK(to_connect("tcp://[2001:db8::1]:7") == "2001:db8::1|7");
}

TEST_CASE("an endpoint to connect may say where from, as an endpoint to bind would") {
    CHECK(to_connect("tcp://127.0.0.2:0;localhost:7") == "127.0.0.2|0;localhost|7");
    CHECK(to_connect("tcp://*:99;localhost:7") == "|99;localhost|7");
    CHECK(to_connect("tcp://eth0:*;[::1]:7") == "eth0|0;::1|7");
    CHECK(to_connect("tcp://;localhost:7") == "bad host");
    CHECK(to_connect("tcp://1.2.3.4;localhost:7") == "bad port");
    CHECK(to_connect("tcp://1.2.3.4:5;") == "bad host");
    CHECK(to_connect("tcp://1.2.3.4:5;1.2.3.4:6;1.2.3.4:7") == "bad host");
    CHECK(to_bind("tcp://1.2.3.4:5;1.2.3.4:6") == "bad host");
}

TEST_CASE("an ipc endpoint is a path or an abstract name of at most 107 octets") {
    CHECK(to_bind("ipc:///tmp/x") == "ipc:/tmp/x");
    CHECK(to_connect("ipc://relative/x y") == "ipc:relative/x y");
    CHECK(to_connect("ipc://@name") == "ipc:@name");
    CHECK(to_bind("ipc://*") == "ipc:");
    CHECK(to_connect("ipc://*") == "bad name");
    CHECK(to_bind("ipc://" + std::string(107, 'p')) == "ipc:" + std::string(107, 'p'));
    for (const auto& text : {std::string{"ipc://"}, std::string{"ipc://@"},
                             "ipc://" + std::string(108, 'p'), std::string{"ipc://a\0b", 9}}) {
        CHECK(to_bind(text) == "bad name");
        CHECK(to_connect(text) == "bad name");
    }
}

TEST_CASE("an inproc endpoint is any name of 1 to 256 octets") {
    CHECK(to_bind("inproc://a b") == "inproc:a b");
    CHECK(to_connect("inproc://" + std::string(256, 'n')) == "inproc:" + std::string(256, 'n'));
    CHECK(to_connect("inproc://" + std::string(257, 'n')) == "bad name");
    CHECK(to_bind("inproc://") == "bad name");
}

TEST_CASE("an endpoint needs a transport in front, one that there is") {
    for (const auto* text :
         {"", "127.0.0.1:5555", "://127.0.0.1:5555", "tcp:/127.0.0.1:1", "tcp"}) {
        CAPTURE(text);
        CHECK(to_bind(text) == "no transport");
        CHECK(to_connect(text) == "no transport");
    }
    for (const auto* text :
         {"pgm://a;b:1", "udp://127.0.0.1:1", "TCP://127.0.0.1:1", " tcp://a:1"}) {
        CAPTURE(text);
        CHECK(to_bind(text) == "unknown transport");
        CHECK(to_connect(text) == "unknown transport");
    }
}

TEST_CASE("a port is a decimal number of sixteen bits and nothing else") {
    for (const auto* port : {"12a", "-1", "+1", "99999", "65536", "4294967297", "", " 1", "1 ",
                             "0x10", "1.5", "5/path", "18446744073709551617"}) {
        const std::string text = std::string{"tcp://127.0.0.1:"} + port;
        CAPTURE(text);
        CHECK(to_bind(text) == "bad port");
        CHECK(to_connect(text) == "bad port");
    }
    CHECK(to_connect("tcp://127.0.0.1:*") == "bad port");
    CHECK(to_connect("tcp://127.0.0.1:0") == "bad port");
    CHECK(to_bind("tcp://127.0.0.1") == "bad port");
}

TEST_CASE("a host that is no address or name is refused") {
    for (const auto* text :
         {"tcp://", "tcp://:5555", "tcp://[::1:5555", "tcp://[]:1", "tcp://[g::]:1",
          "tcp://::1:5555", "tcp://[127.0.0.1]:1", "tcp://a b:1", "tcp:///x:1", "tcp://[::1%\t]:5",
          "tcp://[fe80::1%a b]:5"}) {
        CAPTURE(text);
        CHECK(to_bind(text) == "bad host");
        CHECK(to_connect(text) == "bad host");
    }
    CHECK(to_connect(std::string{"tcp://127.0.0.1\0:5", 18}) == "bad host");
    CHECK(to_connect("tcp://*:5555") == "bad host");
    CHECK(to_bind("tcp://host.example.org:5555") == "bad host");
    CHECK(to_bind("tcp://256.0.0.1:5555") == "bad host");
    CHECK(to_connect("tcp://" + std::string(254, 'a') + ":1") == "bad host");
}

TEST_CASE(
    "bind and connect report what is wrong with an endpoint, and throw it without an error_code") {
    loop run;
    dealer socket{run.io};
    std::error_code ec;
    CHECK(socket.bind("tcp://127.0.0.1:12a", ec) == "");
    CHECK(ec == errc::endpoint_bad_port);
    socket.connect("udp://127.0.0.1:1", ec);
    CHECK(ec == errc::unknown_transport);
    CHECK(socket.bind("tcp://nosuchinterface:1", ec) == "");
    CHECK(ec == std::errc::no_such_device);
    CHECK_THROWS_AS(socket.connect("nowhere"), std::system_error);
    CHECK_THROWS_AS(socket.bind("tcp://nowhere:1"), std::system_error);
    CHECK_THROWS_AS(socket.unbind("tcp://127.0.0.1:1"), std::system_error);
    socket.disconnect("tcp://127.0.0.1:1", ec);
    CHECK(ec == errc::no_such_endpoint);
}

TEST_CASE("bind answers with the port it got, over IPv4 and IPv6") {
    loop run;
    rep server{run.io};
    const std::string any = server.bind("tcp://*:*");
    CHECK(any.substr(0, 14) == "tcp://0.0.0.0:");
    std::error_code ec;
    const std::string v6 = server.bind("tcp://[::1]:*", ec);
    if (ec) {
        MESSAGE("no IPv6 here: ", ec.message());
    } else {
        CHECK(v6.substr(0, 12) == "tcp://[::1]:");
        req client{run.io};
        client.connect(v6);
        send(run, client, "six");
        CHECK(receive(run, server) == "six");
        send(run, server, "yes");
        CHECK(receive(run, client) == "yes");
    }
    req client{run.io};
    client.connect("tcp://localhost:" + any.substr(14));
    send(run, client, "four");
    CHECK(receive(run, server) == "four");
}

TEST_CASE("an interface's name stands for its first address, to bind and to connect from") {
    loop run;
    router server{run.io};
    const std::string endpoint = server.bind("tcp://lo:*");
    CHECK(endpoint.substr(0, 16) == "tcp://127.0.0.1:");
    dealer client{run.io};
    client.connect("tcp://lo:*;" + endpoint.substr(6));
    send(run, client, "hello");
    CHECK(receive_message(run, server).size() == 2); // with the routing id
    dealer stranger{run.io};
    stranger.set(option::reconnect_interval{1ms, 5ms});
    stranger.connect("tcp://nosuchinterface:*;" + endpoint.substr(6));
    REQUIRE(run.until([&] { return stranger.stats().connect_retries >= 2; }));
}

TEST_CASE("ipc carries messages by a path, by an abstract name and by a file made for it") {
    const std::string directory = "/tmp/mizzen-test-" + std::to_string(::getpid());
    REQUIRE(::mkdir(directory.c_str(), 0700) == 0);
    for (const std::string& name :
         {"ipc://" + directory + "/socket", "ipc://@mizzen-test-" + std::to_string(::getpid()),
          std::string{"ipc://*"}}) {
        CAPTURE(name);
        loop run;
        rep server{run.io};
        const std::string endpoint = server.bind(name);
        if (name != "ipc://*")
            CHECK(endpoint == name);
        req client{run.io};
        client.connect(endpoint);
        send(run, client, "over ipc");
        CHECK(receive(run, server) == "over ipc");
        send(run, server, std::string(100'000, 'b'));
        CHECK(receive(run, client).size() == 100'000);
    }
    CHECK(::rmdir(directory.c_str()) == 0); // nothing was left in it
}

TEST_CASE("an ipc path in use is reported, a socket left behind is bound over, a file is not") {
    char directory[] = "/tmp/mizzen-test-XXXXXX";
    REQUIRE(::mkdtemp(directory) != nullptr);
    const std::string path = std::string{directory} + "/socket";
    loop run;
    std::error_code ec;
    {
        dealer first{run.io};
        first.bind("ipc://" + path);
        dealer second{run.io};
        CHECK(second.bind("ipc://" + path, ec) == "");
        CHECK(ec == asio::error::address_in_use);
    }
    {
        asio::local::stream_protocol::acceptor crashed{
            run.io, asio::local::stream_protocol::endpoint{path}};
    }
    dealer third{run.io};
    CHECK(third.bind("ipc://" + path) == "ipc://" + path);
    third.unbind("ipc://" + path);
    std::ofstream{path} << "precious";
    CHECK(third.bind("ipc://" + path, ec) == "");
    CHECK(ec == asio::error::address_in_use);
    CHECK(third.bind("ipc://" + path + "/no/such/directory", ec) == "");
    CHECK(ec);
    CHECK(std::filesystem::file_size(path) == 8);
    CHECK(std::filesystem::remove_all(directory) == 2);
}

TEST_CASE("a listener that took over an ipc path keeps it when the one before goes") {
    char directory[] = "/tmp/mizzen-test-XXXXXX";
    REQUIRE(::mkdtemp(directory) != nullptr);
    const std::string path = std::string{directory} + "/socket";
    loop run;
    dealer second{run.io};
    {
        dealer first{run.io};
        first.bind("ipc://" + path);
        std::filesystem::remove(path);
        second.bind("ipc://" + path);
    }
    CHECK(std::filesystem::exists(path));
    second.close();
    CHECK(std::filesystem::remove_all(directory) == 1);
}

TEST_CASE("a connection that is not established in time is tried again") {
    loop run;
    // A listener whose queue is full leaves the next one waiting.
    asio::ip::tcp::acceptor full{run.io, asio::ip::tcp::v4()};
    full.bind({asio::ip::address_v4::loopback(), 0});
    full.listen(0);
    std::vector<asio::ip::tcp::socket> waiting;
    const asio::ip::tcp::endpoint target = full.local_endpoint();
    for (int i = 0; i < 3; ++i) {
        waiting.emplace_back(run.io).open(asio::ip::tcp::v4());
        waiting.back().native_non_blocking(true);
        const int descriptor = waiting.back().native_handle(); // Asio's own connect would wait
        const int begun =
            ::connect(descriptor, target.data(), static_cast<socklen_t>(target.size()));
        CHECK((begun == 0 || errno == EINPROGRESS));
    }
    dealer client{run.io};
    client.set(option::connect_timeout{10ms});
    client.set(option::reconnect_interval{1ms, 5ms});
    client.connect("tcp://127.0.0.1:" + std::to_string(target.port()));
    CHECK(run.until([&] { return client.stats().connect_retries >= 2; }));
}

TEST_CASE("keep-alive and buffers reach the kernel's sockets") {
    loop run;
    asio::ip::tcp::acceptor listener{run.io, {asio::ip::address_v4::loopback(), 0}};
    dealer client{run.io};
    client.set(option::tcp_keep_alive{true, 77s, 5s, 4});
    client.set(option::tcp_buffers{10'000, 20'000});
    client.connect("tcp://127.0.0.1:" + std::to_string(listener.local_endpoint().port()));
    const asio::ip::tcp::socket peer = listener.accept();
    const int descriptor = descriptor_connected_to(peer.local_endpoint());
    REQUIRE(descriptor >= 0);
    CHECK(kernel_option(descriptor, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(kernel_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE) == 77);
    CHECK(kernel_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL) == 5);
    CHECK(kernel_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT) == 4);
    CHECK(kernel_option(descriptor, SOL_SOCKET, SO_SNDBUF) == 20'000); // Linux doubles it
    CHECK(kernel_option(descriptor, SOL_SOCKET, SO_RCVBUF) == 40'000);
    CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a port in use is reported, and free again once its socket is gone") {
    loop run;
    std::string endpoint;
    {
        rep first{run.io};
        endpoint = first.bind("tcp://127.0.0.1:*");
        rep second{run.io};
        std::error_code ec;
        CHECK(second.bind(endpoint, ec) == "");
        CHECK(ec == asio::error::address_in_use);
    }
    rep third{run.io};
    CHECK(third.bind(endpoint) == endpoint);
}

TEST_CASE("one may connect to nobody, send, and have it delivered to who binds later") {
    loop run;
    std::string endpoint;
    {
        rep reservation{run.io};
        endpoint = reservation.bind("tcp://127.0.0.1:*");
    }
    dealer early{run.io};
    early.set(option::reconnect_interval{5ms, 20ms});
    early.connect(endpoint);
    send(run, early, "kept");
    REQUIRE(run.until([&] { return early.stats().connect_retries >= 3; }));
    dealer late{run.io};
    late.bind(endpoint);
    CHECK(receive(run, late) == "kept");
}

TEST_CASE("one socket binds and connects at the same time") {
    loop run;
    dealer middle{run.io};
    dealer left{run.io};
    dealer right{run.io};
    left.connect(middle.bind("tcp://127.0.0.1:*"));
    middle.connect(right.bind("tcp://127.0.0.1:*"));
    await_connections(run, middle, 2);
    send(run, left, "from left");
    CHECK(receive(run, middle) == "from left");
    send(run, right, "from right");
    CHECK(receive(run, middle) == "from right");
}

TEST_CASE("a second connect to the same endpoint adds nothing to a DEALER") {
    loop run;
    dealer server{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer client{run.io};
    client.connect(endpoint);
    client.connect(endpoint);
    send(run, client, "1");
    send(run, client, "2");
    CHECK(receive(run, server) == "1");
    CHECK(receive(run, server) == "2");
    CHECK(server.stats().connections == 1);
}

TEST_CASE("unbind stops listening and ends what the listener accepted, and nothing else") {
    loop run;
    dealer server{run.io};
    const std::string gone = server.bind("tcp://127.0.0.1:*");
    const std::string stays = server.bind("tcp://127.0.0.1:*");
    dealer first{run.io};
    first.connect(gone);
    dealer second{run.io};
    second.connect(stays);
    await_connections(run, server, 2);
    await_connections(run, first, 1);
    server.unbind(gone);
    REQUIRE(run.until([&] { return first.stats().disconnects == 1; }));
    std::error_code ec;
    server.unbind(gone, ec);
    CHECK(ec == errc::no_such_endpoint);
    send(run, second, "here");
    CHECK(receive(run, server) == "here");
    CHECK(server.stats().disconnects == 1);
    dealer again{run.io};
    CHECK(again.bind(gone) == gone);
}

TEST_CASE("disconnect writes what is queued first") {
    loop run;
    dealer server{run.io};
    dealer client{run.io};
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    client.connect(endpoint);
    await_connections(run, client, 1);
    for (int i = 0; i < 100; ++i)
        send(run, client, std::to_string(i));
    client.disconnect(endpoint);
    CHECK(try_send(client, "nobody") == errc::would_block);
    for (int i = 0; i < 100; ++i)
        CHECK(receive(run, server) == std::to_string(i));
    REQUIRE(run.until([&] { return server.stats().disconnects == 1; }));
    CHECK(client.stats().dropped_disconnect == 0);
}

TEST_CASE("the backlog is how many the kernel keeps until they are accepted") {
    loop run;
    const auto established = [&](dealer& socket) {
        const std::string endpoint = socket.bind("tcp://127.0.0.1:*"); // and the loop does not run
        const auto port = std::stoul(endpoint.substr(endpoint.rfind(':') + 1));
        std::vector<asio::ip::tcp::socket> callers;
        for (int i = 0; i < 20; ++i) {
            auto& caller = callers.emplace_back(run.io, asio::ip::tcp::v4());
            caller.non_blocking(true);
            const asio::ip::tcp::endpoint there{asio::ip::make_address("127.0.0.1"),
                                                static_cast<asio::ip::port_type>(port)};
            if (::connect(caller.native_handle(), there.data(),
                          static_cast<socklen_t>(there.size())) != 0)
                CHECK(errno == EINPROGRESS);
        }
        return std::count_if(callers.begin(), callers.end(), [](const auto& caller) {
            std::error_code ec;
            static_cast<void>(caller.remote_endpoint(ec));
            return !ec;
        });
    };
    dealer few{run.io};
    few.set(option::backlog{2});
    CHECK(established(few) < 5);
    dealer many{run.io};
    CHECK(established(many) == 20);
}

TEST_CASE("an option out of its range is refused") {
    loop run;
    router socket{run.io};
    const auto refused = [&](const auto& value) {
        std::error_code ec;
        socket.set(value, ec);
        return ec == errc::invalid_option;
    };
    CHECK(refused(option::routing_id{""}));
    CHECK(refused(option::routing_id{std::string(256, 'x')}));
    CHECK(refused(option::routing_id{std::string("\0a", 2)}));
    CHECK_FALSE(refused(option::routing_id{std::string(255, 'x')}));
    CHECK(refused(option::heartbeat{1ms, -1ms, 65'501ms}));
    CHECK(refused(option::heartbeat{-1ms}));
    CHECK(refused(option::reconnect_interval{0ms, 1ms}));
    CHECK(refused(option::reconnect_interval{2ms, 1ms}));
    CHECK(refused(option::handshake_timeout{-1ms}));
    CHECK(refused(option::max_handshakes{0}));
    CHECK(refused(option::high_water_octets{0}));
    CHECK(refused(option::backlog{0}));
    CHECK(refused(option::connect_timeout{-1ms}));
    CHECK(refused(option::tcp_buffers{-2, 0}));
    CHECK(refused(option::tcp_keep_alive{true, 40'000s}));
    CHECK(refused(option::tcp_keep_alive{true, 0s, 0s, 128}));
    CHECK_THROWS_AS(socket.set(option::backlog{-1}), std::system_error);
}

} // namespace
} // namespace mizzen::testing
