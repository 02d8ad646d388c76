// How a target says that something does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace mizzen::fuzz {

[[noreturn, gnu::cold, gnu::noinline]] inline void does_not_hold(const char* what) noexcept {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// Aborts, which the fuzzer takes for a find, unless `holds`; `what` is the sentence that is
/// broken.
inline void must(bool holds, const char* what) noexcept {
    if (!holds)
        does_not_hold(what);
}

} // namespace mizzen::fuzz
