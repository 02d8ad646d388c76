// The queue's records of clients, workers and requests, with what is done to them.
#pragma once

#include "action_queue.hpp"
#include "envelope.hpp"
#include "intrusive_list.hpp"
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/patterns/paranoid_pirate/queue_core.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mizzen::paranoid_pirate {

using patterns::intrusive_list;
using patterns::list_links;
using patterns::status;

struct client_record;
struct worker_record;

/// A request from its arrival to its end. Slots are used again, with another generation.
struct request_record {
    enum class phase : std::uint8_t { unused, waiting, dispatched };

    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    phase where = phase::unused;
    int deliveries = 0;
    client_record* client = nullptr; ///< Null once it is gone.
    std::size_t octets = 0;          ///< While it waits: what it counts for.
    time_point waits_until = time_point::max();
    time_point deadline = time_point::max(); ///< The client's own, if its tag has one.
    patterns::envelope back;
    message body; ///< Kept while it may have to be sent again.
    list_links<request_record> queue_links;
    list_links<request_record> expiry_links;
    list_links<request_record> client_links;

    [[nodiscard]] std::uint64_t handle() const noexcept {
        return (std::uint64_t{generation} << 32) | slot;
    }
};

struct client_record {
    peer_id id = 0;
    bool paused = false;
    std::size_t waiting = 0;
    intrusive_list<request_record, &request_record::client_links> requests;
    list_links<client_record> paused_links;
};

struct worker_record {
    enum class phase : std::uint8_t {
        unregistered, ///< Before READY, or after it was given up.
        free,
        busy,
    };

    peer_id id = 0;
    phase what = phase::unregistered;
    dialect speaks = dialect::binary;
    bool beats_in_job = false; ///< Was seen to; only then does silence in this job mean death.
    request_record* job = nullptr;
    /// Of the job in which it was given up, with the simple protocol: the handle of its reply.
    std::optional<std::uint64_t> owes;
    time_point heard{}; ///< A job counts as a sign of life.
    time_point sent{};
    time_point busy_since{};
    list_links<worker_record> free_links;
    list_links<worker_record> beat_links;
    list_links<worker_record> silence_links;
    list_links<worker_record> job_links;
};

class queue_core::state {
public:
    state(const queue_options& options, time_point now);

    // queue_core.cpp: what comes in, and when something is due
    void from_client(peer_id client, message&& m, time_point now);
    void from_worker(peer_id worker, message&& m, time_point now);
    void client_down(peer_id client, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    void drain() noexcept { draining_ = true; }
    [[nodiscard]] bool drained() const noexcept {
        return ended_ || (draining_ && stats.waiting == 0 && stats.dispatched == 0);
    }
    void shutdown() noexcept;
    [[nodiscard]] bool next_action(action& out) { return actions_.next(out); }

    // queue_workers.cpp: a worker's life
    void worker_down(peer_id worker, time_point now);

    queue_stats stats;

private:
    // queue_workers.cpp
    void on_ready(worker_record& w, dialect spoken, time_point now);
    void on_heartbeat(worker_record& w, time_point now);
    void on_reply(worker_record& w, const to_queue& in, message&& m, time_point now);
    void on_late_reply(worker_record& w, const to_queue& in, time_point now);
    void on_nonsense(worker_record& w, time_point now);
    void unregister(worker_record& w, time_point now);
    void make_free(worker_record& w, time_point now);
    void heard_from(worker_record& w, time_point now);
    void send_to_worker(worker_record& w, message&& m, time_point now);
    void expire_workers(time_point now);
    void beat(time_point now);
    [[nodiscard]] bool beats() const noexcept { return options_.heartbeat.count() > 0; }

    // queue_requests.cpp: a request's life
    [[nodiscard]] request_record& open_request();
    void close_request(request_record& r) noexcept;
    void enqueue(request_record& r, time_point now);
    void unqueue(request_record& r);
    void dispatch(time_point now);
    void assign(worker_record& w, request_record& r, time_point now);
    void take_back(request_record& r, time_point now);
    void complete(request_record& r, message&& body, status outcome);
    void fail(request_record& r, status why, std::string_view words);
    void refuse(peer_id client, const patterns::envelope& back, status why, std::string_view words);
    void reply(peer_id client, message&& body, const patterns::envelope& back, status outcome);
    void forget_client(request_record& r) noexcept;
    void expire_requests(time_point now);
    void hold_up(client_record& c);
    void note_if_content(client_record& c) noexcept;
    void let_on(client_record& c);
    void let_others_on();
    [[nodiscard]] bool full() const noexcept {
        return stats.waiting >= options_.max_waiting ||
               stats.waiting_octets >= options_.max_waiting_octets;
    }

    queue_options options_;
    const milliseconds silence_;
    const std::uint64_t salt_; ///< In each handle: those of a queue before this one are others.
    bool draining_ = false;
    bool ended_ = false;
    patterns::stall_guard guard_;

    std::unordered_map<peer_id, client_record> clients_;
    std::unordered_map<peer_id, worker_record> workers_;
    std::deque<request_record> requests_;
    std::vector<std::uint32_t> unused_requests_;

    intrusive_list<request_record, &request_record::queue_links> queue_;
    intrusive_list<worker_record, &worker_record::free_links> free_;     // longest free first
    intrusive_list<client_record, &client_record::paused_links> paused_; // that may go on
    // Each in the order in which its items fall due.
    intrusive_list<request_record, &request_record::expiry_links> expiries_;
    intrusive_list<worker_record, &worker_record::beat_links> beats_;
    intrusive_list<worker_record, &worker_record::silence_links> silences_;
    intrusive_list<worker_record, &worker_record::job_links> jobs_; // of silent workers

    patterns::action_queue<action> actions_;
};

} // namespace mizzen::paranoid_pirate
