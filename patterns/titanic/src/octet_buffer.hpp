// Octets that are written one behind the other, in memory that is kept for the next time.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace mizzen::titanic {

class octet_buffer {
public:
    octet_buffer() = default;
    octet_buffer(octet_buffer&& other) noexcept
        : data_{std::move(other.data_)}, capacity_{std::exchange(other.capacity_, 0)},
          size_{std::exchange(other.size_, 0)} {}
    octet_buffer& operator=(octet_buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(capacity_, other.capacity_);
        std::swap(size_, other.size_);
        return *this;
    }
    octet_buffer(const octet_buffer&) = delete;
    octet_buffer& operator=(const octet_buffer&) = delete;
    ~octet_buffer() = default;

    /// Makes room for `more` octets, so that `extend` by them does not throw.
    void reserve(std::size_t more) {
        if (capacity_ - size_ < more)
            grow(size_ + more);
    }
    /// The next `more` octets, which have no value yet.
    [[nodiscard]] std::byte* extend(std::size_t more) noexcept {
        std::byte* const at = data_.get() + size_;
        size_ += more;
        return at;
    }
    /// Keeps at most `capacity` octets of memory.
    void clear(std::size_t capacity) noexcept {
        size_ = 0;
        if (capacity_ > capacity) {
            data_.reset();
            capacity_ = 0;
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] zmtp::octets data() const noexcept { return {data_.get(), size_}; }
    [[nodiscard]] std::byte* at(std::size_t offset) noexcept { return data_.get() + offset; }

private:
    void grow(std::size_t wanted) {
        wanted = std::max({wanted, 2 * capacity_, std::size_t{4096}});
        std::unique_ptr<std::byte[]> larger{new std::byte[wanted]}; // make_unique would fill it
        if (size_ != 0)
            std::memcpy(larger.get(), data_.get(), size_);
        data_ = std::move(larger);
        capacity_ = wanted;
    }

    std::unique_ptr<std::byte[]> data_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

} // namespace mizzen::titanic
