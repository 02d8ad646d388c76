// What a Majordomo client decides: which broker is asked, what is sent again, which reply to
// believe.
#pragma once

#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

namespace mizzen::majordomo {

/// One client, with any number of requests at a time. Holds no socket, no clock and no thread.
///
/// It has links, which are connections: to a broker that knows request tags (`mmi.broker` lists
/// "M1") a single one, on which replies may come in any order; to any other one for each request
/// that is on its way, since plain Majordomo has no number to tell replies apart. A broker that is
/// lost, or silent, is left for the next one in the list, and the requests go there.
///
/// (A) hands something in:  add_broker, request, cancel, receive, link_lost, link_refused,
///                          handle_timeout
/// (B) takes something out: next_action, deadline
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing the broker sends throws, save std::bad_alloc when memory is out.
class client_core {
public:
    enum class step : std::uint8_t {
        open,    ///< Open `link` to `broker`; what is sent may wait in it until it is up.
        send,    ///< `m` on `link`, as it goes on the wire.
        close,   ///< Close `link` at once, with whatever waits in it; its number is used again.
        partial, ///< `m` is a part of the body of `request`'s reply, and more will come.
        done,    ///< `request` is over: `ec`, and in `m` the reply's body, or a failure's reason.
    };
    struct action {
        step what = step::done;
        std::uint32_t link = 0;
        std::uint32_t broker = 0; ///< In the order of add_broker, from 0.
        std::uint64_t request = 0;
        message m;
        std::error_code ec;
    };

    /// `seed` makes request ids; two clients of one broker must not have the same.
    client_core(const client_options& options, std::uint64_t seed);
    client_core(client_core&&) noexcept;
    client_core& operator=(client_core&&) noexcept;
    ~client_core();

    /// One more to turn to. There is to be one before the first request.
    void add_broker();

    /// Starts a request. Returns its number, which is never 0 and is not used again.
    ///
    /// Errors  malformed_request, too_many_requests; the result is then 0 and the body lost. `ec`
    ///         is cleared otherwise, and whatever becomes of the request is told by `done`, once.
    std::uint64_t request(std::string_view service, message&& body, const request_options& wanted,
                          time_point now, std::error_code& ec);
    /// Ends a request that is not over with `cancelled`.
    void cancel(std::uint64_t request, time_point now);

    /// Takes what came on a link that is open.
    void receive(std::uint32_t link, message&& m, time_point now);
    /// A connection that was up has gone; one could not be had. Links that whoever holds them
    /// brings up again by himself may be left out.
    void link_lost(std::uint32_t link, time_point now);
    void link_refused(std::uint32_t link, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_action(action& out);

    /// Requests that are not over.
    [[nodiscard]] std::size_t pending() const noexcept;
    [[nodiscard]] const client_stats& stats() const noexcept;

    /// Requests that are not over have different slots, all small numbers.
    [[nodiscard]] static constexpr std::size_t slot_of(std::uint64_t request) noexcept {
        return request & (max_slots - 1);
    }
    static constexpr std::size_t max_slots = std::size_t{1} << 20;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::majordomo
