// What Titanic sends to services: a queue and a window for each.
#include "service_state.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace mizzen::titanic {

using none = std::integral_constant<id_table<attempt>::place, id_table<attempt>::none>;

target_service& service_core::state::service_named(std::string_view name) {
    if (const auto found = services_.find(name); found != services_.end())
        return found->second;
    if (services_.size() >= forget_above_)
        forget_services();
    const patterns::back_off waits{options_.service_retry, options_.service_retry_max,
                                   patterns::back_off::jitter::some, random_.next()};
    const auto made = services_.try_emplace(std::string{name}, std::string_view{}, waits).first;
    made->second.name = made->first;
    stats.services = services_.size();
    return made->second;
}

void service_core::state::forget_services() {
    for (auto each = services_.begin(); each != services_.end();) {
        if (each->second.in_use()) {
            ++each;
            continue;
        }
        ready_.remove(each->second);
        each = services_.erase(each);
    }
    forget_above_ = std::max<std::size_t>(1024, 2 * services_.size());
}

void service_core::state::enqueue(target_service& s, const request_id& id) {
    s.queue.push_back(id);
    if (++stats.queued > trim_above_) {
        trim_above_ = 2 * stats.queued + 4096;
        if (stats.queued > 2 * store_.stats().open)
            trim_queues();
    }
    note_ready(s);
}

/// Those that were closed leave the queues when they are passed over; if services do not work, this
/// is when there are as many of them as others.
void service_core::state::trim_queues() {
    std::size_t left = 0;
    for (auto& [name, s] : services_) {
        id_table<char> seen{random_.next()};
        std::erase_if(s.queue, [&](const request_id& id) {
            const auto found = store_.find(id);
            if (!found || found->state != request_state::open || found->service != name ||
                seen.find(id) != id_table<char>::none)
                return true;
            seen.add(id);
            return false;
        });
        left += s.queue.size();
    }
    stats.queued = left;
    trim_above_ = 2 * left + 4096;
}

bool service_core::state::may_start(const target_service& s) const noexcept {
    return !s.queue.empty() && !s.pausing && s.running < (s.alive ? options_.window : 1) &&
           (s.running == 0 || s.octets < options_.window_octets);
}

void service_core::state::note_ready(target_service& s) {
    if (!s.ready_links.linked && may_start(s))
        ready_.push_back(s);
}

void service_core::state::start_attempts() {
    if (draining_ || !store_.takes_changes())
        return;
    while (target_service* const s = ready_.front()) {
        if (running_.size() >= options_.max_running ||
            (running_.size() != 0 && running_octets_ >= options_.max_running_octets))
            return;
        ready_.remove(*s);
        if (may_start(*s))
            start_next_of(*s);
        note_ready(*s); // behind the others
    }
}

void service_core::state::start_next_of(target_service& s) {
    const request_id id = s.queue.front();
    s.queue.pop_front();
    --stats.queued;
    const auto found = store_.find(id);
    if (!found || found->state != request_state::open || found->service != s.name ||
        running_.find(id) != none::value)
        return; // closed, and maybe asked anew, since
    const place of = running_.add(id);
    attempt& made = running_.at(of);
    made.to = &s;
    made.octets = found->octets;
    ++s.running;
    s.octets += made.octets;
    running_octets_ += made.octets;
    stats.running = running_.size();
    if (const message* kept = recent_.find(id, recent_bodies::kind::request))
        return send(of, kept->share());
    std::error_code ec;
    read_body(0, running_.token(of), id, made.octets, ec);
    if (ec)
        end(of); // it is not where it was, so that nothing can be done about it
}

void service_core::state::send(place of, message&& body) {
    ++stats.dispatched;
    dispatch& out = dispatches_.push_back();
    out.attempt = running_.token(of);
    out.service = running_.at(of).to->name;
    out.body = std::move(body);
    out.limit = options_.attempt_timeout;
    out.unseen = !running_.at(of).to->alive;
}

void service_core::state::attempt_ended(std::uint64_t token, attempt_end how, message&& body,
                                        service_moment at) {
    at_ = at;
    const place of = running_.by_token(token);
    if (of == none::value)
        return;
    target_service& s = *running_.at(of).to;
    if (how == attempt_end::not_tried) {
        not_tried(of, at);
    } else {
        s.alive = true;
        s.pause.reset();
        running_.at(of).reply = std::move(body);
        if (running_.at(of).reply.empty())
            running_.at(of).reply.push_back(octets{});
        change_or_wait(
            {how == attempt_end::answered ? change::kind::reply : change::kind::failure, of}, at);
    }
    start_attempts();
}

/// Nothing was wrong with the request: it is the next one again, once there may be a worker.
void service_core::state::not_tried(place of, service_moment at) {
    ++stats.not_tried;
    target_service& s = *running_.at(of).to;
    s.alive = false;
    if (running_.linked(of)) {
        s.queue.push_front(running_.id(of));
        ++stats.queued;
    }
    if (!s.pausing) {
        s.pausing = true;
        pause_until({at.now + s.pause.next(), {}, &s, true});
    }
    end(of);
}

void service_core::state::pause_until(const pause& what) {
    ++what.to->references;
    pauses_.push_back(what);
    std::push_heap(pauses_.begin(), pauses_.end(), std::greater<>{});
}

void service_core::state::end_pauses(time_point now) {
    while (!pauses_.empty() && pauses_.front().until <= now) {
        std::pop_heap(pauses_.begin(), pauses_.end(), std::greater<>{});
        const pause over = pauses_.back();
        pauses_.pop_back();
        --over.to->references;
        if (over.of_service)
            over.to->pausing = false;
        else
            enqueue(*over.to, over.id);
        note_ready(*over.to);
    }
}

void service_core::state::end(place of) noexcept {
    attempt& gone = running_.at(of);
    target_service& s = *gone.to;
    --s.running;
    s.octets -= gone.octets;
    running_octets_ -= gone.octets;
    gone.reply.clear();
    running_.release(of);
    stats.running = running_.size();
    note_ready(s);
}

} // namespace mizzen::titanic
