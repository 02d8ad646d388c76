// The life of a connection: from octets to events, in each of its states.
#include "block_pool.hpp"
#include "saturate.hpp"
#include <mizzen/zmtp/connection.hpp>
#include <mizzen/zmtp/greeting.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::zmtp {

connection::connection(role side, const config& cfg, time_point now) noexcept
    : config_{&cfg},
      pool_{cfg.spare_memory == 0 ? nullptr : block_pool::create(*cfg.memory, cfg.spare_memory)},
      memory_{pool_ == nullptr ? cfg.memory : pool_}, decoder_{*memory_, cfg.read_block},
      encoder_{*memory_, cfg.write_batch}, now_{now} {
    if (const std::error_code wrong = check(cfg)) {
        fail(static_cast<errc>(wrong.value()), 0);
        return;
    }
    if (cfg.limit.handshake_time > milliseconds::zero())
        handshake_limit_ = later(now, cfg.limit.handshake_time);
    decoder_.allow_commands(cfg.limit.max_command_size);
    const std::string_view name = cfg.mechanism->name();
    const auto opening =
        encode_greeting({.mechanism = name, .as_server = side == role::server && name != "NULL"});
    mechanism_.reset(cfg.mechanism->create(side, *memory_));
    if ((pool_ == nullptr && cfg.spare_memory != 0) || !mechanism_ || !encoder_.put(opening))
        fail(errc::not_enough_memory, 0);
}

connection::~connection() {
    forget_credentials();
    if (pool_ != nullptr)
        pool_->release(); // what the members still hold comes back to it
}

void connection::trim() noexcept {
    if (pool_ != nullptr)
        pool_->trim();
}

std::span<const std::span<std::byte>> connection::prepare() noexcept {
    if (state_ == state::closed)
        return {};
    const auto room = decoder_.prepare();
    if (room.empty() && !decoder_.full())
        fail(errc::not_enough_memory);
    return room;
}

void connection::commit(std::size_t size, time_point now) noexcept {
    now_ = now;
    if (state_ != state::closed)
        decoder_.commit(size);
}

void connection::consume(std::size_t size) noexcept {
    if (!encoder_.consume(size))
        return fail(errc::not_enough_memory);
    if (handshake_done())
        send_pending_commands();
}

// --- Events ---

event connection::closed_event(std::error_code& ec) const noexcept {
    ec = failure_;
    return event::closed;
}

event connection::other_event(message& out, std::error_code& ec) noexcept {
    ec.clear();
    if (state_ == state::greeting)
        read_greeting();
    if (state_ == state::handshake)
        read_handshake();
    switch (state_) {
    case state::asking:
        return std::exchange(asked_, true) ? event::need_input : event::authenticate;
    case state::established: begin_traffic(); return event::handshake_done;
    case state::guarded: return guarded_event(out, ec);
    case state::closed: return closed_event(ec);
    default: return event::need_input;
    }
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
            const event what = traffic_command(decoder_.command());
            if (what == event::closed)
                return closed_event(ec);
            if (what != event::need_input)
                return what;
            break;
        }
    }
}

void connection::fail(errc why, std::uint64_t at) noexcept {
    if (state_ == state::closed)
        return;
    state_ = state::closed;
    failure_ = why;
    failed_at_ = at;
    forget_credentials();
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
    if (ping_limit_ && heard() == ping_mark_)
        consider(ping_limit_);
    if (ttl_limit_ && heard() == ttl_mark_)
        consider(ttl_limit_);
    return first;
}

void connection::handle_timeout(time_point now) noexcept {
    if (state_ == state::closed)
        return;
    now_ = now;
    if (handshake_limit_ && now >= *handshake_limit_)
        return fail(errc::handshake_timeout, decoder_.received());
    if (ping_limit_ && heard() != ping_mark_)
        ping_limit_.reset();
    if (ping_limit_ && now >= *ping_limit_)
        return fail(errc::heartbeat_timeout, decoder_.received());
    if (ttl_limit_ && heard() != ttl_mark_)
        ttl_limit_.reset();
    if (ttl_limit_ && now >= *ttl_limit_)
        return fail(errc::ttl_expired, decoder_.received());
    if (next_ping_ && now >= *next_ping_) {
        const heartbeat& beat = config_->beat;
        next_ping_ = later(now, beat.interval);
        ping_due_ = true;
        send_pending_commands();
        const milliseconds timeout =
            beat.timeout < milliseconds::zero() ? beat.interval : beat.timeout;
        if (!ping_limit_ && timeout > milliseconds::zero()) {
            ping_limit_ = later(now, timeout);
            ping_mark_ = heard();
        }
    }
}

} // namespace mizzen::zmtp
