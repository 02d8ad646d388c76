// One call of a client, as a sequence of questions to Titanic.
#pragma once

#include <mizzen/patterns/common/back_off.hpp>
#include <mizzen/patterns/titanic/client_options.hpp>
#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::titanic {

using zmtp::message;
using zmtp::time_point;

/// Holds no socket, no clock and no thread: says what to ask and when, and is told the answers.
///
/// Call next to begin with and after each pause, answered after each question. Once it has said
/// done, it is over.
class client_call {
public:
    enum class goal : std::uint8_t {
        submit,  ///< The result is the request's id, as text.
        poll,    ///< The result is the reply, or there is none.
        wait,    ///< The result is the reply.
        close,   ///< The result is empty.
        request, ///< submit, wait and close: the result is the reply.
    };
    struct about {
        goal what = goal::submit;
        std::string service; ///< submit, request.
        message body;        ///< submit, request.
        request_id id{};     ///< Of all but plain submissions.
        milliseconds limit{0};
    };

    enum class step : std::uint8_t { ask, pause, done };
    struct action {
        step what = step::done;
        std::string_view service;   ///< ask
        message body;               ///< ask: the question. done: the result, or why there is none.
        std::optional<int> retries; ///< ask: of this question, if not the client's.
        std::optional<milliseconds> limit; ///< ask: for its answer.
        milliseconds pause{0};             ///< pause
        std::error_code ec;                ///< done
    };

    /// `found` is what all calls of a client know of the server; both outlive the call.
    client_call(about what, const client_options& options, submission& found, std::uint64_t seed,
                time_point now);

    [[nodiscard]] action next(time_point now);
    [[nodiscard]] action answered(std::error_code ec, message&& answer, time_point now);

private:
    enum class phase : std::uint8_t {
        looking_for_submit,
        looking_for_request,
        submitting,
        polling,
        closing,
    };

    [[nodiscard]] action looked(const message& answer, time_point now);
    [[nodiscard]] action submitted(message&& answer, time_point now);
    [[nodiscard]] action polled(message&& answer, time_point now);
    [[nodiscard]] action closed(const message& answer, time_point now);
    [[nodiscard]] action unanswered(std::error_code ec, message&& why, time_point now);
    [[nodiscard]] action ask(std::string_view service, message&& body, time_point now) const;
    /// Asks again for a while, or ends with that error.
    [[nodiscard]] action retry(std::error_code ec, message&& why, time_point now);
    [[nodiscard]] action pause(std::error_code otherwise, message&& why, time_point now);
    [[nodiscard]] action end(std::error_code ec, message&& result = {});

    about about_;
    const client_options& options_;
    submission& found_;
    phase phase_;
    std::optional<time_point> end_;
    int tries_ = 0; ///< In a row that have failed.
    patterns::back_off back_off_;
    message reply_; ///< request: the result, once it is there.
};

} // namespace mizzen::titanic
