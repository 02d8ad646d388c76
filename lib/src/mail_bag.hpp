// Messages on their way from one thread to another, in as few cache lines as they go into.
#pragma once

#include "message_ring.hpp"
#include <mizzen/message.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace mizzen::detail {

// What a message on the way out is, in place of the peer that it has no use for.
inline constexpr peer_id subscribing = 1;
inline constexpr peer_id cancelling = 2;

/// First in, first out. A message of up to 2 KiB is packed: a short head and its frames, where the
/// object has 128 octets and perhaps a block of memory, which is dear to return to another thread.
/// Larger ones go whole.
///
/// What goes through keeps its parts and whether it is a subscription; nothing else.
class mail_bag {
public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Encoded, of all messages.
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }

    /// Takes a message that has parts.
    void push(message&& m) {
        const std::size_t encoded = m.encoded_size();
        const bool packed = encoded <= largest_packed && m.size() <= most_parts;
        entry next;
        next.size = static_cast<std::uint16_t>(packed ? encoded : 0);
        next.parts = static_cast<std::uint8_t>(packed ? m.size() : 0);
        next.tag = static_cast<std::uint8_t>(m.peer() <= cancelling ? m.peer() : 0);
        std::byte* const at = room_for(sizeof next + next.size);
        if (packed) {
            m.copy_frames(at + sizeof next);
            m.clear();
        } else {
            whole_.emplace_back() = std::move(m);
        }
        std::memcpy(at, &next, sizeof next);
        end_ += sizeof next + next.size;
        ++size_;
        octets_ += encoded;
    }
    /// The next of a bag that is not empty, into an empty message, which then has for a peer what
    /// it is of subscriptions. False if there is no memory for it; it is still here then.
    [[nodiscard]] bool pop(message& m) noexcept {
        entry next;
        const std::byte* const at = entries_.get() + begin_;
        std::memcpy(&next, at, sizeof next);
        if (next.size == 0) {
            m = std::move(whole_.front());
            whole_.pop_front();
        } else if (!m.try_restore({at + sizeof next, next.size}, next.parts)) {
            return false;
        }
        m.set_peer(next.tag);
        begin_ += sizeof next + next.size;
        octets_ -= m.encoded_size();
        if (--size_ == 0)
            begin_ = end_ = 0;
        return true;
    }
    /// Takes all of the other's, behind what is here.
    void append(mail_bag& other) {
        if (empty())
            return swap(other);
        const std::size_t size = other.end_ - other.begin_;
        std::byte* const at = room_for(size);
        whole_.append(other.whole_);
        std::memcpy(at, other.entries_.get() + other.begin_, size);
        end_ += size;
        size_ += other.size_;
        octets_ += other.octets_;
        other.forget();
    }
    void swap(mail_bag& other) noexcept {
        std::swap(entries_, other.entries_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        std::swap(size_, other.size_);
        std::swap(octets_, other.octets_);
        whole_.swap(other.whole_);
    }
    void clear() noexcept {
        whole_.clear();
        forget();
        shrink_if_idle();
    }
    /// Gives memory back that an idle peer does not need.
    void shrink_if_idle() noexcept {
        if (!empty())
            return;
        whole_.shrink_if_idle();
        if (capacity_ > kept) {
            entries_.reset();
            capacity_ = 0;
        }
    }

private:
    static constexpr std::size_t largest_packed = 2 * 1024; // encoded
    static constexpr std::size_t most_parts = 255;

    /// In front of a packed message's frames, or for one that goes whole.
    struct entry {
        std::uint16_t size; // 0 of one that goes whole: frames have two octets or more
        std::uint8_t parts;
        std::uint8_t tag;
    };

    static constexpr std::size_t kept = 512; // octets that an empty bag keeps

    // May move what is here.
    [[nodiscard]] std::byte* room_for(std::size_t size) {
        if (capacity_ - end_ < size)
            grow(size);
        return entries_.get() + end_;
    }
    void grow(std::size_t wanted) {
        const std::size_t held = end_ - begin_;
        std::size_t larger = capacity_ == 0 ? kept : capacity_;
        while (larger < 2 * held || larger - held < wanted)
            larger *= 2;
        if (larger != capacity_) {
            std::unique_ptr<std::byte[]> entries{new std::byte[larger]}; // not zeroed
            if (held != 0)
                std::memcpy(entries.get(), entries_.get() + begin_, held);
            entries_ = std::move(entries);
            capacity_ = larger;
        } else {
            std::memmove(entries_.get(), entries_.get() + begin_, held);
        }
        begin_ = 0;
        end_ = held;
    }
    void forget() noexcept { begin_ = end_ = size_ = octets_ = 0; }

    std::unique_ptr<std::byte[]> entries_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t size_ = 0; // messages
    std::size_t octets_ = 0;
    message_ring whole_;
};

} // namespace mizzen::detail
