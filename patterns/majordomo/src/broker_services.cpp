// Services that come and go at the broker; the order of requests with deadlines.
#include "broker_state.hpp"

namespace mizzen::majordomo {

service_record* broker_core::state::find_service(std::string_view name) {
    const auto at = services_.find(name);
    return at == services_.end() ? nullptr : &at->second;
}

service_record* broker_core::state::open_service(std::string_view name) {
    if (service_record* s = find_service(name))
        return s;
    if (services_.size() >= options_.max_services) {
        if (empty_services_.empty())
            return nullptr;
        forget_service(*empty_services_.front());
    }
    const auto at = services_.try_emplace(std::string{name}).first;
    at->second.name = at->first;
    stats.services = services_.size();
    return &at->second;
}

void broker_core::state::note_if_empty(service_record& s, time_point now) noexcept {
    if (s.workers == 0 && s.queued == 0 && !s.empty_links.linked) {
        s.empty_since = now;
        empty_services_.push_back(s);
    }
}

void broker_core::state::forget_service(service_record& s) {
    empty_services_.remove(s);
    services_.erase(services_.find(s.name));
    stats.services = services_.size();
}

void deadline_heap::insert(request_record& r) {
    items_.push_back(&r);
    r.heap_place = items_.size() - 1;
    rise(r.heap_place);
}

void deadline_heap::remove(request_record& r) noexcept {
    if (r.heap_place == SIZE_MAX)
        return;
    const std::size_t place = r.heap_place;
    r.heap_place = SIZE_MAX;
    request_record* last = items_.back();
    items_.pop_back();
    if (last == &r)
        return;
    put(place, last);
    rise(place);
    sink(last->heap_place);
}

void deadline_heap::put(std::size_t place, request_record* r) noexcept {
    items_[place] = r;
    r->heap_place = place;
}

void deadline_heap::rise(std::size_t place) noexcept {
    request_record* r = items_[place];
    for (; place != 0; place = (place - 1) / 2) {
        request_record* above = items_[(place - 1) / 2];
        if (above->deadline <= r->deadline)
            break;
        put(place, above);
    }
    put(place, r);
}

void deadline_heap::sink(std::size_t place) noexcept {
    request_record* r = items_[place];
    for (;;) {
        std::size_t below = 2 * place + 1;
        if (below >= items_.size())
            break;
        if (below + 1 < items_.size() && items_[below + 1]->deadline < items_[below]->deadline)
            ++below;
        if (r->deadline <= items_[below]->deadline)
            break;
        put(place, items_[below]);
        place = below;
    }
    put(place, r);
}

} // namespace mizzen::majordomo
