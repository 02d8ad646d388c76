// How a target says that something does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace mizzen::fuzz {

/// Aborts, which the fuzzer takes for a find, unless `holds`; `what` is the sentence that is
/// broken.
inline void must(bool holds, const char* what) noexcept {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

} // namespace mizzen::fuzz
