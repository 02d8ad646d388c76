// What a client knows: its requests, its links and its brokers.
#pragma once

#include "due_list.hpp"
#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/majordomo/client_core.hpp>

#include <intrusive_list.hpp>
#include <ring_queue.hpp>

#include <deque>
#include <string>
#include <vector>

namespace mizzen::majordomo {

using patterns::intrusive_list;
using patterns::ring_queue;

class client_core::state {
public:
    state(const client_options& options, std::uint64_t seed);

    void add_broker() { ++brokers_; }
    std::uint64_t request(std::string_view service, message&& body, const request_options& wanted,
                          time_point now, std::error_code& ec);
    void cancel(std::uint64_t number, time_point now);
    void receive(std::uint32_t link, message&& m, time_point now);
    void link_lost(std::uint32_t link, time_point now);
    void link_refused(std::uint32_t link, time_point now);
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);
    [[nodiscard]] bool next_action(action& out);
    [[nodiscard]] std::size_t pending() const noexcept { return pending_; }
    [[nodiscard]] const client_stats& stats() const noexcept { return stats_; }

private:
    static constexpr std::uint32_t no_link = ~std::uint32_t{0};

    /// One request. Those that wait are in waiting_, those on the shared link in sent_.
    struct record {
        enum class phase : std::uint8_t { over, waiting, sent, pausing };

        std::uint64_t number = 0;
        phase at = phase::over;
        bool streaming = false; ///< A part of the reply has come: never sent again.
        bool ends = false;      ///< `end` says when it is abandoned, whatever else.
        bool patient = false;   ///< `end` is not the caller's, and counts from the first sending.
        bool in_parts = false;  ///< Parts are wanted, of one attempt alone.
        std::uint64_t attempt = 0;       ///< The last one that has an id of its own.
        std::uint64_t heard_attempt = 0; ///< Whose parts have come, if streaming.
        int times_sent = 0;
        int timeouts = 0;
        int retries = 0;
        std::uint32_t link = 0; ///< Its own one, or no_link.
        std::size_t octets = 0;
        milliseconds timeout{};
        time_point sent{};
        time_point end{};
        std::string service;
        message kept; ///< The request, without a tag.
        list_links<record> order;
        due_links<record> timer;
    };
    using record_list = intrusive_list<record, &record::order>;

    struct connection {
        bool open = false;
        std::uint32_t broker = 0;
        std::uint64_t request = 0; ///< That has it for itself, or 0.
        time_point heard{};
    };

    /// What is known of the present broker, or about to be.
    enum class mode : std::uint8_t {
        unasked,
        asking,  ///< mmi.broker is on its way on probe_, and requests wait.
        pausing, ///< No broker could be had; from resume_at_ on they are asked again.
        aware,   ///< Of tags: shared_ has all requests.
        plain,
        silent, ///< No broker has answered: taken for plain ones, until there is a sign of life.
    };

    // Requests.
    [[nodiscard]] record* find(std::uint64_t number) noexcept;
    [[nodiscard]] record* find(const request_tag& tag) noexcept;
    [[nodiscard]] static std::uint64_t attempt_of(const record& r, const request_tag& tag) noexcept;
    [[nodiscard]] record& take_record();
    [[nodiscard]] std::error_code admit(std::string_view service, const message& body) noexcept;
    void give_out(time_point now);
    [[nodiscard]] bool give_out(record& r, time_point now);
    void send(record& r, std::uint32_t link, time_point now);
    void wait_again(record& r);
    void set_end(record& r, time_point now) noexcept;
    void set_timer(record& r, time_point due);
    void on_due(record& r, time_point now);
    void pause(record& r, time_point now);
    void resume(record& r, time_point now);
    void take_reply(record& r, const to_client& in, message&& m, time_point now);
    void finish(record& r, std::error_code ec, message&& m);
    [[nodiscard]] request_tag make_tag(const record& r, time_point now) const noexcept;
    [[nodiscard]] milliseconds delay(int times) noexcept;

    // Links and brokers.
    [[nodiscard]] std::uint32_t open_link();
    void close_link(std::uint32_t link);
    [[nodiscard]] std::uint32_t free_lane();
    void ask(time_point now);
    void learn(const to_client& in, const message& m, time_point now);
    void on_no_answer(time_point now);
    void check_shared(time_point now);
    void leave_broker(time_point now);
    void next_broker() noexcept;
    void lose_lane(connection& lost, time_point now);
    void send_probe(std::uint32_t link);

    [[nodiscard]] dialect spoken() const noexcept {
        return options_.protocol == dialect::version::mdp01 ? mdp01 : mdp02;
    }
    void push(step what, std::uint32_t link, std::uint64_t request, message&& m = {},
              std::error_code ec = {});

    client_options options_;
    std::uint64_t seed_; // of the ids
    patterns::random_numbers random_;
    std::uint64_t serial_ = 0;

    std::deque<record> records_;
    std::vector<record*> unused_;
    std::size_t pending_ = 0;
    std::size_t octets_ = 0;
    std::size_t outstanding_ = 0; // sent, or pausing after that
    std::size_t waits_ = 0;
    record_list waiting_;
    record_list sent_; // on shared_
    due_list<record, &record::timer> timers_;

    std::vector<connection> links_;
    std::vector<std::uint32_t> closed_; // links to be opened again
    std::vector<std::uint32_t> idle_;   // lanes without a request
    std::size_t lanes_ = 0;
    std::uint32_t brokers_ = 0;
    std::uint32_t present_ = 0;
    mode mode_ = mode::unasked;
    std::uint32_t shared_ = no_link;
    std::uint32_t probe_ = no_link;
    std::optional<time_point>
        probe_due_; // of mmi.broker on probe_, or on shared_ if that is silent
    time_point resume_at_{};
    std::uint32_t unanswered_ = 0; // brokers in a row
    bool ever_aware_ = false;
    bool ids_known_ = false; // the aware broker looks at them

    ring_queue<action> actions_;
    client_stats stats_;
};

} // namespace mizzen::majordomo
