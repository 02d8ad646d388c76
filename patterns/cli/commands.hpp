// The sub-commands, each in a file of its own.
#pragma once

#include "cli11_forward.hpp"

#include <functional>
#include <vector>

namespace mizzen::cli {

/// What every sub-command ends with.
enum exit_status : int { done = 0, failed = 1, usage = 2 };

/// Runs a sub-command whose options were read; gives the exit status.
using command = std::function<int()>;

/// Each adds its sub-command and the options to `app`.
command add_broker(CLI::App& app);
command add_worker(CLI::App& app);
command add_request(CLI::App& app);
/// The eleven socket types, a sub-command each.
std::vector<command> add_sockets(CLI::App& app);
command add_services(CLI::App& app);
command add_ping(CLI::App& app);
/// `mizzen star primary|backup|status|switch`.
command add_star(CLI::App& app);

} // namespace mizzen::cli
