// What the sub-commands say, and the options that several of them have.
#pragma once

#include "cli11_forward.hpp"
#include <mizzen/message.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::cli {

/// One line on stderr: `mizzen NAME: text`.
void log(std::string_view name, std::string_view text);

/// A name that stays on its line, whoever has chosen it.
[[nodiscard]] std::string printable(std::string_view name);

/// One line on stdout, at once. False when it cannot be written.
bool print_line(std::string_view text);

/// A reply on stdout, at once: each part is a line, whether or not it ends like one. False when it
/// cannot be written.
bool print_parts(const mizzen::message& reply);

/// All of stdin. False when it cannot be read.
bool read_stdin(std::string& text);

/// All of a file. False when it cannot be read, or there is nothing in it: it may be about to be
/// written.
[[nodiscard]] bool read_file(const std::string& path, std::string& text);

/// Says what is wrong with `endpoint`. Gives the exit status: an endpoint that makes no sense is a
/// matter of usage, one that cannot be had is a failure.
int endpoint_trouble(std::string_view name, std::string_view what, std::string_view endpoint,
                     std::error_code ec);

struct heartbeat_options {
    int interval_ms = 2500;
    int liveness = 3;

    [[nodiscard]] std::chrono::milliseconds interval() const {
        return std::chrono::milliseconds{interval_ms};
    }
};
void add_heartbeat(CLI::App& app, heartbeat_options& options);

} // namespace mizzen::cli
