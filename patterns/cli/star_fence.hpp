// A fence that is a shell command.
#pragma once

#include "command_process.hpp"
#include "console.hpp"
#include <mizzen/patterns/binary_star/star_core.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {

/// Runs the command line, with the reason on its stdin; status 0 is a yes.
class fence_runner {
public:
    fence_runner(asio::any_io_executor executor, std::string line, std::chrono::milliseconds limit)
        : executor_{std::move(executor)}, line_{std::move(line)}, limit_{limit} {}

    void run(binary_star::reason why, std::function<void(bool)> answer) {
        log("star", std::string{"fencing: "}.append(name_of(why)));
        process_ = std::make_unique<command_process>(
            executor_, line_, mizzen::message{name_of(why)},
            command_limits{limit_, std::size_t{1} << 20},
            [answer = std::move(answer)](const std::string& failure, const std::string&) {
                if (!failure.empty())
                    log("star", "the fence failed: " + failure);
                answer(failure.empty());
            });
    }
    void stop() { process_.reset(); }

private:
    asio::any_io_executor executor_;
    std::string line_;
    std::chrono::milliseconds limit_;
    std::unique_ptr<command_process> process_;
};

} // namespace mizzen::cli
