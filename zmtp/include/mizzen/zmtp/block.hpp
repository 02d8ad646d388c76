// A reference-counted piece of memory, and a view of part of it.
#pragma once

#include <mizzen/zmtp/allocator.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace mizzen::zmtp {

/// Memory with a count of its users and the allocator it goes back to. The count is atomic, since
/// messages cross threads. The octets follow the object.
struct block {
    std::atomic<std::uint32_t> users{1};
    allocator* owner = nullptr;
    std::size_t capacity = 0; ///< Octets of data.

    [[nodiscard]] std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

    /// A block with room for `capacity` octets and one user, or null.
    [[nodiscard]] static block* create(allocator& from, std::size_t capacity) noexcept {
        void* memory = from.allocate(sizeof(block) + capacity);
        if (memory == nullptr)
            return nullptr;
        auto* made = new (memory) block;
        made->owner = &from;
        made->capacity = capacity;
        return made;
    }

    void retain() noexcept { users.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (users.load(std::memory_order_acquire) == 1 ||
            users.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            allocator* to = owner;
            const std::size_t size = sizeof(block) + capacity;
            this->~block();
            to->deallocate(this, size);
        }
    }
    [[nodiscard]] bool shared() const noexcept {
        return users.load(std::memory_order_acquire) != 1;
    }
};

/// An owning reference to a block; null when there is none.
class block_ref {
public:
    block_ref() = default;
    explicit block_ref(block* adopted) noexcept : block_{adopted} {}
    block_ref(block_ref&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
    block_ref& operator=(block_ref&& other) noexcept {
        if (this != &other) {
            reset();
            block_ = std::exchange(other.block_, nullptr);
        }
        return *this;
    }
    block_ref(const block_ref&) = delete;
    block_ref& operator=(const block_ref&) = delete;
    ~block_ref() { reset(); }

    void reset() noexcept {
        if (block* held = std::exchange(block_, nullptr))
            held->release();
    }
    [[nodiscard]] block* release() noexcept { return std::exchange(block_, nullptr); }
    [[nodiscard]] block* get() const noexcept { return block_; }
    block* operator->() const noexcept { return block_; }
    explicit operator bool() const noexcept { return block_ != nullptr; }

private:
    block* block_ = nullptr;
};

} // namespace mizzen::zmtp
