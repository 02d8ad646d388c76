// The sub-commands, each in a file of its own.
#pragma once

#include "cli11_forward.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace mizzen::cli {

struct security_options;

/// What every sub-command ends with.
enum exit_status : int { done = 0, failed = 1, usage = 2 };

/// Runs a sub-command whose options were read; gives the exit status.
using command = std::function<int()>;

/// Each adds its sub-command and the options to `app`.
command add_broker(CLI::App& app);
/// `security` gets what is said of it.
command add_worker(CLI::App& app, const std::shared_ptr<security_options>& security);
command add_request(CLI::App& app, const std::shared_ptr<security_options>& security);
/// The eleven socket types, a sub-command each.
std::vector<command> add_sockets(CLI::App& app);
command add_services(CLI::App& app);
command add_ping(CLI::App& app);
/// `mizzen keygen`.
command add_keygen(CLI::App& app);
/// `mizzen star primary|backup|status|switch`.
command add_star(CLI::App& app);

} // namespace mizzen::cli
