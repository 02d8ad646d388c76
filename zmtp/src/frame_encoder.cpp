// Gathering frames into spans for one write.
#include <mizzen/zmtp/frame_encoder.hpp>
#include <mizzen/zmtp/security.hpp>

#include <cstring>
#include <new>
#include <utility>

namespace mizzen::zmtp {

// What is to be written: spans [first, count), each into the octets behind this object or into a
// block that is held until the span is written; then the octets from `open` to the encoder's tail.
struct frame_encoder::batch {
    std::size_t capacity;
    std::size_t first = 0;
    std::size_t count = 0;
    const std::byte* open = data();
    std::span<const std::byte> spans[most_spans];
    block* holds[most_spans];

    std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

    void* operator new(std::size_t) = delete;
    explicit batch(std::size_t room) noexcept : capacity{room} {}

    // Makes what was copied part of the spans. One is always left for it.
    void settle(const std::byte* tail) noexcept {
        if (open == tail)
            return;
        if (count != first && holds[count - 1] == nullptr) {
            spans[count - 1] = {spans[count - 1].data(), tail};
        } else {
            spans[count] = {open, tail};
            holds[count++] = nullptr;
        }
        open = tail;
    }
    [[nodiscard]] bool spans_left(std::size_t wanted) const noexcept {
        return count + wanted <= most_spans;
    }
};

bool frame_encoder::open(std::size_t capacity) noexcept {
    if (batch_ != nullptr)
        return true;
    void* memory = memory_->allocate(sizeof(batch) + capacity);
    if (memory == nullptr)
        return false;
    batch_ = ::new (memory) batch{capacity};
    rewind();
    return true;
}

void frame_encoder::rewind() noexcept {
    batch_->first = batch_->count = 0;
    batch_->open = tail_ = batch_->data();
    small_end_ = tail_ + batch_->capacity - reserve - message::inline_capacity;
}

void frame_encoder::hold(octets body, block* owner) noexcept {
    batch_->settle(tail_);
    owner->retain();
    batch_->spans[batch_->count] = body;
    batch_->holds[batch_->count++] = owner;
    if (!batch_->spans_left(4))
        small_end_ = nullptr; // no more messages before this is written
}

void frame_encoder::close() noexcept {
    const std::size_t size = sizeof(batch) + batch_->capacity;
    if (batch_->capacity == handshake_batch) // it may have had a password
        wipe({batch_->data(), handshake_batch});
    batch_->~batch();
    memory_->deallocate(batch_, size);
    batch_ = nullptr;
    tail_ = small_end_ = nullptr;
}

std::size_t frame_encoder::room_for_copies() const noexcept {
    return static_cast<std::size_t>(batch_->data() + batch_->capacity - tail_);
}

void frame_encoder::drop() noexcept {
    current_.clear();
    if (batch_ == nullptr)
        return;
    for (std::size_t i = batch_->first; i < batch_->count; ++i)
        if (batch_->holds[i] != nullptr)
            batch_->holds[i]->release();
    close();
}

bool frame_encoder::send_slow(message&& m) noexcept {
    if (!open(batch_size_))
        return false;
    if (m.slices() == 0) {
        // All parts lie in one piece: copy them, then say which is the last.
        const std::size_t size = m.head_size();
        std::byte* at = tail_;
        copy_short(at, m.state_.store + m.state_.begin, size);
        for (std::size_t left = m.size(); left > 1; --left) {
            *at = (*at & ~std::byte{frame_flag::more}) | more_;
            at += message::read_stored(at).next - at;
        }
        *at &= ~std::byte{frame_flag::more};
        tail_ += size;
        m.forget();
        return true;
    }
    current_ = std::move(m);
    next_part_ = current_.begin();
    return continue_current();
}

bool frame_encoder::continue_current() noexcept {
    if (current_.empty())
        return true;
    if (!open(batch_size_))
        return false;
    while (next_part_ != current_.end()) {
        const octets body = *next_part_;
        const bool copied = body.size() <= largest_copied;
        const std::size_t need = max_frame_header + (copied ? body.size() : 0);
        if (need + reserve > room_for_copies() || !batch_->spans_left(4))
            return true; // the rest follows when this is written
        const auto flags = next_part_.left_ > 1 ? std::to_integer<std::uint8_t>(more_) : 0;
        const std::size_t head =
            encode_frame_header(tail_, static_cast<std::uint8_t>(flags), body.size());
        if (copied) {
            if (!body.empty())
                std::memcpy(tail_ + head, body.data(), body.size());
            tail_ += head + body.size();
        } else {
            tail_ += head;
            hold(body, current_.slice_at(next_part_.next_slice_ - 1).owner);
        }
        ++next_part_;
    }
    current_.clear();
    return true;
}

std::byte* frame_encoder::room_for_frame(std::size_t size) noexcept {
    if (!open(batch_size_))
        return nullptr;
    const std::size_t room = room_for_copies();
    return room > reserve && size <= room - reserve && batch_->spans_left(4) ? tail_ : nullptr;
}

bool frame_encoder::put(octets raw) noexcept {
    if (!open(handshake_batch) || raw.size() > room_for_copies() || !batch_->spans_left(1))
        return false;
    std::memcpy(tail_, raw.data(), raw.size());
    tail_ += raw.size();
    return true;
}

bool frame_encoder::put(block_ref raw) noexcept {
    if (!open(handshake_batch) || !batch_->spans_left(3)) // for copies before it and behind
        return false;
    hold({raw->data(), raw->capacity}, raw.get());
    return true;
}

std::span<const std::span<const std::byte>> frame_encoder::output() const noexcept {
    if (batch_ == nullptr)
        return {};
    batch_->settle(tail_);
    return {batch_->spans + batch_->first, batch_->count - batch_->first};
}

bool frame_encoder::consume(std::size_t size) noexcept {
    if (batch_ == nullptr)
        return true;
    batch_->settle(tail_);
    while (size != 0 && batch_->first != batch_->count) {
        auto& span = batch_->spans[batch_->first];
        const std::size_t taken = size < span.size() ? size : span.size();
        span = span.subspan(taken);
        size -= taken;
        if (!span.empty())
            break;
        if (block* held = batch_->holds[batch_->first])
            held->release();
        ++batch_->first;
    }
    if (batch_->first != batch_->count)
        return true;
    if (current_.empty() || batch_->capacity < batch_size_) {
        close();
        return continue_current();
    }
    rewind();
    return continue_current();
}

} // namespace mizzen::zmtp
