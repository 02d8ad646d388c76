// The `mizzen` command: finds the sub-command and runs it.
#include "commands.hpp"
#include "freelance_command.hpp"
#include "pirate_commands.hpp"
#include "security_options.hpp"
#include "titanic_commands.hpp"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <utility>
#include <vector>

namespace mizzen::cli {
namespace {

int run(int argc, char** argv) {
    CLI::App app{"ZeroMQ patterns that survive crashes, as commands.", "mizzen"};
    app.set_version_flag("--version", "mizzen " MIZZEN_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);

    std::vector<command> commands;
    for (const auto add :
         {add_broker, add_worker_or_pirate, add_request_or_lazy, add_queue, add_services, add_ping,
          add_titanic, add_star, add_freelance, add_keygen})
        commands.push_back(add(app));
    for (command& each : add_sockets(app))
        commands.push_back(std::move(each));
    const std::vector<CLI::App*> names = app.get_subcommands({});
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? done : usage;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i]->parsed())
            return commands[i]();
    }
    return usage;
}

// A descriptor that whoever started us has closed must not become a socket's, which would then be
// read or printed to. What takes its place fails when it is used.
void keep_standard_descriptors() {
    for (const int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(each, F_GETFD) == -1)
            static_cast<void>(::open("/dev/null", each == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

} // namespace
} // namespace mizzen::cli

int main(int argc, char** argv) {
    // A reader that is gone is an error of the write, no reason to die in silence.
    std::signal(SIGPIPE, SIG_IGN);
    mizzen::cli::keep_standard_descriptors();
    try {
        mizzen::cli::hide_password();
        return mizzen::cli::run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "mizzen: " << error.what() << '\n';
        return mizzen::cli::failed;
    }
}
