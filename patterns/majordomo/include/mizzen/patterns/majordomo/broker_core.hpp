// What a Majordomo broker decides: who runs which request, who lives, who is told what.
#pragma once

#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/majordomo/access_rules.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mizzen::majordomo {

struct broker_options {
    milliseconds heartbeat{2500};        ///< To every worker; 0 sends none and expects none.
    int liveness = 3;                    ///< Intervals of silence after which a worker is gone.
    milliseconds request_expiry{30'000}; ///< Longest wait for a worker; 0 is no limit.
    milliseconds service_expiry{60'000}; ///< Until a service without anything is forgotten.
    /// From a worker's getting a request to the end of its reply; a worker that takes longer is
    /// sent away. 0 is no limit.
    milliseconds execution_limit{0};
    std::map<std::string, milliseconds, std::less<>> execution_limits; ///< Of single services.
    int redeliveries = 2;            ///< Of a request whose worker went away.
    std::uint32_t max_credit = 1000; ///< Requests that a worker has at once, whatever it asks for.
    /// How long a reply is kept for another request with the same id; 0 looks at no ids.
    milliseconds duplicate_window{0};
    std::size_t max_duplicates = 50'000;                      ///< Replies kept at most,
    std::size_t max_duplicate_octets = std::size_t{64} << 20; ///< and their octets.
    std::size_t max_requests_per_service = 10'000;            ///< Waiting, not given to a worker.
    std::size_t max_queued_octets = std::size_t{64} << 20;    ///< Waiting, a service.
    std::size_t max_requests = 100'000;              ///< In all, waiting or given to workers,
    std::size_t max_octets = std::size_t{512} << 20; ///< and their octets.
    std::size_t max_client_requests = 4096; ///< Not answered yet; then a client is left unread.
    /// As max_client_requests; also of replies that a client does not take, beyond which they are
    /// dropped.
    std::size_t max_client_octets = std::size_t{8} << 20;
    std::size_t max_peers = 100'000; ///< More are never read from.
    std::size_t max_services = 10'000;
    std::size_t max_service_name = majordomo::max_service_name; ///< Octets.
    std::size_t max_envelope = 8; ///< Frames before a request's empty delimiter.
    /// How long the broker's loop looks for more without sleeping, as option::busy_poll: what comes
    /// within it is passed on without a wake-up. 0 is not at all. The core does not use it.
    std::chrono::microseconds busy_poll{50};
    /// Of clients and workers, wherever it listens. The core does not use it.
    option::security security{};
    patterns::handshake_watch on_handshake_failed{};
    /// Who may offer and call what; null: everybody may, everything. Peers that may not are told
    /// apart by who the socket says they are, so that it has to authenticate them.
    std::shared_ptr<const access_rules> rules{};
};

/// Counts since the start, then what there is now.
struct broker_stats {
    std::uint64_t requests = 0;         ///< Well-formed ones from clients, mmi among them.
    std::uint64_t replies = 0;          ///< Sent to clients, whatever they say.
    std::uint64_t partials = 0;         ///< Parts of replies sent to clients.
    std::uint64_t redelivered = 0;      ///< Put back in front of their queue.
    std::uint64_t malformed = 0;        ///< Messages that are no Majordomo; dropped.
    std::uint64_t wrong_role = 0;       ///< Of another role or version than the peer's; dropped.
    std::uint64_t unexpected = 0;       ///< Commands answered with DISCONNECT.
    std::uint64_t ignored = 0;          ///< Messages from a worker after DISCONNECT; dropped.
    std::uint64_t unknown_peer = 0;     ///< Messages of a connection never announced; dropped.
    std::uint64_t refused_peers = 0;    ///< Connections beyond max_peers.
    std::uint64_t stale_replies = 0;    ///< A busy worker's, to another request; dropped.
    std::uint64_t orphaned_replies = 0; ///< To a client that is gone or was answered; dropped.
    std::uint64_t failed_replies = 0;   ///< The worker's handler failed.
    std::uint64_t dropped_partials = 0; ///< To 0.1 clients, which know one reply, or to nobody.
    std::uint64_t dropped_full = 0;     ///< Requests beyond a limit.
    std::uint64_t dropped_expired = 0;  ///< Requests that waited too long.
    std::uint64_t dropped_given_up = 0; ///< Requests that lost too many workers.
    std::uint64_t dropped_gone = 0;     ///< Requests whose client went away.
    std::uint64_t dropped_stopping = 0; ///< Requests refused, or ended, since the broker stops.
    std::uint64_t dropped_passive = 0;  ///< Requests to a passive half, which answers none.
    std::uint64_t refused_services = 0; ///< Requests for a bad name, or beyond max_services.
    std::uint64_t unauthorised_requests = 0; ///< Refused: their client may not call that service.
    std::uint64_t unauthorised_workers = 0;  ///< Sent away: they may not offer their service.
    std::uint64_t attached_duplicates = 0;   ///< Of a request still on its way: take its reply.
    std::uint64_t answered_duplicates = 0;   ///< Given a reply that was kept.
    std::uint64_t dropped_duplicates = 0;    ///< Of a request whose reply came in parts.
    std::uint64_t registrations = 0;         ///< READYs accepted.
    std::uint64_t expired_workers = 0;       ///< Silent for too long.
    std::uint64_t overdue_workers = 0;       ///< Over their service's execution limit.
    std::uint64_t disconnects = 0;           ///< DISCONNECTs sent.
    std::uint64_t pauses = 0;                ///< Times that a client was left unread.
    std::uint64_t undeliverable = 0;         ///< Messages that the transport refused; dropped.
    std::uint64_t internal_calls = 0;        ///< Requests to services inside the broker.
    std::uint64_t issued = 0;                ///< Requests by services inside the broker.

    std::size_t peers = 0;
    std::size_t workers = 0; ///< Registered, idle or busy.
    std::size_t services = 0;
    std::size_t queued = 0;     ///< Requests that wait for a worker.
    std::size_t dispatched = 0; ///< Requests that a worker, or a service inside, has.
    std::size_t octets = 0;     ///< Of both, and of replies that clients do not take.
    std::size_t paused = 0;     ///< Clients left unread.
    std::size_t held = 0;       ///< Messages for peers that do not take them.
    std::size_t duplicates = 0; ///< Replies kept.
};

/// One broker. Holds no socket, no clock and no thread.
///
/// (A) hands something in:  peer_up, peer_down, peer_writable, refused, undelivered, receive,
///                          answer, end_calls, issue, handle_timeout, set_passive,
///                          replace_rules, drain, shutdown
/// (B) takes something out: next_output, next_call, next_result, next_refusal, deadline, ended
/// After any (A), empty the first four of (B), then ask for the others. `now` never goes back.
/// Nothing a peer sends throws, save std::bad_alloc when memory is out.
class broker_core {
public:
    enum class step : std::uint8_t {
        send,
        pause,  ///< Read nothing from `to` from now on.
        resume, ///< Read from it again.
    };
    struct output {
        peer_id to = 0;
        message m; ///< send: as it goes on the wire.
        step what = step::send;
    };
    /// A request to a service inside the broker.
    struct call {
        std::uint64_t id = 0; ///< For answer.
        std::string service;
        message body;
        std::optional<request_tag> tag;
        std::string user; ///< The client's.
    };
    /// Somebody was told that it may not do something. Of a client's requests only the first is
    /// reported, until the rules are others.
    struct refusal {
        peer_id peer = 0;
        std::string user;
        std::string service;
        bool worker = false; ///< It offered the service; else it called it.
    };
    /// How a request of a service inside the broker ended.
    struct result {
        std::uint64_t id = 0; ///< What issue gave.
        status outcome = status::ok;
        message body;      ///< The reply's, or the words of a failure.
        bool tried = true; ///< A worker was given it.
    };
    /// How long a request of a service inside the broker may take; 0 is no limit.
    struct issue_limits {
        milliseconds in_all{0};
        milliseconds at_worker{0}; ///< From when a worker was given it; instead of `in_all`.
    };

    /// `seed` keeps clients from choosing request ids that are slow to look up.
    broker_core(const broker_options& options, time_point now, std::uint64_t seed = 0);
    broker_core(broker_core&&) noexcept;
    broker_core& operator=(broker_core&&) noexcept;
    ~broker_core();

    /// A connection is there, before anything comes from it; gone, after everything did. `user` is
    /// who the rules are to take it for.
    void peer_up(peer_id peer, std::string_view user = {});
    void peer_down(peer_id peer, time_point now);

    /// Takes what is on the wire: no routing id in front.
    void receive(peer_id from, message&& m, time_point now);

    /// The peer's queue has no room for `m`, which next_output gave: it is kept until
    /// peer_writable. Meanwhile a client is left unread, and a worker gets no other request.
    void refused(peer_id to, message&& m);
    void peer_writable(peer_id peer, time_point now);
    /// Whom a message was for is gone, which peer_down is about to tell.
    void undelivered() noexcept;

    /// From now on, requests to services that begin with `prefix` come out of next_call, and
    /// workers cannot register such services. `mmi.` is served in this way by the core itself.
    void add_internal(std::string_view prefix);
    [[nodiscard]] bool next_call(call& out);
    /// Ends a call, now or at any time later. The body goes to the client, if it still waits.
    void answer(std::uint64_t id, message&& body, status outcome, time_point now);
    /// Ends all calls to services that begin with `prefix`, without a reply.
    void end_calls(std::string_view prefix, time_point now);
    /// Sends a request as a client would; its result comes out of next_result.
    std::uint64_t issue(std::string_view service, message&& body, issue_limits limits,
                        time_point now);
    [[nodiscard]] bool next_result(result& out);

    /// When handle_timeout is due; nothing if it never is as things are.
    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// As the passive half of a pair: takes workers, their replies and questions to `mmi.`, and
    /// gives nobody a request. Those that wait are ended. A broker begins as not passive.
    void set_passive(bool passive);

    /// Other rules from now on. Workers that may no longer offer their service are sent away;
    /// requests that were taken stay.
    void replace_rules(std::shared_ptr<const access_rules> rules, time_point now);
    /// Whether a user may call a service. `mmi.broker` may be called by all: it tells of the broker
    /// alone, and clients ask for it before anything else.
    [[nodiscard]] bool may_call(std::string_view user, std::string_view service) const noexcept;
    /// The same for who sits at that connection.
    [[nodiscard]] bool may_call(peer_id peer, std::string_view service) const noexcept;
    [[nodiscard]] bool next_refusal(refusal& out);

    /// Takes no new requests, ends those that wait, and shuts down when the last running one is
    /// done, after `limit` at the latest; a limit of 0 is none.
    void drain(milliseconds limit, time_point now);
    /// Sends DISCONNECT to all workers, and from then on ignores whatever comes.
    void shutdown(time_point now);
    [[nodiscard]] bool ended() const noexcept;

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_output(output& out);

    [[nodiscard]] const broker_stats& stats() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

} // namespace mizzen::majordomo
