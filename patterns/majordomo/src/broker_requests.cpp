// A request's life at the broker, from its arrival to its answer.
#include "broker_state.hpp"

#include <utility>

namespace mizzen::majordomo {
namespace {

using phase = request_record::phase;

// Takes everything in front of the body off `m`.
return_path take_return_path(const to_broker& in, message& m) {
    return_path back{in.tag, nullptr};
    const std::size_t others = in.envelope - (in.tag ? 1 : 0);
    if (others != 0)
        back.envelope = std::make_unique<message>();
    for (std::size_t i = 0; i < others; ++i) {
        back.envelope->push_back(m.front());
        m.pop_front();
    }
    drop_frames(m, in.head - others);
    return back;
}

std::size_t octets_of(const request_record& r) {
    return r.body.encoded_size() + (r.back.envelope ? r.back.envelope->encoded_size() : 0);
}

} // namespace

void broker_core::state::on_request(peer_record& p, const to_broker& in, message&& m,
                                    time_point now) {
    using role = peer_record::role;
    if (p.what != role::unknown && p.what != role::client)
        return on_nonsense(p, stats.wrong_role, now);
    p.what = role::client;
    ++stats.requests;
    const bool good_name = valid_service_name(in.service, options_.max_service_name);
    if (good_name && in.service.starts_with(mmi_prefix)) {
        const std::string name{in.service};
        const std::string argument{m.text(m.size() - 1).substr(0, options_.max_service_name + 1)};
        return answer_mmi(p, name, take_return_path(in, m), argument);
    }
    service_record* s = good_name ? open_service(in.service) : nullptr;
    if (s == nullptr) {
        ++stats.refused_services;
        const std::string name{in.service};
        return refuse(p, name, take_return_path(in, m), status::no_such_service,
                      good_name ? "too many services" : "not a service name");
    }

    request_record& r = open_request();
    r.client = &p;
    r.service = s;
    r.back = take_return_path(in, m);
    r.body = std::move(m);
    p.requests.push_back(r);
    if (r.back.tag && r.back.tag->deadline_ms != 0) {
        r.deadline = now + milliseconds{r.back.tag->deadline_ms};
        deadlines_.insert(r);
    }
    if (peer_record* w = s->idle.front()) // then nothing is queued
        return assign(*w, r, now);

    r.octets = octets_of(r);
    if (s->queued >= options_.max_requests_per_service ||
        (s->queued != 0 && s->queued_octets + r.octets > options_.max_queued_octets)) {
        ++stats.dropped_full;
        fail(r, status::queue_full, "the service's queue is full");
        return note_if_empty(*s, now);
    }
    s->queue.push_back(r);
    enqueue(r, now);
}

void broker_core::state::answer_mmi(peer_record& p, std::string_view service,
                                    const return_path& back, std::string_view argument) {
    message answer;
    if (service == "mmi.service") {
        const service_record* s = find_service(argument);
        answer.push_back(s != nullptr && s->workers != 0 ? "200" : "404");
    } else if (service == "mmi.broker") {
        answer.push_back("200").push_back(request_tag::prefix);
    } else {
        answer.push_back("501");
    }
    reply(p, std::move(answer), back, service, status::ok);
}

// A plain client is not told of failures: it would take the words for a reply.
void broker_core::state::refuse(peer_record& p, std::string_view service, const return_path& back,
                                status why, std::string_view words) {
    if (back.tag)
        reply(p, message{words}, back, service, why);
}

void broker_core::state::reply(peer_record& p, message&& body, const return_path& back,
                               std::string_view service, status outcome) {
    frame_client_reply(body, service);
    if (back.tag)
        frame_tag(body, *back.tag, outcome);
    if (back.envelope) {
        for (std::size_t i = back.envelope->size(); i-- != 0;)
            body.push_front((*back.envelope)[i]);
    }
    ++stats.replies;
    send(p.id, std::move(body));
}

request_record& broker_core::state::open_request() {
    if (unused_requests_.empty()) {
        request_record& r = requests_.emplace_back();
        r.slot = static_cast<std::uint32_t>(requests_.size() - 1);
        if (unused_requests_.capacity() < requests_.size()) // so that closing never allocates
            unused_requests_.reserve(2 * requests_.size());
        return r;
    }
    request_record& r = requests_[unused_requests_.back()];
    unused_requests_.pop_back();
    return r;
}

void broker_core::state::close_request(request_record& r) noexcept {
    forget_client(r);
    ++r.generation;
    r.where = phase::unused;
    r.deliveries = 0;
    r.worker = nullptr;
    r.service = nullptr;
    r.back.tag.reset();
    r.back.envelope.reset();
    r.body.clear();
    unused_requests_.push_back(r.slot);
}

void broker_core::state::fail(request_record& r, status why, std::string_view words) {
    if (r.client != nullptr)
        refuse(*r.client, r.service->name, r.back, why, words);
    close_request(r);
}

void broker_core::state::complete(request_record& r, message&& body, status outcome) {
    if (outcome != status::ok)
        ++stats.failed_replies;
    if (r.client == nullptr)
        ++stats.orphaned_replies;
    else if (outcome == status::ok || r.back.tag)
        reply(*r.client, std::move(body), r.back, r.service->name, outcome);
    close_request(r);
}

/// Counts a request that was just put into its service's queue.
void broker_core::state::enqueue(request_record& r, time_point now) {
    service_record& s = *r.service;
    r.where = phase::queued;
    ++s.queued;
    s.queued_octets += r.octets;
    ++stats.queued;
    empty_services_.remove(s);
    if (options_.request_expiry.count() != 0) {
        r.waits_until = now + options_.request_expiry;
        waiting_.push_back(r);
    }
}

void broker_core::state::unqueue(request_record& r) noexcept {
    service_record& s = *r.service;
    s.queue.remove(r);
    waiting_.remove(r);
    --s.queued;
    s.queued_octets -= r.octets;
    --stats.queued;
}

/// The worker is gone; the request goes to the next one, before all others.
void broker_core::state::take_back(request_record& r, time_point now) {
    --stats.dispatched;
    r.worker = nullptr;
    if (r.client == nullptr || ended_) {
        ++stats.dropped_gone;
        return close_request(r);
    }
    if (r.body.empty()) {
        ++stats.dropped_given_up;
        return fail(r, status::given_up, "every worker that was given the request went away");
    }
    ++stats.redelivered;
    r.octets = octets_of(r);
    r.service->queue.push_front(r);
    enqueue(r, now);
}

void broker_core::state::forget_client(request_record& r) noexcept {
    deadlines_.remove(r);
    if (r.client != nullptr)
        std::exchange(r.client, nullptr)->requests.remove(r);
}

void broker_core::state::dispatch(service_record& s, time_point now) {
    while (!s.idle.empty() && !s.queue.empty()) {
        request_record& r = *s.queue.front();
        unqueue(r);
        assign(*s.idle.front(), r, now);
    }
}

void broker_core::state::assign(peer_record& w, request_record& r, time_point now) {
    w.service->idle.remove(w);
    w.what = peer_record::role::busy;
    w.current = &r;
    w.busy_since = now;
    if (!w.beats_while_busy)
        silences_.remove(w);
    r.where = phase::dispatched;
    r.worker = &w;
    ++stats.dispatched;

    message m; // the body is kept only if it may be sent again
    if (++r.deliveries <= options_.redeliveries)
        m = r.body.share();
    if (m.empty())
        m = std::move(r.body);
    frame_worker_request(m, encode_handle(r.handle()));
    send_to_worker(w, std::move(m), now);
}

} // namespace mizzen::majordomo
