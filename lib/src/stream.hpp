// Stream sockets of the system, whatever their family: addresses and options.
#pragma once

#include <mizzen/endpoint.hpp>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <string>
#include <system_error>

namespace mizzen::detail {

using stream_protocol = asio::generic::stream_protocol;
using stream_acceptor = asio::basic_socket_acceptor<stream_protocol>;

/// What the kernel is asked for; -1 or zero leaves it to the kernel.
struct stream_options {
    bool keep_alive = false;
    std::chrono::seconds keep_alive_idle{0};
    std::chrono::seconds keep_alive_interval{0};
    int keep_alive_count = 0;
    int send_buffer = -1;    // octets
    int receive_buffer = -1; // octets
};

/// The address to bind that a host and a port of an endpoint mean. Errors: no_such_device for an
/// interface that is not there, or has no address.
[[nodiscard]] stream_protocol::endpoint local_address(const host_and_port& from,
                                                      std::error_code& ec);
[[nodiscard]] stream_protocol::endpoint tcp_address(const asio::ip::tcp::endpoint& from);
[[nodiscard]] stream_protocol::endpoint ipc_address(const std::string& name);

/// As an endpoint: tcp://127.0.0.1:5555, ipc:///tmp/x, ipc://@name.
[[nodiscard]] std::string endpoint_text(const stream_protocol::endpoint& from);
/// Where the other end is, likewise; `unnamed` when it has no address, as ipc's connecting ends.
/// Empty when it has gone already.
[[nodiscard]] std::string peer_text(const stream_protocol::socket& socket,
                                    const std::string& unnamed);

/// Opens a socket that programs the process executes do not inherit.
void open(stream_protocol::socket& socket, const stream_protocol::endpoint& family,
          const stream_options& options, std::error_code& ec);
void open(stream_acceptor& acceptor, const stream_protocol::endpoint& family,
          const stream_options& options, std::error_code& ec);
/// For what is connected or accepted: small messages leave at once.
void prepare(stream_protocol::socket& socket);

} // namespace mizzen::detail
