// One half of a Binary Star: the table, time, the fence, and the hand-over.
#include "pattern_helpers.hpp"
#include <mizzen/patterns/binary_star/error.hpp>
#include <mizzen/patterns/binary_star/star_core.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace mizzen::binary_star {
namespace {

using namespace patterns::test;
using verdict = star_core::verdict;
using step = star_core::step;

// A half that is brought where a test wants it.
struct half {
    star_core core;
    zmtp::time_point now = start;
    std::vector<star_core::action> done;
    std::vector<happening> happened;

    explicit half(const star_options& options) : core{options, start} { collect(); }
    explicit half(role which) : half{star_options{.half = which}} {}

    void collect() {
        star_core::action next;
        while (core.next_action(next))
            done.push_back(next);
        happening what{};
        while (core.next_happening(what))
            happened.push_back(what);
    }
    void forget() {
        done.clear();
        happened.clear();
    }
    void hear(std::string_view digit) {
        core.peer_said(message{digit}, now);
        collect();
    }
    verdict ask() {
        const verdict said = core.vote(now);
        collect();
        return said;
    }
    void pass(milliseconds by) {
        pass_time(core, now, by, [this] { collect(); });
    }
    [[nodiscard]] state in() const { return core.now_in().in; }
    [[nodiscard]] int count(step what) const {
        return static_cast<int>(
            std::count_if(done.begin(), done.end(), [&](const auto& a) { return a.what == what; }));
    }
    [[nodiscard]] bool saw(happening what) const {
        return std::find(happened.begin(), happened.end(), what) != happened.end();
    }
};

// In `in`, and all that led there forgotten; the peer was heard just now.
half half_in(state in, role which) {
    half h{which};
    if (in == state::active) {
        h.hear("3");
        h.hear("1");
    } else if (in == state::passive) {
        h.hear("3");
    }
    REQUIRE(h.in() == in);
    h.forget();
    return h;
}

struct cell {
    state in;
    role which;
    std::string_view said; // by the peer; none for a request
    bool silent;
    state after;
    std::optional<verdict> answer;
};

const auto prim = state::primary, back = state::backup, act = state::active, pass = state::passive;
const auto pri = role::primary, bak = role::backup;

const cell cells[] = {
    {prim, pri, "1", false, prim, {}},
    {prim, pri, "2", false, act, {}},
    {prim, pri, "3", false, pass, {}},
    {prim, pri, "4", false, prim, {}},
    {prim, pri, "", false, prim, verdict::refuse},
    {prim, pri, "", true, act, verdict::serve},
    {back, bak, "1", false, back, {}},
    {back, bak, "2", false, back, {}},
    {back, bak, "3", false, pass, {}},
    {back, bak, "4", false, back, {}},
    {back, bak, "", false, back, verdict::refuse},
    {back, bak, "", true, back, verdict::refuse},
    {act, pri, "1", false, act, {}},
    {act, pri, "2", false, act, {}},
    {act, pri, "3", false, act, {}}, // the Guide's stops
    {act, pri, "4", false, act, {}},
    {act, pri, "", false, act, verdict::serve},
    {act, pri, "", true, act, verdict::serve},
    {act, bak, "1", false, act, {}},
    {act, bak, "2", false, act, {}},
    {act, bak, "3", false, pass, {}}, // likewise
    {act, bak, "4", false, act, {}},
    {act, bak, "", false, act, verdict::serve},
    {act, bak, "", true, act, verdict::serve},
    {pass, pri, "1", false, act, {}},
    {pass, pri, "2", false, act, {}},
    {pass, pri, "3", false, pass, {}},
    {pass, pri, "4", false, pass, {}}, // likewise
    {pass, pri, "", false, pass, verdict::refuse},
    {pass, pri, "", true, act, verdict::serve},
    {pass, bak, "1", false, act, {}},
    {pass, bak, "2", false, act, {}},
    {pass, bak, "3", false, pass, {}},
    {pass, bak, "4", false, pass, {}},
    {pass, bak, "", false, pass, verdict::refuse},
    {pass, bak, "", true, act, verdict::serve},
};

} // namespace

TEST_CASE("binary star: each state does with each event what the table says") {
    for (const cell& each : cells) {
        CAPTURE(name_of(each.in));
        CAPTURE(name_of(each.which));
        CAPTURE(each.said);
        CAPTURE(each.silent);
        half h = half_in(each.in, each.which);
        if (each.silent)
            h.pass(2000ms);
        h.forget();
        if (each.answer)
            CHECK(h.ask() == *each.answer);
        else
            h.hear(each.said);
        CHECK(h.in() == each.after);
        CHECK(h.count(step::activate) == int{each.after == act && each.in != act});
        CHECK(h.count(step::deactivate) == int{each.after != act && each.in == act});
        if (each.after != each.in) { // the peer is told at once
            REQUIRE(h.count(step::say) == 1);
            CHECK(h.done.back().say == each.after);
        }
    }
}

TEST_CASE("binary star: a half says what it is when it starts, and with each heartbeat") {
    half h{role::backup};
    REQUIRE(h.count(step::say) == 1);
    h.pass(999ms);
    CHECK(h.count(step::say) == 1);
    h.pass(1ms);
    CHECK(h.count(step::say) == 2);
    h.pass(5000ms);
    CHECK(h.count(step::say) == 7);
    CHECK(frames_of(put_state(h.done.back().say)) == frames{"2"});
}

TEST_CASE("binary star: nobody is served before the peer was heard, or had time to be") {
    half h{role::primary};
    h.pass(1999ms);
    CHECK(h.ask() == verdict::refuse);
    h.pass(1ms);
    CHECK(h.ask() == verdict::serve);
}

TEST_CASE("binary star: a lone backup serves only if it may") {
    half h{star_options{.half = role::backup, .alone = true}};
    CHECK(h.ask() == verdict::refuse);
    h.pass(2000ms);
    CHECK(h.ask() == verdict::serve);
}

TEST_CASE("binary star: silence alone makes nobody active") {
    half h = half_in(state::passive, role::backup);
    h.pass(60'000ms);
    CHECK(h.in() == state::passive);
    CHECK(h.saw(happening::peer_lost));
    h.hear("3");
    CHECK(h.saw(happening::peer_back));
}

TEST_CASE("binary star: what is no state does not count as life") {
    for (const frames& junk : {frames{"0"}, frames{"5"}, frames{""}, frames{"33"}, frames{"x"},
                               frames{"3", "3"}, frames{}, frames{std::string("\0\0\0\3", 4)}}) {
        half h = half_in(state::passive, role::backup);
        h.pass(1999ms);
        h.core.peer_said(message_of(junk), h.now);
        CHECK(h.core.stats().malformed == 1);
        h.pass(1ms);
        CHECK(h.ask() == verdict::serve);
    }
}

TEST_CASE("binary star: a primary that both are active tells the backup at once, and once") {
    half h = half_in(state::active, role::primary);
    h.hear("3");
    h.hear("3");
    CHECK(h.count(step::say) == 1);
    CHECK(std::count(h.happened.begin(), h.happened.end(), happening::split_brain) == 1);
}

TEST_CASE("binary star: two passive halves are mended by the primary, with a vote") {
    half primary = half_in(state::passive, role::primary);
    primary.hear("4");
    CHECK(primary.saw(happening::both_passive));
    CHECK(primary.ask() == verdict::serve);
    CHECK(primary.core.history().back().why == reason::both_passive);

    half backup = half_in(state::passive, role::backup);
    backup.hear("4");
    CHECK(backup.ask() == verdict::refuse);
}

TEST_CASE("binary star: two halves of the same role say so") {
    half h{role::backup};
    h.hear("2");
    h.hear("2");
    CHECK(std::count(h.happened.begin(), h.happened.end(), happening::same_role) == 1);
}

TEST_CASE("binary star: a process that stood still does not take its peer for silent") {
    half h = half_in(state::passive, role::backup);
    h.now += 10'000ms; // and no time-out came in
    CHECK(h.ask() == verdict::refuse);
    h.hear("3"); // which had waited to be read
    CHECK(h.ask() == verdict::refuse);
    h.pass(2000ms);
    CHECK(h.ask() == verdict::serve);
}

TEST_CASE("binary star: an active half that stood still for too long starts again") {
    half h = half_in(state::active, role::backup);
    h.now += 2000ms;
    CHECK_FALSE(h.core.serves(h.now));
    CHECK(h.ask() == verdict::refuse);
    CHECK(h.in() == state::backup);
    CHECK(h.count(step::deactivate) == 1);
    CHECK(h.done.back().say == state::backup); // for "3" a peer that took over would give way
    CHECK(h.core.history().back().why == reason::fell_behind);
    SUBCASE("the peer took over") {
        h.hear("3");
        CHECK(h.in() == state::passive);
    }
    SUBCASE("the peer is lost") {
        h.pass(2000ms);
        CHECK(h.ask() == verdict::serve);
    }
}

TEST_CASE("binary star: a half that stood still does not go active by what was said meanwhile") {
    half h = half_in(state::passive, role::backup);
    h.now += 3000ms;
    h.hear("1"); // may have been said, and taken back, long ago
    CHECK(h.in() == state::passive);
    h.pass(1000ms);
    h.hear("1");
    CHECK(h.in() == state::active);
}

TEST_CASE("binary star: a hand-over makes the passive half active and this one passive") {
    half h = half_in(state::active, role::backup);
    std::error_code ec;
    h.core.hand_over(h.now, ec);
    CHECK(ec == errc::peer_not_ready); // not a word since
    h.hear("4");
    h.core.hand_over(h.now, ec);
    h.collect();
    REQUIRE_FALSE(ec);
    CHECK(h.in() == state::backup);
    CHECK(h.count(step::deactivate) == 1);
    CHECK(h.done.back().say == state::backup);
    SUBCASE("the peer takes over") {
        h.hear("4"); // was on its way
        CHECK(h.ask() == verdict::refuse);
        h.hear("3");
        CHECK(h.in() == state::passive);
    }
    SUBCASE("the peer dies") {
        h.pass(2000ms);
        CHECK(h.ask() == verdict::serve);
    }
    h.core.hand_over(h.now, ec);
    CHECK(ec);
}

TEST_CASE("binary star: a word that a faster link has overtaken changes nothing") {
    half h = half_in(state::passive, role::backup);
    const auto hear = [&](const char* digit, std::size_t link) {
        h.core.peer_said(message{digit}, h.now, link);
        h.collect();
    };
    hear("3", 0);
    hear("1", 1); // from before it was active
    CHECK(h.in() == state::passive);
    hear("3", 1);
    CHECK(h.core.now_in().peer == state::active);
    hear("1", 0);
    CHECK(h.in() == state::passive);
    hear("1", 1); // now both say so
    CHECK(h.in() == state::active);
}

TEST_CASE("binary star: a link that is not heard any more has no say") {
    half h = half_in(state::passive, role::backup);
    const auto hear = [&](const char* digit, std::size_t link) {
        h.core.peer_said(message{digit}, h.now, link);
        h.collect();
    };
    hear("3", 0);
    hear("3", 1);
    h.pass(1000ms); // and link 1 is cut
    hear("3", 0);
    h.pass(500ms);
    hear("1", 0); // it hands over
    CHECK(h.in() == state::active);
}

TEST_CASE("binary star: whoever serves is told to stop before the peer is told that it does") {
    half h = half_in(state::active, role::primary);
    h.hear("4");
    h.forget();
    std::error_code ec;
    h.core.hand_over(h.now, ec);
    CHECK_FALSE(ec);
    h.collect();
    REQUIRE(h.done.size() == 2);
    CHECK(h.done[0].what == step::deactivate);
    CHECK(h.done[1].what == step::say);
}

TEST_CASE("binary star: a hand-over needs an active half, and a peer that is heard") {
    half h = half_in(state::passive, role::primary);
    std::error_code ec;
    h.core.hand_over(h.now, ec);
    CHECK(ec == errc::not_active);
    h = half_in(state::active, role::primary);
    h.hear("4");
    h.pass(2000ms);
    h.core.hand_over(h.now, ec);
    CHECK(ec == errc::peer_not_ready);
    CHECK(h.in() == state::active);
    h.now += 1500ms; // of standing still, during which a lost peer may be back, or not
    h.core.hand_over(h.now, ec);
    CHECK(ec == errc::peer_not_ready);
    CHECK(h.in() == state::active);
}

namespace {

half fenced_passive() {
    half h{star_options{.half = role::backup, .fenced = true}};
    h.hear("3");
    h.pass(2000ms);
    h.forget();
    REQUIRE(h.ask() == verdict::wait);
    REQUIRE(h.count(step::fence) == 1);
    REQUIRE(h.in() == state::passive);
    return h;
}

} // namespace

TEST_CASE("binary star: with a fence, a half is active only after a yes") {
    half h = fenced_passive();
    CHECK(h.ask() == verdict::wait); // and no second question
    CHECK(h.count(step::fence) == 1);
    h.core.fenced(h.done.back().number, true, h.now);
    h.collect();
    CHECK(h.in() == state::active);
    CHECK(h.count(step::activate) == 1);
    CHECK(h.ask() == verdict::serve);
}

TEST_CASE("binary star: after a no the half stays, and asks again later") {
    half h = fenced_passive();
    const std::uint64_t first = h.done.back().number;
    h.core.fenced(first, false, h.now);
    h.collect();
    CHECK(h.saw(happening::fence_failed));
    CHECK(h.ask() == verdict::refuse);
    h.pass(2000ms);
    CHECK(h.ask() == verdict::wait);
    h.core.fenced(first, true, h.now); // a late answer to the first
    CHECK(h.in() == state::passive);
}

TEST_CASE("binary star: no answer of the fence is a no") {
    half h = fenced_passive();
    h.pass(10'000ms);
    CHECK(h.saw(happening::fence_failed));
    CHECK(h.in() == state::passive);
}

TEST_CASE("binary star: a peer that is heard in time stops a take-over that waits for the fence") {
    half h = fenced_passive();
    const std::uint64_t number = h.done.back().number;
    h.hear("3");
    h.core.fenced(number, true, h.now);
    CHECK(h.in() == state::passive);
    CHECK(h.ask() == verdict::refuse);
}

TEST_CASE("binary star: the history keeps the newest transitions, with their reasons") {
    star_options options{.half = role::primary};
    options.max_history = 3;
    half h{options};
    h.hear("2");
    CHECK(h.core.history().size() == 2);
    CHECK(h.core.history().front() == transition{start, prim, prim, reason::started});
    CHECK(h.core.history().back() == transition{start, prim, act, reason::peer_started});
    std::error_code ec;
    h.hear("4");
    h.core.hand_over(h.now, ec);
    h.hear("3");
    CHECK(h.core.history().size() == 3);
    CHECK(h.core.history().back().why == reason::peer_active);
}

TEST_CASE("binary star: a time-out is two heartbeats at least") {
    half h{star_options{.half = role::primary, .heartbeat = 100ms, .peer_timeout = 0ms}};
    h.pass(199ms);
    CHECK(h.ask() == verdict::refuse);
    CHECK(h.core.options().peer_timeout == 200ms);
}

TEST_CASE("binary star: every word has its own name") {
    std::vector<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(reason::fell_behind); ++i)
        names.push_back(name_of(static_cast<reason>(i)));
    std::sort(names.begin(), names.end());
    CHECK(std::unique(names.begin(), names.end()) == names.end());
    for (int i = 1; i <= 3; ++i) {
        const std::error_code ec{i, error_category()};
        CHECK(ec.message() != "unknown error");
    }
    CHECK(make_error_code(errc::stopped) == std::errc::operation_canceled);
}

} // namespace mizzen::binary_star
