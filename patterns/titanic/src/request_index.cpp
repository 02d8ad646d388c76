// A hash table with chains, over entries in chunks.
#include "request_index.hpp"

#include "little_endian.hpp"
#include <mizzen/patterns/common/random.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::titanic {

namespace {

constexpr std::uint32_t alone = 1;

std::uint32_t mark_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32) & ~alone;
}

} // namespace

std::uint64_t request_index::hash_of(const request_id& id) const noexcept {
    const auto low = get<std::uint64_t>(id.data());
    const auto high = get<std::uint64_t>(id.data() + 8);
    return patterns::mix(low ^ patterns::mix(high + seed_));
}

request_index::place request_index::find(const request_id& id) const noexcept {
    if (buckets_.empty())
        return none;
    const std::uint64_t hash = hash_of(id);
    const bucket& in = bucket_of(hash);
    if ((in.mark & alone) != 0 && (in.mark & ~alone) != mark_of(hash))
        return none;
    place found = in.first;
    while (found != none && at(found).id != id)
        found = at(found).chain;
    return found;
}

/// What stands in front of the rest of its chain, which begins with `of.first`.
void request_index::put_first(bucket& of, std::uint64_t hash, place which) noexcept {
    at(which).chain = std::exchange(of.first, which);
    of.mark = mark_of(hash) | (at(which).chain == none ? alone : 0);
}

void request_index::grow() {
    std::vector<bucket> larger(std::max<std::size_t>(2 * buckets_.size(), 64));
    const std::vector<bucket> old = std::exchange(buckets_, std::move(larger));
    for (const bucket& each : old) {
        for (place first = each.first; first != none;) {
            const place next = at(first).chain;
            const std::uint64_t hash = hash_of(at(first).id);
            put_first(bucket_of(hash), hash, first);
            first = next;
        }
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
    const std::uint64_t hash = hash_of(id);
    put_first(bucket_of(hash), hash, which);
    append(list_of(entry.state), &index_entry::in_state, which);
    ++size_;
    return which;
}

void request_index::remove(place which) noexcept {
    index_entry& entry = at(which);
    unlink(list_of(entry.state), &index_entry::in_state, which);
    bucket& in = bucket_of(hash_of(entry.id));
    place* link = &in.first;
    while (*link != which)
        link = &at(*link).chain;
    *link = entry.chain;
    if (const place first = in.first; first != none)
        in.mark = mark_of(hash_of(at(first).id)) | (at(first).chain == none ? alone : 0);
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
