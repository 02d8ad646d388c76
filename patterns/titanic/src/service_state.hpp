// What Titanic's services know of calls, services and attempts, and what is done to them.
#pragma once

#include "id_table.hpp"
#include "recent_bodies.hpp"
#include <mizzen/patterns/common/back_off.hpp>
#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/titanic/service_core.hpp>

#include <intrusive_list.hpp>
#include <ring_queue.hpp>

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

namespace mizzen::titanic {

/// A service that requests are for.
struct target_service {
    target_service(std::string_view key, const patterns::back_off& waits)
        : name{key}, pause{waits} {}

    std::string_view name;        ///< The key's.
    std::deque<request_id> queue; ///< To be dispatched; those that were closed are passed over.
    std::size_t running = 0;
    std::size_t octets = 0;     ///< Of those that run.
    std::size_t references = 0; ///< Of acknowledgements and pauses that are to come.
    bool alive = false;   ///< Its workers were seen to take a request, since one was not tried.
    bool pausing = false; ///< None is tried until its pause is over.
    patterns::back_off pause;
    patterns::list_links<target_service> ready_links;

    [[nodiscard]] bool in_use() const noexcept {
        return !queue.empty() || running != 0 || references != 0;
    }
};

/// An attempt, from before its request's body is read until its outcome is in the store.
struct attempt {
    target_service* to = nullptr;
    std::size_t octets = 0;
    message reply;
};

class service_core::state {
public:
    state(const service_options& options, store& kept, id_source new_id, std::uint64_t seed,
          service_moment at);

    void call(std::uint64_t call, std::string_view service, message&& body, service_moment at);
    void attempt_ended(std::uint64_t token, attempt_end how, message&& body, service_moment at);
    void read_ended(std::uint64_t which, const std::vector<std::byte>& body, std::error_code ec,
                    service_moment at);
    void commit_ended(service_moment at);
    void handle_timeout(service_moment at);
    void drain(service_moment at);
    [[nodiscard]] bool next_answer(answer& out);
    [[nodiscard]] bool next_dispatch(dispatch& out);
    [[nodiscard]] bool next_read(read& out);
    [[nodiscard]] commit_job* next_commit(service_moment at);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    [[nodiscard]] bool idle() const noexcept;

    service_stats stats;

private:
    using place = id_table<attempt>::place;
    enum class done : std::uint8_t {
        yes,
        when_committed, ///< The store is busy: again after the next commit.
        when_room,      ///< The disk is full: again, but nobody else has to wait for it.
    };
    /// Something that is true once `at` is released.
    struct acknowledgement {
        ticket at = 0;
        std::uint64_t call = 0;
        request_id id{};
        target_service* to = nullptr; ///< Of a new request, which is then to be dispatched.
        bool names_id = false;        ///< The answer does.
    };
    struct waiting_call {
        std::uint64_t call = 0;
        std::string service;
        message body;
    };
    /// A change that follows from an attempt, and has to wait.
    struct change {
        enum class kind : std::uint8_t { reply, failure, set_aside };
        kind what = kind::reply;
        place of = 0;
    };
    struct pause {
        time_point until{};
        request_id id{}; ///< To be tried again,
        target_service* to = nullptr;
        bool of_service = false; ///< unless it is the service itself.
        friend bool operator>(const pause& a, const pause& b) noexcept { return a.until > b.until; }
    };
    struct pending_read {
        std::uint64_t call = 0;    ///< A reply's, or
        std::uint64_t attempt = 0; ///< a request's: its token.
        std::size_t octets = 0;
        std::uint32_t generation = 0;
        body_reader from;
    };
    struct name_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    // service_calls.cpp: what clients ask
    void reply(std::uint64_t call, message&& body);
    void reply(std::uint64_t call, service_status what, std::string_view text = {});
    void wait(std::uint64_t call, std::string_view service, message&& body);
    [[nodiscard]] bool take(std::uint64_t call, const service_call& what, message& body,
                            service_moment at);
    [[nodiscard]] bool take_request(std::uint64_t call, const service_call& what, message& body,
                                    service_moment at);
    void accept(std::uint64_t call, const request_id& id, ticket mine, std::string_view target,
                std::size_t head, message& body);
    void repeat(std::uint64_t call, const request_id& id);
    [[nodiscard]] bool refuse(std::uint64_t call, std::error_code ec);
    [[nodiscard]] bool take_close(std::uint64_t call, const request_id& id);
    void fetch(std::uint64_t call, const request_id& id);

    // service_commits.cpp: what becomes true, and what has waited for it
    void acknowledge_at(acknowledgement what);
    void acknowledge();
    void give_up();
    void try_changes(service_moment at);
    void try_waiting(service_moment at);
    [[nodiscard]] done apply(const change& what, service_moment at);
    void change_or_wait(change what, service_moment at);
    [[nodiscard]] done store_reply(place of, service_moment at);
    [[nodiscard]] done count_failure(place of, service_moment at);
    [[nodiscard]] done set_aside(place of);

    // service_dispatch.cpp: what is sent to services
    [[nodiscard]] target_service& service_named(std::string_view name);
    void forget_services();
    void enqueue(target_service& s, const request_id& id);
    void trim_queues();
    void note_ready(target_service& s);
    [[nodiscard]] bool may_start(const target_service& s) const noexcept;
    void start_attempts();
    void start_next_of(target_service& s);
    void send(place of, message&& body);
    void not_tried(place of, service_moment at);
    void pause_until(const pause& what);
    void end_pauses(time_point now);
    void end(place of) noexcept;

    // service_reads.cpp: bodies that are not in memory
    void read_body(std::uint64_t call, std::uint64_t attempt, const request_id& id,
                   std::size_t size, std::error_code& ec);
    void start_reads();
    void read_for_call(std::uint64_t call, message&& body, std::error_code ec);
    void read_for_attempt(std::uint64_t token, message&& body, std::error_code ec,
                          service_moment at);

    const service_options options_;
    store& store_;
    id_source new_id_;
    patterns::random_numbers random_;
    service_moment at_{}; // the last that was told
    bool draining_ = false;

    std::unordered_map<std::string, target_service, name_hash, std::equal_to<>> services_;
    std::size_t forget_above_ = 1024; // services
    patterns::intrusive_list<target_service, &target_service::ready_links> ready_;
    std::size_t trim_above_ = 0; // queued
    id_table<attempt> running_;
    std::size_t running_octets_ = 0;
    std::vector<pause> pauses_; // a heap

    stored_pieces pieces_;
    recent_bodies recent_;
    patterns::ring_queue<acknowledgement> acknowledgements_; // by their tickets
    ticket last_acknowledged_ = 0;
    ticket last_close_ = 0;
    bool blocked_ = false; // the store was busy, and no commit has ended since
    patterns::ring_queue<change> changes_;
    patterns::ring_queue<waiting_call> waiting_;
    std::size_t waiting_octets_ = 0;

    std::vector<pending_read> reads_;
    std::vector<std::uint32_t> unused_reads_;
    patterns::ring_queue<std::uint32_t> reads_to_start_;
    std::size_t reads_of_calls_ = 0;
    std::size_t octets_being_read_ = 0;

    patterns::ring_queue<answer> answers_;
    patterns::ring_queue<dispatch> dispatches_;
    patterns::ring_queue<read> reads_out_;
};

} // namespace mizzen::titanic
