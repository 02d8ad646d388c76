// The sub-commands of `mizzen star`.
#pragma once

#include "commands.hpp"

namespace mizzen::cli {

/// One half; each has its own defaults.
command add_star_primary(CLI::App& star);
command add_star_backup(CLI::App& star);
/// What a half is asked at its control endpoint.
command add_star_status(CLI::App& star);
command add_star_switch(CLI::App& star);

} // namespace mizzen::cli
