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

// Each part becomes a frame of its own; which is the last is said within. They are sealed to where
// they are written from, as far as there is room.
bool connection::send_guarded(message&& m) noexcept {
    message sealed;
    std::size_t left = m.size();
    for (const octets part : m) {
        const std::size_t body = part.size() + mechanism_->overhead();
        if (sealed.empty())
            if (std::byte* const frame = encoder_.room_for_frame(header_size(body) + body)) {
                const std::size_t head = encode_frame_header(frame, 0, body);
                if (!seal(--left != 0 ? frame_flag::more : std::uint8_t{0}, part, frame + head))
                    return false;
                encoder_.frame_written(head + body);
                continue;
            }
        std::byte* const room = sealed.extend_back(body, *memory_);
        if (room == nullptr)
            return false;
        if (!seal(--left != 0 ? frame_flag::more : std::uint8_t{0}, part, room))
            return false;
    }
    m.clear();
    return sealed.empty() || encoder_.send(std::move(sealed));
}

bool connection::seal(std::uint8_t flags, octets payload, std::byte* out) noexcept {
    if (mechanism_->seal(flags, payload, out))
        return true;
    fail(errc::protection_failed);
    return false;
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
    // What is left of a message is sealed already, and counts less than this would.
    if (!encoder_.between_messages())
        return false;
    block_ref sealed{block::create(*memory_, head + body)};
    if (!sealed)
        return false;
    encode_frame_header(sealed->data(), 0, body);
    return seal(frame_flag::command, command, sealed->data() + head) &&
           encoder_.put(std::move(sealed));
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
        message opened;
        std::uint8_t flags = 0;
        std::uint64_t at = 0;
        switch (open_next(opened, flags, at, frames, ec)) {
        case frame_decoder::result::need_input: return event::need_input;
        case frame_decoder::result::failed: return closed_event(ec);
        default: ++heard_; break;
        }
        const bool more = (flags & frame_flag::more) != 0;
        if ((flags & frame_flag::command) != 0) {
            opened_ = std::move(opened);
            const event what = traffic_command(opened_.front());
            if (what == event::closed)
                return closed_event(ec);
            if (what != event::need_input)
                return what;
        } else if (!more && partial_.empty() &&
                   opened.front().size() <= config_->limit.max_message_size) {
            out = std::move(opened);
            return event::message;
        } else if (!assemble(std::move(opened), at)) {
            return closed_event(ec);
        } else if (!more) {
            partial_size_ = 0;
            out = std::move(partial_);
            return event::message;
        }
    }
}

// Opens the next frame, whose body began at `at`: to where it is kept, unless it already is there.
frame_decoder::result connection::open_next(message& opened, std::uint8_t& flags, std::uint64_t& at,
                                            const limits& frames, std::error_code& ec) noexcept {
    octets body;
    message outer;
    if (decoder_.pass_over(body, frames)) {
        ec.clear();
    } else {
        const auto got = decoder_.next(outer, frames, ec);
        switch (got) {
        case frame_decoder::result::need_input: return got;
        case frame_decoder::result::failed: fail(static_cast<errc>(ec.value())); return got;
        case frame_decoder::result::command: body = decoder_.command(); break;
        case frame_decoder::result::message: body = outer.front(); break;
        }
    }
    at = decoder_.position() - body.size();
    const std::size_t overhead = mechanism_->overhead();
    const bool stays = outer.in_block() && overhead >= max_frame_header;
    std::byte* room = nullptr;
    if (outer.size() > 1 || body.size() < overhead) {
        fail(errc::protection_failed, at);
    } else if (stays) {
        room = outer.octets_in_block() + overhead;
    } else {
        room = opened.extend_back(body.size() - overhead, *memory_);
        if (room == nullptr)
            fail(errc::not_enough_memory);
    }
    if (room == nullptr)
        return frame_decoder::result::failed;
    if (!mechanism_->open(body, flags, room)) {
        fail(errc::protection_failed, at);
        return frame_decoder::result::failed;
    }
    if (stays) {
        outer.leave_off(overhead);
        opened = std::move(outer);
    }
    return frame_decoder::result::message;
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
