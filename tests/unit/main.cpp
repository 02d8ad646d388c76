// doctest's implementation and the main of every test executable.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// LeakSanitizer asks for it. A thread that is still there when OpenSSL cleans up at exit, such as
// the default context's, leaves its random generator behind.
extern "C" const char* __lsan_default_suppressions();  // NOLINT(readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions() { // NOLINT(readability-identifier-naming)
    return "leak:libcrypto";
}
