// Keeps a few large blocks of memory between uses.
#pragma once

#include <mizzen/zmtp/allocator.hpp>

#include <array>
#include <atomic>
#include <cstddef>

namespace mizzen::detail {

/// The heap, with a cache for the sizes of read blocks, write batches and large bodies: the C
/// library gives such memory back to the system and gets it again, page by page, at every turn.
///
/// Bounded: at most `kept` blocks of each size class, under 9 MiB in all. Safe from any thread;
/// there is one for the process, which is never destroyed, since messages may live as long as that.
class block_cache final : public zmtp::allocator {
public:
    [[nodiscard]] static block_cache& instance() noexcept;

    [[nodiscard]] void* allocate(std::size_t size) noexcept override;
    void deallocate(void* memory, std::size_t size) noexcept override;

private:
    static constexpr std::size_t step = 16 * 1024; // between the size classes
    static constexpr std::size_t classes = 16;
    static constexpr std::size_t kept = 4;

    using shelf = std::array<std::atomic<void*>, kept>;
    [[nodiscard]] shelf* shelf_for(std::size_t size) noexcept;

    std::array<shelf, classes> shelves_{};
};

} // namespace mizzen::detail
