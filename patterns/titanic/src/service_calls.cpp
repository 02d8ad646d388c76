// What clients ask of Titanic, and are answered.
#include "service_state.hpp"
#include <mizzen/patterns/titanic/error.hpp>

#include <utility>

namespace mizzen::titanic {

using kind = service_call::kind;

namespace {

constexpr std::size_t kept_windows = 4; // of a service's next requests, for which none is read

} // namespace

void service_core::state::reply(std::uint64_t call, message&& body) {
    answer& out = answers_.push_back();
    out.call = call;
    out.body = std::move(body);
}

void service_core::state::reply(std::uint64_t call, service_status what, std::string_view text) {
    reply(call, make_answer(what, text));
}

void service_core::state::call(std::uint64_t call, std::string_view service, message&& body,
                               service_moment at) {
    at_ = at;
    ++stats.calls;
    const service_call what = parse_call(service, body);
    if (what.what == kind::malformed) {
        ++stats.malformed;
        return reply(call, service_status::refused, what.trouble);
    }
    if (what.what == kind::reply)
        return fetch(call, what.id);
    if (blocked_ || !waiting_.empty() || !take(call, what, body, at))
        wait(call, service, std::move(body));
}

/// Keeps a call until there is room in a commit.
void service_core::state::wait(std::uint64_t call, std::string_view service, message&& body) {
    const std::size_t size = body.encoded_size();
    if (waiting_.size() >= options_.max_waiting ||
        (!waiting_.empty() && waiting_octets_ + size > options_.max_waiting_octets)) {
        ++stats.refused;
        return reply(call, service_status::failed, "the store is busy");
    }
    waiting_.push_back() = {call, std::string{service}, std::move(body)};
    waiting_octets_ += size;
    stats.waiting = waiting_.size();
}

/// False if the call has to wait; `body` is then as it was.
bool service_core::state::take(std::uint64_t call, const service_call& what, message& body,
                               service_moment at) {
    const bool taken =
        what.what == kind::close ? take_close(call, what.id) : take_request(call, what, body, at);
    blocked_ = blocked_ || !taken;
    return taken;
}

bool service_core::state::take_request(std::uint64_t call, const service_call& what, message& body,
                                       service_moment at) {
    if (draining_) {
        ++stats.refused;
        reply(call, service_status::failed, "about to stop");
        return true;
    }
    // Before there are views of each frame: a few octets can make many frames.
    if (what.target.size() + stored_size(body, what.head) > options_.max_body_octets)
        return refuse(call, make_error_code(errc::too_large));
    const auto pieces = pieces_.of(body, what.head);
    const bool chosen = what.what == kind::submit;
    std::error_code ec;
    for (int tries = 0; tries < 3; ++tries) { // ids of random bits, which are never there already
        const request_id id = chosen ? what.id : new_id_();
        const ticket mine = store_.append_request(id, what.target, pieces, at.wall, ec);
        if (!ec) {
            accept(call, id, mine, what.target, what.head, body);
            return true;
        }
        const bool there = ec == make_error_code(errc::already_stored);
        if (chosen && there) {
            repeat(call, id);
            return true;
        }
        if (chosen || !(there || ec == make_error_code(errc::id_in_use)))
            break;
    }
    return refuse(call, ec);
}

void service_core::state::accept(std::uint64_t call, const request_id& id, ticket mine,
                                 std::string_view target, std::size_t head, message& body) {
    target_service& s = service_named(target);
    ++s.references;
    for (std::size_t i = 0; i < head; ++i)
        body.pop_front();
    if (s.queue.size() <= kept_windows * options_.window) // else it is not needed soon
        recent_.put(id, recent_bodies::kind::request, std::move(body));
    acknowledge_at({mine, call, id, &s, true});
}

/// The very same request is there, if not yet for certain.
void service_core::state::repeat(std::uint64_t call, const request_id& id) {
    ++stats.duplicates;
    const auto found = store_.find(id);
    acknowledge_at({found ? found->changed : 0, call, id, nullptr, true});
}

/// Says why the store does not take something, and whether it is of use to ask it again.
bool service_core::state::refuse(std::uint64_t call, std::error_code ec) {
    if (ec == make_error_code(errc::busy))
        return false;
    ++stats.refused;
    const bool for_ever = ec == make_error_code(errc::id_in_use) ||
                          ec == make_error_code(errc::too_large) ||
                          ec == make_error_code(errc::bad_service);
    reply(call, for_ever ? service_status::refused : service_status::failed, ec.message());
    return true;
}

bool service_core::state::take_close(std::uint64_t call, const request_id& id) {
    std::error_code ec;
    ticket mine = last_close_; // what is not here may be so by a close that is not certain yet
    if (store_.find(id)) {
        mine = store_.close_request(id, ec);
        if (ec)
            return refuse(call, ec);
        ++stats.closed;
        last_close_ = mine;
        recent_.drop(id);
        // A reply to what runs is too late; the id may be used for another request meanwhile.
        if (const place of = running_.find(id); of != id_table<attempt>::none)
            running_.unlink(of);
    }
    acknowledge_at({mine, call, id, nullptr, false});
    return true;
}

void service_core::state::fetch(std::uint64_t call, const request_id& id) {
    const auto found = store_.find(id);
    if (!found)
        return reply(call, service_status::refused);
    if (found->state == request_state::set_aside)
        return reply(call, service_status::failed,
                     "set aside after " + std::to_string(found->attempts) + " failed attempts");
    if (found->state == request_state::open || !found->durable)
        return reply(call, service_status::pending);
    if (const message* kept = recent_.find(id, recent_bodies::kind::reply)) {
        message body = kept->share();
        frame_answer(body);
        ++stats.fetched;
        return reply(call, std::move(body));
    }
    if (reads_of_calls_ >= options_.max_reads) {
        ++stats.refused;
        return reply(call, service_status::failed, "busy");
    }
    std::error_code ec;
    read_body(call, 0, id, found->octets, ec);
    if (ec)
        reply(call, service_status::failed, ec.message());
}

} // namespace mizzen::titanic
