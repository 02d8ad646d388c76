// What a Freelance server decides: which request runs when, and what is told to whom.
#pragma once

#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/patterns/freelance/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace mizzen::freelance {

using std::chrono::milliseconds;
using zmtp::peer_id;
using zmtp::time_point;

struct server_options {
    model how = model::complex;
    std::size_t max_running = 64; ///< Requests at the handler at once; more wait,
    std::size_t max_waiting = 1000;
    std::size_t max_waiting_octets = std::size_t{64} << 20; ///< and more than those are refused.
    std::size_t max_envelope = 8; ///< Model 2: frames before a request's empty delimiter.
    option::security security{};  ///< Of those who connect.
    patterns::handshake_watch on_handshake_failed{};
};

struct server_stats {
    std::uint64_t requests = 0;  ///< Well-formed ones.
    std::uint64_t handled = 0;   ///< Given to the handler.
    std::uint64_t replies = 0;   ///< Sent, failures that can be told among them.
    std::uint64_t failures = 0;  ///< Of the handler.
    std::uint64_t refused = 0;   ///< For being one too many.
    std::uint64_t expired = 0;   ///< Waited for longer than they are worth.
    std::uint64_t gone = 0;      ///< Whose client went away while they waited.
    std::uint64_t malformed = 0; ///< Messages that are no request; dropped.
    std::uint64_t pings = 0;

    std::size_t running = 0;
    std::size_t waiting = 0;
    std::size_t waiting_octets = 0;
};

/// One server. Holds no socket, no clock and no thread. PING is answered whatever else there is to
/// do.
///
/// Clients of ours say in model 3 how long a request is worth running, and are told of failures
/// and refusals, by a status octet behind their tag. To all others that is silence, since they
/// would take the words for a reply.
///
/// (A) hands something in:  receive, peer_down, reply, fail, handle_timeout
/// (B) takes something out: next_action, deadline
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing a client sends throws, save std::bad_alloc when memory is out.
class server_core {
public:
    enum class step : std::uint8_t {
        send,           ///< `m`, as it goes on the wire, to `to`.
        handle_request, ///< Run the handler on `m`; answer `request` with reply or fail.
    };
    struct action {
        step what = step::send;
        peer_id to = 0;
        std::uint64_t request = 0;
        message m;
    };

    explicit server_core(const server_options& options);
    server_core(server_core&&) noexcept;
    server_core& operator=(server_core&&) noexcept;
    ~server_core();

    /// Takes what is on the wire: no routing id in front.
    void receive(peer_id from, message&& m, time_point now);
    /// A client's connection is gone: what of its requests waits is not run.
    void peer_down(peer_id peer, time_point now);

    /// Answers a request, in any order. Nothing if it was answered already.
    void reply(std::uint64_t request, message&& body, time_point now);
    void fail(std::uint64_t request, std::string_view why, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] const server_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::freelance
