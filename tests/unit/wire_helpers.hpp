// What the tests of the wire layer share: octets from text, cuts of a stream, an allocator that
// counts and refuses, and connections at the ends of a pretend wire in virtual time.
#pragma once

#include <mizzen/zmtp/connection.hpp>
#include <mizzen/zmtp/greeting.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

namespace mizzen::zmtp::testing {

using namespace std::chrono_literals;
using bytes = std::vector<std::byte>;
using parts = std::vector<std::string>;

/// Octets written as hex, text in single quotes and repeats: "FF 00*8 7F | 'NULL'".
inline bytes wire(std::string_view text) {
    bytes out;
    const auto nibble = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    };
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == '|') {
            ++i;
        } else if (text[i] == '\'') {
            for (++i; text[i] != '\''; ++i)
                out.push_back(static_cast<std::byte>(text[i]));
            ++i;
        } else if (text[i] == '*') {
            std::size_t times = 0;
            for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
                times = times * 10 + static_cast<std::size_t>(text[i] - '0');
            const std::byte repeated = out.back();
            out.insert(out.end(), times - 1, repeated);
        } else {
            out.push_back(static_cast<std::byte>(nibble(text[i]) * 16 + nibble(text[i + 1])));
            i += 2;
        }
    }
    return out;
}

/// Octets as hex, for comparisons that say what differs.
inline std::string hex(octets data) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const std::byte octet : data) {
        out += digits[std::to_integer<std::size_t>(octet) >> 4];
        out += digits[std::to_integer<std::size_t>(octet) & 15];
    }
    return out;
}
inline std::string hex(std::string_view text) { return hex(octets{wire(text)}); }

inline bytes operator+(bytes a, const bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
inline bytes filled(std::size_t size, unsigned seed = 1) {
    bytes out(size);
    for (std::byte& octet : out)
        octet = static_cast<std::byte>((seed = seed * 1664525U + 1013904223U) >> 24);
    return out;
}
inline std::string as_string(octets data) { return std::string{as_text(data)}; }

inline parts parts_of(const message& m) {
    parts out;
    for (const octets part : m)
        out.emplace_back(as_text(part));
    return out;
}
inline message message_of(const parts& from) {
    message m;
    for (const std::string& part : from)
        m.push_back(std::string_view{part});
    return m;
}

/// A stream in one piece, in two pieces cut at every octet, and octet by octet.
inline std::vector<std::vector<octets>> every_cut(octets stream) {
    std::vector<std::vector<octets>> out{{stream}};
    for (std::size_t at = 1; at < stream.size(); ++at)
        out.push_back({stream.first(at), stream.subspan(at)});
    auto& single = out.emplace_back();
    for (std::size_t at = 0; at < stream.size(); ++at)
        single.push_back(stream.subspan(at, 1));
    return out;
}

/// Counts what it gives, refuses on demand, and fails the test when something is not given back.
class counting_allocator final : public allocator {
public:
    ~counting_allocator() { CHECK(live_.empty()); }

    void* allocate(std::size_t size) noexcept override {
        ++asked;
        if (asked == refuse_at || refuse_all)
            return nullptr;
        void* memory = std::malloc(size);
        live_[memory] = size;
        largest = std::max(largest, size);
        in_use += size;
        peak = std::max(peak, in_use);
        return memory;
    }
    void deallocate(void* memory, std::size_t size) noexcept override {
        const auto found = live_.find(memory);
        CHECK(found != live_.end());
        if (found == live_.end())
            return;
        CHECK(found->second == size);
        gave_back_secret = gave_back_secret || has_secret(memory, size);
        in_use -= found->second;
        live_.erase(found);
        std::free(memory);
    }

    std::size_t asked = 0;
    std::size_t refuse_at = 0; ///< The how-manieth request to refuse; 0 is none.
    bool refuse_all = false;
    std::size_t largest = 0;
    std::size_t in_use = 0;
    std::size_t peak = 0;
    std::string_view secret;       ///< What is to be wiped, if not empty.
    bool gave_back_secret = false; ///< In memory that came back.
    /// Whether it is in what was given and has not come back.
    [[nodiscard]] bool holds_secret() const {
        return std::any_of(live_.begin(), live_.end(), [this](const auto& each) {
            return has_secret(each.first, each.second);
        });
    }

private:
    [[nodiscard]] bool has_secret(const void* memory, std::size_t size) const {
        const std::string_view all{static_cast<const char*>(memory), size};
        return !secret.empty() && all.find(secret) != std::string_view::npos;
    }

    std::unordered_map<void*, std::size_t> live_;
};

/// What came out of a connection.
struct seen {
    std::vector<parts> messages;
    std::vector<std::string> topics; ///< "+A" subscribed, "-A" cancelled.
    int handshakes = 0;
    int questions = 0; ///< For a verdict on the peer's credentials.
    std::error_code closed;
    std::uint64_t failed_at = 0;

    friend bool operator==(const seen&, const seen&) = default;
};

inline void drain(connection& c, seen& out) {
    for (;;) {
        message m;
        std::error_code ec = make_error_code(errc::empty_message); // to be cleared or replaced
        const event what = c.next_event(m, ec);
        switch (what) {
        case event::need_input: CHECK_FALSE(ec); return;
        case event::handshake_done:
            CHECK_FALSE(ec);
            ++out.handshakes;
            break;
        case event::message:
            CHECK_FALSE(ec);
            out.messages.push_back(parts_of(m));
            break;
        case event::subscribe:
        case event::cancel:
            CHECK_FALSE(ec);
            out.topics.push_back((what == event::subscribe ? '+' : '-') + as_string(c.topic()));
            break;
        case event::authenticate:
            CHECK_FALSE(ec);
            ++out.questions;
            break;
        case event::closed:
            CHECK(ec);
            CHECK_FALSE(c.is_open());
            out.closed = ec;
            out.failed_at = c.failed_at();
            return;
        }
    }
}

/// Lets octets arrive, as many at a time as the connection has room for.
inline void feed(connection& c, octets data, time_point now, seen& out) {
    while (!data.empty()) {
        std::size_t size = 0;
        for (const std::span<std::byte> room : c.prepare()) {
            const std::size_t take = std::min(room.size(), data.size());
            std::copy_n(data.begin(), take, room.begin());
            data = data.subspan(take);
            size += take;
        }
        if (size == 0)
            break; // it is closed
        c.commit(size, now);
        drain(c, out);
    }
    drain(c, out);
}

/// Takes all that a connection wants to write, `step` octets at a time.
inline bytes written(connection& c, std::size_t step = SIZE_MAX) {
    bytes out;
    while (!c.output().empty()) {
        std::size_t left = step;
        for (const octets span : c.output()) {
            const octets piece = span.first(std::min(span.size(), left));
            out.insert(out.end(), piece.begin(), piece.end());
            left -= piece.size();
        }
        c.consume(step - left);
    }
    return out;
}

inline const bytes& greeting_3_1() {
    static const bytes all = wire("FF 00*8 7F 03 01 'NULL' 00*16 00 00*31");
    return all;
}

/// READY with a Socket-Type and nothing else.
inline bytes ready_of(std::string_view type) {
    bytes out = wire("04 00 05 'READY' 0B 'Socket-Type' 00 00 00");
    out.push_back(static_cast<std::byte>(type.size()));
    const octets name = as_octets(type);
    out.insert(out.end(), name.begin(), name.end());
    out[1] = static_cast<std::byte>(out.size() - 2);
    return out;
}

/// One connection whose peer is the test itself.
struct lone_end {
    counting_allocator memory;
    config cfg;
    time_point now{};
    connection c;
    seen got;

    explicit lone_end(config given = {.type = socket_type::pull}, role side = role::server)
        : cfg{own(given)}, c{side, cfg, now} {}

    lone_end& hear(octets data) {
        feed(c, data, now, got);
        return *this;
    }
    lone_end& hear(std::string_view text) { return hear(octets{wire(text)}); }
    /// The peer's half of a handshake; what we wrote for ours is dropped.
    lone_end& shake(std::string_view type = "PUSH") {
        hear(greeting_3_1() + ready_of(type));
        CHECK(got.handshakes == 1);
        written(c);
        return *this;
    }
    std::string says() { return hex(written(c)); }
    /// Time goes by; every deadline is met on the dot.
    lone_end& wait(milliseconds span) {
        const time_point until = now + span;
        for (auto due = c.deadline(); due && *due <= until; due = c.deadline()) {
            now = *due;
            c.handle_timeout(now);
            drain(c, got);
        }
        now = until;
        return *this;
    }
    std::error_code send(const parts& from) {
        std::error_code ec;
        c.send(message_of(from), ec);
        return ec;
    }

private:
    config own(config given) {
        given.memory = &memory;
        return given;
    }
};

/// Two connections at the ends of one wire.
struct peer_pair {
    lone_end client;
    lone_end server;

    peer_pair(const config& a, const config& b) : client{a, role::client}, server{b} {}

    /// Carries octets both ways, at most `step` at a time, until neither has anything to say.
    void deliver(std::size_t step = SIZE_MAX) {
        for (bool moved = true; moved;) {
            moved = carry(client, server, step);
            moved = carry(server, client, step) || moved;
        }
    }
    void wait(milliseconds span, milliseconds tick = 10ms) {
        for (milliseconds gone{0}; gone < span; gone += tick) {
            client.wait(tick);
            server.wait(tick);
            deliver();
        }
    }

private:
    static bool carry(lone_end& from, lone_end& to, std::size_t step) {
        const bytes data = written(from.c, step);
        for (octets rest{data}; !rest.empty();) {
            const octets piece = rest.first(std::min(rest.size(), step));
            to.hear(piece);
            rest = rest.subspan(piece.size());
        }
        return !data.empty();
    }
};

} // namespace mizzen::zmtp::testing
