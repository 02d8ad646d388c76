// The memory that a connection keeps for its next use.
#pragma once

#include <mizzen/zmtp/allocator.hpp>

#include <array>
#include <atomic>
#include <cstddef>

namespace mizzen::zmtp {

/// Keeps up to so many octets of what comes back, and gives them out again before it asks for more.
/// What nobody wants gives way to what is wanted.
///
/// One thread allocates; messages bring their memory back from any. The pool lives until its owner
/// has released it and the last piece has come back.
class block_pool final : public allocator {
public:
    /// Null when `upstream` refuses.
    [[nodiscard]] static block_pool* create(allocator& upstream, std::size_t spare) noexcept;

    [[nodiscard]] void* allocate(std::size_t size) noexcept override;
    void deallocate(void* memory, std::size_t size) noexcept override;

    /// Gives back what is kept.
    void trim() noexcept;
    /// Ends the owner's part in it.
    void release() noexcept;

private:
    // What lies in memory that is kept.
    struct kept {
        kept* next;
        std::size_t size;
    };
    // Small sizes are rounded up, by a quarter at most, so that any will do for any other of its
    // kind; each kind has a list. Larger ones, the read block and the batch, are few and always of
    // the same sizes: list 0 has them all.
    static constexpr std::size_t smallest = 64;
    static constexpr std::size_t largest = 16 * 1024;
    static constexpr unsigned lists = 1 + 4 * 9;

    block_pool(allocator& upstream, std::size_t spare) noexcept
        : upstream_{&upstream}, spare_{spare} {}
    ~block_pool() { trim(); }

    [[nodiscard]] static std::size_t rounded(std::size_t size, unsigned& list) noexcept;
    [[nodiscard]] void* take(std::size_t size, unsigned list) noexcept;
    void sort_returned() noexcept;
    void give_back_down_to(std::size_t octets) noexcept;

    allocator* upstream_;
    std::size_t spare_;
    std::array<kept*, lists> lists_{};
    std::atomic<kept*> returned_{nullptr};    // not in a list yet
    std::atomic<std::size_t> kept_octets_{0}; // in lists_ and returned_
    std::atomic<std::size_t> out_octets_{0};
    std::atomic<std::size_t> users_{1}; // pieces that are out, and the owner
};

} // namespace mizzen::zmtp
