// What one half of a Binary Star decides: whether it serves, and what it tells the other.
#pragma once

#include <mizzen/patterns/binary_star/star_table.hpp>
#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/common/timing.hpp>
#include <mizzen/zmtp/message.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::binary_star {

using std::chrono::milliseconds;
using zmtp::message;
using zmtp::octets;
using zmtp::time_point;

/// Both halves have the same times, or the one with the shorter time-out takes over from a living
/// peer.
struct star_options {
    role half = role::primary;
    milliseconds heartbeat{1000};    ///< Between two words to the peer.
    milliseconds peer_timeout{2000}; ///< Its silence for so long; two heartbeats at least.
    bool alone = false;  ///< A backup that never heard of an active peer may take over as well.
    bool fenced = false; ///< Ask, by a step of its own, before going active.
    milliseconds fence_timeout{10'000}; ///< For the answer; none is a no.
    std::size_t max_history = 100;      ///< Transitions kept.
    /// Where it listens for its peer and for control: a server's, or none.
    option::security security{};
    /// Where it connects to the peer, to hear it: a client's, or none.
    option::security peer_security{};
    patterns::handshake_watch on_handshake_failed{};
};

/// Why a half went from one state to another.
enum class reason : std::uint8_t {
    started,
    peer_started, ///< The peer said that it had just started, or handed over.
    peer_silent,  ///< A client asked, and the peer is not heard.
    peer_active,  ///< The peer serves.
    both_active,  ///< Split brain: the backup gave way.
    both_passive, ///< A client asked while nobody served.
    handed_over,  ///< By an operator.
    fell_behind,  ///< It stood still for so long that the peer may have taken over.
};

enum class happening : std::uint8_t {
    activated,
    deactivated,
    peer_lost,
    peer_back,   ///< Heard, for the first time or again.
    split_brain, ///< Both were active and heard each other.
    both_passive,
    same_role,    ///< Both were told to be the primary, or the backup.
    fence_failed, ///< It did not go active.
};

struct transition {
    time_point when{};
    state from = state::primary;
    state to = state::primary;
    reason why = reason::started;

    friend bool operator==(const transition&, const transition&) = default;
};

struct star_stats {
    std::uint64_t votes = 0;     ///< Requests of clients.
    std::uint64_t refused = 0;   ///< Those that got silence.
    std::uint64_t heard = 0;     ///< States that the peer told.
    std::uint64_t malformed = 0; ///< Its messages that are none; dropped.
    std::uint64_t activations = 0;
};

/// All that a half goes by: of two with the same, options included, both do the same from now on.
struct situation {
    struct activation {
        std::uint64_t number = 0;
        reason why = reason::started;
        time_point due{};
    };

    struct link {
        state said = state::primary; ///< Last.
        time_point until{};          ///< When it counts for nothing, unless there is another word.
    };

    state in = state::primary;
    bool peer_heard = false;           ///< Within its time-out.
    std::optional<state> peer;         ///< What it said last, since this half changed.
    time_point peer_expiry{};          ///< When it counts as silent.
    time_point said_at{};              ///< When the peer was told last.
    time_point say_at{};               ///< When the peer is to be told next.
    bool handed_over = false;          ///< It was active, and gave that up.
    time_point stale_until{};          ///< What the peer says may be from before it heard.
    std::optional<activation> fencing; ///< Waits for the answer.
    time_point fence_again{};          ///< After a no, not before.
    std::vector<link> links;           ///< To the peer.

    /// Not when it was lost, whatever time it is given after this half stood still.
    [[nodiscard]] bool hears_peer(time_point now) const noexcept {
        return peer_heard && now < peer_expiry;
    }
};

/// One half. Holds no socket, no clock and no thread, and may be copied.
///
/// (A) hands something in:  peer_said, vote, fenced, hand_over, handle_timeout
/// (B) takes something out: next_action, next_happening, deadline
/// After any (A), empty next_action, then ask for the deadline. `now` never goes back.
/// Nothing the peer sends throws, save std::bad_alloc when memory is out.
class star_core {
public:
    enum class step : std::uint8_t {
        say,        ///< Publish `say` to the peer, by put_state.
        activate,   ///< Begin to serve.
        deactivate, ///< Serve no more.
        fence,      ///< See that the peer cannot serve; answer `number` with fenced.
    };
    struct action {
        step what = step::say;
        state say = state::primary;
        std::uint64_t number = 0;
        reason why = reason::started;
    };
    enum class verdict : std::uint8_t {
        serve,
        refuse, ///< Silence, or a word that the client should go elsewhere.
        wait,   ///< It is about to go active: ask again when that is decided.
    };

    star_core(const star_options& options, time_point now);

    /// Takes what the peer published, over which of the links to it: a small number, always the
    /// same for the same link. Words of several links overtake each other, so that one counts,
    /// other than as a sign of life, once no link that is heard says otherwise.
    void peer_said(const message& m, time_point now, std::size_t link = 0);

    /// A client asks for service. Only such requests vote, no heartbeats and no registrations.
    [[nodiscard]] verdict vote(time_point now);

    /// The answer to a `fence`. Nothing if that was overtaken by something else.
    void fenced(std::uint64_t number, bool succeeded, time_point now);

    /// Has the peer serve instead, which has to be heard and passive.
    ///
    /// Errors  not_active, peer_not_ready; nothing has changed then. `ec` is cleared otherwise.
    void hand_over(time_point now, std::error_code& ec);

    [[nodiscard]] std::optional<time_point> deadline() const noexcept;
    void handle_timeout(time_point now);

    /// The next thing to do, oldest first. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next_action(action& out);
    /// What happened, for whoever wants to know; the newest are kept if nobody asks.
    [[nodiscard]] bool next_happening(happening& out);

    /// Whether a client that asks now is served, without its vote.
    [[nodiscard]] bool serves(time_point now) const noexcept;
    [[nodiscard]] const situation& now_in() const noexcept { return at_; }
    [[nodiscard]] const star_options& options() const noexcept { return options_; }
    [[nodiscard]] const std::deque<transition>& history() const noexcept { return history_; }
    [[nodiscard]] const star_stats& stats() const noexcept { return stats_; }

private:
    void look_at_clock(time_point now);
    [[nodiscard]] bool all_links_say(state said, std::size_t link, time_point now);
    void hear(state said, time_point now);
    void activate(reason why, time_point now);
    void go_active(reason why, time_point now);
    void settle_both_active(bool is_news, time_point now);
    void give_up(reason why, time_point now);
    void change(state to, reason why, time_point now);
    void say(time_point now);
    void note(happening what);

    star_options options_;
    situation at_;
    std::deque<action> actions_;
    std::deque<happening> happenings_;
    std::deque<transition> history_;
    star_stats stats_;
    std::uint64_t last_fence_ = 0;
};

/// The message that tells a state: one frame, one digit.
[[nodiscard]] message put_state(state said);
/// Nothing unless `m` is one.
[[nodiscard]] std::optional<state> take_state(const message& m) noexcept;

/// Words for people, and for the control endpoint.
[[nodiscard]] std::string_view name_of(role half) noexcept;
[[nodiscard]] std::string_view name_of(state in) noexcept;
[[nodiscard]] std::string_view name_of(reason why) noexcept;
[[nodiscard]] std::string_view name_of(happening what) noexcept;

} // namespace mizzen::binary_star
