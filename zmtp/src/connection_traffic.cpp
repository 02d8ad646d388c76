// After the handshake: messages out, commands both ways, and frames that a mechanism guards.
#include "command.hpp"
#include "saturate.hpp"
#include <mizzen/zmtp/connection.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace mizzen::zmtp {
namespace {

constexpr std::size_t largest_on_stack = 544; // PLAIN's largest HELLO is on it, and is wiped

} // namespace

// --- Messages out ---

void connection::send_otherwise(message&& m, std::error_code& ec) noexcept {
    ec.clear();
    if (m.empty()) {
        ec = errc::empty_message;
    } else if (!can_send()) {
        ec = errc::not_ready;
    } else if (!(state_ == state::guarded ? send_guarded(std::move(m))
                                          : encoder_.send(std::move(m)))) {
        fail(errc::not_enough_memory);
        ec = failure_;
    }
}

// Each part becomes a frame of its own; which is the last is said within.
bool connection::send_guarded(message&& m) noexcept {
    message sealed;
    std::size_t left = m.size();
    for (const octets part : m) {
        std::byte* const room = sealed.extend_back(part.size() + mechanism_->overhead(), *memory_);
        if (room == nullptr)
            return false;
        if (!mechanism_->seal(--left != 0 ? frame_flag::more : std::uint8_t{0}, part, room)) {
            fail(errc::protection_failed);
            return false;
        }
    }
    m.clear();
    return encoder_.send(std::move(sealed));
}

void connection::subscribe(octets topic, std::error_code& ec) noexcept {
    send_subscription(true, topic, ec);
}
void connection::cancel(octets topic, std::error_code& ec) noexcept {
    send_subscription(false, topic, ec);
}

// libzmq before 4.3.3, JeroMQ and NetMQ say 3.0 and know no such commands.
void connection::send_subscription(bool wanted, octets topic, std::error_code& ec) noexcept {
    ec.clear();
    if (!can_send()) {
        ec = errc::not_ready;
        return;
    }
    if (peer_minor_ == 0) {
        message m;
        std::byte* const room = m.extend_back(1 + topic.size(), *memory_);
        if (room == nullptr) {
            fail(errc::not_enough_memory);
            ec = failure_;
            return;
        }
        room[0] = wanted ? std::byte{1} : std::byte{0};
        std::copy(topic.begin(), topic.end(), room + 1);
        return send(std::move(m), ec);
    }
    if (!put_command(wanted ? "SUBSCRIBE" : "CANCEL", topic)) {
        fail(errc::not_enough_memory);
        ec = failure_;
    }
}

// --- Commands out ---

bool connection::put_command(std::string_view name, octets data, octets more) noexcept {
    const auto write = [&](std::byte* at) {
        *at++ = static_cast<std::byte>(name.size());
        for (const octets piece : {as_octets(name), data, more}) {
            if (!piece.empty())
                std::memcpy(at, piece.data(), piece.size());
            at += piece.size();
        }
    };
    const std::size_t body = 1 + name.size() + data.size() + more.size();
    const bool guarded = state_ == state::guarded;
    const std::size_t head = guarded ? 0 : header_size(body);
    std::array<std::byte, largest_on_stack> small;
    if (head + body <= small.size()) {
        if (!guarded)
            encode_frame_header(small.data(), frame_flag::command, body);
        write(small.data() + head);
        const octets whole{small.data(), head + body};
        if (guarded)
            return put_guarded(whole);
        const bool taken = encoder_.put(whole);
        if (state_ == state::handshake)
            wipe(small);
        if (taken)
            return true; // else there is no room for a copy
    }
    block_ref large{block::create(*memory_, head + body)};
    if (!large)
        return false;
    if (!guarded)
        encode_frame_header(large->data(), frame_flag::command, body);
    write(large->data() + head);
    if (guarded)
        return put_guarded({large->data(), body});
    return encoder_.put(std::move(large));
}

// In a frame like any other: libzmq drops what is marked as a command outside as well.
bool connection::put_guarded(octets command) noexcept {
    const std::size_t body = command.size() + mechanism_->overhead();
    const std::size_t head = header_size(body);
    block_ref sealed{block::create(*memory_, head + body)};
    if (!sealed)
        return false;
    encode_frame_header(sealed->data(), 0, body);
    if (!mechanism_->seal(frame_flag::command, command, sealed->data() + head)) {
        fail(errc::protection_failed);
        return false;
    }
    return encoder_.put(std::move(sealed));
}

void connection::send_pending_commands() noexcept {
    if (pong_due_)
        pong_due_ = !put_command("PONG", {pong_context_, pong_size_});
    if (ping_due_) {
        const auto ttl = std::clamp<std::int64_t>(config_->beat.ttl.count() / 100, 0, 655);
        const std::array<std::byte, 2> data{static_cast<std::byte>(ttl >> 8),
                                            static_cast<std::byte>(ttl)};
        ping_due_ = !put_command("PING", data);
    }
    // Without anything to write they lack memory, not room, and nothing would ever send them.
    if ((pong_due_ || ping_due_) && encoder_.empty())
        fail(errc::not_enough_memory);
}

// --- Commands in ---

// Commands never reach the application, but for subscriptions to a publisher. Unknown and malformed
// ones are passed over, as libzmq does: 23/ZMTP leaves room for extensions here.
event connection::traffic_command(octets body) noexcept {
    std::string_view name;
    octets data;
    if (!split_command(body, name, data))
        return event::need_input;
    ttl_limit_.reset(); // any frame will do; a PING sets its own below
    const bool publishes = config_->type == socket_type::pub || config_->type == socket_type::xpub;
    if (name == "PING") {
        answer_ping(data, decoder_.position() - data.size());
    } else if (publishes && (name == "SUBSCRIBE" || name == "CANCEL")) {
        if (data.size() <= config_->limit.max_topic_size) {
            topic_ = data;
            return name == "CANCEL" ? event::cancel : event::subscribe;
        }
        fail(errc::command_too_large, decoder_.position() - body.size());
    }
    return state_ == state::closed ? event::closed : event::need_input;
}

void connection::answer_ping(octets data, std::uint64_t at) noexcept {
    if (data.size() < 2)
        return fail(errc::malformed_command, at);
    const unsigned tenths =
        std::to_integer<unsigned>(data[0]) * 256U + std::to_integer<unsigned>(data[1]);
    if (tenths != 0) {
        ttl_limit_ = later(now_, milliseconds{100} * tenths);
        ttl_mark_ = heard();
    }
    const octets context = data.subspan(2, std::min<std::size_t>(data.size() - 2, 16));
    pong_size_ = static_cast<std::uint8_t>(context.size());
    if (!context.empty())
        std::memcpy(pong_context_, context.data(), context.size());
    pong_due_ = true; // one is enough: a newer PING replaces one that could not be answered yet
    send_pending_commands();
}

// --- Guarded frames in ---

event connection::guarded_event(message& out, std::error_code& ec) noexcept {
    limits frames = config_->limit;
    frames.max_message_size = plus(frames.max_message_size, std::uint64_t{mechanism_->overhead()});
    for (;;) {
        message outer;
        octets body;
        switch (decoder_.next(outer, frames, ec)) {
        case frame_decoder::result::need_input: return event::need_input;
        case frame_decoder::result::failed:
            fail(static_cast<errc>(ec.value()));
            return closed_event(ec);
        case frame_decoder::result::command: body = decoder_.command(); break;
        case frame_decoder::result::message: body = outer.front(); break;
        }
        const std::uint64_t at = decoder_.position() - body.size();
        message opened;
        std::uint8_t flags = 0;
        if (outer.size() > 1 || !open_frame(body, opened, flags)) {
            fail(errc::protection_failed, at);
            return closed_event(ec);
        }
        ++heard_;
        const bool more = (flags & frame_flag::more) != 0;
        if ((flags & frame_flag::command) != 0) {
            opened_ = std::move(opened);
            const event what = traffic_command(opened_.front());
            if (what == event::closed)
                return closed_event(ec);
            if (what != event::need_input)
                return what;
        } else if (!assemble(std::move(opened), at)) {
            return closed_event(ec);
        } else if (!more) {
            partial_size_ = 0;
            out = std::move(partial_);
            return event::message;
        }
    }
}

bool connection::open_frame(octets body, message& opened, std::uint8_t& flags) noexcept {
    const std::size_t overhead = mechanism_->overhead();
    if (body.size() < overhead)
        return false;
    std::byte* const room = opened.extend_back(body.size() - overhead, *memory_);
    if (room == nullptr) {
        fail(errc::not_enough_memory);
        return false;
    }
    return mechanism_->open(body, flags, room);
}

bool connection::assemble(message&& part, std::uint64_t at) noexcept {
    partial_size_ += part.front().size();
    if (partial_size_ > config_->limit.max_message_size)
        fail(errc::message_too_large, at);
    else if (partial_.size() >= config_->limit.max_parts)
        fail(errc::too_many_parts, at);
    else if (partial_.empty())
        partial_ = std::move(part);
    else if (!partial_.try_push_back(part.front(), *memory_))
        fail(errc::not_enough_memory);
    return state_ != state::closed;
}

} // namespace mizzen::zmtp
