// A half's moves: the table's rules, with time and the fence.
#include <mizzen/patterns/binary_star/error.hpp>
#include <mizzen/patterns/binary_star/star_core.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace mizzen::binary_star {
namespace {

constexpr std::size_t max_happenings = 100; // that nobody has asked for

constexpr input input_of(state said) noexcept {
    return static_cast<input>(static_cast<int>(said) - static_cast<int>(state::primary));
}

// Whether a reason to go active outlasts what the peer says.
constexpr bool still_good(reason why, state said) noexcept {
    switch (why) {
    case reason::peer_started: return said != state::active;
    case reason::both_passive: return said == state::passive;
    default: return false; // it is not silent after all
    }
}

} // namespace

message put_state(state said) {
    const char digit = static_cast<char>('0' + static_cast<int>(said));
    return message{std::string_view{&digit, 1}};
}

std::optional<state> take_state(const message& m) noexcept {
    if (m.size() != 1)
        return std::nullopt;
    const std::string_view text = zmtp::as_text(m.front());
    if (text.size() != 1 || text[0] < '1' || text[0] > '4')
        return std::nullopt;
    return static_cast<state>(text[0] - '0');
}

star_core::star_core(const star_options& options, time_point now) : options_{options} {
    options_.heartbeat = std::max(options_.heartbeat, milliseconds{1});
    options_.peer_timeout = std::max(options_.peer_timeout, 2 * options_.heartbeat);
    at_.peer_expiry = now + options_.peer_timeout; // until when nobody is judged silent
    change(start_of(options_.half), reason::started, now);
}

void star_core::peer_said(const message& m, time_point now, std::size_t link) {
    look_at_clock(now);
    const auto said = take_state(m);
    if (!said) { // which proves no life: it may be somebody else's
        ++stats_.malformed;
        return;
    }
    ++stats_.heard;
    at_.peer_expiry = now + options_.peer_timeout;
    if (!std::exchange(at_.peer_heard, true))
        note(happening::peer_back);
    if (at_.fencing && !still_good(at_.fencing->why, *said))
        at_.fencing.reset();
    if (all_links_say(*said, link, now))
        hear(*said, now);
    else
        at_.peer.reset();
}

// A link that is slow, or was cut, still brings what the peer has long ceased to be.
bool star_core::all_links_say(state said, std::size_t link, time_point now) {
    if (link >= at_.links.size())
        at_.links.resize(link + 1);
    at_.links[link] = {said, now + options_.heartbeat + options_.heartbeat / 4};
    return std::none_of(at_.links.begin(), at_.links.end(), [&](const situation::link& each) {
        return now < each.until && each.said != said;
    });
}

void star_core::hear(state said, time_point now) {
    const auto before = std::exchange(at_.peer, said);
    switch (rule_for(at_.in, input_of(said))) {
    case rule::activate:
        if (now >= at_.stale_until)
            activate(reason::peer_started, now);
        return;
    case rule::stand_by: return change(state::passive, reason::peer_active, now);
    case rule::both_active: return settle_both_active(before != said, now);
    case rule::both_passive:
        if (before != said)
            note(happening::both_passive);
        return;
    case rule::same_role:
        if (before != said)
            note(happening::same_role);
        return;
    default: return;
    }
}

// A digit cannot tell who was active first, so that the role decides.
void star_core::settle_both_active(bool is_news, time_point now) {
    if (is_news)
        note(happening::split_brain);
    if (options_.half == role::backup)
        change(state::passive, reason::both_active, now);
    else if (is_news) // two primaries would otherwise answer each other without end
        say(now);
}

star_core::verdict star_core::vote(time_point now) {
    look_at_clock(now);
    ++stats_.votes;
    switch (rule_for(at_.in, now >= at_.peer_expiry ? input::vote_silent : input::vote)) {
    case rule::activate_serve: activate(reason::peer_silent, now); break;
    case rule::alone_or_refuse:
        if (options_.alone || at_.handed_over)
            activate(reason::peer_silent, now);
        break;
    case rule::refuse_or_mend:
        if (at_.peer == state::passive && options_.half == role::primary)
            activate(reason::both_passive, now);
        break;
    default: break;
    }
    if (at_.in == state::active)
        return verdict::serve;
    if (at_.fencing)
        return verdict::wait;
    ++stats_.refused;
    return verdict::refuse;
}

void star_core::activate(reason why, time_point now) {
    if (!options_.fenced)
        return go_active(why, now);
    if (at_.fencing || now < at_.fence_again)
        return;
    at_.fencing = {++last_fence_, why, now + options_.fence_timeout};
    actions_.push_back({step::fence, at_.in, last_fence_, why});
}

void star_core::fenced(std::uint64_t number, bool succeeded, time_point now) {
    look_at_clock(now);
    if (!at_.fencing || at_.fencing->number != number)
        return;
    const reason why = at_.fencing->why;
    at_.fencing.reset();
    if (succeeded)
        return go_active(why, now);
    at_.fence_again = now + options_.peer_timeout;
    note(happening::fence_failed);
}

void star_core::go_active(reason why, time_point now) {
    ++stats_.activations;
    change(state::active, why, now);
}

void star_core::hand_over(time_point now, std::error_code& ec) {
    look_at_clock(now);
    if (at_.in != state::active) {
        ec = errc::not_active;
    } else if (!at_.hears_peer(now) || at_.peer != state::passive) {
        ec = errc::peer_not_ready;
    } else {
        ec.clear();
        give_up(reason::handed_over, now);
    }
}

// As if it had just started, which a passive peer takes over from at once, the Guide's as well.
void star_core::give_up(reason why, time_point now) {
    change(start_of(options_.half), why, now);
    at_.handed_over = true;
    at_.stale_until = now + options_.heartbeat;
}

void star_core::change(state to, reason why, time_point now) {
    const state from = std::exchange(at_.in, to);
    at_.peer.reset();
    at_.handed_over = false;
    at_.fencing.reset();
    history_.push_back({now, why == reason::started ? to : from, to, why});
    if (history_.size() > std::max<std::size_t>(options_.max_history, 1))
        history_.pop_front();
    if (to == state::active) {
        actions_.push_back({step::activate, to, 0, why});
        note(happening::activated);
    } else if (from == state::active) {
        actions_.push_back({step::deactivate, to, 0, why});
        note(happening::deactivated);
    }
    say(now);
}

void star_core::say(time_point now) {
    at_.said_at = now;
    at_.say_at = now + options_.heartbeat;
    actions_.push_back({step::say, at_.in, 0, reason::started});
}

void star_core::note(happening what) {
    happenings_.push_back(what);
    if (happenings_.size() > max_happenings)
        happenings_.pop_front();
}

// Whether this process itself did not run for a while.
void star_core::look_at_clock(time_point now) {
    if (now < at_.say_at + options_.heartbeat / 4)
        return;
    // What the peer said meanwhile is still to be read.
    at_.stale_until = now + options_.heartbeat;
    at_.peer_expiry = std::max(at_.peer_expiry, at_.stale_until);
    if (at_.in == state::active && now >= at_.said_at + options_.peer_timeout) {
        at_.peer_expiry = now + options_.peer_timeout; // as after a start
        return give_up(reason::fell_behind, now);
    }
    at_.say_at = now; // what it is once that was read, or time is asked for
}

std::optional<time_point> star_core::deadline() const noexcept {
    time_point first = at_.say_at;
    if (at_.peer_heard)
        first = std::min(first, at_.peer_expiry);
    if (at_.fencing)
        first = std::min(first, at_.fencing->due);
    return first;
}

void star_core::handle_timeout(time_point now) {
    look_at_clock(now);
    if (now >= at_.say_at)
        say(now);
    if (at_.peer_heard && now >= at_.peer_expiry) {
        at_.peer_heard = false;
        note(happening::peer_lost);
    }
    if (at_.fencing && now >= at_.fencing->due)
        fenced(at_.fencing->number, false, now);
}

bool star_core::serves(time_point now) const noexcept {
    return at_.in == state::active && now < at_.said_at + options_.peer_timeout;
}

bool star_core::next_action(action& out) {
    if (actions_.empty())
        return false;
    out = actions_.front();
    actions_.pop_front();
    return true;
}

bool star_core::next_happening(happening& out) {
    if (happenings_.empty())
        return false;
    out = happenings_.front();
    happenings_.pop_front();
    return true;
}

} // namespace mizzen::binary_star
