// Numbered messages one way over a socket of ours, in the loop that the README shows.
#pragma once

#include "ours_socket.hpp"
#include <mizzen/xpub.hpp>

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace bench {

/// From the first message received to the last.
struct interval {
    std::chrono::steady_clock::time_point first;
    std::chrono::steady_clock::time_point last;

    [[nodiscard]] double seconds() const noexcept {
        return std::chrono::duration<double>(last - first).count();
    }
};

/// Sends `count` bodies of `size` octets and closes.
template <class Socket>
asio::awaitable<void> send_all(Socket& socket, std::size_t size, std::uint64_t count) {
    if constexpr (std::same_as<Socket, mizzen::xpub>) // nothing is sent to who has not subscribed
        co_await socket.async_receive(asio::use_awaitable);
    std::string body(size, 'x');
    std::error_code ec;
    for (std::uint64_t i = 0; i < count; ++i) {
        write_number(body.data(), i);
        mizzen::message m{body};
        while (!socket.try_send(m, ec)) {
            expect_would_block(ec);
            co_await socket.async_wait_send(asio::use_awaitable);
        }
    }
    socket.close();
}

/// Receives and checks them, and closes.
template <class Socket>
asio::awaitable<void> receive_all(Socket& socket, std::size_t size, std::uint64_t count,
                                  interval& took) {
    std::error_code ec;
    mizzen::message m;
    for (std::uint64_t i = 0; i < count; ++i) {
        while (!socket.try_receive(m, ec)) {
            expect_would_block(ec);
            co_await socket.async_wait_receive(asio::use_awaitable);
        }
        if (i == 0)
            took.first = std::chrono::steady_clock::now();
        check_message<Socket>(m, size, i);
    }
    took.last = std::chrono::steady_clock::now();
    socket.close();
}

} // namespace bench
