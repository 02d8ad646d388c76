// One ZMTP 3.x peer: greeting, handshake, traffic and heartbeats, without any I/O.
#pragma once

#include <mizzen/zmtp/block.hpp>
#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/frame_decoder.hpp>
#include <mizzen/zmtp/frame_encoder.hpp>
#include <mizzen/zmtp/message.hpp>
#include <mizzen/zmtp/security.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace mizzen::zmtp {

class block_pool;

enum class event : std::uint8_t {
    need_input,     ///< Nothing is left of what has come.
    handshake_done, ///< Messages may be sent from now on.
    message,        ///< A whole message came.
    subscribe,      ///< To a PUB or XPUB: a SUBSCRIBE for topic() came.
    cancel,         ///< To a PUB or XPUB: a CANCEL for topic() came.
    authenticate,   ///< The peer has said its credentials(): answer with authenticate().
    closed,         ///< The connection failed; the error says why. Write output(), then close.
};

/// One ZMTP 3.x connection. Holds no socket, no clock and no thread.
///
/// (A) hands something in:  commit, send, subscribe, cancel, authenticate, consume, end_of_stream,
///                          handle_timeout
/// (B) takes something out: next_event, output, deadline
/// After any (A), empty (B) in the order above; (B) never needs another (A) in between. next_event
/// may be left for later as long as the program does not want more messages: output and deadline
/// stay true.
///
/// Nothing that a peer sends throws or aborts: it becomes an event. After `closed` the connection
/// stays closed and says so again.
class connection {
public:
    /// Both greetings cross: ours is in output() at once. `cfg` outlives the connection.
    connection(role side, const config& cfg, time_point now) noexcept;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    /// Where the next octets read go, as for readv: the rest of a large body, then the read block.
    /// Empty once closed, and while there is no room because a verdict is waited for or next_event
    /// was not called. They stand until commit; next_event is not called in between.
    [[nodiscard]] std::span<const std::span<std::byte>> prepare() noexcept;
    /// How many octets arrived there; more than there was room for are not believed.
    void commit(std::size_t size, time_point now) noexcept;
    /// The peer will send no more.
    void end_of_stream() noexcept { fail(errc::end_of_stream, decoder_.received()); }

    /// What the octets that have come amount to, one event a call. `out` is filled by
    /// event::message and is otherwise left alone; `ec` is set by event::closed, else cleared.
    [[nodiscard]] event next_event(message& out, std::error_code& ec) noexcept {
        if (state_ == state::traffic) {
            if (ec)
                ec.clear();
            const auto got = decoder_.next(out, config_->limit, ec);
            if (got == frame_decoder::result::message) {
                ++heard_;
                return event::message;
            }
            return after_other_frame(got, out, ec);
        }
        return other_event(out, ec);
    }
    /// Of the last event::subscribe or event::cancel; valid until next_event or prepare is called.
    [[nodiscard]] octets topic() const noexcept { return topic_; }

    /// Whether a message can be handed over now: the handshake is done and there is room.
    [[nodiscard]] bool can_send() const noexcept {
        return (state_ == state::traffic || state_ == state::guarded) && encoder_.can_send();
    }
    /// Hands over a whole message, when can_send(). Errors: not_ready, empty_message (the message
    /// is left as it was), not_enough_memory (the connection closes).
    void send(message&& m, std::error_code& ec) noexcept {
        if (state_ == state::traffic && encoder_.can_send() && !m.empty() &&
            encoder_.send(std::move(m))) {
            if (ec)
                ec.clear();
            return;
        }
        send_otherwise(std::move(m), ec); // NOLINT(bugprone-use-after-move): refused, it is whole
    }
    /// Has `size` octets of small frames gathered for one write, in place of
    /// config::write_batch, once what was gathered so far is written.
    void gather(std::size_t size) noexcept { encoder_.gather(size); }
    /// Tells a publisher that its messages on a topic are wanted, or no longer, when can_send(): by
    /// a command to 3.1 peers, by a message to 3.0 ones. Errors: not_ready, not_enough_memory (the
    /// connection closes).
    void subscribe(octets topic, std::error_code& ec) noexcept;
    void cancel(octets topic, std::error_code& ec) noexcept;

    /// What the peer said to be let in, after event::authenticate and until it is answered: by
    /// PLAIN a user name and a password, by CURVE the client's public key, by NULL nothing.
    [[nodiscard]] std::span<const octets> credentials() const noexcept {
        return {credentials_.data(), credential_count_};
    }
    /// Answers event::authenticate, now or later; the handshake's time goes on. Errors:
    /// no_question.
    void authenticate(verdict answer, time_point now, std::error_code& ec) noexcept;
    /// Who the peer says it is: the first of its credentials, which stays when the others are
    /// forgotten. By PLAIN the user name, by CURVE the client's public key, by NULL nothing. To be
    /// believed once the handshake is done. Valid as long as the connection.
    [[nodiscard]] octets user_id() const noexcept { return user_id_; }

    /// What to write, as for writev; valid until the next call that is not const.
    [[nodiscard]] std::span<const std::span<const std::byte>> output() const noexcept {
        return encoder_.output();
    }
    /// How many of those octets were written.
    void consume(std::size_t size) noexcept;

    /// Where this connection's memory comes from, for messages that are made to be sent on it:
    /// those it has room for cost no allocation. Only for the thread that uses the connection.
    [[nodiscard]] allocator& memory() const noexcept { return *memory_; }
    /// Gives back the memory that is kept for the next use (config::spare_memory); for a connection
    /// that is likely to be idle for a while.
    void trim() noexcept;

    /// When handle_timeout is due.
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    /// Sends a PING, or closes the connection, if that is due.
    void handle_timeout(time_point now) noexcept;
    /// The program has left the peer's stream alone, so that silence means nothing: neither a PING
    /// that is not answered yet nor a TTL closes the connection.
    void disregard_silence() noexcept {
        ping_limit_.reset();
        ttl_limit_.reset();
    }

    [[nodiscard]] bool is_open() const noexcept { return state_ != state::closed; }
    [[nodiscard]] bool handshake_done() const noexcept {
        return state_ == state::traffic || state_ == state::guarded;
    }
    /// After event::closed: how many octets into the peer's stream the frame, property or octet
    /// stands that broke a rule; where no octet did (end of stream, time-outs), how many had come.
    [[nodiscard]] std::uint64_t failed_at() const noexcept { return failed_at_; }

    /// What the peer said of itself. Valid once the handshake is done, as long as the connection.
    [[nodiscard]] socket_type peer_type() const noexcept { return peer_type_; }
    [[nodiscard]] std::uint8_t peer_minor() const noexcept { return peer_minor_; }
    [[nodiscard]] octets peer_routing_id() const noexcept { return peer_routing_id_; }
    [[nodiscard]] octets peer_metadata() const noexcept {
        return metadata_ ? octets{metadata_.get()->data(), metadata_.get()->capacity} : octets{};
    }
    /// The value of one property of the peer's, such as "X-Zone"; case does not matter.
    [[nodiscard]] std::optional<octets> peer_property(std::string_view name) const noexcept;
    /// The reason in the peer's ERROR, when it closed with refused_by_peer. Text of the peer's.
    [[nodiscard]] std::string_view refusal() const noexcept { return as_text(peer_metadata()); }

private:
    friend class handshake;

    enum class state : std::uint8_t {
        greeting,
        handshake,
        asking,      // the program about the peer's credentials
        established, // and the program does not know yet
        traffic,     // frames as they are
        guarded,     // frames through the mechanism
        closed,
    };

    [[nodiscard]] event other_event(message& out, std::error_code& ec) noexcept;
    [[nodiscard]] event after_other_frame(frame_decoder::result got, message& out,
                                          std::error_code& ec) noexcept;
    [[nodiscard]] event guarded_event(message& out, std::error_code& ec) noexcept;
    [[nodiscard]] event closed_event(std::error_code& ec) const noexcept;

    void read_greeting() noexcept;
    void read_handshake() noexcept;
    void handshake_command(octets body) noexcept;
    void read_error(octets reason, std::uint64_t at) noexcept;
    void read_metadata(octets data, std::uint64_t at) noexcept;
    void read_property(const property& found, std::uint64_t at, unsigned& seen) noexcept;
    [[nodiscard]] octets own_metadata() noexcept;
    void send_error(std::string_view reason) noexcept;
    void ask(std::span<const octets> credentials) noexcept;
    void forget_credentials() noexcept;
    void finish_handshake() noexcept;
    void begin_traffic() noexcept;

    [[nodiscard]] frame_decoder::result open_next(message& opened, std::uint8_t& flags,
                                                  std::uint64_t& at, const limits& frames,
                                                  std::error_code& ec) noexcept;
    [[nodiscard]] bool assemble(message&& part, std::uint64_t at) noexcept;
    void send_otherwise(message&& m, std::error_code& ec) noexcept;
    [[nodiscard]] bool send_guarded(message&& m) noexcept;
    [[nodiscard]] event traffic_command(octets body) noexcept;
    void answer_ping(octets data, std::uint64_t at) noexcept;
    void send_subscription(bool wanted, octets topic, std::error_code& ec) noexcept;
    [[nodiscard]] bool put_command(std::string_view name, octets data, octets more = {}) noexcept;
    [[nodiscard]] bool put_guarded(octets command) noexcept;
    [[nodiscard]] bool seal(std::uint8_t flags, octets payload, std::byte* out) noexcept;
    void send_pending_commands() noexcept;
    /// Whole frames that have come since the handshake, or more than that: for comparisons only.
    [[nodiscard]] std::uint64_t heard() const noexcept { return heard_ + decoder_.inner_frames(); }

    void fail(errc why, std::uint64_t at) noexcept;
    void fail(errc why) noexcept { fail(why, decoder_.position()); }
    [[nodiscard]] bool keep(octets data) noexcept;

    const config* config_;
    block_pool* pool_;  // null when nothing is to be kept
    allocator* memory_; // the pool, or the configured one
    frame_decoder decoder_;
    frame_encoder encoder_;
    state state_ = state::greeting;
    socket_type peer_type_ = socket_type::dealer;
    std::uint8_t peer_minor_ = 0;
    bool ping_due_ = false;
    bool pong_due_ = false;
    std::uint8_t pong_size_ = 0;
    std::byte pong_context_[16];
    errc failure_{};
    std::uint64_t failed_at_ = 0;
    mechanism_ref mechanism_; // while the handshake lasts, and on while guarded
    block_ref metadata_;      // the peer's, or the reason of its ERROR
    block_ref own_metadata_;  // while the handshake lasts
    octets peer_routing_id_;
    octets user_id_; // into credential_octets_
    octets topic_;
    message opened_;                 // a guarded command
    message partial_;                // the parts of a guarded message that is coming
    std::uint64_t partial_size_ = 0; // octets of their bodies
    bool asked_ = false;             // the program knows of the question
    std::uint8_t credential_count_ = 0;
    std::array<octets, 3> credentials_; // into credential_octets_
    block_ref credential_octets_;

    time_point now_;          // as last heard of
    std::uint64_t heard_ = 0; // messages and commands since the handshake
    std::optional<time_point> handshake_limit_;
    std::optional<time_point> next_ping_;
    std::optional<time_point> ping_limit_; // for heard() to go beyond ping_mark_
    std::uint64_t ping_mark_ = 0;
    std::optional<time_point> ttl_limit_; // for heard() to go beyond ttl_mark_, as a PING asked
    std::uint64_t ttl_mark_ = 0;
};

} // namespace mizzen::zmtp
