// What SIGINT and SIGTERM do to a command that has something at hand.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <functional>

namespace mizzen::cli {

/// The first signal lets what is at hand be finished, within a limit; the second does not.
class stopper {
public:
    /// Begins to finish, and calls the function once it is done.
    using drain_function = std::function<void(std::function<void()> done)>;

    /// A `limit` of 0 finishes nothing. `end` stops at once, and may be called more than once.
    stopper(asio::io_context& io, std::chrono::milliseconds limit, drain_function drain,
            std::function<void()> end);

private:
    void wait();
    void told();
    void end();

    asio::signal_set signals_;
    asio::steady_timer timer_;
    std::chrono::milliseconds limit_;
    drain_function drain_;
    std::function<void()> end_;
    bool draining_ = false;
};

} // namespace mizzen::cli
