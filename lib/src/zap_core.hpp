// What a ZAP client decides: which questions are open, which reply answers which, and when it is
// over.
#pragma once

#include "zap_wire.hpp"
#include <mizzen/authentication.hpp>
#include <mizzen/message.hpp>
#include <mizzen/zap_client.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mizzen::detail {

/// The questions of one client to one handler. Holds no socket, no clock and no thread. Each
/// question ends in exactly one answer, which lets nobody in but by a handler's 200.
///
/// (A) hands something in:  ask, sent, receive, connection_lost, set_trouble, handle_timeout
/// (B) takes something out: next_request, next_answer, deadline
/// After any (A), empty next_answer, send what next_request has, then ask for the deadline. `now`
/// never goes back. Nothing that a handler sends throws, save std::bad_alloc.
class zap_core {
public:
    using time_point = std::chrono::steady_clock::time_point;

    struct answer {
        std::uint64_t question = 0;
        authentication_answer what;
    };

    /// `handler` is what answers call it.
    zap_core(std::string_view handler, const zap_client_options& options);

    /// Returns the number of the question. One too many is answered at once, with 500.
    std::uint64_t ask(const authentication_request& about, time_point now);

    /// The first request that is to be sent; null when there is none. Stays, until it is sent. Sent
    /// is a copy that shares no block with it: this one is wiped when its question is over.
    [[nodiscard]] const message* next_request() const noexcept;
    void sent() noexcept;
    /// A reply to what was sent cannot come any more: all that is open is to be sent again.
    void connection_lost() noexcept;
    /// What keeps the handler from being reached, for the reason of answers; empty: nothing does.
    void set_trouble(std::string_view what) { trouble_ = what; }

    /// Takes what came from the handler.
    void receive(const message& m);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// The next answer, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_answer(answer& out);

    [[nodiscard]] const zap_client_stats& stats() const noexcept { return stats_; }

private:
    struct question {
        message request;
        time_point due;
        question(std::uint64_t number, const authentication_request& about, time_point end)
            : request{zap_request(number, about)}, due{end} {}
        question(const question&) = delete; // which would leave octets behind
        question& operator=(const question&) = delete;
        ~question() { wipe_credentials(request); }
    };
    using questions = std::map<std::uint64_t, question>;

    /// The open question that has been sent; the end when that is none.
    [[nodiscard]] questions::iterator asked(std::optional<std::uint64_t> number) noexcept;
    void end(questions::iterator at, authentication_answer what);
    [[nodiscard]] std::string the_handler() const { return "the ZAP handler at " + handler_; }

    std::string handler_;
    zap_client_options options_;
    questions open_; ///< By number, which is also the order in which they are due.
    std::uint64_t last_ = 0;
    std::uint64_t last_sent_ = 0; ///< On this connection.
    std::uint64_t ever_sent_ = 0;
    std::deque<answer> answers_;
    std::string trouble_;
    zap_fault last_fault_ = zap_fault::none; ///< Of a reply that answers none of them.
    zap_client_stats stats_;
};

} // namespace mizzen::detail
