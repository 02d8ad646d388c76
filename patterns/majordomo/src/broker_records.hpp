// What a broker knows of a request, of a peer and of a service.
#pragma once

#include <mizzen/patterns/majordomo/access_rules.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <intrusive_list.hpp>
#include <ring_queue.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::majordomo {

using patterns::intrusive_list;
using patterns::list_links;

struct peer_record;
struct service_record;
struct execution_class;

/// What stood in front of a request's header, to go in front of its reply.
struct return_path {
    dialect spoken;
    std::optional<request_tag> tag;
    std::unique_ptr<message> envelope; ///< Other frames; null when there are none.
};

/// A request from its arrival to its end. Slots are used again, with another generation.
struct request_record {
    enum class phase : std::uint8_t { unused, queued, dispatched, inside };
    static constexpr std::uint32_t none = UINT32_MAX;

    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    phase where = phase::unused;
    bool issued = false;   ///< By a service inside, which is told of its end.
    bool streamed = false; ///< Part of the reply went to the client: it cannot run again.
    int deliveries = 0;
    std::uint32_t duplicate = none;      ///< Its place among the duplicates.
    peer_record* client = nullptr;       ///< Null once it is gone or was answered.
    peer_record* worker = nullptr;       ///< While dispatched.
    service_record* service = nullptr;   ///< Null while inside,
    std::unique_ptr<std::string> inside; ///< where the service is but a name.
    std::size_t octets = 0;
    time_point waits_until{};  ///< While queued, if there is a limit.
    time_point deadline{};     ///< The client's own, if it gave one.
    milliseconds run_limit{0}; ///< An issued one's, at its worker: then the deadline is that.
    time_point given{};        ///< To its worker, if there is an execution limit.
    std::size_t heap_place = SIZE_MAX; ///< In the deadlines; SIZE_MAX when it is not.
    return_path back;
    message body; ///< Kept while it may have to be sent again.
    list_links<request_record> queue_links;
    list_links<request_record> waiting_links;
    list_links<request_record> client_links;
    list_links<request_record> worker_links;
    list_links<request_record> execution_links;

    [[nodiscard]] std::uint64_t handle() const noexcept {
        return (std::uint64_t{generation} << 32) | slot;
    }
    [[nodiscard]] std::string_view name() const noexcept;
};

struct peer_record {
    enum class role : std::uint8_t {
        unknown,
        client,
        unregistered, ///< A worker without READY, or no longer registered.
        registered,
        disconnected, ///< A worker that we told to go: nothing more is heard or said.
    };

    peer_id id = 0;
    role what = role::unknown;
    dialect spoken; ///< Once the role is known.
    std::string user;
    const access_rules::rights* rights = nullptr; ///< Null when there are no rules.

    // A client's:
    bool paused = false;
    bool stalled = false;  ///< Its queue is full; what else there is for it is held.
    std::size_t asked = 0; ///< Requests not answered,
    std::size_t asked_octets = 0;
    intrusive_list<request_record, &request_record::client_links> requests;
    std::unique_ptr<patterns::ring_queue<message>> held;
    std::size_t held_octets = 0;
    service_record* last_service = nullptr; ///< Asked for, as of `services_forgotten`.
    std::uint64_t services_forgotten = 0;
    service_record* granted = nullptr; ///< May be called, as of `granted_as_of`.
    std::uint64_t granted_as_of = 0;
    bool refusal_told = false;

    // A registered worker's:
    bool beats_while_busy = false; ///< Was seen to; only then does silence in a job mean death.
    std::uint32_t credit = 1;
    std::uint32_t in_hand = 0; ///< Requests, also in `jobs`, in the order in which it got them.
    service_record* service = nullptr;
    intrusive_list<request_record, &request_record::worker_links> jobs;
    time_point heard{};
    time_point sent{};
    time_point busy_since{};
    list_links<peer_record> member_links;
    list_links<peer_record> idle_links;
    list_links<peer_record> spare_links;
    list_links<peer_record> beat_links;
    list_links<peer_record> silence_links;

    [[nodiscard]] bool registered() const noexcept { return what == role::registered; }
    [[nodiscard]] bool busy() const noexcept { return in_hand != 0; }
};

struct service_record {
    std::string_view name; ///< The key's.
    std::size_t workers = 0;
    std::size_t queued = 0;
    std::size_t queued_octets = 0;
    std::size_t dispatched = 0;
    std::uint64_t replies = 0;
    execution_class* execution = nullptr; ///< Null without a limit.
    time_point empty_since{};
    intrusive_list<request_record, &request_record::queue_links> queue;
    intrusive_list<peer_record, &peer_record::member_links> members;
    intrusive_list<peer_record, &peer_record::idle_links> idle;   ///< Longest-waiting first.
    intrusive_list<peer_record, &peer_record::spare_links> spare; ///< Busy, and would take more.
    list_links<service_record> empty_links;

    [[nodiscard]] peer_record* free_worker() const noexcept {
        return idle.empty() ? spare.front() : idle.front();
    }
};

inline std::string_view request_record::name() const noexcept {
    return service != nullptr ? service->name : std::string_view{*inside};
}

/// The requests at workers of all services that have the same limit.
struct execution_class {
    milliseconds limit{0};
    intrusive_list<request_record, &request_record::execution_links> running; ///< Oldest first.
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

/// All requests. What closes is opened again first, while the processor still has it at hand.
class request_pool {
public:
    [[nodiscard]] request_record& open();
    void close(request_record& r) noexcept; ///< Changes its generation.
    /// Null unless `handle` is that of an open request.
    [[nodiscard]] request_record* find(std::uint64_t handle) noexcept;
    [[nodiscard]] std::size_t opened() const noexcept { return made_ - unused_.size(); }
    template <class Function> void for_each_open(Function function) {
        for (std::size_t i = 0; i < made_; ++i) {
            request_record& r = at(static_cast<std::uint32_t>(i));
            if (r.where != request_record::phase::unused)
                function(r);
        }
    }

private:
    static constexpr std::size_t chunk_size = 64;
    using chunk = std::array<request_record, chunk_size>;
    [[nodiscard]] request_record& at(std::uint32_t slot) noexcept {
        return (*chunks_[slot / chunk_size])[slot % chunk_size];
    }

    std::vector<std::unique_ptr<chunk>> chunks_;
    std::size_t made_ = 0;
    std::vector<std::uint32_t> unused_;
};

} // namespace mizzen::majordomo
