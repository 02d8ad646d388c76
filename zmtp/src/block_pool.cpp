// Keeping memory, and giving it out again.
#include "block_pool.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace mizzen::zmtp {

block_pool* block_pool::create(allocator& upstream, std::size_t spare) noexcept {
    void* const room = upstream.allocate(sizeof(block_pool));
    return room == nullptr ? nullptr : ::new (room) block_pool{upstream, spare};
}

std::size_t block_pool::rounded(std::size_t size, unsigned& list) noexcept {
    list = 0;
    if (size > largest)
        return size;
    // From smallest on, every power of two is followed by three sizes, a quarter of it apart.
    const std::size_t need = size < smallest ? smallest : size;
    const auto power = static_cast<unsigned>(std::bit_width(need - 1)) - 1;
    const unsigned shift = power - 2;
    const std::size_t steps = ((need - 1) >> shift) + 1; // 5 to 8 quarters of that power
    constexpr auto first = static_cast<unsigned>(std::bit_width(smallest)) - 2;
    list = 4 * (power - first) + static_cast<unsigned>(steps) - 4;
    return steps << shift;
}

void* block_pool::take(std::size_t size, unsigned list) noexcept {
    for (kept** at = &lists_[list]; *at != nullptr; at = &(*at)->next) {
        if ((*at)->size != size)
            continue;
        kept* const found = *at;
        *at = found->next;
        kept_octets_.fetch_sub(size, std::memory_order_relaxed);
        return found;
    }
    return nullptr;
}

void block_pool::sort_returned() noexcept {
    kept* piece = returned_.exchange(nullptr, std::memory_order_acquire);
    while (piece != nullptr) {
        kept* const next = piece->next;
        unsigned list = 0;
        static_cast<void>(rounded(piece->size, list));
        piece->next = lists_[list];
        lists_[list] = piece;
        piece = next;
    }
}

void* block_pool::allocate(std::size_t size) noexcept {
    unsigned list = 0;
    const std::size_t whole = rounded(size, list);
    void* memory = take(whole, list);
    if (memory == nullptr && returned_.load(std::memory_order_relaxed) != nullptr) {
        sort_returned();
        memory = take(whole, list);
    }
    if (memory == nullptr) {
        // What is out will want to be kept. What is larger than all that may be will not.
        const std::size_t wanted = out_octets_.load(std::memory_order_relaxed) + whole;
        if (whole <= spare_)
            give_back_down_to(spare_ - std::min(spare_, wanted));
        memory = upstream_->allocate(whole);
        if (memory == nullptr)
            return nullptr;
    }
    users_.fetch_add(1, std::memory_order_relaxed);
    out_octets_.fetch_add(whole, std::memory_order_relaxed);
    return memory;
}

void block_pool::deallocate(void* memory, std::size_t size) noexcept {
    unsigned list = 0;
    const std::size_t whole = rounded(size, list);
    out_octets_.fetch_sub(whole, std::memory_order_relaxed);
    if (kept_octets_.fetch_add(whole, std::memory_order_relaxed) + whole > spare_) {
        kept_octets_.fetch_sub(whole, std::memory_order_relaxed);
        upstream_->deallocate(memory, whole);
    } else {
        kept* const piece = ::new (memory) kept{returned_.load(std::memory_order_relaxed), whole};
        while (!returned_.compare_exchange_weak(piece->next, piece, std::memory_order_release,
                                                std::memory_order_relaxed)) {
        }
    }
    release();
}

void block_pool::give_back_down_to(std::size_t octets) noexcept {
    for (kept*& list : lists_) {
        while (list != nullptr && kept_octets_.load(std::memory_order_relaxed) > octets) {
            kept* const piece = list;
            list = piece->next;
            kept_octets_.fetch_sub(piece->size, std::memory_order_relaxed);
            upstream_->deallocate(piece, piece->size);
        }
    }
}

void block_pool::trim() noexcept {
    sort_returned();
    give_back_down_to(0);
}

void block_pool::release() noexcept {
    if (users_.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    allocator* const upstream = upstream_;
    this->~block_pool();
    upstream->deallocate(this, sizeof(block_pool));
}

} // namespace mizzen::zmtp
