// What LeakSanitizer is not to mind here. It asks for it by this name.

// Once in a while, when others keep the machine busy, libzmq loses a pipe of its own.
extern "C" const char* __lsan_default_suppressions();  // NOLINT(readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions() { // NOLINT(readability-identifier-naming)
    return "leak:libzmq.so";
}
