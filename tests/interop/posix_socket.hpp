// TCP on the loopback by the system's own calls, for tests of the wire layer: no call of these
// blocks, and the one that waits has a limit.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace mizzen::testing {

using clock = std::chrono::steady_clock;

/// One end of a connection. Nothing here fails aloud: a connection that is gone is at its end.
class posix_socket {
public:
    posix_socket() = default;
    explicit posix_socket(int descriptor) noexcept : descriptor_{descriptor} {
        const int on = 1;
        static_cast<void>(
            setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)); // a courtesy
    }
    posix_socket(posix_socket&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)} {}
    posix_socket& operator=(posix_socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~posix_socket() { close(); }

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ != -1; }

    /// As much as goes at once.
    std::size_t write_some(zmtp::octets data) const noexcept {
        const ssize_t size =
            ::send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return size > 0 ? static_cast<std::size_t>(size) : 0;
    }

    enum class input : std::uint8_t { some, none, end };
    /// What has come, as far as there is room for it.
    input read_some(std::span<const std::span<std::byte>> room, std::size_t& size) const noexcept {
        iovec pieces[2];
        std::size_t count = 0;
        for (const std::span<std::byte> piece : room.first(std::min<std::size_t>(room.size(), 2)))
            pieces[count++] = {piece.data(), piece.size()};
        msghdr into{};
        into.msg_iov = pieces;
        into.msg_iovlen = count;
        const ssize_t got = ::recvmsg(descriptor_, &into, MSG_DONTWAIT);
        size = got > 0 ? static_cast<std::size_t>(got) : 0;
        if (got > 0)
            return input::some;
        return got == -1 && (errno == EAGAIN || errno == EINTR) ? input::none : input::end;
    }
    /// Appends all that has come. False at the end of the stream, which a reset is as well.
    bool read_all(std::string& out) const {
        std::byte chunk[16384];
        const std::span<std::byte> room{chunk};
        for (std::size_t size = 0;;) {
            const input got = read_some({&room, 1}, size);
            if (got != input::some)
                return got == input::none;
            out += zmtp::as_text(room.first(size));
        }
    }
    void half_close() const noexcept { static_cast<void>(::shutdown(descriptor_, SHUT_WR)); }
    void close() noexcept {
        if (descriptor_ != -1)
            ::close(std::exchange(descriptor_, -1));
    }

    /// Waits for input, or for room to write, but no longer than that.
    void wait(bool to_write, std::chrono::milliseconds limit) const noexcept {
        pollfd watched{descriptor_, static_cast<short>(to_write ? POLLIN | POLLOUT : POLLIN), 0};
        ::poll(&watched, 1, static_cast<int>(limit.count()));
    }

private:
    int descriptor_ = -1;
};

inline void posix_check(bool good, const char* what) {
    if (!good)
        throw std::runtime_error{what};
}
inline sockaddr_in loopback(std::uint16_t port) noexcept {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

/// Connects to a listener of this machine, whose backlog has to have room.
inline posix_socket dial(std::string_view endpoint) {
    const std::string port{endpoint.substr(endpoint.rfind(':') + 1)};
    posix_socket made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in to = loopback(static_cast<std::uint16_t>(std::stoul(port)));
    posix_check(::connect(made.descriptor(), reinterpret_cast<const sockaddr*>(&to), sizeof to) ==
                    0,
                "connect");
    return made;
}

/// Listens on a port of the kernel's choice.
class posix_listener {
public:
    posix_listener() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
        sockaddr_in at = loopback(0);
        socklen_t size = sizeof at;
        auto* const any = reinterpret_cast<sockaddr*>(&at);
        posix_check(::bind(socket_.descriptor(), any, size) == 0, "bind");
        posix_check(::listen(socket_.descriptor(), 128) == 0, "listen");
        posix_check(::getsockname(socket_.descriptor(), any, &size) == 0, "getsockname");
        endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    }
    [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }

    /// The next connection; not open when there is none within the limit.
    [[nodiscard]] posix_socket accept(std::chrono::milliseconds limit = std::chrono::seconds{20}) {
        socket_.wait(false, limit);
        const int descriptor = ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
        return descriptor == -1 ? posix_socket{} : posix_socket{descriptor};
    }

private:
    posix_socket socket_;
    std::string endpoint_;
};

} // namespace mizzen::testing
