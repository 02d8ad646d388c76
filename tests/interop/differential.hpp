// One stream of octets, and what comes of it at a listener of ours and at one of libzmq's.
#pragma once

#include "../unit/wire_helpers.hpp"
#include "libzmq_peer.hpp"
#include "posix_socket.hpp"
#include "zap_server.hpp"
#include <mizzen/zmtp/connection.hpp>
#include <mizzen/zmtp/plain.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <string_view>
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
inline constexpr auto wait = 300ms;   // for libzmq, once nothing happens any more
inline constexpr auto longest_wait = 2000ms;
inline constexpr auto a_batch = 10s; // takes less than that

// Who listens, and who the stream says that it is.
struct listener {
    std::string_view name;
    socket_type type;
    int theirs;
    std::string_view peer;
    bool plain = false; // and lets admin/secret in
};
inline constexpr listener pull{"a PULL", socket_type::pull, ZMQ_PULL, "PUSH"};
inline constexpr listener router{"a ROUTER", socket_type::router, ZMQ_ROUTER, "DEALER"};
inline constexpr listener xpub{"an XPUB", socket_type::xpub, ZMQ_XPUB, "SUB"};
inline constexpr listener plain_pull{"a PULL by PLAIN", socket_type::pull, ZMQ_PULL, "PUSH", true};
inline constexpr listener plain_xpub{"an XPUB by PLAIN", socket_type::xpub, ZMQ_XPUB, "SUB", true};

struct trial {
    std::string name;
    bytes stream;
    listener to = pull;
    bool at_once = false; // without waiting for libzmq's turn in the handshake
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
    zmtp::time_point::duration ttl{}; // in which something has to come, after the last PING
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

// libzmq does not take what comes before its turn: a stream goes up to `at`, and on once libzmq has
// said that much.
struct pause {
    std::size_t at;
    std::size_t heard;
};
inline std::vector<pause> pauses_in(const trial& what, octets stream) {
    if (what.at_once)
        return {};
    if (!what.to.plain)
        return {{greeting_size, greeting_size + 1}}; // READY has begun
    constexpr std::size_t welcome = 10;
    std::vector<pause> out{{greeting_size, greeting_size}};
    for (const std::size_t heard : {greeting_size + welcome, greeting_size + welcome + 1}) {
        zmtp::frame_header header; // HELLO's, INITIATE's
        const octets rest = stream.subspan(std::min(out.back().at, stream.size()));
        const std::size_t left = rest.size() - zmtp::decode_frame_header(rest, header);
        out.push_back({stream.size() - left + std::min<std::size_t>(header.size, left), heard});
    }
    return out;
}

// What both kinds of XPUB say in the end. libzmq's takes each part that looks like a subscription
// for one and hands it on by itself, so that only the parts and their order can be compared. Of a
// peer that is gone it says, sooner or later, that it no longer wants what it wanted.
inline void settle_subscriptions(outcome& o) {
    std::set<std::string> wanted;
    for (const parts& message : std::exchange(o.messages, {}))
        for (const std::string& part : message) {
            o.messages.push_back({part});
            if (part.starts_with('\1'))
                wanted.insert(part.substr(1));
            else if (part.starts_with('\0'))
                wanted.erase(part.substr(1));
        }
    if (o.verdict == state::closed)
        for (const std::string& topic : wanted)
            o.messages.push_back({'\0' + topic});
}

// A TTL may run out for libzmq while it is waited for; if it has closed, ours is let run out too.
inline our_outcome ours(const trial& what, std::size_t number, const outcome& them) {
    static const zmtp::plain_security by_password;
    zmtp::config cfg{.type = what.to.type};
    if (what.to.plain)
        cfg.mechanism = &by_password;
    cfg.limit.max_message_size = cfg.limit.max_command_size = cfg.limit.max_metadata_size = limit;
    zmtp::connection c{zmtp::role::server, cfg, {}};
    our_outcome out;
    zmtp::testing::seen got;
    const bytes stream = probed(what, number);
    // An XPUB's topics and messages are to come out one by one, and a question is to be answered
    // before there is no more room for what follows.
    const bool by_octet = what.to.type == socket_type::xpub || what.to.plain;
    const std::size_t step = by_octet ? 1 : stream.size();
    for (std::size_t at = 0; at < stream.size(); at += step) {
        zmtp::testing::feed(c, octets{stream}.subspan(at, step), {}, got);
        if (const auto said = c.credentials(); said.size() == 2) {
            const bool known =
                zmtp::as_text(said[0]) == "admin" && zmtp::as_text(said[1]) == "secret";
            std::error_code ec;
            c.authenticate(known ? zmtp::verdict::accepted : zmtp::verdict::refused, {}, ec);
            zmtp::testing::drain(c, got);
        }
        for (const std::string& topic : std::exchange(got.topics, {}))
            out.messages.push_back({(topic[0] == '+' ? '\1' : '\0') + topic.substr(1)});
        for (parts& message : std::exchange(got.messages, {}))
            out.messages.push_back(std::move(message));
    }
    if (c.handshake_done() && c.deadline()) {
        out.ttl = *c.deadline() - zmtp::time_point{};
        if (them.verdict == state::closed && out.ttl < a_batch)
            c.handle_timeout(*c.deadline());
        zmtp::testing::drain(c, got);
    }
    out.why = static_cast<errc>(got.closed.value());
    out.failed_at = static_cast<std::size_t>(got.failed_at);
    if (!out.messages.empty() && is_probe(out.messages.back(), number))
        out.verdict = state::alive;
    else if (got.closed)
        out.verdict = state::closed;
    if (what.to.type == socket_type::xpub)
        settle_subscriptions(out);
    return out;
}

// --- libzmq ---

class libzmq_end {
public:
    libzmq_end(zmq_context& context, const trial& what, std::size_t number)
        : socket_{context, what.to.theirs}, to_{what.to}, stream_{probed(what, number)},
          pauses_{pauses_in(what, stream_)}, number_{number} {
        const std::int64_t most = limit;
        socket_.set(ZMQ_MAXMSGSIZE, most);
        if (what.to.plain)
            socket_.set(ZMQ_PLAIN_SERVER, 1);
        if (what.to.type == socket_type::xpub)
            socket_.set(ZMQ_XPUB_VERBOSER, 1);
        peer_ = dial(socket_.bind());
    }
    outcome got;

    [[nodiscard]] int descriptor() const { return peer_.descriptor(); }
    [[nodiscard]] bool done() const { return got.verdict != state::waiting; }
    /// Whether it has said what the stream waits for before `stage`.
    [[nodiscard]] bool answered(std::size_t stage) const {
        return done() || stage == 0 || stage > pauses_.size() ||
               heard_.size() >= pauses_[stage - 1].heard;
    }
    void write(std::size_t stage) {
        end_ =
            stage < pauses_.size() ? std::min(pauses_[stage].at, stream_.size()) : stream_.size();
    }

    /// Looks at what has happened; false if nothing has.
    bool pass() {
        std::size_t written = 0;
        if (sent_ < end_)
            written = peer_.write_some(octets{stream_}.subspan(sent_, end_ - sent_));
        sent_ += written;
        const std::size_t heard = heard_.size();
        const bool open = peer_.read_all(heard_);
        bool news = written != 0 || heard_.size() != heard;
        // What was delivered counts even when the end is seen first.
        for (parts message; socket_.receive(message, ZMQ_DONTWAIT); news = true) {
            if (to_.type == socket_type::router)
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
    void finish() {
        pass();
        if (to_.type == socket_type::xpub)
            settle_subscriptions(got);
    }

private:
    zmq_peer socket_;
    listener to_;
    bytes stream_;
    std::vector<pause> pauses_;
    std::size_t number_;
    std::size_t sent_ = 0;
    std::size_t end_ = 0; // of what is to be sent by now
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
    zap_server zap{context};
    std::deque<libzmq_end> ends;
    for (std::size_t i = 0; i < trials.size(); ++i)
        ends.emplace_back(context, trials[i], i);
    constexpr std::size_t stages = 4;
    for (std::size_t stage = 0; stage < stages; ++stage) {
        settle(ends, [&](const libzmq_end& end) { return end.answered(stage); }, quiet / 2);
        for (libzmq_end& end : ends) {
            end.write(stage);
            end.pass();
        }
    }
    settle(ends, [](const libzmq_end& end) { return end.done(); }, quiet);
    std::vector<outcome> out;
    for (libzmq_end& end : ends) {
        end.finish();
        out.push_back(std::move(end.got));
    }
    return out;
}

} // namespace mizzen::testing::differential
