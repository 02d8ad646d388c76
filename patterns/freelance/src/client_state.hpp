// What a client knows of its servers and of its requests.
#pragma once

#include "action_queue.hpp"
#include "latency_window.hpp"
#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/freelance/client_core.hpp>

#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mizzen::freelance {

class client_core::state {
public:
    state(const client_options& given, std::uint64_t seed, time_point now);

    [[nodiscard]] server_id add_server();
    void remove_server(server_id id, time_point now);
    void up(server_id id, time_point now);
    void down(server_id id, time_point now);
    void receive(server_id id, message&& m, time_point now);
    std::uint64_t request(message&& body, std::optional<milliseconds> timeout, time_point now,
                          std::error_code& ec);
    void cancel(std::uint64_t number, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    [[nodiscard]] bool next_action(action& out) { return actions_.next(out); }

    client_stats stats;

private:
    using duration = latency_window::duration;

    struct server {
        bool is_up = false;
        std::uint64_t connection = 0; ///< Counts them.
        time_point heard{};
        time_point pinged{};
        bool is_pinged = false;          ///< And nothing was heard of it since.
        duration latency{0};             ///< A moving average; 0 is not known.
        std::set<std::uint64_t> in_hand; ///< Requests that were sent over this connection.
    };
    struct copy {
        server_id to = 0;
        std::uint64_t connection = 0;
        time_point sent{};
    };
    struct call {
        message body;
        std::size_t octets = 0;
        time_point end{};
        time_point another = time_point::max(); ///< When one more server is asked.
        time_point due{};                       ///< Its place in due_.
        std::vector<copy> copies;               ///< On their way, or lost with their connection.
        std::size_t on_their_way = 0;
        std::error_code failed; ///< Why a server did not take it, if one has said so,
        message reason;         ///< and its words.
    };
    using calls = std::unordered_map<std::uint64_t, call>;
    using servers = std::map<server_id, server>;

    [[nodiscard]] bool complex() const noexcept { return options_.how == model::complex; }
    [[nodiscard]] static bool was_sent(const call& c, server_id to, const server& s) noexcept;
    [[nodiscard]] servers::iterator best_for(const call& c) noexcept;
    void ask(calls::iterator at, time_point now);
    void send(calls::iterator at, servers::iterator to, time_point now);
    void leave_connection(servers::iterator at, time_point now);
    void take_reply(servers::iterator from, const call_number& which, message&& m, time_point now);
    void note_latency(server& s, duration took) noexcept;
    void set_due(calls::iterator at);
    void on_due(calls::iterator at, time_point now);
    void finish(calls::iterator at, std::error_code ec, message&& m);
    [[nodiscard]] duration another_delay(bool second) const noexcept;
    void send_ping(servers::iterator at, time_point now);
    void tend_servers(time_point now);
    void look_when_due() noexcept;
    [[nodiscard]] time_point due_of(const server& s) const noexcept;

    client_options options_;
    std::uint64_t seed_;
    patterns::random_numbers random_;
    patterns::stall_guard guard_;
    server_id last_server_ = 0;
    std::uint64_t last_number_ = 0;
    servers servers_; // in the order in which they were added
    calls calls_;
    std::set<std::uint64_t> stranded_; // calls that nobody has, the oldest first
    std::set<std::pair<time_point, std::uint64_t>> due_;
    time_point servers_due_ = time_point::max(); // or earlier than any is
    latency_window latencies_;
    patterns::action_queue<action> actions_;
};

} // namespace mizzen::freelance
