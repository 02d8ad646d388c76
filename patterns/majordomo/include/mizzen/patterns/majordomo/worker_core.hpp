// What a Majordomo worker decides: when to register, to heartbeat and to start again.
#pragma once

#include <mizzen/patterns/common/back_off.hpp>
#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::majordomo {

struct worker_options {
    std::string service;
    dialect::version protocol = dialect::version::mdp01;
    /// Requests to be given at once; 1 is plain Majordomo. More is announced to the broker, and
    /// one that knows nothing of that still sends one at a time, or refuses: it is then asked again
    /// without.
    std::uint32_t credit = 1;
    milliseconds heartbeat{2500}; ///< To the broker; 0 sends none and expects none.
    int liveness = 3;             ///< Intervals of silence after which the broker is gone.
    milliseconds reconnect{250};  ///< Before the first new connection; doubles, with jitter.
    milliseconds reconnect_max{32'000};
    milliseconds linger{2000};       ///< For what was answered to be written, at the end.
    std::size_t max_requests = 1024; ///< At the handler at once, if that is more than `credit`.
    option::security security{};     ///< Of its connections.
    patterns::handshake_watch on_handshake_failed{};
};

struct worker_stats {
    std::uint64_t requests = 0;      ///< Given to the handler.
    std::uint64_t replies = 0;       ///< Sent, failures among them.
    std::uint64_t partials = 0;      ///< Parts of replies, besides the last ones.
    std::uint64_t failures = 0;      ///< Of the handler.
    std::uint64_t late_replies = 0;  ///< To requests of an earlier connection; dropped.
    std::uint64_t malformed = 0;     ///< Messages that are no Majordomo; dropped.
    std::uint64_t unknown = 0;       ///< Commands that a broker does not send; dropped.
    std::uint64_t ignored = 0;       ///< Messages on a connection about to be dropped; dropped.
    std::uint64_t overflowed = 0;    ///< Requests beyond max_requests; dropped.
    std::uint64_t disconnects = 0;   ///< DISCONNECTs received.
    std::uint64_t lost_brokers = 0;  ///< Connections given up for the broker's silence.
    std::uint64_t registrations = 0; ///< READYs sent.
};

/// One worker at one broker. Holds no socket, no clock and no thread.
///
/// (A) hands something in:  connected, disconnected, receive, reply, partial, fail, handle_timeout,
///                          drain, shutdown
/// (B) takes something out: next_action, deadline, ended
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing the broker sends throws, save std::bad_alloc when memory is out.
class worker_core {
public:
    enum class step : std::uint8_t {
        send,           ///< `m`, as it goes on the wire, on the present connection.
        handle_request, ///< Run the handler on `m`; answer `request` with reply or fail.
        reconnect,      ///< Drop the connection, open a new one now, say connected when it is up.
    };
    struct action {
        step what = step::send;
        std::uint64_t request = 0;
        message m;
    };

    /// `seed` is for the jitter.
    worker_core(worker_options options, time_point now, std::uint64_t seed);

    /// The transport is up, for the first time or again; is down. Whoever brings it up again
    /// without being asked says connected once more: a broker knows a connection, not a worker.
    void connected(time_point now);
    void disconnected(time_point now);

    void receive(message&& m, time_point now);

    /// Answers a request, in any order. One of an earlier connection is dropped and counted.
    void reply(std::uint64_t request, message&& body, time_point now);
    /// Sends a part of the reply, with more to come. 0.1 has no word for that: it is dropped then.
    void partial(std::uint64_t request, message&& body, time_point now);
    /// The handler failed, for the reason in `words`. A broker of ours is told; any other gets
    /// DISCONNECT, which frees it to use this worker again once it is back.
    void fail(std::uint64_t request, std::string_view words, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// Takes no new requests, and shuts down once those at the handler are answered.
    void drain(time_point now);
    /// Sends DISCONNECT if the broker knows this worker. Nothing happens from then on.
    void shutdown(time_point now);

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] bool busy() const noexcept { return pending_ != 0; }
    /// It has shut down.
    [[nodiscard]] bool ended() const noexcept { return state_ == state::ended; }
    [[nodiscard]] const worker_stats& stats() const noexcept { return stats_; }

private:
    enum class state : std::uint8_t {
        down,       ///< Until the transport is up.
        registered, ///< READY was sent.
        backing_off,
        ended,
    };
    struct slot {
        std::uint64_t number = 0; ///< Of the request; 0 when there is none.
        std::string address;      ///< The broker's frame, to be given back.
    };

    void on_request(message&& m, const to_worker& in);
    void send(message&& m, time_point now);
    void answer(slot& at, message&& body, time_point now);
    void back_off(time_point now);
    [[nodiscard]] slot* find(std::uint64_t request) noexcept;
    void free(slot& at);
    void forget_pending();
    [[nodiscard]] bool waits_for_broker() const noexcept;
    [[nodiscard]] time_point silence_ends() const noexcept;

    worker_options options_;
    dialect spoken_;
    milliseconds silence_;
    state state_ = state::down;
    bool draining_ = false;
    bool credit_unheard_ = false; ///< Credit was announced, and nothing came since.
    bool refused_credit_ = false; ///< DISCONNECT was the answer: once without, then.
    bool beats_busy_ = false;     ///< The broker was heard to send heartbeats to a busy worker.
    patterns::back_off delays_;
    patterns::stall_guard guard_;
    time_point heard_{};
    time_point sent_{};
    time_point reconnect_at_{};
    std::uint64_t last_serial_ = 0;
    std::size_t pending_ = 0;
    std::vector<slot> slots_;
    std::vector<std::uint32_t> unused_; ///< Of slots_.
    std::vector<action> actions_;
    std::size_t next_action_ = 0;
    worker_stats stats_;
};

} // namespace mizzen::majordomo
