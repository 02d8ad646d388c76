// A shelf a size class; each place is taken and filled by one atomic exchange.
#include "block_cache.hpp"

#include <cstdlib>
#include <new>

namespace mizzen::detail {

block_cache& block_cache::instance() noexcept {
    alignas(block_cache) static std::byte place[sizeof(block_cache)];
    static auto* const cache = ::new (place) block_cache;
    return *cache;
}

// Class i has room for more than i and up to i + 1 steps; smaller and larger ones go to the heap.
block_cache::shelf* block_cache::shelf_for(std::size_t size) noexcept {
    const std::size_t index = (size - 1) / step;
    return size <= step || index >= classes ? nullptr : &shelves_[index];
}

void* block_cache::allocate(std::size_t size) noexcept {
    shelf* const from = shelf_for(size);
    if (from == nullptr)
        return std::malloc(size);
    for (auto& place : *from)
        if (place.load(std::memory_order_relaxed) != nullptr)
            if (void* taken = place.exchange(nullptr, std::memory_order_acquire))
                return taken;
    return std::malloc((size + step - 1) / step * step);
}

void block_cache::deallocate(void* memory, std::size_t size) noexcept {
    if (shelf* const to = shelf_for(size)) {
        for (auto& place : *to) {
            void* none = nullptr;
            if (place.load(std::memory_order_relaxed) == nullptr &&
                place.compare_exchange_strong(none, memory, std::memory_order_release,
                                              std::memory_order_relaxed))
                return;
        }
    }
    std::free(memory);
}

} // namespace mizzen::detail
