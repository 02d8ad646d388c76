// What a Lazy Pirate client decides: when to try again and where, and which reply to believe.
#pragma once

#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/common/service_name.hpp>
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/zmtp/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace mizzen::lazy_pirate {

using patterns::service_name;
using std::chrono::milliseconds;
using zmtp::message;
using zmtp::octets;
using zmtp::peer_id;
using zmtp::time_point;

struct client_options {
    std::string service{};           ///< Of the servers; a request that names another is refused.
    milliseconds timeout{2500};      ///< For a reply to each attempt.
    int retries = 2;                 ///< Rounds after the first; one tries each endpoint once.
    milliseconds deadline{0};        ///< For the whole call, waiting included; 0 is no other limit.
    milliseconds pause{100};         ///< Between rounds: doubles, and is drawn from 0 to all of it.
    milliseconds pause_max{10'000};  ///< That it does not grow beyond.
    milliseconds settle{0};          ///< Least pause before another server is asked than was last.
    bool tagged = false;             ///< Requests carry an id, which the reply has to have as well.
    bool keep_connection = true;     ///< After a reply, for the next request.
    std::size_t max_connections = 1; ///< Requests on their way at once; each has its own.
    std::size_t max_waiting = 1000;  ///< Requests beyond those.
    std::size_t max_waiting_octets = std::size_t{64} << 20;
    option::security security{}; ///< Of its connections.
    patterns::handshake_watch on_handshake_failed{};
};

struct client_stats {
    std::uint64_t requests = 0;    ///< Accepted.
    std::uint64_t attempts = 0;    ///< Times that one was sent.
    std::uint64_t replies = 0;     ///< Believed, failures among them.
    std::uint64_t abandoned = 0;   ///< Given up for want of a reply.
    std::uint64_t cancelled = 0;   ///< By the caller.
    std::uint64_t refused = 0;     ///< For being one too many.
    std::uint64_t malformed = 0;   ///< Messages that are no reply; dropped.
    std::uint64_t mismatched = 0;  ///< Replies to another request's id; dropped.
    std::uint64_t unsolicited = 0; ///< Messages while nothing was asked; they cost the connection.

    std::size_t waiting = 0; ///< For a connection.
    std::size_t waiting_octets = 0;
    std::size_t running = 0; ///< Sent, or about to be sent again.
};

/// One client with up to `max_connections` lanes: connections with one request each. Holds no
/// socket, no clock and no thread. Each request that is accepted ends in exactly one `done`.
///
/// (A) hands something in:  add_endpoint, request, cancel, receive, handle_timeout
/// (B) takes something out: next_action, deadline
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing a server sends throws, save std::bad_alloc when memory is out.
class client_core {
public:
    enum class step : std::uint8_t {
        open,  ///< Connect `lane` to `endpoint`; what is sent may wait in it until it is up.
        send,  ///< `m`, as it goes on the wire, on `lane`.
        close, ///< Close `lane` at once, with whatever waits in it.
        done,  ///< `request` is over: `ec`, and in `m` the reply's body, or a failure's reason.
    };
    struct action {
        step what = step::done;
        std::size_t lane = 0;
        std::size_t endpoint = 0;
        std::uint64_t request = 0;
        message m;
        std::error_code ec;
    };

    /// `seed` makes jitter and request ids; two clients must not have the same.
    client_core(const client_options& options, std::uint64_t seed);
    client_core(client_core&&) noexcept;
    client_core& operator=(client_core&&) noexcept;
    ~client_core();

    /// One more server that may be asked. The first request starts with the first one; later ones
    /// start with the one that answered last.
    void add_endpoint() noexcept;

    /// Starts a request, or has it wait, under a number of the caller's that no other one has.
    ///
    /// Errors  no_endpoint, malformed_request, queue_full. `ec` is cleared otherwise; whatever
    ///         becomes of the request is then told by `done`.
    void request(std::uint64_t number, message&& body, time_point now, std::error_code& ec);
    /// Ends it with `cancelled`; nothing if there is none of that number. If it was sent its
    /// connection closes, since the reply may still come on it.
    void cancel(std::uint64_t number, time_point now);

    /// Takes what came on the connection that was opened last on `lane`.
    void receive(std::size_t lane, message&& m, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] const client_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::lazy_pirate
