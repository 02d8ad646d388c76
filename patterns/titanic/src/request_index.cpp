// A hash table with chains, over entries in chunks.
#include "request_index.hpp"

#include "little_endian.hpp"
#include <mizzen/patterns/common/random.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::titanic {

std::size_t request_index::bucket_of(const request_id& id) const noexcept {
    const auto low = get<std::uint64_t>(id.data());
    const auto high = get<std::uint64_t>(id.data() + 8);
    return static_cast<std::size_t>(patterns::mix(low ^ patterns::mix(high + seed_))) &
           (buckets_.size() - 1);
}

request_index::place request_index::find(const request_id& id) const noexcept {
    if (buckets_.empty())
        return none;
    place found = buckets_[bucket_of(id)];
    while (found != none && at(found).id != id)
        found = at(found).chain;
    return found;
}

void request_index::grow() {
    std::vector<place> larger(std::max<std::size_t>(2 * buckets_.size(), 64), none);
    const std::vector<place> old = std::exchange(buckets_, std::move(larger));
    for (place first : old)
        while (first != none) {
            const place next = at(first).chain;
            place& bucket = buckets_[bucket_of(at(first).id)];
            at(first).chain = std::exchange(bucket, first);
            first = next;
        }
}

void request_index::reserve() {
    if (size_ == buckets_.size())
        grow();
    if (unused_ == none && made_ == chunks_.size() * chunk)
        chunks_.push_back(std::make_unique<index_entry[]>(chunk));
}

request_index::place request_index::add(const request_id& id) noexcept {
    place which = unused_;
    if (which != none)
        unused_ = at(which).chain;
    else
        which = static_cast<place>(made_++);
    index_entry& entry = at(which);
    entry = {};
    entry.id = id;
    place& bucket = buckets_[bucket_of(id)];
    entry.chain = std::exchange(bucket, which);
    append(list_of(entry.state), &index_entry::in_state, which);
    ++size_;
    return which;
}

void request_index::remove(place which) noexcept {
    index_entry& entry = at(which);
    unlink(list_of(entry.state), &index_entry::in_state, which);
    place* link = &buckets_[bucket_of(entry.id)];
    while (*link != which)
        link = &at(*link).chain;
    *link = entry.chain;
    entry.id = {};
    entry.moving = false;
    entry.chain = std::exchange(unused_, which);
    --size_;
}

void request_index::set_state(place which, request_state to) noexcept {
    index_entry& entry = at(which);
    unlink(list_of(entry.state), &index_entry::in_state, which);
    entry.state = to;
    append(list_of(to), &index_entry::in_state, which);
}

void request_index::sort_by_time(request_state which) {
    entry_list& list = list_of(which);
    std::vector<place> order;
    order.reserve(list.count);
    for (place each = list.first; each != none; each = at(each).in_state.after)
        order.push_back(each);
    std::ranges::sort(order, {},
                      [this](place each) { return std::pair{at(each).time, at(each).changed}; });
    list = {};
    for (const place each : order) {
        at(each).in_state = {};
        append(list, &index_entry::in_state, each);
    }
}

void request_index::append(entry_list& list, index_entry::links index_entry::* links,
                           place which) noexcept {
    at(which).*links = {list.last, none};
    (list.last == none ? list.first : (at(list.last).*links).after) = which;
    list.last = which;
    ++list.count;
}

void request_index::unlink(entry_list& list, index_entry::links index_entry::* links,
                           place which) noexcept {
    const index_entry::links own = std::exchange(at(which).*links, {});
    (own.before == none ? list.first : (at(own.before).*links).after) = own.after;
    (own.after == none ? list.last : (at(own.after).*links).before) = own.before;
    --list.count;
}

} // namespace mizzen::titanic
