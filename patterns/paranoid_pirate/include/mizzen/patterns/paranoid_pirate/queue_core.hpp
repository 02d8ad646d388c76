// What a pirates' queue decides: who runs which request, who lives, and when clients are held up.
#pragma once

#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/paranoid_pirate/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace mizzen::paranoid_pirate {

struct queue_options {
    protocol speaks = protocol::paranoid; ///< With simple there are no heartbeats.
    milliseconds heartbeat{1000};         ///< To every worker; 0 sends none and expects none.
    int liveness = 3;                     ///< Intervals of silence after which a worker is gone.
    milliseconds request_timeout{60'000}; ///< For a worker that is silent in a job; 0 is no limit.
    milliseconds request_expiry{30'000};  ///< Longest wait for a worker; 0 is no limit.
    int redeliveries = 2;                 ///< Of a request whose worker was lost; 0 is the Guide's.
    std::size_t max_waiting = 10'000;     ///< Requests; at that, clients are held up.
    std::size_t max_waiting_octets = std::size_t{64} << 20;
    std::size_t max_waiting_per_client = 100; ///< At that, this client is held up.
    std::size_t max_envelope = 8;             ///< Frames before a request's empty delimiter.
    option::security security{};              ///< Of clients,
    std::optional<option::security> worker_security{}; ///< and of workers, if it is another.
    patterns::handshake_watch on_handshake_failed{};
};

/// Counts since the start, then what there is now.
struct queue_stats {
    std::uint64_t requests = 0;           ///< Well-formed ones from clients.
    std::uint64_t replies = 0;            ///< Sent to clients, whatever they say.
    std::uint64_t redelivered = 0;        ///< Put back in front of the queue.
    std::uint64_t malformed_requests = 0; ///< Of clients; dropped.
    std::uint64_t malformed = 0;          ///< Of workers; a worker that did so has to say READY.
    std::uint64_t unregistered = 0;       ///< Messages of a worker that has to say READY; dropped.
    std::uint64_t stale_replies = 0;      ///< To another request than the worker has; dropped.
    std::uint64_t orphaned_replies = 0;   ///< To a client that is gone; dropped.
    std::uint64_t failed_replies = 0;     ///< The worker's handler failed.
    std::uint64_t dropped_expired = 0;    ///< Requests that waited too long.
    std::uint64_t dropped_given_up = 0;   ///< Requests that lost too many workers.
    std::uint64_t dropped_gone = 0;       ///< Requests whose client went away.
    std::uint64_t dropped_draining = 0;   ///< Requests that came after drain().
    std::uint64_t pauses = 0;             ///< Times a client was held up.
    std::uint64_t registrations = 0;      ///< READYs accepted.
    std::uint64_t expired_workers = 0;    ///< Silent for too long.
    std::uint64_t heartbeats_in = 0;
    std::uint64_t heartbeats_out = 0;

    std::size_t clients = 0; ///< That have sent something.
    std::size_t workers = 0; ///< Registered, free or busy.
    std::size_t free_workers = 0;
    std::size_t waiting = 0; ///< Requests without a worker.
    std::size_t waiting_octets = 0;
    std::size_t dispatched = 0; ///< Requests that a worker has.
    std::size_t paused = 0;     ///< Clients.
};

/// One queue, of either protocol. Holds no socket, no clock and no thread. Workers and clients are
/// known by their connections, which end before their number is used again, if it ever is.
///
/// A full queue holds up clients: each that has a request waiting already and sends another is not
/// to be read until there is room. So what waits is at most the limits, two requests more for each
/// client, what had been read of those that were held up, and what lost workers leave.
///
/// (A) hands something in:  from_client, client_down, from_worker, worker_down, handle_timeout,
///                          drain, shutdown
/// (B) takes something out: next_action, deadline, drained
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing a peer sends throws, save std::bad_alloc when memory is out.
class queue_core {
public:
    enum class step : std::uint8_t {
        send_client, ///< `m` to the client `to`.
        send_worker, ///< `m` to the worker `to`; if that is not possible, say worker_down.
        pause,       ///< Leave the client `to` unread until resume.
        resume,
    };
    struct action {
        step what = step::send_client;
        peer_id to = 0;
        message m;
    };

    queue_core(const queue_options& options, time_point now);
    queue_core(queue_core&&) noexcept;
    queue_core& operator=(queue_core&&) noexcept;
    ~queue_core();

    /// Take what is on the wire: no routing id in front.
    void from_client(peer_id client, message&& m, time_point now);
    void from_worker(peer_id worker, message&& m, time_point now);
    /// A connection is gone, after everything that came from it.
    void client_down(peer_id client, time_point now);
    void worker_down(peer_id worker, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// Takes no more requests; those that are here are finished, or expire.
    void drain() noexcept;
    /// Whether nothing is left to be finished.
    [[nodiscard]] bool drained() const noexcept;

    /// Drops everything, and ignores from then on whatever comes.
    void shutdown() noexcept;

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] const queue_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::paranoid_pirate
