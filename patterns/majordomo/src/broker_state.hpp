// The broker's records of peers, services and requests, with what is done to them.
#pragma once

#include "broker_records.hpp"
#include "duplicates.hpp"
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/patterns/majordomo/broker_core.hpp>

#include <ring_queue.hpp>

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mizzen::majordomo {

using patterns::ring_queue;

/// Takes everything in front of the body off `m`.
[[nodiscard]] return_path take_return_path(const to_broker& in, message& m);

class broker_core::state {
public:
    state(const broker_options& options, time_point now, std::uint64_t seed);

    void peer_up(peer_id id, std::string_view user);
    void peer_down(peer_id id, time_point now);
    void receive(peer_id from, message&& m, time_point now);
    void refused(peer_id to, message&& m);
    void peer_writable(peer_id id, time_point now);
    void add_internal(std::string_view prefix);
    [[nodiscard]] bool next_call(call& out);
    void answer(std::uint64_t id, message&& body, status outcome, time_point now);
    void end_calls(std::string_view prefix, time_point now);
    std::uint64_t issue(std::string_view service, message&& body, issue_limits limits,
                        time_point now);
    [[nodiscard]] bool next_result(result& out);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    void set_passive(bool passive);
    void drain(milliseconds limit, time_point now);
    void shutdown(time_point now);
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] bool next_output(output& out);
    void replace_rules(std::shared_ptr<const access_rules>&& rules, time_point now);
    [[nodiscard]] bool may_call(std::string_view user, std::string_view service) const noexcept;
    [[nodiscard]] bool may_call(peer_id peer, std::string_view service) const noexcept;
    [[nodiscard]] bool next_refusal(refusal& out);

    broker_stats stats;

private:
    using request_list = intrusive_list<request_record, &request_record::waiting_links>;
    struct name_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    // broker_core.cpp: the outside
    [[nodiscard]] peer_record* find_peer(peer_id id) noexcept;
    void receive_from(peer_record& p, message&& m, time_point now);
    void end_if_drained(time_point now);

    // broker_timers.cpp: what falls due
    void expire_requests(time_point now);
    void expire_workers(time_point now);
    void expire_services(time_point now);
    void beat(time_point now);

    // broker_workers.cpp: registration, life, death
    void on_ready(peer_record& p, const to_broker& in, time_point now);
    void on_partial(peer_record& p, const to_broker& in, message&& m, time_point now);
    void on_reply(peer_record& p, const to_broker& in, message&& m, time_point now);
    void on_heartbeat(peer_record& p, time_point now);
    void on_disconnect(peer_record& p, time_point now);
    void on_nonsense(peer_record& p, std::uint64_t& counter, time_point now);
    void unexpected(peer_record& p, time_point now);
    [[nodiscard]] request_record* job_of(peer_record& w, octets handle, status& outcome) noexcept;
    void send_to_worker(peer_record& w, message&& m, time_point now);
    void heard_from(peer_record& w, time_point now);
    void place(peer_record& w) noexcept;
    void leave_worker(request_record& r) noexcept;
    void remove_worker(peer_record& w, time_point now);
    void disconnect(peer_record& w, time_point now);

    // broker_clients.cpp: what clients may have at once, and take
    void take_on(peer_record& p, request_record& r);
    void let_go(request_record& r);
    void pause_or_resume(peer_record& p);
    void send_or_hold(peer_record& p, message&& m);
    void hold(peer_record& p, message&& m);
    void drop_held(peer_record& p) noexcept;

    // broker_requests.cpp: requests, from their arrival to a worker
    void on_request(peer_record& p, const to_broker& in, message&& m, time_point now);
    void accept(request_record& r, time_point now);
    void refuse_new(peer_record& p, const to_broker& in, message&& m, status why,
                    std::string_view words);
    [[nodiscard]] bool is_full() const noexcept;
    [[nodiscard]] request_record& open_request(service_record* s, return_path&& back,
                                               message&& body);
    void close_request(request_record& r);
    void set_deadline(request_record& r, milliseconds after, time_point now);
    void enqueue(request_record& r, time_point now);
    void unqueue(request_record& r) noexcept;
    void take_back(request_record& r, time_point now);
    void end_queued(std::string_view why);
    void dispatch(service_record& s, time_point now);
    void assign(peer_record& w, request_record& r, time_point now);
    void leave(request_record& r) noexcept;

    // broker_replies.cpp: their ends
    void refuse(peer_record& p, std::string_view service, const return_path& back, status why,
                std::string_view words);
    void reply(peer_record& p, message&& body, const return_path& back, std::string_view service,
               status outcome);
    void send_back(peer_record& p, message&& m, const return_path& back, status outcome);
    void stream(request_record& r, message&& body);
    void tell(request_record& r, status why, std::string_view words);
    void fail(request_record& r, status why, std::string_view words);
    void complete(request_record& r, message&& body, status outcome, time_point now);
    [[nodiscard]] bool answer_duplicate(peer_record& p, const to_broker& in, const request_tag& tag,
                                        message& m, time_point now);

    // broker_access.cpp: who may do what
    void look_up_rights(peer_record& p) const noexcept;
    [[nodiscard]] bool may_call(peer_record& p, service_record* s,
                                std::string_view service) const noexcept;
    [[nodiscard]] static std::string_view owner_of_ids(const peer_record& p) noexcept;
    void refuse_call(peer_record& p, const to_broker& in, message&& m);
    void refuse_worker(peer_record& p, std::string_view service, time_point now);

    // broker_services.cpp: services that come and go
    [[nodiscard]] service_record* find_service(std::string_view name);
    [[nodiscard]] service_record* service_for(peer_record& client, std::string_view name);
    [[nodiscard]] service_record* open_service(std::string_view name);
    void note_if_empty(service_record& s, time_point now) noexcept;
    void forget_service(service_record& s);

    // broker_internal.cpp: services inside; broker_mmi.cpp: the broker's own
    [[nodiscard]] bool reserved(std::string_view service) const noexcept;
    [[nodiscard]] bool serves_inside(std::string_view service) const noexcept;
    void call_internal(peer_record& p, const to_broker& in, message&& m, time_point now);
    [[nodiscard]] message answer_mmi(std::string_view service, const message& body, time_point now);
    void list_services(message& answer, std::string_view prefix);
    void list_workers(message& answer, std::string_view service, time_point now);

    const broker_options options_;
    std::shared_ptr<const access_rules> rules_; // null: none
    const milliseconds silence_;
    bool ended_ = false;
    bool draining_ = false;
    bool passive_ = false;
    std::optional<time_point> drain_ends_;
    patterns::stall_guard guard_;

    std::unordered_map<peer_id, peer_record> peers_;
    peer_record* last_peer_ = nullptr; // the one found last: messages come in runs
    std::size_t stalled_ = 0;          // clients that take nothing
    std::unordered_map<std::string, service_record, name_hash, std::equal_to<>> services_;
    std::uint64_t services_forgotten_ = 0;
    std::vector<std::string> internal_{std::string{mmi_prefix}};
    request_pool requests_;
    duplicates duplicates_;

    // Each in the order in which its items fall due.
    intrusive_list<peer_record, &peer_record::beat_links> beats_;
    intrusive_list<peer_record, &peer_record::silence_links> silences_;
    intrusive_list<service_record, &service_record::empty_links> empty_services_;
    request_list waiting_;
    deadline_heap deadlines_;
    std::vector<execution_class> executions_; // one for each limit that there is

    ring_queue<output> outputs_;
    ring_queue<call> calls_;
    ring_queue<result> results_;
    ring_queue<refusal> refusals_;
};

} // namespace mizzen::majordomo
