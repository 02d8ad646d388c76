// The pool of requests; the order of those with deadlines.
#include "broker_records.hpp"

namespace mizzen::majordomo {

request_record& request_pool::open() {
    if (!unused_.empty()) {
        request_record& r = at(unused_.back());
        unused_.pop_back();
        return r;
    }
    if (made_ == chunks_.size() * chunk_size) {
        chunks_.push_back(std::make_unique<chunk>());
        unused_.reserve(chunks_.size() * chunk_size); // so that closing never allocates
    }
    const auto slot = static_cast<std::uint32_t>(made_++);
    request_record& r = at(slot);
    r.slot = slot;
    return r;
}

void request_pool::close(request_record& r) noexcept {
    ++r.generation;
    r.where = request_record::phase::unused;
    unused_.push_back(r.slot);
}

request_record* request_pool::find(std::uint64_t handle) noexcept {
    const auto slot = static_cast<std::uint32_t>(handle);
    if (slot >= made_)
        return nullptr;
    request_record& r = at(slot);
    return r.handle() == handle && r.where != request_record::phase::unused ? &r : nullptr;
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
