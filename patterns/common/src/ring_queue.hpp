// A queue in one piece of memory, which grows to what it once had to hold.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace mizzen::patterns {

template <class T> class ring_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

    /// Adds an item behind the others; what it held before is its user's to overwrite.
    T& push_back() {
        if (end_ - begin_ == items_.size())
            grow();
        return items_[end_++ & (items_.size() - 1)];
    }
    /// The first item of a queue that is not empty.
    [[nodiscard]] T& front() noexcept { return items_[begin_ & (items_.size() - 1)]; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }

    /// Takes the first item of a queue that is not empty.
    T pop_front() noexcept { return std::move(items_[begin_++ & (items_.size() - 1)]); }

private:
    void grow() {
        const std::size_t held = items_.size();
        std::vector<T> larger(held == 0 ? 16 : 2 * held);
        for (std::size_t i = 0; i < held; ++i)
            larger[i] = std::move(items_[(begin_ + i) & (held - 1)]);
        items_ = std::move(larger);
        begin_ = 0;
        end_ = held;
    }

    std::vector<T> items_; // a power of two, or none
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace mizzen::patterns
