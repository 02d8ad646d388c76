// An allocator that holds its users to a bound, counts what they give back, and refuses on demand.
#pragma once

#include "must.hpp"
#include <mizzen/zmtp/allocator.hpp>

#include <cstddef>
#include <cstdlib>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace mizzen::fuzz {

#if defined(__GLIBC__)
// A heap that gives the pages of a large body back and asks for them again takes a fifth of the
// time.
inline const bool keeps_pages =
    mallopt(M_MMAP_THRESHOLD, 1 << 30) != 0 && mallopt(M_TRIM_THRESHOLD, 1 << 30) != 0;
#endif

/// Every request goes to the heap as it is, where the sanitizers see it.
class watched_memory final : public zmtp::allocator {
public:
    ~watched_memory() {
        must(in_use_ == 0 && live_ == 0, "all memory is given back, in the sizes it was asked in");
    }

    /// Refuses the request that is `which` of all, and those behind it too where `for_ever`;
    /// 0 refuses none.
    void refuse(std::size_t which, bool for_ever) noexcept {
        refuse_at_ = which;
        for_ever_ = for_ever;
    }
    /// How much may be in use from now on.
    void allow(std::size_t most) noexcept { most_ = most; }

    [[nodiscard]] bool refused() const noexcept { return refused_; }
    [[nodiscard]] std::size_t in_use() const noexcept { return in_use_; }

    [[nodiscard]] void* allocate(std::size_t size) noexcept override {
        ++asked_;
        if (refuse_at_ != 0 && (asked_ == refuse_at_ || (for_ever_ && asked_ > refuse_at_))) {
            refused_ = true;
            return nullptr;
        }
        must(size <= most_ && in_use_ <= most_ - size,
             "memory grows with what has come, not with what was announced");
        void* const memory = std::malloc(size);
        must(memory != nullptr, "the heap has memory");
        in_use_ += size;
        ++live_;
        return memory;
    }
    void deallocate(void* memory, std::size_t size) noexcept override {
        must(memory != nullptr && live_ != 0 && size <= in_use_,
             "what is given back was given before");
        in_use_ -= size;
        --live_;
        std::free(memory);
    }

private:
    std::size_t most_ = std::size_t{1} << 30;
    std::size_t asked_ = 0;
    std::size_t refuse_at_ = 0;
    bool for_ever_ = false;
    bool refused_ = false;
    std::size_t in_use_ = 0;
    std::size_t live_ = 0;
};

} // namespace mizzen::fuzz
