// What this processor has.
#include "paths.hpp"

namespace mizzen::curve {

bool can_take(path way) noexcept {
    if (way == path::plain)
        return true;
#if defined(__x86_64__)
    switch (way) {
    case path::avx2: return __builtin_cpu_supports("avx2") != 0;
    case path::avx512:
        return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
               __builtin_cpu_supports("avx512ifma") != 0;
    default: return true;
    }
#else
    return false;
#endif
}

path best_path() noexcept {
    static const path best = [] {
        path found = path::plain;
        for (const path each : every_path)
            if (can_take(each))
                found = each;
        return found;
    }();
    return best;
}

} // namespace mizzen::curve
