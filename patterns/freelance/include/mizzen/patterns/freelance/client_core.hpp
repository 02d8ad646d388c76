// What a Freelance client decides: whom to ask, whom to ask as well, and which reply to take.
#pragma once

#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/common/service_name.hpp>
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/patterns/freelance/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace mizzen::freelance {

using patterns::service_name;
using std::chrono::milliseconds;
using zmtp::time_point;

/// Which server model 3 asks first, of those that live.
enum class preference : std::uint8_t {
    order,   ///< The one that was added first.
    latency, ///< The one that answers soonest; now and then another, to know of it.
};

struct client_options {
    std::string service{}; ///< Of the servers; a request that names another is refused.
    model how = model::complex;
    milliseconds timeout{3000}; ///< From when a request is made to its reply.
    /// Model 3: until one more server is asked, while none has replied. 0 is never.
    milliseconds another_after{1000};
    /// Model 3: that is sooner, after the time in which 95 of 100 replies came.
    bool hedge = false;
    preference prefer = preference::order;
    milliseconds ping{500}; ///< Silence after which a server is asked whether it lives. Model 2
    milliseconds ttl{1500}; ///< does it by ZMTP's heartbeats. And after which it is taken for dead.
    std::size_t max_outstanding = 1000;             ///< Requests that are not over,
    std::size_t max_octets = std::size_t{64} << 20; ///< and their octets; more are refused.
    option::security security{};                    ///< Of its connections to all servers.
    patterns::handshake_watch on_handshake_failed{};
};

struct client_stats {
    std::uint64_t requests = 0;  ///< Accepted.
    std::uint64_t refused = 0;   ///< For being one too many.
    std::uint64_t copies = 0;    ///< Sent, at least one a request.
    std::uint64_t hedged = 0;    ///< Of these, beside one that was still on its way.
    std::uint64_t replies = 0;   ///< Believed, failures among them.
    std::uint64_t late = 0;      ///< Replies to what is over; dropped.
    std::uint64_t malformed = 0; ///< Messages that are no reply; dropped.
    std::uint64_t abandoned = 0; ///< Given up for want of a reply.
    std::uint64_t cancelled = 0; ///< By the caller.
    std::uint64_t pings = 0;
    std::uint64_t expired = 0; ///< Servers that were taken for dead.

    std::size_t outstanding = 0;
    std::size_t octets = 0;
    std::size_t servers = 0;
    std::size_t alive = 0; ///< Of them.
};

/// One client of several servers that are all alike. Holds no socket, no clock and no thread.
///
/// A request is sent to a server that is there, once over each connection at most; what a
/// connection that is lost had is sent to another one. A reply is taken from whoever was sent the
/// request, the first that comes.
///
/// (A) hands something in:  add_server, remove_server, up, down, receive, request, cancel,
///                          handle_timeout
/// (B) takes something out: next_action, deadline
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing a server sends throws, save std::bad_alloc when memory is out.
class client_core {
public:
    using server_id = std::uint64_t; ///< Never used again.

    enum class step : std::uint8_t {
        open,  ///< Connect to `server`, which was just added, and keep connected.
        send,  ///< `m`, as it goes on the wire, to `server`, over the connection that is there.
        reset, ///< Leave the connection to `server`, with whatever waits in it, and connect anew.
        close, ///< `server` was removed.
        done,  ///< `request` is over: `ec`, and in `m` the reply's body, or a failure's reason.
    };
    struct action {
        step what = step::done;
        server_id server = 0;
        std::uint64_t request = 0;
        message m;
        std::error_code ec;
    };

    /// `seed` is in every request; two clients of a server must not have the same.
    client_core(const client_options& options, std::uint64_t seed, time_point now);
    client_core(client_core&&) noexcept;
    client_core& operator=(client_core&&) noexcept;
    ~client_core();

    [[nodiscard]] server_id add_server();
    /// What it was sent is sent to others.
    void remove_server(server_id server, time_point now);

    /// A connection is there, its handshake done; it is gone.
    void up(server_id server, time_point now);
    void down(server_id server, time_point now);
    /// Takes what came over it.
    void receive(server_id server, message&& m, time_point now);

    /// Starts a request. Returns its number, which is never 0 and not used again. `timeout` is
    /// instead of the option's.
    ///
    /// Errors  no_endpoint, malformed_request, too_many_requests; the result is then 0. `ec` is
    ///         cleared otherwise, and whatever becomes of the request is told by `done`, once.
    std::uint64_t request(message&& body, std::optional<milliseconds> timeout, time_point now,
                          std::error_code& ec);
    /// Ends it with `cancelled`; nothing if it is over.
    void cancel(std::uint64_t request, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] const client_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::freelance
