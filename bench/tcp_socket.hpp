// Plain TCP sockets on loopback, for what takes no protocol.
#pragma once

#include "side_by_side.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

/// Waits in each call.
class tcp_socket {
public:
    tcp_socket() : tcp_socket{socket(AF_INET, SOCK_STREAM, 0)} {}
    explicit tcp_socket(int number) : number_{number} {
        check_system(number_ >= 0, "socket");
        const int on = 1;
        check_system(setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0,
                     "setsockopt");
    }
    tcp_socket(tcp_socket&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    tcp_socket& operator=(tcp_socket&&) = delete;
    ~tcp_socket() {
        if (number_ >= 0)
            close(number_);
    }

    [[nodiscard]] int number() const noexcept { return number_; }

    void write(std::span<const char> octets) const {
        while (!octets.empty()) {
            const ssize_t size = send(number_, octets.data(), octets.size(), MSG_NOSIGNAL);
            check_system(size > 0, "send");
            octets = octets.subspan(static_cast<std::size_t>(size));
        }
    }
    /// False when the other end has closed.
    [[nodiscard]] bool read(std::span<char> octets) const {
        while (!octets.empty()) {
            const ssize_t size = recv(number_, octets.data(), octets.size(), 0);
            if (size == 0)
                return false;
            check_system(size > 0, "recv");
            octets = octets.subspan(static_cast<std::size_t>(size));
        }
        return true;
    }
    /// As many as there are, at most; 0 when the other end has closed.
    [[nodiscard]] std::size_t read_some(std::span<char> octets) const {
        const ssize_t size = recv(number_, octets.data(), octets.size(), 0);
        check_system(size >= 0, "recv");
        return static_cast<std::size_t>(size);
    }

private:
    int number_;
};

[[nodiscard]] inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

[[nodiscard]] inline tcp_socket connect_to(std::string_view port) {
    const sockaddr_in address = loopback(read_number<std::uint16_t>(port, 1));
    tcp_socket made;
    check_system(
        connect(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "connect");
    return made;
}

/// Prints its port.
[[nodiscard]] inline tcp_socket listen_on_loopback() {
    tcp_socket made;
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    check_system(bind(made.number(), where, length) == 0 && listen(made.number(), backlog) == 0 &&
                     getsockname(made.number(), where, &length) == 0,
                 "listen");
    print_listening(std::to_string(ntohs(address.sin_port)));
    return made;
}

[[nodiscard]] inline tcp_socket accept_from(const tcp_socket& listener) {
    return tcp_socket{accept(listener.number(), nullptr, nullptr)};
}

} // namespace bench
