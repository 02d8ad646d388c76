// What a pirates' worker decides: when to register, to heartbeat and to start again.
#pragma once

#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/paranoid_pirate/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace mizzen::paranoid_pirate {

struct worker_options {
    protocol speaks = protocol::paranoid; ///< With simple there are no heartbeats.
    dialect writes = dialect::binary;     ///< Words for a queue of the Guide's C++ samples.
    milliseconds heartbeat{1000};         ///< To the queue; 0 sends none and expects none.
    int liveness = 3;                     ///< Intervals of silence after which the queue is gone.
    milliseconds reconnect{1000}; ///< Before the first new connection; doubles, with jitter.
    milliseconds reconnect_max{32'000};
    std::size_t max_requests = 64; ///< At the handler at once; a queue sends one, as a rule.
    option::security security{};   ///< Of its connection.
    patterns::handshake_watch on_handshake_failed{};
};

struct worker_stats {
    std::uint64_t requests = 0;     ///< Given to the handler.
    std::uint64_t replies = 0;      ///< Sent, failures that can be told among them.
    std::uint64_t failures = 0;     ///< Of the handler.
    std::uint64_t late_replies = 0; ///< To requests of an earlier connection; dropped.
    std::uint64_t malformed = 0;  ///< Messages that are neither a request nor a heartbeat; dropped.
    std::uint64_t ignored = 0;    ///< Messages of a connection that was given up, and requests
                                  ///< while it drains; dropped.
    std::uint64_t overflowed = 0; ///< Requests beyond max_requests; dropped.
    std::uint64_t lost_queues = 0;   ///< Connections given up for the queue's silence.
    std::uint64_t registrations = 0; ///< READYs sent.
    std::uint64_t heartbeats_in = 0;
    std::uint64_t heartbeats_out = 0;
};

/// One worker at one queue, of either protocol. Holds no socket, no clock and no thread.
///
/// The Guide's queue says nothing to a busy worker, and takes a heartbeat of one for READY. So the
/// queue's silence does not count in a job, and no heartbeat is sent in one; unless this queue was
/// heard to heartbeat in a job, as ours does.
///
/// (A) hands something in:  start, connected, disconnected, receive, reply, fail, handle_timeout,
///                          drain, shutdown
/// (B) takes something out: next_action, deadline, ended
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing a queue sends throws, save std::bad_alloc when memory is out.
class worker_core {
public:
    enum class step : std::uint8_t {
        open,           ///< Open a connection, and say connected when it is up.
        close,          ///< Close it at once, with whatever waits in it.
        send,           ///< `m`, as it goes on the wire, on the present connection.
        handle_request, ///< Run the handler on `m`; answer `request` with reply or fail.
    };
    struct action {
        step what = step::send;
        std::uint64_t request = 0;
        message m;
    };

    /// `seed` is for the jitter.
    worker_core(const worker_options& options, time_point now, std::uint64_t seed);
    worker_core(worker_core&&) noexcept;
    worker_core& operator=(worker_core&&) noexcept;
    ~worker_core();

    /// Has the first connection opened.
    void start();
    /// The transport is up, for the first time or again by itself; is down. A queue knows a
    /// connection, not a worker, so that READY is said on each.
    void connected(time_point now);
    void disconnected(time_point now);

    void receive(message&& m, time_point now);

    /// Answers a request, in any order. One of an earlier connection is dropped and counted.
    void reply(std::uint64_t request, message&& body, time_point now);
    /// The handler failed. The protocols have no word for that: queues of ours are told by an octet
    /// behind their handle, tagged clients by their tag. To any other the worker goes and comes
    /// back, which is what a crash would look like, and leaves the request to the next worker.
    void fail(std::uint64_t request, std::string_view why, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// Takes no new requests, and shuts down once those at the handler are answered. What the queue
    /// sends meanwhile is for another worker: it hears of the end by the connection's.
    void drain(time_point now);
    /// Nothing happens from then on. There is no word to say goodbye; the connection's end is it.
    void shutdown() noexcept;

    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] bool busy() const noexcept;
    [[nodiscard]] bool ended() const noexcept; ///< After shutdown, or at the end of drain.
    [[nodiscard]] const worker_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::paranoid_pirate
