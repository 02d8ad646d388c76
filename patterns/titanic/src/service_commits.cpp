// What becomes true with a commit, and what has waited for one.
#include "service_state.hpp"
#include <mizzen/patterns/titanic/error.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace mizzen::titanic {

void service_core::state::acknowledge_at(acknowledgement what) {
    what.at = last_acknowledged_ = std::max(last_acknowledged_, what.at); // in one order
    acknowledgements_.push_back() = what;
    acknowledge(); // it may be true already
}

void service_core::state::acknowledge() {
    const ticket released = store_.released();
    while (!acknowledgements_.empty() && acknowledgements_.front().at <= released) {
        const acknowledgement next = acknowledgements_.pop_front();
        if (next.to != nullptr) {
            ++stats.accepted;
            --next.to->references;
            enqueue(*next.to, next.id);
        }
        reply(next.call, next.names_id ? make_answer(next.id) : make_answer(service_status::ok));
    }
}

/// The store takes nothing any more. What it has can still be read.
void service_core::state::give_up() {
    acknowledge();
    const std::string words = store_.failure().message();
    while (!acknowledgements_.empty()) {
        const acknowledgement next = acknowledgements_.pop_front();
        if (next.to != nullptr)
            --next.to->references;
        ++stats.refused;
        reply(next.call, service_status::failed, words);
    }
    while (!waiting_.empty()) {
        ++stats.refused;
        reply(waiting_.pop_front().call, service_status::failed, words);
    }
    waiting_octets_ = stats.waiting = 0;
    while (!changes_.empty()) {
        ++stats.lost_replies;
        end(changes_.pop_front().of);
    }
}

void service_core::state::try_changes(service_moment at) {
    for (std::size_t left = changes_.size(); left != 0; --left) {
        const change next = changes_.front();
        const done how = apply(next, at);
        if (how == done::when_committed) {
            blocked_ = true;
            return;
        }
        static_cast<void>(changes_.pop_front());
        if (how == done::when_room)
            changes_.push_back() = next;
    }
}

void service_core::state::try_waiting(service_moment at) {
    while (!blocked_ && !waiting_.empty()) {
        waiting_call& next = waiting_.front();
        const service_call what = parse_call(next.service, next.body);
        const std::size_t size = next.body.encoded_size();
        if (!take(next.call, what, next.body, at))
            return;
        waiting_octets_ -= size;
        static_cast<void>(waiting_.pop_front());
        stats.waiting = waiting_.size();
    }
}

service_core::state::done service_core::state::apply(const change& what, service_moment at) {
    switch (what.what) {
    case change::kind::reply: return store_reply(what.of, at);
    case change::kind::failure: return count_failure(what.of, at);
    case change::kind::set_aside: return set_aside(what.of);
    }
    return done::yes;
}

void service_core::state::change_or_wait(change what, service_moment at) {
    const done how = blocked_ ? done::when_committed : apply(what, at);
    if (how == done::yes)
        return;
    blocked_ = blocked_ || how == done::when_committed;
    changes_.push_back() = what;
}

service_core::state::done service_core::state::store_reply(place of, service_moment at) {
    message& body = running_.at(of).reply;
    if (!running_.linked(of)) {
        ++stats.late_replies;
        end(of);
        return done::yes;
    }
    const request_id id = running_.id(of);
    const std::string_view service = running_.at(of).to->name;
    if (service.size() + stored_size(body) > options_.max_body_octets)
        return set_aside(of); // each attempt would end like this
    std::error_code ec;
    store_.append_reply(id, pieces_.of(body), at.wall, ec);
    if (ec == make_error_code(errc::busy))
        return done::when_committed;
    if (ec == make_error_code(errc::no_space) && !draining_)
        return done::when_room;
    if (ec == make_error_code(errc::too_large))
        return set_aside(of);
    if (ec) {
        ++stats.lost_replies;
    } else {
        ++stats.answered;
        recent_.put(id, recent_bodies::kind::reply, std::move(body));
    }
    end(of);
    return done::yes;
}

service_core::state::done service_core::state::count_failure(place of, service_moment at) {
    if (!running_.linked(of)) {
        end(of);
        return done::yes;
    }
    const request_id id = running_.id(of);
    std::error_code ec;
    store_.count_attempt(id, ec);
    if (ec == make_error_code(errc::busy))
        return done::when_committed;
    if (ec == make_error_code(errc::no_space) && !draining_)
        return done::when_room;
    const auto now = store_.find(id);
    if (ec || !now) {
        end(of);
        return done::yes;
    }
    ++stats.failed_attempts;
    if (options_.max_attempts != 0 && now->attempts >= options_.max_attempts) {
        change_or_wait({change::kind::set_aside, of}, at);
        return done::yes;
    }
    patterns::back_off pauses{options_.retry, options_.retry_max, patterns::back_off::jitter::some,
                              random_.next()};
    constexpr std::uint32_t enough = 40; // to double to any maximum
    milliseconds wait{0};
    for (std::uint32_t i = 0; i < std::clamp(now->attempts, 1U, enough); ++i)
        wait = pauses.next();
    pause_until({at.now + wait, id, running_.at(of).to, false});
    end(of);
    return done::yes;
}

service_core::state::done service_core::state::set_aside(place of) {
    std::error_code ec;
    if (running_.linked(of))
        store_.set_aside(running_.id(of), ec);
    if (ec == make_error_code(errc::busy))
        return done::when_committed;
    if (ec == make_error_code(errc::no_space) && !draining_)
        return done::when_room;
    stats.set_aside += ec || !running_.linked(of) ? 0U : 1U;
    end(of);
    return done::yes;
}

} // namespace mizzen::titanic
