// What a socket decides: routing, queues, marks, reconnecting. No I/O and no clock.
#pragma once

#include "event_feed.hpp"
#include "gone_peers.hpp"
#include "session.hpp"
#include "socket_security.hpp"
#include "stream.hpp"
#include "topic_trie.hpp"
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>
#include <mizzen/peer_info.hpp>
#include <mizzen/stats.hpp>
#include <mizzen/zmtp/connection.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

namespace mizzen::detail {

/// The values of all options.
struct socket_options {
    std::size_t send_mark = 1000;
    std::size_t receive_mark = 1000;
    std::size_t mark_octets = std::size_t{64} << 20;
    milliseconds linger{1000};
    milliseconds reconnect_first{100};
    milliseconds reconnect_maximum{2000};
    std::size_t max_handshakes = 1024;
    milliseconds connect_timeout{0};
    std::chrono::microseconds busy_poll{0};
    int backlog = 4096;
    stream_options stream;
    zmtp::limits limit;
    zmtp::heartbeat beat;
    std::string routing_id;
    security_ptr security;              // null for NULL
    std::shared_ptr<authenticator> who; // null: nobody but the security's lists is asked
    std::string domain;                 // for `who`
    bool router_mandatory = false;
    bool router_handover = false;
    bool report_peers = false;
    bool immediate = false;
    bool conflate = false;
    bool probe_router = false;
    bool req_relaxed = false;
    bool req_correlate = false;
    bool publish_no_drop = false;
    option::xpub_reports::which reports = option::xpub_reports::which::changes;
    std::string connect_routing_id; // for the next connect only
    bool xpub_manual = false;
    bool xpub_last_value = false;
    std::string welcome; // an XPUB's to each new peer; empty is none
};

/// The decisions of one socket. The shell tells it what happened to transports and when, and asks
/// it what to do; a simulator can do the same under a clock of its own.
class socket_core {
public:
    socket_core(zmtp::socket_type type, std::uint64_t seed);
    ~socket_core();
    socket_core(const socket_core&) = delete;
    socket_core& operator=(const socket_core&) = delete;

    [[nodiscard]] zmtp::socket_type type() const noexcept { return type_; }
    socket_options options; ///< After a change, options_changed().
    socket_stats stats;
    event_feed events; ///< Told what becomes of sessions; the shell ends it.
    void options_changed() noexcept {
        config_.reset();
        policy_.reset();
    }

    // --- Sessions ---

    /// A session for connect(); it wants its first attempt at once.
    session& add_connector(std::string endpoint, time_point now);
    /// The same, with a routing id that wins over what the peer says of itself. Error:
    /// duplicate_routing_id.
    session* add_connector(std::string endpoint, std::string routing_id, time_point now,
                           std::error_code& ec);
    /// A session for a connection that a listener accepted, from that address.
    session& add_accepted(std::string endpoint, std::string address, const policy_ptr& rules,
                          time_point now);
    session& add_accepted(std::string endpoint, std::string address, time_point now) {
        return add_accepted(std::move(endpoint), std::move(address), policy(), now);
    }
    /// A connector's transport is open, to that address.
    void transport_open(session& s, std::string address, time_point now);
    /// What a connector over inproc is to find its peer with.
    [[nodiscard]] std::shared_ptr<inproc_pipe> make_pipe(session& s,
                                                         std::shared_ptr<doorbell> bell);
    /// A connection of a socket of the same context to a name that this one bound. The session may
    /// be on the failed list afterwards.
    session& add_local(arrival from, std::shared_ptr<doorbell> bell, time_point now);
    /// A connector's pipe has been accepted.
    void pipe_open(session& s, const pipe_identity& peer, time_point now);
    /// A session's transport is gone, or could not be opened. May destroy an accepted session.
    void transport_lost(session& s, std::error_code why, time_point now);
    /// Ends a session for good and drops what it holds; it may have been destroyed afterwards.
    void end(session& s, time_point now);
    /// Has round robin look at the session again, after `removed` was set.
    void refresh(session& s) { update_sendable(s); }
    /// Ends a session at that time if nothing else does.
    void end_by(session& s, time_point limit);
    /// The program receives no more: drops what has come, and what comes.
    void abandon_received();
    [[nodiscard]] bool any_session() const noexcept { return !sessions_.empty(); }
    [[nodiscard]] session* find(peer_id key) const;
    [[nodiscard]] const auto& sessions() const noexcept { return sessions_; }
    [[nodiscard]] std::size_t handshaking() const noexcept { return handshaking_; }
    /// Calls `what` with each session, which it may end.
    template <class What> void for_each_session(What what) {
        std::vector<session*> all;
        all.reserve(sessions_.size());
        for (const auto& [key, s] : sessions_)
            all.push_back(s.get());
        for (session* s : all)
            what(*s);
    }

    // --- Admission ---

    /// Who may come, as the options say now.
    [[nodiscard]] const policy_ptr& policy();
    /// Whether to speak with anybody who came from there at all. If not, the monitors have been
    /// told.
    [[nodiscard]] bool may_accept(const policy_ptr& rules, const std::string& endpoint,
                                  const std::string& address, time_point now);
    /// The same for a connector whose transport has reached that address. An error, such as
    /// address_denied, is for transport_lost.
    static void may_reach(session& s, const std::string& address, std::error_code& ec);
    /// A peer that its policy's authenticator is to be asked for; null once there is none.
    [[nodiscard]] session* next_question() noexcept;
    /// What to ask, if the connection is still there and was not asked for. The caller wipes it.
    [[nodiscard]] std::optional<authentication_request> question(peer_id key, peer_id peer) const;
    /// The answer. Nothing happens when nobody waits for it (any more).
    void answer(peer_id key, peer_id peer, authentication_answer what, time_point now);
    /// The rules of an authenticator have changed: some peers may have to go.
    void review(time_point now);

    // --- Peers ---

    /// Of the connections that are there, in the order in which they came.
    [[nodiscard]] std::vector<peer_info> peers() const;
    /// Of one that is there, or was not long ago.
    [[nodiscard]] std::optional<peer_info> peer(peer_id id) const;
    /// Without a copy, also of one whose messages wait. Valid until the next call; null when it is
    /// not known.
    [[nodiscard]] const peer_identity* sender(peer_id id) {
        return last_sender_ && last_sender_->id == id ? last_sender_.get() : other_sender(id);
    }
    /// The same, for as long as the caller likes.
    [[nodiscard]] std::shared_ptr<const peer_identity> shared_sender(peer_id id) {
        static_cast<void>(sender(id));
        return last_sender_;
    }

    /// Tells the monitors what has become of a listener.
    void tell_of_listener(event_kind what, std::string_view endpoint, std::error_code why,
                          time_point now) noexcept;

    // --- Octets ---

    /// Octets arrived in what s.link->prepare() gave. Decodes some; the rest follows by decode() or
    /// as the program receives. Afterwards `s.link->is_open()` tells whether to go on.
    void received(session& s, std::size_t size, time_point now);
    /// Goes on with what was left undecoded. False while the receive queue is full.
    bool decode(session& s, time_point now);
    /// Moves messages to the connection and returns what to write.
    [[nodiscard]] std::span<const std::span<const std::byte>> output(session& s);
    void written(session& s, std::size_t size);
    /// Puts messages in the peer's box, if that is empty or `at_any_rate`.
    void hand_over(session& s, bool at_any_rate = false);
    /// Takes messages that have come by the session's pipe. False if there may be more, which then
    /// follow as the program receives.
    bool take_mail(session& s, time_point now);

    /// Whether nothing is left to write.
    [[nodiscard]] bool flushed(const session& s) const noexcept {
        return s.out.empty() && s.post.empty() && (!s.link || s.link->output().empty());
    }

    // What the shell has to do now; each call hands out one session, and null once there is none.

    /// Has something new to write.
    [[nodiscard]] session* next_dirty() noexcept;
    /// May be read again.
    [[nodiscard]] session* next_resumed() noexcept { return take_last(resumed_); }
    /// Wants a transport.
    [[nodiscard]] session* next_due() noexcept { return take_last(due_); }
    /// Failed by its own decision: write what is left, close, tell transport_lost.
    [[nodiscard]] session* next_failed() noexcept { return take_last(failed_); }
    [[nodiscard]] bool any_work() const noexcept {
        return !dirty_.empty() || !resumed_.empty() || !due_.empty() || !failed_.empty() ||
               !questions_.empty();
    }

    // --- Messages ---

    /// Takes the message, or leaves it and says why: would_block, wrong_state, empty_message,
    /// no_route (a strict ROUTER).
    void send(message& m, std::error_code& ec);
    /// To one connection; nothing is taken off the message's front. Errors: no_route, would_block.
    void send_to(peer_id to, message& m, std::error_code& ec);
    /// Errors: would_block, wrong_state.
    void receive(message& m, std::error_code& ec);
    /// Leaves the peer's stream alone, or goes on with it. Error: no_route.
    void hold(peer_id peer, bool on, std::error_code& ec);
    /// As receive, but a ROUTER puts no routing id in front.
    void receive_raw(message& m, std::error_code& ec);
    [[nodiscard]] bool readable() const noexcept;
    [[nodiscard]] bool sendable() const noexcept;

    /// Do the same as send and receive in the midst of a stream, where nothing else is to be
    /// decided. False, and nothing done, anywhere else.
    [[nodiscard]] bool send_quickly(message& m, std::size_t octets);
    [[nodiscard]] bool receive_quickly(message& m, bool name_sender);

    // --- Subscriptions ---

    /// SUB and XSUB: counted; a cancellation that has no subscription does nothing. XPUB with
    /// xpub_manual: for the peer whose request was received last; no_route when it is gone.
    void subscribe(octets topic, std::error_code& ec);
    void unsubscribe(octets topic, std::error_code& ec);

    // --- Time ---

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

private:
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    // Decoded at a time: enough to be quick, few enough to stay in the first-level cache until the
    // program has taken them.
    static constexpr std::size_t decode_batch = 64;

    void make_link(session& s, zmtp::role side, time_point now);
    session& add(std::string endpoint);
    void attach(session& s, time_point now);
    [[nodiscard]] bool owns_route(const session& s) const;
    [[nodiscard]] bool claim_routing_id(session& s);
    void detach(session& s);
    static void note_end_of_stream(session& s) noexcept;
    void update_rivals();
    void drop_out(session& s);
    void fail(session& s, std::error_code why);
    void schedule_retry(session& s, time_point now);
    void update_alarm(session& s);
    void forget_if_done(session& s);
    void meet(session& s, const pipe_identity& peer, event_kind how, time_point now);
    void open_mail(session& s, std::size_t most, bool ignore_marks);
    [[nodiscard]] bool fetch_mail(session& s, bool ignore_marks);
    void sort_mail(session& s, message& slot);
    void fill_post(session& s) const;
    void put_back_post(session& s);
    void send_first(session& s, message&& m);
    void reopen_out(session& s);
    void leave_behind(session& s);
    void put_notice(session& s, notice what);

    [[nodiscard]] const peer_identity* other_sender(peer_id id);
    void message_left(const session& s, peer_id sender);
    void drop_oldest_received(session& s);
    [[nodiscard]] std::size_t waiting_of(session& s);
    [[nodiscard]] static std::string detail_of(const session& s, std::error_code why);

    void tell(event_kind what, const session& s, std::error_code why = {}) {
        if (events.watched())
            tell_monitors(what, s, why);
    }
    void tell_monitors(event_kind what, const session& s, std::error_code why) noexcept;
    void begin_attempt(session& s);
    [[nodiscard]] peer_identity identity_of(const session& s) const;
    [[nodiscard]] peer_info describe(const session& s) const;
    void remember(session& s);
    void count(session& s, std::uint64_t traffic_stats::* what, std::uint64_t times = 1) noexcept {
        stats.*what += times;
        s.traffic.*what += times;
    }
    void count_for(peer_id who, std::uint64_t traffic_stats::* what);

    void judge(session& s);
    void decode_some(session& s, std::size_t most, bool ignore_marks = false);
    // A queue that was full takes more once it is down to half its mark (as libzmq's).
    [[nodiscard]] static bool half_empty(std::size_t size, std::size_t mark) noexcept {
        return mark == 0 || (size < mark && 2 * size <= mark + 1);
    }
    [[nodiscard]] bool in_full(const session& s) const noexcept {
        return s.held || (options.receive_mark != 0 && s.in.size() >= options.receive_mark) ||
               s.in_octets >= options.mark_octets;
    }
    [[nodiscard]] bool out_full(const session& s) const noexcept {
        return !options.conflate &&
               (s.out_full ||
                (options.send_mark != 0 && s.out.size() + s.streamed >= options.send_mark) ||
                s.out_octets + s.streamed_octets >= options.mark_octets);
    }
    void mark_dirty(session& s) {
        if (!s.dirty && (s.link || s.pipe)) {
            s.dirty = true;
            dirty_.push_back(&s);
        }
    }
    [[nodiscard]] static session* take_last(std::vector<session*>& from) noexcept;
    // Whether what came goes to the program. What does not has been dealt with.
    [[nodiscard]] bool takes_in(session& s, message& m) {
        return !abandoned_ && (!filters_ || passes_filter(s, m));
    }
    [[nodiscard]] bool passes_filter(session& s, message& m);
    [[nodiscard]] bool round_robins() const noexcept;
    void push_out(session& s, message&& m);
    [[nodiscard]] bool stream(session& s, message& m, std::size_t octets);
    void fill_link(session& s);
    void start_streaming(session& s);
    void put_in_stream(session& s, message& m, std::size_t octets);
    void stop_streaming(session& s) noexcept;
    void forget_streamed(session& s) noexcept;
    void update_sendable(session& s);
    void take_front(session& s, message& m, bool name_sender = false);

    void send_round_robin(message& m, std::error_code& ec);
    void send_request(message& m, std::error_code& ec);
    void send_reply(message& m, std::error_code& ec);
    void send_routed(message& m, std::error_code& ec);
    void receive_reply(message& m, std::error_code& ec);
    void receive_request(message& m, std::error_code& ec);
    [[nodiscard]] bool strip_correlation(message& m) const;
    void drop_stale_replies();

    void heard_subscription(session& s, octets topic, bool wanted, message* told);
    [[nodiscard]] bool apply_subscription(session& s, octets topic, bool wanted);
    void forget_topics(session& s);
    void tell_topics(session& s);
    void greet_subscriber(session& s);
    void queue_subscription(session& s, octets topic, bool wanted);
    void subscribe_peer(octets topic, bool wanted, std::error_code& ec);
    void publish(message& m, std::error_code& ec);
    void find_subscribers(octets subject);
    void send_upstream(message& m);
    void send_copies(message& m);
    [[nodiscard]] session* find_peer(peer_id peer) const;

    zmtp::socket_type type_;
    bool filters_;       // not all that comes goes to the program
    bool sends_plainly_; // in turns, whatever was sent or received before
    bool receives_plainly_;
    struct link_config;
    std::shared_ptr<const link_config> config_; // of connections made from now on; null when stale
    policy_ptr policy_;                         // likewise
    std::shared_ptr<const peer_identity> last_sender_;
    std::unordered_map<peer_id, std::unique_ptr<session>> sessions_; // by key
    std::unordered_map<peer_id, session*> peers_;                    // by peer, while attached
    gone_peers gone_;
    std::unordered_map<std::string, session*, text_hash, std::equal_to<>> routes_;
    session_circle<&session::readable> readable_;
    session_circle<&session::sendable> sendable_;
    std::vector<session*> dirty_;
    std::vector<session*> resumed_;
    std::vector<session*> due_;
    std::vector<session*> failed_;
    std::vector<session*> questions_;
    deadline_map alarms_;
    bool abandoned_ = false;
    std::optional<time_point> trim_at_; // when idle queues give their memory back
    time_point now_;                    // as last told
    peer_id last_peer_ = cancelling;
    std::size_t handshaking_ = 0;
    std::size_t streaming_ = 0;   // sessions
    std::size_t left_behind_ = 0; // octets of memory of sessions that ended and are not read yet
    std::uint32_t next_generated_id_;
    std::minstd_rand random_;

    // REQ and REP
    bool waiting_ = false;     // REQ: for a reply. REP: holds a request that is not answered
    peer_id conversation_ = 0; // the session's key (REQ), or the peer (REP)
    message envelope_;         // REP: what goes in front of the reply
    std::uint32_t request_id_; // REQ: of the last request

    // PUB and XPUB: what peers subscribed to. SUB and XSUB: what this end did, for no peer.
    topic_trie topics_;
    std::unordered_map<std::string, std::size_t, text_hash, std::equal_to<>> wanted_; // how often
    std::vector<session*> targets_; // of the message that is being published
    std::uint64_t publication_ = 0;
    peer_id requester_ = 0; // XPUB: whose request was received last
    peer_id only_to_ = 0;   // XPUB with xpub_last_value: who gets the next message
};

inline bool socket_core::send_quickly(message& m, std::size_t octets) {
    session* const s = sendable_.current();
    if (!sends_plainly_ || s == nullptr || !s->streaming || !s->dirty || !s->out.empty() ||
        m.empty() || (s->link && !s->link->can_send()) ||
        s->streamed >= options.send_mark - 1 || // 0 is no mark
        s->streamed_octets + octets >= options.mark_octets)
        return false;
    put_in_stream(*s, m, octets);
    count(*s, &traffic_stats::messages_sent);
    sendable_.advance();
    return true;
}

inline void socket_core::put_in_stream(session& s, message& m, std::size_t octets) {
    std::error_code ec;
    if (s.link) {
        s.link->send(std::move(m), ec);
    } else {
        m.set_peer(0);
        s.post.push(std::move(m));
    }
    ++s.streamed;
    s.streamed_octets += octets;
    if (ec)
        fail(s, ec);
}

inline bool socket_core::receive_quickly(message& m, bool name_sender) {
    session* const s = readable_.current();
    if (!receives_plainly_ || s == nullptr || s->in.size() < 2 || s->paused)
        return false;
    message& next = s->in.front();
    if (next.peer() != s->peer || next.peer_notice() != notice::none)
        return false;
    m = std::move(next);
    s->in.drop_front();
    s->in_octets -= m.encoded_size();
    count(*s, &traffic_stats::messages_received);
    readable_.advance();
    if (name_sender && type_ == zmtp::socket_type::router)
        m.push_front(s->routing_id);
    return true;
}

} // namespace mizzen::detail
