// A stop that drains first.
#include "stopper.hpp"

#include <csignal>
#include <system_error>
#include <utility>

namespace mizzen::cli {

stopper::stopper(asio::io_context& io, std::chrono::milliseconds limit, drain_function drain,
                 std::function<void()> end)
    : signals_{io, SIGINT, SIGTERM}, timer_{io}, limit_{limit}, drain_{std::move(drain)},
      end_{std::move(end)} {
    wait();
}

void stopper::wait() {
    signals_.async_wait([this](std::error_code ec, int) {
        if (!ec)
            told();
    });
}

void stopper::told() {
    if (std::exchange(draining_, true) || limit_.count() == 0)
        return end();
    wait();
    timer_.expires_after(limit_);
    timer_.async_wait([this](std::error_code ec) {
        if (!ec)
            end();
    });
    drain_([this] { end(); });
}

void stopper::end() {
    timer_.cancel();
    signals_.cancel();
    end_();
}

} // namespace mizzen::cli
