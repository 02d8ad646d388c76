// What a Majordomo broker decides: who runs which request, who lives, who is told what.
#pragma once

#include <mizzen/patterns/majordomo/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace mizzen::majordomo {

struct broker_options {
    milliseconds heartbeat{2500};        ///< To every worker; 0 sends none and expects none.
    int liveness = 3;                    ///< Intervals of silence after which a worker is gone.
    milliseconds request_expiry{30'000}; ///< Longest wait for a worker; 0 is no limit.
    milliseconds service_expiry{60'000}; ///< Until a service without anything is forgotten.
    int redeliveries = 2;                ///< Of a request whose worker went away.
    std::size_t max_requests_per_service = 10'000;         ///< Waiting, not given to a worker.
    std::size_t max_queued_octets = std::size_t{64} << 20; ///< Waiting, a service.
    std::size_t max_services = 10'000;
    std::size_t max_service_name = majordomo::max_service_name; ///< Octets.
    std::size_t max_envelope = 8; ///< Frames before a request's empty delimiter.
};

/// Counts since the start, then what there is now.
struct broker_stats {
    std::uint64_t requests = 0;         ///< Well-formed ones from clients, mmi among them.
    std::uint64_t replies = 0;          ///< Sent to clients, whatever they say.
    std::uint64_t redelivered = 0;      ///< Put back in front of their queue.
    std::uint64_t malformed = 0;        ///< Messages that are no Majordomo; dropped.
    std::uint64_t wrong_role = 0;       ///< Messages of the other role from a known peer; dropped.
    std::uint64_t unexpected = 0;       ///< Commands answered with DISCONNECT.
    std::uint64_t ignored = 0;          ///< Messages from a worker after DISCONNECT; dropped.
    std::uint64_t unknown_peer = 0;     ///< Messages of a connection never announced; dropped.
    std::uint64_t stale_replies = 0;    ///< A busy worker's, to another request; dropped.
    std::uint64_t orphaned_replies = 0; ///< To a client that is gone or was answered; dropped.
    std::uint64_t failed_replies = 0;   ///< The worker's handler failed.
    std::uint64_t dropped_full = 0;     ///< Requests beyond a service's limits.
    std::uint64_t dropped_expired = 0;  ///< Requests that waited too long.
    std::uint64_t dropped_given_up = 0; ///< Requests that lost too many workers.
    std::uint64_t dropped_gone = 0;     ///< Requests whose client went away.
    std::uint64_t refused_services = 0; ///< Requests for a bad name, or beyond max_services.
    std::uint64_t registrations = 0;    ///< READYs accepted.
    std::uint64_t expired_workers = 0;  ///< Silent for too long.
    std::uint64_t disconnects = 0;      ///< DISCONNECTs sent.

    std::size_t peers = 0;
    std::size_t workers = 0; ///< Registered, idle or busy.
    std::size_t services = 0;
    std::size_t queued = 0;     ///< Requests that wait for a worker.
    std::size_t dispatched = 0; ///< Requests that a worker has.
};

/// One broker. Holds no socket, no clock and no thread.
///
/// (A) hands something in:  peer_up, peer_down, receive, handle_timeout, shutdown
/// (B) takes something out: next_output, deadline
/// After any (A), empty next_output, then ask for the deadline. `now` never goes back.
/// Nothing a peer sends throws, save std::bad_alloc when memory is out.
class broker_core {
public:
    struct output {
        peer_id to = 0;
        message m;
    };

    broker_core(const broker_options& options, time_point now);
    broker_core(broker_core&&) noexcept;
    broker_core& operator=(broker_core&&) noexcept;
    ~broker_core();

    /// A connection is there, before anything comes from it; gone, after everything did.
    void peer_up(peer_id peer);
    void peer_down(peer_id peer, time_point now);

    /// Takes what is on the wire: no routing id in front.
    void receive(peer_id from, message&& m, time_point now);

    /// When handle_timeout is due; nothing if it never is as things are.
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// Sends DISCONNECT to all workers, and from then on ignores whatever comes.
    void shutdown(time_point now);

    /// The next message to send, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_output(output& out);

    [[nodiscard]] const broker_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::majordomo
