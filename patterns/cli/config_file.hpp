// Options of a sub-command that are read from a file.
#pragma once

#include "cli11_forward.hpp"

#include <string>

namespace mizzen::cli {

/// Adds `--config FILE`, whose lines are `name=value` with the names of the sub-command's other
/// options, without their dashes; `#` starts a comment, and a list is `[a, b]`.
void add_config(CLI::App& sub, std::string& path);

/// Sets what the file says and the command line does not. Gives the exit status: for a file that
/// cannot be read, an unknown name or a bad value it says so, and it is `usage`.
[[nodiscard]] int read_config(CLI::App& sub, const std::string& path);

} // namespace mizzen::cli
