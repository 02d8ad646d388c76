// The life of a connection: greeting, handshake, traffic, closed.
#include <mizzen/zmtp/connection.hpp>
#include <mizzen/zmtp/greeting.hpp>
#include <mizzen/zmtp/metadata.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace mizzen::zmtp {
namespace {

constexpr std::string_view null_mechanism = "NULL";
constexpr std::size_t max_routing_id = 255;
constexpr std::uint8_t command_flag = frame_flag::command;

// Cuts a command's body into name and data. 37/ZMTP's prose ends the name with a null octet; its
// grammar, and libzmq, put a length before it.
bool split_command(octets body, std::string_view& name, octets& data) noexcept {
    if (body.empty())
        return false;
    const auto size = std::to_integer<std::size_t>(body[0]);
    if (size == 0 || size > body.size() - 1)
        return false;
    name = as_text(body.subspan(1, size));
    data = body.subspan(1 + size);
    return true;
}

} // namespace

connection::connection(role side, const config& cfg, time_point now) noexcept
    : config_{&cfg}, decoder_{*cfg.memory, cfg.read_block}, encoder_{*cfg.memory, cfg.write_batch},
      role_{side}, committed_{now} {
    if (cfg.limit.handshake_time > milliseconds::zero())
        handshake_limit_ = now + cfg.limit.handshake_time;
    const auto opening = encode_greeting({.mechanism = null_mechanism});
    if (!encoder_.put(opening))
        fail(errc::not_enough_memory);
}

std::span<const std::span<std::byte>> connection::prepare() noexcept {
    if (state_ == state::closed)
        return {};
    const auto room = decoder_.prepare();
    if (room.empty())
        fail(errc::not_enough_memory);
    return room;
}

void connection::commit(std::size_t size, time_point now) noexcept {
    committed_ = now;
    if (state_ != state::closed)
        decoder_.commit(size);
}

event connection::closed_event(std::error_code& ec) const noexcept {
    ec = failure_;
    return event::closed;
}

event connection::handshake_event(std::error_code& ec) noexcept {
    ec.clear();
    if (state_ == state::greeting) {
        const octets input = decoder_.buffered();
        std::error_code wrong;
        const bool whole = check_greeting(input, null_mechanism, peer_minor_, wrong);
        if (wrong) {
            fail(static_cast<errc>(wrong.value()));
            return closed_event(ec);
        }
        // READY goes out as soon as the mechanism is known to fit: 37/ZMTP lets the side that binds
        // wait for the other's READY, but no peer minds it early.
        if (!whole)
            return event::need_input;
        decoder_.skip(greeting_size);
        state_ = state::handshake;
        send_ready();
    }
    while (state_ == state::handshake) {
        message early;
        switch (decoder_.next(early, config_->limit, ec)) {
        case frame_decoder::result::need_input:
            if (!decoder_.in_message())
                return event::need_input;
            fail(errc::unexpected_frame); // before a stranger's message takes more memory
            break;
        case frame_decoder::result::failed: fail(static_cast<errc>(ec.value())); break;
        case frame_decoder::result::message: fail(errc::unexpected_frame); break;
        case frame_decoder::result::command:
            if (decoder_.in_message())
                fail(errc::unexpected_frame);
            else
                handshake_command(decoder_.command(), committed_);
            break;
        }
        if (state_ == state::traffic)
            return event::handshake_done;
    }
    return closed_event(ec);
}

event connection::after_other_frame(frame_decoder::result got, message& out,
                                    std::error_code& ec) noexcept {
    for (;; got = decoder_.next(out, config_->limit, ec)) {
        switch (got) {
        case frame_decoder::result::need_input: return event::need_input;
        case frame_decoder::result::message: ++heard_; return event::message;
        case frame_decoder::result::failed:
            fail(static_cast<errc>(ec.value()));
            return closed_event(ec);
        case frame_decoder::result::command:
            ++heard_;
            traffic_command(decoder_.command());
            if (state_ == state::closed)
                return closed_event(ec);
            break;
        }
    }
}

// --- Handshake: NULL, 23/ZMTP "The NULL Security Mechanism" ---

void connection::send_ready() noexcept {
    // "READY", Socket-Type with up to 6 characters, Identity with up to 255 octets.
    std::array<std::byte, 320> data;
    std::byte* at =
        encode_property(data.data(), {"Socket-Type", as_octets(name_of(config_->type))});
    if (announces_identity(config_->type))
        at = encode_property(at, {"Identity", config_->routing_id.first(std::min(
                                                  config_->routing_id.size(), max_routing_id))});
    if (!send_command("READY", {data.data(), static_cast<std::size_t>(at - data.data())}))
        fail(errc::not_enough_memory);
}

void connection::send_error(std::string_view reason) noexcept {
    std::array<std::byte, 256> data;
    const std::size_t size = std::min<std::size_t>(reason.size(), 255);
    data[0] = static_cast<std::byte>(size);
    std::memcpy(data.data() + 1, reason.data(), size);
    static_cast<void>(send_command("ERROR", {data.data(), 1 + size})); // we close either way
}

void connection::handshake_command(octets body, time_point now) noexcept {
    std::string_view name;
    octets data;
    if (!split_command(body, name, data))
        return fail(errc::malformed_command);
    if (name == "ERROR")
        return read_error(data);
    if (name != "READY")
        return fail(errc::unexpected_frame);
    read_ready(data);
    if (state_ == state::handshake)
        finish_handshake(now);
}

void connection::read_error(octets data) noexcept {
    if (data.empty() || std::to_integer<std::size_t>(data[0]) > data.size() - 1)
        return fail(errc::malformed_command);
    static_cast<void>(keep(data.subspan(1, std::to_integer<std::size_t>(data[0]))));
    fail(errc::refused_by_peer);
}

bool connection::keep(octets data) noexcept {
    metadata_ = block_ref{block::create(*config_->memory, data.size())};
    if (!metadata_)
        return false;
    if (!data.empty())
        std::memcpy(metadata_->data(), data.data(), data.size());
    return true;
}

void connection::read_ready(octets data) noexcept {
    if (!keep(data))
        return fail(errc::not_enough_memory);
    octets rest = peer_metadata();
    bool type_seen = false;
    bool identity_seen = false;
    std::error_code ec;
    for (std::size_t count = 1; const auto found = next_property(rest, ec); ++count) {
        if (count > config_->limit.max_properties)
            return fail(errc::too_many_properties);
        if (same_property(found->name, "Socket-Type")) {
            const auto type = socket_type_named(as_text(found->value));
            if (std::exchange(type_seen, true))
                return fail(errc::duplicate_property);
            if (!type || !compatible(config_->type, *type)) {
                send_error("incompatible socket type"); // 37/ZMTP: SHOULD; libzmq does not
                return fail(errc::incompatible_socket_type);
            }
            peer_type_ = *type;
        } else if (same_property(found->name, "Identity")) {
            if (std::exchange(identity_seen, true))
                return fail(errc::duplicate_property);
            const octets id = found->value;
            if (id.size() > max_routing_id || (!id.empty() && id[0] == std::byte{0}))
                return fail(errc::invalid_routing_id);
            peer_routing_id_ = id;
        }
    }
    if (ec)
        return fail(static_cast<errc>(ec.value()));
    if (!type_seen)
        return fail(errc::missing_socket_type);
}

void connection::finish_handshake(time_point now) noexcept {
    state_ = state::traffic;
    handshake_limit_.reset();
    if (config_->beat.interval > milliseconds::zero())
        next_ping_ = now + config_->beat.interval;
}

// --- Commands after the handshake ---

void connection::traffic_command(octets body) noexcept {
    // Commands never reach the application. Unknown and malformed ones are passed over, as libzmq
    // does: 23/ZMTP leaves room for extensions here.
    std::string_view name;
    octets data;
    if (!split_command(body, name, data))
        return;
    ttl_limit_.reset(); // any frame will do; a PING sets its own below
    if (name == "PING")
        answer_ping(data);
}

void connection::answer_ping(octets data) noexcept {
    if (data.size() < 2)
        return fail(errc::malformed_command);
    const unsigned tenths =
        std::to_integer<unsigned>(data[0]) * 256U + std::to_integer<unsigned>(data[1]);
    if (tenths != 0) {
        ttl_limit_ = committed_ + milliseconds{100} * tenths;
        ttl_mark_ = heard_;
    }
    const octets context = data.subspan(2, std::min<std::size_t>(data.size() - 2, 16));
    pong_size_ = static_cast<std::uint8_t>(context.size());
    if (!context.empty())
        std::memcpy(pong_context_, context.data(), context.size());
    pong_due_ = true; // one is enough: a newer PING replaces one that could not be answered yet
    send_pending_commands();
}

bool connection::send_command(std::string_view name, octets data) noexcept {
    std::array<std::byte, 512> frame;
    const std::size_t size = 1 + name.size() + data.size();
    std::byte* at = frame.data();
    at += encode_frame_header(at, command_flag, size);
    *at++ = static_cast<std::byte>(name.size());
    std::memcpy(at, name.data(), name.size());
    at += name.size();
    if (!data.empty())
        std::memcpy(at, data.data(), data.size());
    at += data.size();
    return encoder_.put({frame.data(), static_cast<std::size_t>(at - frame.data())});
}

void connection::send_pending_commands() noexcept {
    if (pong_due_)
        pong_due_ = !send_command("PONG", {pong_context_, pong_size_});
    if (ping_due_) {
        const auto ttl = std::clamp<std::int64_t>(config_->beat.ttl.count() / 100, 0, 655);
        const std::array<std::byte, 2> data{static_cast<std::byte>(ttl >> 8),
                                            static_cast<std::byte>(ttl)};
        ping_due_ = !send_command("PING", data);
    }
    // Without anything to write they lack memory, not room, and nothing would ever send them.
    if ((pong_due_ || ping_due_) && encoder_.empty())
        fail(errc::not_enough_memory);
}

// --- Messages out ---

void connection::send(message&& m, std::error_code& ec) noexcept {
    ec.clear();
    if (m.empty()) {
        ec = errc::empty_message;
    } else if (!can_send()) {
        ec = errc::not_ready;
    } else if (!encoder_.send(std::move(m))) {
        fail(errc::not_enough_memory);
        ec = errc::not_enough_memory;
    }
}

void connection::consume(std::size_t size) noexcept {
    if (!encoder_.consume(size))
        return fail(errc::not_enough_memory);
    if (state_ != state::closed)
        send_pending_commands();
}

// --- Time ---

std::optional<time_point> connection::deadline() const noexcept {
    if (state_ == state::closed)
        return std::nullopt;
    std::optional<time_point> first = handshake_limit_;
    const auto consider = [&first](const std::optional<time_point>& other) {
        if (other && (!first || *other < *first))
            first = other;
    };
    consider(next_ping_);
    if (ping_limit_ && heard_ == ping_mark_)
        consider(ping_limit_);
    if (ttl_limit_ && heard_ == ttl_mark_)
        consider(ttl_limit_);
    return first;
}

void connection::handle_timeout(time_point now) noexcept {
    if (state_ == state::closed)
        return;
    if (handshake_limit_ && now >= *handshake_limit_)
        return fail(errc::handshake_timeout);
    if (ping_limit_ && heard_ != ping_mark_)
        ping_limit_.reset();
    if (ping_limit_ && now >= *ping_limit_)
        return fail(errc::heartbeat_timeout);
    if (ttl_limit_ && heard_ != ttl_mark_)
        ttl_limit_.reset();
    if (ttl_limit_ && now >= *ttl_limit_)
        return fail(errc::ttl_expired);
    if (next_ping_ && now >= *next_ping_) {
        const heartbeat& beat = config_->beat;
        next_ping_ = now + beat.interval;
        ping_due_ = true;
        send_pending_commands();
        const milliseconds timeout =
            beat.timeout < milliseconds::zero() ? beat.interval : beat.timeout;
        if (!ping_limit_ && timeout > milliseconds::zero()) {
            ping_limit_ = now + timeout;
            ping_mark_ = heard_;
        }
    }
}

void connection::fail(errc why) noexcept {
    if (state_ == state::closed)
        return;
    state_ = state::closed;
    failure_ = why;
}

} // namespace mizzen::zmtp
