// What can be chosen about Titanic's services, and what is counted.
#pragma once

#include <mizzen/patterns/common/timing.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mizzen::titanic {

using std::chrono::milliseconds;

struct service_options {
    /// Requests of one service that are on their way to its workers at once, and their octets. One
    /// whose workers are not to be had gets a single one until that has been answered.
    std::size_t window = 1000;
    std::size_t window_octets = std::size_t{16} << 20;
    std::size_t max_running = 10'000;                        ///< Of all services,
    std::size_t max_running_octets = std::size_t{256} << 20; ///< and their octets.
    milliseconds attempt_timeout{60'000};                    ///< Of one attempt; 0 is no limit.
    std::uint32_t max_attempts = 0; ///< That fail, until a request is set aside; 0: never.
    milliseconds retry{1000};       ///< Before the second attempt; doubles, with jitter.
    milliseconds retry_max{60'000};
    /// As `retry`, before a service is tried again that has no workers, or no broker.
    milliseconds service_retry{100};
    milliseconds service_retry_max{5000};
    std::size_t max_body_octets = 8 << 20; ///< Of a request or reply, as stored; as the store's.
    std::size_t recent_octets = 64 << 20;  ///< Of bodies that are kept in memory, too.
    std::size_t max_waiting = 100'000;     ///< Calls that wait for room in a commit,
    std::size_t max_waiting_octets = 64 << 20; ///< and their octets.
    /// How long the loop looks for the end of a commit, and the store's thread for the next one,
    /// without sleeping: what is asked one at a time is acknowledged sooner. Where that is in vain,
    /// as with a slow disk, they look more and more seldom, down to once in 64 times. 0: never.
    std::chrono::microseconds busy_poll{1000};
    std::size_t max_reads = 10'000;         ///< Bodies to be read for calls,
    std::size_t max_read_octets = 32 << 20; ///< and octets being read at once.
};

/// Counts since the start, then what there is now.
struct service_stats {
    std::uint64_t calls = 0;           ///< To any of the services.
    std::uint64_t malformed = 0;       ///< Calls that make no sense.
    std::uint64_t accepted = 0;        ///< Requests that were acknowledged,
    std::uint64_t duplicates = 0;      ///< and those that were there before.
    std::uint64_t refused = 0;         ///< Calls that the store could not take.
    std::uint64_t closed = 0;          ///< Requests.
    std::uint64_t fetched = 0;         ///< Replies given to clients.
    std::uint64_t dispatched = 0;      ///< Attempts that were begun.
    std::uint64_t answered = 0;        ///< Replies stored.
    std::uint64_t failed_attempts = 0; ///< Which count.
    std::uint64_t not_tried = 0;       ///< Attempts for which there was no worker, or no broker.
    std::uint64_t set_aside = 0;
    std::uint64_t late_replies = 0; ///< To requests that were closed; dropped.
    std::uint64_t lost_replies = 0; ///< That could not be stored; the request is tried again.
    std::uint64_t reads = 0;        ///< Bodies that were not in memory.
    std::uint64_t damaged = 0;      ///< Of them.

    std::size_t services = 0; ///< That have something to do, or had.
    std::size_t queued = 0;   ///< Requests to be dispatched; closed ones may be among them.
    std::size_t running = 0;
    std::size_t waiting = 0; ///< Calls, for room in a commit.
};

} // namespace mizzen::titanic
