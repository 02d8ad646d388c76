// Services inside the broker: requests to them, and requests of theirs.
#include "broker_state.hpp"

#include <algorithm>
#include <utility>

namespace mizzen::majordomo {

void broker_core::state::add_internal(std::string_view prefix) { internal_.emplace_back(prefix); }

bool broker_core::state::reserved(std::string_view service) const noexcept {
    return std::any_of(internal_.begin(), internal_.end(), [service](const std::string& prefix) {
        return service.starts_with(prefix);
    });
}

/// Other than the broker's own.
bool broker_core::state::serves_inside(std::string_view service) const noexcept {
    return reserved(service) && !service.starts_with(mmi_prefix);
}

void broker_core::state::call_internal(peer_record& p, const to_broker& in, message&& m,
                                       time_point now) {
    const auto name = std::make_unique<std::string>(in.service);
    const bool own = name->starts_with(mmi_prefix);
    if (!own && (draining_ || is_full())) {
        ++(draining_ ? stats.dropped_stopping : stats.dropped_full);
        return refuse(p, *name, take_return_path(in, m),
                      draining_ ? status::stopping : status::queue_full,
                      draining_ ? "the broker is about to stop" : "the broker is full");
    }
    ++stats.internal_calls;
    return_path back = take_return_path(in, m);
    request_record& r = open_request(nullptr, std::move(back), {});
    r.where = request_record::phase::inside;
    r.inside = std::make_unique<std::string>(*name);
    ++stats.dispatched;
    take_on(p, r);
    if (own)
        return answer(r.handle(), answer_mmi(*name, m, now), status::ok, now);
    if (r.back.tag)
        set_deadline(r, milliseconds{r.back.tag->deadline_ms}, now);
    calls_.push_back() = {r.handle(), *name, std::move(m), r.back.tag, p.user};
}

bool broker_core::state::next_call(call& out) {
    if (calls_.empty())
        return false;
    out = calls_.pop_front();
    return true;
}

void broker_core::state::answer(std::uint64_t id, message&& body, status outcome, time_point now) {
    request_record* const r = requests_.find(id);
    if (r == nullptr || r->where != request_record::phase::inside)
        return; // the broker has ended since
    if (body.empty())
        body.push_back(octets{});
    leave(*r);
    complete(*r, std::move(body), outcome, now);
    end_if_drained(now);
}

void broker_core::state::end_calls(std::string_view prefix, time_point now) {
    requests_.for_each_open([&](request_record& r) {
        if (r.where != request_record::phase::inside || !r.inside->starts_with(prefix))
            return;
        ++stats.dropped_stopping;
        leave(r);
        fail(r, status::stopping, "the service inside the broker ends");
    });
    end_if_drained(now);
}

std::uint64_t broker_core::state::issue(std::string_view service, message&& body,
                                        issue_limits limits, time_point now) {
    ++stats.issued;
    const bool bad = !valid_service_name(service, options_.max_service_name) || reserved(service);
    const bool full = is_full();
    service_record* const s = bad || draining_ || ended_ ? nullptr : open_service(service);
    request_record& r = open_request(s, {}, std::move(body));
    r.issued = true;
    const std::uint64_t id = r.handle();
    if (draining_ || ended_) {
        ++stats.dropped_stopping;
        fail(r, status::stopping, "the broker is about to stop");
    } else if (s == nullptr) {
        ++stats.refused_services;
        fail(r, status::no_such_service, bad ? "not a service name" : "too many services");
    } else if (full) {
        ++stats.dropped_full;
        fail(r, status::queue_full, "the broker is full");
        note_if_empty(*s, now);
    } else {
        set_deadline(r, limits.in_all, now);
        r.run_limit = limits.at_worker;
        accept(r, now);
    }
    return id;
}

bool broker_core::state::next_result(result& out) {
    if (results_.empty())
        return false;
    out = results_.pop_front();
    return true;
}

} // namespace mizzen::majordomo
