// An event loop that tests run until something has happened; they never sleep.
#pragma once

#include <mizzen/message.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::testing {

using namespace std::chrono_literals;

/// One io_context, run by the thread that waits for something.
class loop {
public:
    asio::io_context io;

    /// Runs until `condition` holds. False if it does not within `limit`.
    template <class Condition>
    bool until(Condition condition, std::chrono::milliseconds limit = 20s) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!condition()) {
            if (std::chrono::steady_clock::now() >= end)
                return false;
            io.run_one_for(2ms); // what others than the loop do is looked at that often
            io.poll();
        }
        return true;
    }
    /// For a rule that something does not happen: whether `condition` stays false for that long.
    template <class Condition>
    bool never(Condition condition, std::chrono::milliseconds during = 60ms) {
        return !until(condition, during);
    }

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_{io.get_executor()};
};

/// "a//b" is a message of three parts, the second one empty.
inline message parts_of(std::string_view text) {
    message made;
    for (;;) {
        const auto slash = text.find('/');
        made.push_back(text.substr(0, slash));
        if (slash == std::string_view::npos)
            return made;
        text.remove_prefix(slash + 1);
    }
}
inline std::string text_of(const message& m) {
    std::string text;
    const char* between = "";
    for (const octets part : m) {
        text += between;
        text += as_text(part);
        between = "/";
    }
    return text;
}

/// Sends, waiting while there is no room or no peer.
template <class Socket> void send(loop& run, Socket& socket, std::string_view text) {
    message m = parts_of(text);
    std::error_code ec;
    const bool sent = run.until([&] { return socket.try_send(m, ec); });
    INFO(text, ": ", ec.message());
    REQUIRE(sent);
}
/// What try_send says, at once.
template <class Socket> std::error_code try_send(Socket& socket, std::string_view text) {
    message m = parts_of(text);
    std::error_code ec;
    const bool sent = socket.try_send(m, ec);
    CHECK(sent == !ec);
    return ec;
}
/// The next message, waiting for it.
template <class Socket> message receive_message(loop& run, Socket& socket) {
    message m;
    std::error_code ec;
    const bool received = run.until([&] { return socket.try_receive(m, ec); });
    INFO(ec.message());
    REQUIRE(received);
    return m;
}
template <class Socket> std::string receive(loop& run, Socket& socket) {
    return text_of(receive_message(run, socket));
}
/// What try_receive says, at once.
template <class Socket> std::error_code try_receive(Socket& socket) {
    message m;
    std::error_code ec;
    const bool received = socket.try_receive(m, ec);
    CHECK(received == !ec);
    return ec;
}
/// Waits until as many handshakes have succeeded.
template <class Socket>
void await_connections(loop& run, const Socket& socket, std::uint64_t count) {
    REQUIRE(run.until([&] { return socket.stats().connections >= count; }));
}

} // namespace mizzen::testing
