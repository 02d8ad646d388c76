// What a Lazy Pirate server decides: which request runs, and which one has had its reply already.
#pragma once

#include <mizzen/patterns/common/request_tag.hpp>
#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/zmtp/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace mizzen::lazy_pirate {

using std::chrono::milliseconds;
using zmtp::message;
using zmtp::octets;
using zmtp::peer_id;
using zmtp::time_point;

struct server_options {
    std::size_t max_running = 64;    ///< Requests at the handler at once; others are not read.
    std::size_t max_cached = 10'000; ///< Replies kept.
    std::size_t max_cached_octets = std::size_t{64} << 20;
    milliseconds keep{60'000};    ///< How long; longer than clients go on trying.
    std::size_t max_waiters = 16; ///< Repetitions that wait for one running request.
    std::size_t max_envelope = 8; ///< Frames before a request's empty delimiter.
    option::security security{};  ///< Of those who connect.
    patterns::handshake_watch on_handshake_failed{};
};

struct server_stats {
    std::uint64_t requests = 0;    ///< Well-formed ones, repetitions among them.
    std::uint64_t handled = 0;     ///< Given to the handler.
    std::uint64_t replies = 0;     ///< Sent, failures that can be told among them.
    std::uint64_t failures = 0;    ///< Of the handler.
    std::uint64_t repeated = 0;    ///< Answered from the cache.
    std::uint64_t joined = 0;      ///< Repetitions of a running request; they wait for its reply.
    std::uint64_t conflicting = 0; ///< A known id with another body; refused.
    std::uint64_t dropped = 0;     ///< Waiters beyond max_waiters; the oldest goes.
    std::uint64_t evicted = 0;     ///< Replies that went before their time, for want of room.
    std::uint64_t uncached = 0;    ///< Replies too large to be kept at all.
    std::uint64_t malformed = 0;   ///< Messages that are no request; dropped.
    std::uint64_t overflowed = 0;  ///< Requests beyond max_running, of a caller that reads on.

    std::size_t running = 0;
    std::size_t cached = 0;
    std::size_t cached_octets = 0;
};

/// One server. Holds no socket, no clock and no thread.
///
/// A request whose envelope ends with a tag is known by its id: while it runs, and for a while
/// after, the same request is answered with the same reply without running again. All others are
/// plain, and each is run. A failure is not kept: the next attempt runs.
///
/// (A) hands something in:  receive, reply, fail, handle_timeout
/// (B) takes something out: next_action, deadline, wants_more
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

    /// Answers a request, in any order. Nothing if it was answered already.
    void reply(std::uint64_t request, message&& body, time_point now);
    /// The handler failed. A client whose request has a tag is told `why`; to any other a failure
    /// is silence, since it would take the words for a reply.
    void fail(std::uint64_t request, std::string_view why, time_point now);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// False while as many requests run as may: clients are then better left unread.
    [[nodiscard]] bool wants_more() const noexcept;

    [[nodiscard]] bool next_action(action& out);

    [[nodiscard]] const server_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::lazy_pirate
