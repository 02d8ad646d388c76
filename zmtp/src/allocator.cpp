// The default allocator.
#include <mizzen/zmtp/allocator.hpp>

namespace mizzen::zmtp {

allocator& default_allocator() noexcept {
    static constinit heap_allocator heap; // has no state, so it is never set up nor torn down
    return heap;
}

} // namespace mizzen::zmtp
