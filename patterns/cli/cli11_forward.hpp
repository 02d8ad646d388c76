// CLI11's App, for those who only hand it on: the library itself takes seconds to compile.
#pragma once

namespace CLI { // NOLINT(readability-identifier-naming): its own names
class App;      // NOLINT(readability-identifier-naming)
} // namespace CLI
