// What the pirates add to the command: their queue, and other ways to be a worker and to request.
#pragma once

#include "commands.hpp"

namespace mizzen::cli {

command add_queue(CLI::App& app);
/// `mizzen worker`, for Majordomo unless it is told --simple or --paranoid.
command add_worker_or_pirate(CLI::App& app);
/// `mizzen request`, to Majordomo unless it is told --lazy.
command add_request_or_lazy(CLI::App& app);

} // namespace mizzen::cli
