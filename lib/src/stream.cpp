// Addresses and options of stream sockets.
#include "stream.hpp"

#include <asio/error.hpp>
#include <asio/local/stream_protocol.hpp>

#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

namespace mizzen::detail {
namespace {

stream_protocol::endpoint address_of_interface(const host_and_port& from, std::error_code& ec) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        ec.assign(errno, std::system_category());
        return {};
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{list, ::freeifaddrs};
    for (const int family : {AF_INET, AF_INET6}) {
        for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
            if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != family ||
                from.host != at->ifa_name)
                continue;
            asio::ip::tcp::endpoint found;
            std::memcpy(found.data(), at->ifa_addr,
                        family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
            found.port(from.port);
            return tcp_address(found);
        }
    }
    ec = std::make_error_code(std::errc::no_such_device);
    return {};
}

void set(int descriptor, int level, int name, int value, std::error_code& ec) {
    if (!ec && ::setsockopt(descriptor, level, name, &value, sizeof value) != 0)
        ec.assign(errno, std::system_category());
}

void apply(int descriptor, int family, const stream_options& options, std::error_code& ec) {
    if (family == AF_UNIX)
        return;
    // Before connect and listen: the window's scale is agreed on with the first segments.
    if (options.send_buffer >= 0)
        set(descriptor, SOL_SOCKET, SO_SNDBUF, options.send_buffer, ec);
    if (options.receive_buffer >= 0)
        set(descriptor, SOL_SOCKET, SO_RCVBUF, options.receive_buffer, ec);
    if (!options.keep_alive)
        return;
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1, ec);
    if (options.keep_alive_idle.count() > 0)
        set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE,
            static_cast<int>(options.keep_alive_idle.count()), ec);
    if (options.keep_alive_interval.count() > 0)
        set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL,
            static_cast<int>(options.keep_alive_interval.count()), ec);
    if (options.keep_alive_count > 0)
        set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, options.keep_alive_count, ec);
}

template <class Socket>
void open_any(Socket& socket, const stream_protocol::endpoint& family,
              const stream_options& options, std::error_code& ec) {
    socket.open(family.protocol(), ec);
    if (ec)
        return;
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    apply(socket.native_handle(), family.protocol().family(), options, ec);
}

} // namespace

stream_protocol::endpoint tcp_address(const asio::ip::tcp::endpoint& from) { return from; }

stream_protocol::endpoint ipc_address(const std::string& name) {
    std::string path = name;
    if (path.starts_with('@'))
        path.front() = '\0';
    return asio::local::stream_protocol::endpoint{path};
}

stream_protocol::endpoint local_address(const host_and_port& from, std::error_code& ec) {
    if (from.host.empty())
        return tcp_address({asio::ip::address_v4::any(), from.port});
    if (from.host == "localhost")
        return tcp_address({asio::ip::address_v4::loopback(), from.port});
    std::error_code no_number;
    const auto address = asio::ip::make_address(from.host, no_number);
    return no_number ? address_of_interface(from, ec) : tcp_address({address, from.port});
}

std::string endpoint_text(const stream_protocol::endpoint& from) {
    if (from.data()->sa_family == AF_UNIX) {
        constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
        if (from.size() <= before)
            return {}; // a connecting end has no name
        std::string path{reinterpret_cast<const char*>(from.data()) + before, from.size() - before};
        if (path.front() == '\0')
            path.front() = '@';
        else
            path.resize(std::strlen(path.c_str()));
        return "ipc://" + path;
    }
    asio::ip::tcp::endpoint at;
    std::memcpy(at.data(), from.data(), std::min(from.size(), at.capacity()));
    const std::string address = at.address().to_string();
    const std::string host = at.address().is_v6() ? '[' + address + ']' : address;
    return "tcp://" + host + ':' + std::to_string(at.port());
}

std::string peer_text(const stream_protocol::socket& socket, const std::string& unnamed) {
    std::error_code gone;
    const auto there = socket.remote_endpoint(gone);
    if (gone)
        return {};
    const std::string text = endpoint_text(there);
    return text.empty() ? unnamed : text;
}

void open(stream_protocol::socket& socket, const stream_protocol::endpoint& family,
          const stream_options& options, std::error_code& ec) {
    open_any(socket, family, options, ec);
}

void open(stream_acceptor& acceptor, const stream_protocol::endpoint& family,
          const stream_options& options, std::error_code& ec) {
    open_any(acceptor, family, options, ec);
    if (!ec && family.protocol().family() != AF_UNIX)
        acceptor.set_option(asio::socket_base::reuse_address{true}, ec);
}

void prepare(stream_protocol::socket& socket) {
    std::error_code ec;
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    socket.non_blocking(true, ec);
    socket.set_option(asio::ip::tcp::no_delay{true}, ec); // ipc has none, and needs none
}

} // namespace mizzen::detail
