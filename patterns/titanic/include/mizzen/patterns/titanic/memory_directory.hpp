// A folder that is nowhere but in memory: for a Titanic that may forget everything when it ends.
#pragma once

#include <mizzen/patterns/titanic/files.hpp>

#include <memory>

namespace mizzen::titanic {

/// Files take as much memory as was written to them, in steps of 64 KiB.
[[nodiscard]] std::unique_ptr<directory> make_memory_directory();

} // namespace mizzen::titanic
