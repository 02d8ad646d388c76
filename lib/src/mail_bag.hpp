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

/// First in, first out. A message that lives in its object is packed: four octets and its frames,
/// where the object has 128. Others go whole.
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
        const peer_id tag = m.peer() <= cancelling ? m.peer() : 0;
        const auto frames = m.inline_frames();
        const bool whole = frames.empty();
        std::byte* const at = room_for(entry_head + frames.size());
        const std::size_t encoded = m.encoded_size();
        at[0] = static_cast<std::byte>(frames.size());
        at[1] = static_cast<std::byte>(whole ? 0 : m.size()); // each has two octets or more
        at[2] = static_cast<std::byte>(tag);
        at[3] = std::byte{0};
        if (whole) {
            whole_.emplace_back() = std::move(m);
        } else {
            zmtp::copy_short(at + entry_head, frames.data(), frames.size());
            m.clear();
        }
        end_ += entry_head + frames.size();
        ++size_;
        octets_ += encoded;
    }
    /// The next of a bag that is not empty; `m` is, and its peer is then what it is of
    /// subscriptions.
    void pop(message& m) noexcept {
        const std::byte* const at = entries_.get() + begin_;
        const auto size = std::to_integer<std::size_t>(at[0]);
        if (size == 0) {
            m = std::move(whole_.front());
            whole_.pop_front();
        } else {
            m.restore({at + entry_head, size}, std::to_integer<std::uint32_t>(at[1]));
        }
        m.set_peer(std::to_integer<peer_id>(at[2]));
        begin_ += entry_head + size;
        octets_ -= m.encoded_size();
        if (--size_ == 0)
            begin_ = end_ = 0;
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
    static constexpr std::size_t entry_head = 4;
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
