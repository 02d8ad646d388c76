// The broker's records of peers, services and requests, with what is done to them.
#pragma once

#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/patterns/majordomo/broker_core.hpp>

#include <intrusive_list.hpp>
#include <ring_queue.hpp>

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mizzen::majordomo {

using patterns::intrusive_list;
using patterns::list_links;
using patterns::ring_queue;

struct peer_record;
struct service_record;

/// What stood in front of a request's delimiter, to go in front of its reply.
struct return_path {
    std::optional<request_tag> tag;
    std::unique_ptr<message> envelope; ///< Other frames; null when there are none.
};

/// A request from its arrival to its end. Slots are used again, with another generation.
struct request_record {
    enum class phase : std::uint8_t { unused, queued, dispatched };

    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    phase where = phase::unused;
    int deliveries = 0;
    peer_record* client = nullptr; ///< Null once it is gone or was answered.
    peer_record* worker = nullptr; ///< While dispatched.
    service_record* service = nullptr;
    std::size_t octets = 0;            ///< While queued: what it counts for.
    time_point waits_until{};          ///< While queued, if there is a limit.
    time_point deadline{};             ///< The client's own, if it gave one.
    std::size_t heap_place = SIZE_MAX; ///< In the deadlines; SIZE_MAX when it is not.
    return_path back;
    message body; ///< Kept while it may have to be sent again.
    list_links<request_record> queue_links;
    list_links<request_record> waiting_links;
    list_links<request_record> client_links;

    [[nodiscard]] std::uint64_t handle() const noexcept {
        return (std::uint64_t{generation} << 32) | slot;
    }
};

struct peer_record {
    enum class role : std::uint8_t {
        unknown,
        client,
        unregistered, ///< A worker without READY, or no longer registered.
        idle,
        busy,
        disconnected, ///< A worker that we told to go: nothing more is heard or said.
    };

    peer_id id = 0;
    role what = role::unknown;
    // A client's:
    intrusive_list<request_record, &request_record::client_links> requests;
    // A registered worker's:
    bool beats_while_busy = false; ///< Was seen to; only then does silence in a job mean death.
    service_record* service = nullptr;
    request_record* current = nullptr;
    time_point heard{};
    time_point sent{};
    time_point busy_since{};
    list_links<peer_record> idle_links;
    list_links<peer_record> beat_links;
    list_links<peer_record> silence_links;

    [[nodiscard]] bool registered() const noexcept {
        return what == role::idle || what == role::busy;
    }
};

struct service_record {
    std::string_view name; ///< The key's.
    std::size_t workers = 0;
    std::size_t queued = 0;
    std::size_t queued_octets = 0;
    time_point empty_since{};
    intrusive_list<request_record, &request_record::queue_links> queue;
    intrusive_list<peer_record, &peer_record::idle_links> idle; ///< Longest-waiting first.
    list_links<service_record> empty_links;
};

/// Requests with a deadline of their own: a binary heap that knows each one's place.
class deadline_heap {
public:
    [[nodiscard]] request_record* front() const noexcept {
        return items_.empty() ? nullptr : items_.front();
    }
    void insert(request_record& r);
    void remove(request_record& r) noexcept; ///< Nothing if it is not here.

private:
    void put(std::size_t place, request_record* r) noexcept;
    void rise(std::size_t place) noexcept;
    void sink(std::size_t place) noexcept;

    std::vector<request_record*> items_;
};

class broker_core::state {
public:
    state(const broker_options& options, time_point now);

    void peer_up(peer_id id);
    void peer_down(peer_id id, time_point now);
    void receive(peer_id from, message&& m, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    void shutdown(time_point now);
    [[nodiscard]] bool next_output(output& out);

    broker_stats stats;

private:
    using request_list = intrusive_list<request_record, &request_record::waiting_links>;
    struct name_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    // broker_core.cpp: the outside
    void send(peer_id to, message&& m);
    void expire_requests(time_point now);
    void expire_workers(time_point now);
    void expire_services(time_point now);
    void beat(time_point now);

    // broker_workers.cpp: registration, life, death
    void on_ready(peer_record& p, std::string_view service, time_point now);
    void on_reply(peer_record& p, octets handle, std::size_t head, message&& m, time_point now);
    void on_heartbeat(peer_record& p, time_point now);
    void on_disconnect(peer_record& p, time_point now);
    void on_nonsense(peer_record& p, std::uint64_t& counter, time_point now);
    void unexpected(peer_record& p, time_point now);
    void send_to_worker(peer_record& w, message&& m, time_point now);
    void heard_from(peer_record& w, time_point now);
    void make_idle(peer_record& w, time_point now);
    void remove_worker(peer_record& w, time_point now);
    void disconnect(peer_record& w, time_point now);

    // broker_requests.cpp: requests, replies
    void on_request(peer_record& p, const to_broker& in, message&& m, time_point now);
    void answer_mmi(peer_record& p, std::string_view service, const return_path& back,
                    std::string_view argument);
    void refuse(peer_record& p, std::string_view service, const return_path& back, status why,
                std::string_view words);
    void reply(peer_record& p, message&& body, const return_path& back, std::string_view service,
               status outcome);
    [[nodiscard]] request_record& open_request();
    void close_request(request_record& r) noexcept;
    void fail(request_record& r, status why, std::string_view words);
    void complete(request_record& r, message&& body, status outcome);
    void enqueue(request_record& r, time_point now);
    void unqueue(request_record& r) noexcept;
    void take_back(request_record& r, time_point now);
    void forget_client(request_record& r) noexcept;
    void dispatch(service_record& s, time_point now);
    void assign(peer_record& w, request_record& r, time_point now);

    // broker_services.cpp: services that come and go
    [[nodiscard]] service_record* find_service(std::string_view name);
    [[nodiscard]] service_record* open_service(std::string_view name);
    void note_if_empty(service_record& s, time_point now) noexcept;
    void forget_service(service_record& s);

    const broker_options options_;
    const milliseconds silence_;
    bool ended_ = false;
    patterns::stall_guard guard_;

    std::unordered_map<peer_id, peer_record> peers_;
    std::unordered_map<std::string, service_record, name_hash, std::equal_to<>> services_;
    std::deque<request_record> requests_;
    std::vector<std::uint32_t> unused_requests_;

    // Each in the order in which its items fall due.
    intrusive_list<peer_record, &peer_record::beat_links> beats_;
    intrusive_list<peer_record, &peer_record::silence_links> silences_;
    intrusive_list<service_record, &service_record::empty_links> empty_services_;
    request_list waiting_;
    deadline_heap deadlines_;

    ring_queue<output> outputs_;
};

} // namespace mizzen::majordomo
