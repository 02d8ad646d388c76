// A queue of messages that grows and shrinks with what it holds.
#pragma once

#include <mizzen/message.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace mizzen::detail {

/// First in, first out. Its memory doubles as needed and goes back once the queue is empty and was
/// larger than a few messages.
class message_ring {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == last_; }
    [[nodiscard]] std::size_t size() const noexcept { return last_ - first_; }

    /// Adds an empty message and returns it.
    message& emplace_back() {
        if (size() == capacity_)
            grow();
        return slots_[last_++ & (capacity_ - 1)];
    }
    /// Takes all of the other's, behind what is here.
    void append(message_ring& other) {
        while (capacity_ - size() < other.size())
            grow();
        for (; !other.empty(); other.pop_front())
            emplace_back() = std::move(other.front());
    }
    /// Takes back the last emplace_back; the message is to be empty.
    void pop_back() noexcept {
        --last_;
        trim();
    }
    [[nodiscard]] message& front() noexcept { return slots_[first_ & (capacity_ - 1)]; }
    /// Removes the front, which was moved from or is to be dropped.
    void pop_front() noexcept {
        slots_[first_++ & (capacity_ - 1)].clear();
        trim();
    }
    /// Removes the front, which was moved from, of several.
    void drop_front() noexcept { ++first_; }
    /// In order, from the front.
    template <class What> void for_each(What what) {
        for (std::size_t i = first_; i != last_; ++i)
            what(slots_[i & (capacity_ - 1)]);
    }
    void swap(message_ring& other) noexcept {
        std::swap(slots_, other.slots_);
        std::swap(capacity_, other.capacity_);
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
    }
    void clear() noexcept {
        while (!empty())
            pop_front();
        slots_.reset();
        capacity_ = 0;
    }

private:
    static constexpr std::size_t kept = 16; // messages of memory that an empty queue keeps

    void grow() {
        const std::size_t larger = capacity_ == 0 ? 4 : 2 * capacity_;
        auto slots = std::make_unique<message[]>(larger);
        const std::size_t held = size();
        for (std::size_t i = 0; i < held; ++i)
            slots[i] = std::move(slots_[(first_ + i) & (capacity_ - 1)]);
        slots_ = std::move(slots);
        capacity_ = larger;
        first_ = 0;
        last_ = held;
    }
    void trim() noexcept {
        if (!empty())
            return;
        first_ = last_ = 0;
    }

    std::unique_ptr<message[]> slots_;
    std::size_t capacity_ = 0; // a power of two
    std::size_t first_ = 0;
    std::size_t last_ = 0;

public:
    /// Gives memory back that an idle peer does not need.
    void shrink_if_idle() noexcept {
        if (empty() && capacity_ > kept) {
            slots_.reset();
            capacity_ = 0;
        }
    }
};

} // namespace mizzen::detail
