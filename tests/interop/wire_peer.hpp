// Our connection, the bare wire layer, at one end of a TCP connection, in real time; whatever
// passes is recorded.
#pragma once

#include "../unit/wire_helpers.hpp"
#include "posix_socket.hpp"
#include <mizzen/zmtp/connection.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::testing {

using namespace std::chrono_literals;

class wire_peer {
public:
    using parts = std::vector<std::string>;
    using judge = std::function<zmtp::verdict(const parts& credentials)>;

    wire_peer(zmtp::role side, const zmtp::config& cfg, posix_socket socket)
        : socket_{std::move(socket)}, connection_{side, cfg, clock::now()} {
        posix_check(socket_.is_open(), "no connection");
    }

    zmtp::testing::seen got; ///< What came out of the connection.
    std::string heard;       ///< The octets of the other side,
    std::string said;        ///< and ours.
    /// What the program says of the peer's credentials.
    judge verdict_on = [](const parts&) { return zmtp::verdict::accepted; };

    [[nodiscard]] zmtp::connection& link() noexcept { return connection_; }
    /// Whether the other side has closed.
    [[nodiscard]] bool at_end() const noexcept { return at_end_; }
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }

    /// Lets octets pass and time go by until `condition` holds. False if it does not in time.
    template <class Condition>
    bool until(Condition condition, std::chrono::milliseconds limit = 20s) {
        const auto end = clock::now() + limit;
        for (pass(); !condition(); pass()) {
            if (clock::now() >= end)
                return false;
            // What others than this socket do is looked at that often.
            socket_.wait(!connection_.output().empty(), 2ms);
        }
        return true;
    }
    bool until_handshake() {
        return until([&] { return got.handshakes == 1; });
    }
    bool until_closed() {
        return until([&] { return !is_open(); });
    }

    /// All that can be done without waiting.
    void pass() {
        if (const auto due = connection_.deadline(); due && *due <= clock::now())
            connection_.handle_timeout(clock::now());
        zmtp::testing::drain(connection_, got);
        answer();
        read();
        write();
        if (!connection_.is_open())
            socket_.close();
    }

    void send(const parts& message) {
        REQUIRE(until([&] { return connection_.can_send(); }));
        std::error_code ec;
        connection_.send(zmtp::testing::message_of(message), ec);
        CHECK_FALSE(ec);
        pass();
    }
    void subscribe(std::string_view topic) {
        REQUIRE(until([&] { return connection_.can_send(); }));
        std::error_code ec;
        connection_.subscribe(zmtp::as_octets(topic), ec);
        CHECK_FALSE(ec);
        pass();
    }
    void cancel(std::string_view topic) {
        REQUIRE(until([&] { return connection_.can_send(); }));
        std::error_code ec;
        connection_.cancel(zmtp::as_octets(topic), ec);
        CHECK_FALSE(ec);
        pass();
    }
    /// Octets that the connection knows nothing of, between two frames of its own.
    void say(std::string_view octets) {
        REQUIRE(until([&] { return connection_.output().empty(); }));
        REQUIRE(until([&] {
            octets.remove_prefix(write_some(zmtp::as_octets(octets)));
            return octets.empty();
        }));
    }

private:
    void answer() {
        for (; answered_ < got.questions; ++answered_) {
            parts credentials;
            for (const zmtp::octets text : connection_.credentials())
                credentials.emplace_back(zmtp::as_text(text));
            std::error_code ec;
            connection_.authenticate(verdict_on(credentials), clock::now(), ec);
            CHECK_FALSE(ec);
            zmtp::testing::drain(connection_, got);
        }
    }
    void read() {
        while (socket_.is_open() && !at_end_) {
            const auto room = connection_.prepare();
            if (room.empty())
                return;
            std::size_t size = 0;
            switch (socket_.read_some(room, size)) {
            case posix_socket::input::none: return;
            case posix_socket::input::end:
                at_end_ = true;
                connection_.end_of_stream();
                break;
            case posix_socket::input::some: {
                std::size_t left = size;
                for (const std::span<std::byte> piece : room) {
                    const auto part = piece.first(std::min(piece.size(), left));
                    heard += zmtp::as_text(part);
                    left -= part.size();
                }
                connection_.commit(size, clock::now());
            }
            }
            zmtp::testing::drain(connection_, got);
            answer();
        }
    }
    void write() {
        while (socket_.is_open() && !connection_.output().empty()) {
            const std::size_t size = write_some(connection_.output()[0]);
            if (size == 0)
                return;
            connection_.consume(size);
        }
    }
    std::size_t write_some(zmtp::octets data) {
        const std::size_t size = socket_.write_some(data);
        said += zmtp::as_text(data.first(size));
        return size;
    }

    posix_socket socket_;
    zmtp::connection connection_;
    int answered_ = 0;
    bool at_end_ = false;
};

} // namespace mizzen::testing
