// Gathering frames into spans for one write.
#include <mizzen/zmtp/frame_encoder.hpp>

#include <cstring>
#include <new>
#include <utility>

namespace mizzen::zmtp {

// What is to be written: spans [first, count), each into the octets behind this object or into a
// block that is held until the span is written.
struct frame_encoder::batch {
    std::size_t capacity;
    std::size_t used = 0; // of the octets
    std::size_t first = 0;
    std::size_t count = 0;
    std::span<const std::byte> spans[most_spans];
    block* holds[most_spans];

    std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

    void* operator new(std::size_t) = delete;
    explicit batch(std::size_t room) noexcept : capacity{room} {}

    // Makes the last `octets` of data part of the output.
    void add_copied(std::size_t size) noexcept {
        std::byte* at = data() + used;
        used += size;
        if (count != first && holds[count - 1] == nullptr) {
            const auto& last = spans[count - 1];
            spans[count - 1] = {last.data(), last.size() + size};
            return;
        }
        spans[count] = {at, size};
        holds[count++] = nullptr;
    }
    void add_held(octets body, block* owner) noexcept {
        owner->retain();
        spans[count] = body;
        holds[count++] = owner;
    }
};

bool frame_encoder::has_room() const noexcept {
    return batch_->used + reserve + message::inline_capacity <= batch_->capacity &&
           batch_->count + 4 <= most_spans;
}

bool frame_encoder::open(std::size_t capacity) noexcept {
    if (batch_ != nullptr)
        return true;
    void* memory = memory_->allocate(sizeof(batch) + capacity);
    if (memory == nullptr)
        return false;
    batch_ = ::new (memory) batch{capacity};
    return true;
}

void frame_encoder::close() noexcept {
    const std::size_t size = sizeof(batch) + batch_->capacity;
    batch_->~batch();
    memory_->deallocate(batch_, size);
    batch_ = nullptr;
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

bool frame_encoder::send(message&& m) noexcept {
    if (!open(batch_size_))
        return false;
    if (m.slices() == 0) {
        // All parts lie in one piece: copy them, then say which is the last.
        const std::size_t size = m.head_size();
        std::byte* at = batch_->data() + batch_->used;
        copy_short(at, m.state_.store + m.state_.begin, size);
        for (std::size_t left = m.size(); left > 1; --left) {
            *at = (*at & ~std::byte{frame_flag::more}) | more_;
            at += message::read_stored(at).next - at;
        }
        *at &= ~std::byte{frame_flag::more};
        batch_->add_copied(size);
        m.clear();
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
        if (batch_->used + need + reserve > batch_->capacity || batch_->count + 4 > most_spans)
            return true; // the rest follows when this is written
        const auto flags = next_part_.left_ > 1 ? std::to_integer<std::uint8_t>(more_) : 0;
        std::byte* at = batch_->data() + batch_->used;
        const std::size_t head =
            encode_frame_header(at, static_cast<std::uint8_t>(flags), body.size());
        if (copied) {
            if (!body.empty())
                std::memcpy(at + head, body.data(), body.size());
            batch_->add_copied(head + body.size());
        } else {
            batch_->add_copied(head);
            batch_->add_held(body, current_.slice_at(next_part_.next_slice_ - 1).owner);
        }
        ++next_part_;
    }
    current_.clear();
    return true;
}

bool frame_encoder::put(octets raw) noexcept {
    if (!open(handshake_batch) || batch_->used + raw.size() > batch_->capacity ||
        batch_->count == most_spans)
        return false;
    std::memcpy(batch_->data() + batch_->used, raw.data(), raw.size());
    batch_->add_copied(raw.size());
    return true;
}

bool frame_encoder::put(block_ref raw) noexcept {
    if (!open(handshake_batch) || batch_->count == most_spans)
        return false;
    batch_->add_held({raw->data(), raw->capacity}, raw.get());
    return true;
}

std::span<const std::span<const std::byte>> frame_encoder::output() const noexcept {
    if (batch_ == nullptr)
        return {};
    return {batch_->spans + batch_->first, batch_->count - batch_->first};
}

bool frame_encoder::consume(std::size_t size) noexcept {
    if (batch_ == nullptr)
        return true;
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
    batch_->used = batch_->first = batch_->count = 0;
    return continue_current();
}

} // namespace mizzen::zmtp
