// One stream of octets, and what comes of it at a listener of ours and at one of libzmq's.
#pragma once

#include "../unit/wire_helpers.hpp"
#include "libzmq_peer.hpp"
#include "posix_socket.hpp"
#include <mizzen/zmtp/connection.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::testing::differential {

using namespace std::chrono_literals;
using zmtp::errc;
using zmtp::octets;
using zmtp::socket_type;
using zmtp::testing::bytes;
using zmtp::testing::wire;
using zmtp::testing::operator+;

inline constexpr std::size_t greeting_size = 64;
inline constexpr int limit = 1 << 20; // of messages and commands, the same for both

struct trial {
    std::string name;
    bytes stream;
    bool router = false;  // and its peer a DEALER, else PULL and PUSH
    bool at_once = false; // without waiting for libzmq's READY
};

enum class state : std::uint8_t { waiting, alive, closed };

struct outcome {
    state verdict = state::waiting;
    std::vector<parts> messages; // without the probe

    friend bool operator==(const outcome&, const outcome&) = default;
};

struct our_outcome : outcome {
    errc why{};
    std::size_t failed_at = 0;
    bool timed = false; // a PING has set a time by which something has to come
};

// Follows every stream; whoever is still listening delivers it, if only as part of something else.
inline std::string probe_of(std::size_t number) {
    return "probe-" + std::to_string(100000 + number);
}
inline bytes probed(const trial& what, std::size_t number) {
    const std::string body = probe_of(number);
    const octets text = zmtp::as_octets(body);
    return what.stream + wire("00 0C") + bytes(text.begin(), text.end());
}
inline bool is_probe(const parts& message, std::size_t number) {
    return message.back() == probe_of(number);
}

inline our_outcome ours(const trial& what, std::size_t number) {
    zmtp::config cfg{.type = what.router ? socket_type::router : socket_type::pull};
    cfg.limit.max_message_size = cfg.limit.max_command_size = cfg.limit.max_metadata_size = limit;
    zmtp::connection c{zmtp::role::server, cfg, {}};
    zmtp::testing::seen got;
    zmtp::testing::feed(c, probed(what, number), {}, got);
    our_outcome out;
    out.messages = std::move(got.messages);
    out.why = static_cast<errc>(got.closed.value());
    out.failed_at = static_cast<std::size_t>(got.failed_at);
    out.timed = c.handshake_done() && c.deadline();
    if (!out.messages.empty() && is_probe(out.messages.back(), number))
        out.verdict = state::alive;
    else if (got.closed)
        out.verdict = state::closed;
    return out;
}

// --- libzmq ---

class libzmq_end {
public:
    libzmq_end(zmq_context& context, const trial& what, std::size_t number)
        : socket_{context, what.router ? ZMQ_ROUTER : ZMQ_PULL}, stream_{probed(what, number)},
          number_{number}, router_{what.router},
          first_{what.at_once ? stream_.size() : std::min(stream_.size(), greeting_size)} {
        const std::int64_t most = limit;
        socket_.set(ZMQ_MAXMSGSIZE, most);
        peer_ = dial(socket_.bind());
    }
    void begin() { write(first_); }
    void go_on() { write(stream_.size() - sent_); }

    [[nodiscard]] int descriptor() const { return peer_.descriptor(); }
    [[nodiscard]] bool has_greeted() const { return done() || heard_.size() > greeting_size; }
    [[nodiscard]] bool done() const { return got.verdict != state::waiting; }
    outcome got;

    /// Looks at what has happened; false if nothing has.
    bool pass() {
        const std::size_t heard = heard_.size();
        const bool open = peer_.read_all(heard_);
        bool news = heard_.size() != heard;
        // What was delivered counts even when the end is seen first.
        for (parts message; socket_.receive(message, ZMQ_DONTWAIT); news = true) {
            if (router_)
                message.erase(message.begin());
            if (message.empty())
                continue;
            got.messages.push_back(message);
            if (is_probe(message, number_))
                got.verdict = state::alive;
        }
        if (!open && !done()) {
            got.verdict = state::closed;
            news = true;
        }
        return news;
    }

private:
    void write(std::size_t size) {
        sent_ += peer_.write_some(octets{stream_}.subspan(sent_, size));
    }

    zmq_peer socket_;
    bytes stream_;
    std::size_t number_;
    bool router_;
    std::size_t first_;
    std::size_t sent_ = 0;
    posix_socket peer_;
    std::string heard_;
};

// Until all satisfy the condition, or nothing has happened for that long.
template <class Condition>
void settle(std::deque<libzmq_end>& ends, Condition condition, std::chrono::milliseconds quiet) {
    for (auto last = clock::now(); clock::now() - last < quiet;) {
        std::vector<pollfd> watched;
        for (libzmq_end& end : ends) {
            if (condition(end))
                continue;
            if (end.pass())
                last = clock::now();
            watched.push_back({end.descriptor(), POLLIN, 0});
        }
        if (watched.empty())
            return;
        ::poll(watched.data(), watched.size(), 3); // messages do not wake it
    }
}

// All at the same time, so that those that come to nothing are waited for together.
inline std::vector<outcome> theirs(std::span<const trial> trials, std::chrono::milliseconds quiet) {
    zmq_context context;
    std::deque<libzmq_end> ends;
    for (std::size_t i = 0; i < trials.size(); ++i)
        ends.emplace_back(context, trials[i], i);
    for (libzmq_end& end : ends)
        end.begin();
    settle(ends, [](const libzmq_end& end) { return end.has_greeted(); }, quiet / 2);
    for (libzmq_end& end : ends)
        end.go_on();
    settle(ends, [](const libzmq_end& end) { return end.done(); }, quiet);
    std::vector<outcome> out;
    for (libzmq_end& end : ends) {
        end.pass();
        out.push_back(std::move(end.got));
    }
    return out;
}

} // namespace mizzen::testing::differential
