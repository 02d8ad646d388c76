// One run of a shell command: octets in, octets out, and how it ended.
#pragma once

#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace mizzen::cli {

struct command_limits {
    std::chrono::milliseconds time{60'000};     ///< 0 is no limit.
    std::size_t output = std::size_t{64} << 20; ///< Octets.
};

/// A run that is going on; destroying it kills the command and all it started.
///
/// The command is the leader of a process group of its own, and inherits no descriptor but stderr.
/// Whatever of that group is left when the command has ended is killed with it.
class command_process {
public:
    /// `failure` is empty when the command ended with status 0; `output` is then its stdout.
    using on_end = std::function<void(std::string failure, std::string output)>;

    /// Starts `/bin/sh -c line` with the parts of `input`, joined, on its stdin. `ended` is called
    /// once, from the executor, unless the run is destroyed before.
    command_process(const asio::any_io_executor& executor, const std::string& line,
                    mizzen::message input, command_limits limits, on_end ended);
    command_process(const command_process&) = delete;
    command_process& operator=(const command_process&) = delete;
    ~command_process();

private:
    class run;
    std::shared_ptr<run> run_;
};

} // namespace mizzen::cli
