// The command of the Freelance pattern.
#pragma once

#include "commands.hpp"

namespace mizzen::cli {

/// `mizzen freelance server` and `mizzen freelance request`.
command add_freelance(CLI::App& app);

} // namespace mizzen::cli
