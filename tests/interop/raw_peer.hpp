// A peer that writes and reads octets by hand, for what no proper peer would do.
#pragma once

#include "../unit/loop.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::testing {

using namespace std::string_literals;
using namespace std::string_view_literals;

inline constexpr unsigned more = 1;
inline constexpr unsigned long_size = 2;
inline constexpr unsigned command = 4;

inline std::string number(std::uint64_t value, int octets) {
    std::string out;
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(value >> shift & 0xFF));
    return out;
}
/// The 64 octets that open a connection.
inline std::string greeting(int minor = 1, std::string mechanism = "NULL") {
    mechanism.resize(20);
    return "\xFF"s + std::string(8, '\0') + "\x7F\x03"s + number(static_cast<unsigned>(minor), 1) +
           mechanism + std::string(32, '\0');
}
inline std::string frame(std::string_view body, unsigned flags = 0) {
    return body.size() > 255
               ? number(flags | long_size, 1) + number(body.size(), 8) + std::string{body}
               : number(flags, 1) + number(body.size(), 1) + std::string{body};
}
inline std::string property(std::string_view name, std::string_view value) {
    return number(name.size(), 1) + std::string{name} + number(value.size(), 4) +
           std::string{value};
}
inline std::string ready(std::string_view type, std::string_view identity = {}) {
    return frame("\x05READY"s + property("Socket-Type", type) + property("Identity", identity),
                 command);
}
/// The frames of "a//b": three parts.
inline std::string frames_of(std::string_view text) {
    std::string out;
    for (;;) {
        const auto slash = text.find('/');
        const bool last = slash == std::string_view::npos;
        out += frame(text.substr(0, slash), last ? 0 : more);
        if (last)
            return out;
        text.remove_prefix(slash + 1);
    }
}

struct raw_frame {
    unsigned flags;
    std::string body;
};

/// One end of a TCP connection. Whatever waits here runs the loop meanwhile, so that one thread
/// plays both sides.
class raw_peer {
public:
    raw_peer(loop& run, std::string_view endpoint) : run_{&run}, socket_{run.io} {
        const auto port = std::stoul(std::string{endpoint.substr(endpoint.rfind(':') + 1)});
        socket_.connect(
            {asio::ip::make_address("127.0.0.1"), static_cast<asio::ip::port_type>(port)});
        socket_.non_blocking(true);
        socket_.set_option(asio::ip::tcp::no_delay{true});
    }
    raw_peer(loop& run, asio::ip::tcp::socket accepted) : run_{&run}, socket_{std::move(accepted)} {
        socket_.non_blocking(true);
        socket_.set_option(asio::ip::tcp::no_delay{true});
    }

    void write(std::string_view octets) {
        REQUIRE(run_->until([&] {
            octets.remove_prefix(write_some(octets));
            return octets.empty();
        }));
    }
    /// As much as goes at once; 0 when the connection is full or gone.
    std::size_t write_some(std::string_view octets) {
        std::error_code ec;
        return socket_.write_some(asio::buffer(octets), ec);
    }
    std::string read(std::size_t count) {
        const bool enough = run_->until([&] {
            fill();
            return input_.size() >= count || at_end_;
        });
        REQUIRE(enough);
        REQUIRE(input_.size() >= count);
        std::string taken = input_.substr(0, count);
        input_.erase(0, count);
        return taken;
    }
    /// What comes before the other side closes.
    std::string read_to_end() {
        REQUIRE(run_->until([&] {
            fill();
            return at_end_;
        }));
        return std::exchange(input_, {});
    }
    /// Whether the other side closes; what comes before that is dropped.
    bool is_closed(std::chrono::milliseconds limit = 20s) {
        return run_->until(
            [&] {
                fill();
                input_.clear();
                return at_end_;
            },
            limit);
    }
    /// Whether nothing comes, the end neither.
    bool is_quiet(std::chrono::milliseconds during = 60ms) {
        return run_->never(
            [&] {
                fill();
                return at_end_ || !input_.empty();
            },
            during);
    }

    std::string read_greeting() {
        std::string greeted = read(64);
        CHECK(greeted[0] == '\xFF');
        CHECK(greeted.substr(9, 2) == "\x7F\x03");
        return greeted;
    }
    raw_frame read_frame() {
        const auto flags = static_cast<unsigned char>(read(1)[0]);
        std::uint64_t size = 0;
        for (const char octet : read((flags & long_size) != 0 ? 8 : 1))
            size = size << 8 | static_cast<unsigned char>(octet);
        return {flags, read(static_cast<std::size_t>(size))};
    }
    /// Greets and exchanges READY. Returns the body of the other side's.
    std::string handshake(std::string_view type, std::string_view identity = {}, int minor = 1) {
        write(greeting(minor));
        read_greeting();
        write(ready(type, identity));
        const raw_frame answer = read_frame();
        CHECK(answer.flags == command);
        CHECK(answer.body.substr(0, 6) == "\x05READY");
        return answer.body;
    }
    void send(std::string_view text) { write(frames_of(text)); }
    std::string receive() {
        std::string text;
        for (;;) {
            const raw_frame next = read_frame();
            REQUIRE((next.flags & command) == 0);
            text += next.body;
            if ((next.flags & more) == 0)
                return text;
            text += '/';
        }
    }
    void close() {
        std::error_code ignored;
        socket_.close(ignored);
    }
    /// Ends the connection as a killed process with unread input does: by a reset.
    void reset() {
        std::error_code ignored;
        socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
        socket_.close(ignored);
    }
    asio::ip::tcp::socket& socket() { return socket_; }

private:
    void fill() {
        char chunk[65536];
        std::error_code ec;
        while (const std::size_t got = socket_.read_some(asio::buffer(chunk), ec))
            input_.append(chunk, got);
        at_end_ = at_end_ || (ec && ec != asio::error::would_block);
    }

    loop* run_;
    asio::ip::tcp::socket socket_;
    std::string input_;
    bool at_end_ = false;
};

/// Where raw peers come from when the socket under test connects.
class raw_listener {
public:
    explicit raw_listener(loop& run)
        : run_{&run}, acceptor_{run.io, {asio::ip::make_address("127.0.0.1"), 0}} {
        acceptor_.non_blocking(true);
    }
    std::string endpoint() const {
        return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    /// Whether somebody connects within the limit.
    bool is_called(std::chrono::milliseconds limit) {
        return run_->until(
            [&] {
                std::error_code ec;
                waiting_ = acceptor_.accept(ec);
                return !ec;
            },
            limit);
    }
    raw_peer accept() {
        REQUIRE(is_called(20s));
        return raw_peer{*run_, std::move(waiting_)};
    }

private:
    loop* run_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::socket waiting_{run_->io};
};

} // namespace mizzen::testing
