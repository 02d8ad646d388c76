// The parts of a message that are beyond its inline store.
#include <mizzen/zmtp/message.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace mizzen::zmtp {
namespace {

// Of which no memory holds one; below it, sizes can be added without a wrap.
constexpr std::size_t largest_part = std::numeric_limits<std::size_t>::max() / 4;

} // namespace

// The slices behind the first: items[begin, end).
struct message::slice_list {
    allocator* owner;
    std::size_t begin;
    std::size_t end;
    std::size_t capacity;

    slice* items() noexcept { return reinterpret_cast<slice*>(this + 1); }

    static slice_list* create(allocator& from, std::size_t capacity) noexcept {
        void* memory = from.allocate(sizeof(slice_list) + capacity * sizeof(slice));
        return memory == nullptr ? nullptr : new (memory) slice_list{&from, 0, 0, capacity};
    }
    void destroy() noexcept {
        owner->deallocate(this, sizeof(slice_list) + capacity * sizeof(slice));
    }
};

std::size_t message::slices_slow() const noexcept {
    return 1 + (state_.more == nullptr ? 0 : state_.more->end - state_.more->begin);
}

message::slice& message::slice_at(std::size_t index) const noexcept {
    if (index == 0)
        return const_cast<slice&>(state_.first); // slices are ours to change only where we are
    return state_.more->items()[state_.more->begin + index - 1];
}

bool message::add_slice(slice added, allocator& from) noexcept {
    if (!state_.sliced) {
        state_.sliced = true;
        state_.more = nullptr;
        state_.first = added;
        return true;
    }
    slice_list* list = state_.more;
    if (list == nullptr || list->end == list->capacity) {
        const std::size_t held = list == nullptr ? 0 : list->end - list->begin;
        slice_list* larger = slice_list::create(from, std::max<std::size_t>(4, 2 * held));
        if (larger == nullptr)
            return false;
        if (list != nullptr) {
            std::copy_n(list->items() + list->begin, held, larger->items());
            larger->end = held;
            list->destroy();
        }
        state_.more = list = larger;
    }
    list->items()[list->end++] = added;
    return true;
}

void message::remove_first_slice() noexcept {
    state_.first.owner->release();
    slice_list* list = state_.more;
    if (list == nullptr) {
        state_.sliced = false;
        return;
    }
    state_.first = list->items()[list->begin++];
    if (list->begin == list->end) {
        list->destroy();
        state_.more = nullptr;
    }
}

void message::release_tail_slow() noexcept {
    while (state_.sliced)
        remove_first_slice();
}

std::byte* message::extend_back_slow(std::size_t size, allocator& from) noexcept {
    if (size > largest_part)
        return nullptr;
    const std::size_t need = header_size(size) + size;
    const std::size_t count = slices();
    if (count == 0 && head_size() + need <= inline_capacity) { // room, but it is in front
        std::memmove(state_.store, state_.store + state_.begin, head_size());
        state_.end = static_cast<std::uint8_t>(head_size());
        state_.begin = 0;
        return extend_back(size, from);
    }
    if (count != 0) {
        slice& last = slice_at(count - 1);
        const std::byte* limit = last.owner->data() + last.owner->capacity;
        if (!last.owner->shared() &&
            need <= static_cast<std::size_t>(limit - (last.data + last.size))) {
            std::byte* at = last.data + last.size;
            last.size += need;
            ++state_.parts;
            return at + encode_frame_header(at, frame_flag::more, size);
        }
    }
    // A first large part gets just what it needs; more parts behind it are likely to have company.
    constexpr std::size_t smallest = 240;
    constexpr std::size_t largest_spare = 16 * 1024;
    const std::size_t spare =
        count == 0 ? smallest : std::min(2 * slice_at(count - 1).size, largest_spare);
    block* made = block::create(from, std::max({need, spare, smallest}));
    if (made == nullptr)
        return nullptr;
    if (!add_slice({made, made->data(), need}, from)) {
        made->release();
        return nullptr;
    }
    if (head_size() == 0)
        state_.begin = state_.end = inline_capacity;
    ++state_.parts;
    return made->data() + encode_frame_header(made->data(), frame_flag::more, size);
}

std::byte* message::extend_front_slow(std::size_t size, allocator& from) noexcept {
    if (size > largest_part)
        return nullptr;
    const std::size_t need = header_size(size) + size;
    const std::size_t held = head_size();
    if (held + need <= inline_capacity) { // room, but it is behind
        std::memmove(state_.store + inline_capacity - held, state_.store + state_.begin, held);
        state_.end = inline_capacity;
        state_.begin = static_cast<std::uint8_t>(inline_capacity - held);
        return extend_front(size, from);
    }
    // There may be room in front of the first slice: what was popped there, or what was spared
    // below.
    if (block* owner = state_.sliced ? state_.first.owner : nullptr;
        owner != nullptr && !owner->shared() &&
        held + need <= static_cast<std::size_t>(state_.first.data - owner->data())) {
        std::byte* at = state_.first.data - held - need;
        if (held != 0)
            std::memcpy(at + need, state_.store + state_.begin, held);
        state_.first.data = at;
        state_.first.size += held + need;
        state_.begin = state_.end = inline_capacity;
        ++state_.parts;
        return at + encode_frame_header(at, frame_flag::more, size);
    }
    // The new part and the inline ones move into a block of their own, in front of the others.
    constexpr std::size_t spare = 128;
    block* made = block::create(from, spare + need + held);
    if (made == nullptr)
        return nullptr;
    std::byte* at = made->data() + spare;
    // A place for one more; put in order below.
    const bool alone = !state_.sliced;
    if (!add_slice(alone ? slice{made, at, need + held} : state_.first, from)) {
        made->release();
        return nullptr;
    }
    if (!alone) {
        slice_list* list = state_.more;
        std::copy_backward(list->items() + list->begin, list->items() + list->end - 1,
                           list->items() + list->end);
        list->items()[list->begin] = state_.first;
        state_.first = {made, at, need + held};
    }
    if (held != 0)
        std::memcpy(at + need, state_.store + state_.begin, held);
    state_.begin = state_.end = inline_capacity;
    ++state_.parts;
    return at + encode_frame_header(at, frame_flag::more, size);
}

bool message::adopt_back(block_ref frames, std::byte* data, std::size_t size, std::uint32_t count,
                         allocator& from) noexcept {
    if (!add_slice({frames.get(), data, size}, from))
        return false;
    static_cast<void>(frames.release());
    if (head_size() == 0)
        state_.begin = state_.end = inline_capacity;
    state_.parts += count;
    return true;
}

void message::leave_off(std::size_t count) noexcept {
    slice& only = state_.first;
    const std::size_t size = read_stored(only.data).body.size() - count;
    const std::size_t head = header_size(size);
    only.data = octets_in_block() + count - head;
    only.size = head + size;
    encode_frame_header(only.data, frame_flag::more, size);
}

void message::copy_slices(std::byte* to) const noexcept {
    for (std::size_t i = 0; i < slices(); ++i) {
        const slice& next = slice_at(i);
        std::memcpy(to, next.data, next.size);
        to += next.size;
    }
}

bool message::restore_in_block(octets frames, std::uint32_t parts, allocator& from) noexcept {
    block_ref made{block::create(from, frames.size())};
    if (!made)
        return false;
    std::byte* const data = made->data();
    std::memcpy(data, frames.data(), frames.size());
    return adopt_back(std::move(made), data, frames.size(), parts, from);
}

message message::share(allocator& from) const noexcept {
    message copy;
    copy.state_.take(state_);
    copy.state_.sliced = false;
    for (std::size_t i = 0; i < slices(); ++i) {
        const slice& shared = slice_at(i);
        shared.owner->retain();
        if (!copy.add_slice(shared, from)) {
            shared.owner->release();
            return {};
        }
    }
    return copy;
}

} // namespace mizzen::zmtp
