// What a Majordomo client decides: when to send again, and which reply to believe.
#pragma once

#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::majordomo {

struct client_options {
    milliseconds timeout{2500}; ///< For a reply, each time the request is sent.
    int retries = 2;            ///< Times it is sent again.
    bool aware = false;         ///< The broker knows request tags: mmi.broker lists "M1".
    milliseconds deadline{0};   ///< Told to a broker that knows tags; 0 is none.
};

struct client_stats {
    std::uint64_t requests = 0;
    std::uint64_t resent = 0;
    std::uint64_t replies = 0;    ///< Believed, failures among them.
    std::uint64_t malformed = 0;  ///< Messages that are no Majordomo; dropped.
    std::uint64_t mismatched = 0; ///< Replies to something else than was asked; dropped.
};

/// One client, with one request at a time: plain Majordomo has no number to tell replies apart.
/// Holds no socket, no clock and no thread.
///
/// (A) hands something in:  request, cancel, receive, handle_timeout, set_aware
/// (B) takes something out: next_action, deadline
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing the broker sends throws, save std::bad_alloc when memory is out.
class client_core {
public:
    enum class step : std::uint8_t {
        open,  ///< Open a connection; what is sent may wait in it until it is up.
        send,  ///< `m`, as it goes on the wire.
        close, ///< Close the connection at once, with whatever waits in it.
        done,  ///< The request is over: `ec`, and in `m` the reply's body, or a failure's reason.
    };
    struct action {
        step what = step::done;
        message m;
        std::error_code ec;
    };

    /// `seed` makes request ids; two clients of one broker must not have the same.
    client_core(const client_options& options, std::uint64_t seed);

    /// Starts a request.
    ///
    /// Errors  malformed_request, request_pending. `ec` is cleared otherwise; whatever becomes of
    ///         the request is then told by `done`.
    void request(std::string_view service, message&& body, time_point now, std::error_code& ec);
    /// Ends it with `cancelled`. The connection closes, since the reply may still come on it.
    void cancel();

    /// Whether requests from now on have a tag.
    void set_aware(bool aware) noexcept { options_.aware = aware; }

    /// Takes what came on the connection that was opened last.
    void receive(message&& m, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] bool pending() const noexcept { return pending_; }
    [[nodiscard]] const client_stats& stats() const noexcept { return stats_; }

private:
    void send_request(time_point now);
    void drop_connection();
    void finish(std::error_code ec, message&& m);
    [[nodiscard]] request_tag make_tag() noexcept;

    client_options options_;
    std::uint64_t seed_;
    std::uint64_t tags_made_ = 0;
    bool connected_ = false; ///< `open` was said, and `close` not since.
    bool pending_ = false;
    int sent_ = 0; ///< Times the present request was.
    std::string service_;
    std::optional<request_tag> tag_;
    message kept_; ///< The request as sent, for the next time.
    time_point reply_due_{};
    std::vector<action> actions_;
    std::size_t next_action_ = 0;
    client_stats stats_;
};

} // namespace mizzen::majordomo
