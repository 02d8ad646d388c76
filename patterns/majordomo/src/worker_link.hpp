// A worker's registration at one broker: carries messages and time between a DEALER and the core.
#pragma once

#include "shell_timer.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::majordomo::detail {

/// A DEALER finds its way back by itself, but a conversation does not: READY is said on every
/// connection, and a broker that was given up gets a new socket.
class worker_link : public std::enable_shared_from_this<worker_link> {
public:
    worker_link(const asio::any_io_executor& executor, const worker_options& options,
                std::shared_ptr<worker::handler> serve);

    void connect(std::string_view endpoint, std::error_code& ec);
    /// `ended` is called once there is nothing left to do but to write.
    void drain(std::function<void()> ended);
    void stop();

    void reply(std::uint64_t request, message&& body);
    void partial(std::uint64_t request, message&& body);
    void fail(std::uint64_t request, std::string_view why);

    [[nodiscard]] const worker_core& core() const noexcept { return core_; }

private:
    void open(std::error_code& ec);
    void reopen();
    void watch();
    void wait_receive();
    void take_turn();
    void act();
    void serve(message&& body, responder answer);
    void send(message&& m);
    void wait_send();
    void close();
    void set_timer();
    [[nodiscard]] time_point turn_time() const noexcept;
    [[nodiscard]] bool is_current(std::uint64_t conversation) const noexcept {
        return !closed_ && conversation == conversation_;
    }

    asio::any_io_executor executor_;
    patterns::shell_timer timer_;
    worker_options options_;
    std::shared_ptr<worker::handler> serve_;
    worker_core core_;
    std::string endpoint_;
    std::unique_ptr<dealer> socket_;
    std::unique_ptr<monitor> events_;
    std::uint64_t conversation_ = 0; // completions of an earlier one mean nothing
    std::deque<message> waiting_;    // for the socket to take them
    std::function<void()> ended_;
    time_point turn_time_{};
    bool in_turn_ = false;
    bool acting_ = false;
    bool closed_ = false;
};

} // namespace mizzen::majordomo::detail
