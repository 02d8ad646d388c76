// The events that a monitor has not given out yet, and who waits for them.
#pragma once

#include <mizzen/monitor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <system_error>

namespace mizzen::detail {

class event_queue {
public:
    explicit event_queue(std::size_t capacity) noexcept : capacity_{capacity == 0 ? 1 : capacity} {}

    // From the socket.

    void put(const connection_event& event) noexcept;
    void lose() noexcept { ++dropped_; }
    /// No more will come.
    void end() noexcept;

    // From the monitor.

    [[nodiscard]] bool take(connection_event& event, std::error_code& ec);
    void start(event_operation& op);
    void cancel(event_operation& op);
    /// Nobody takes events any more.
    void abandon() noexcept;
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    void complete_all(std::error_code ec) noexcept;

    std::size_t capacity_;
    std::deque<connection_event> events_;
    operation_queue<event_operation> waiting_; // empty unless events_ is
    std::uint64_t dropped_ = 0;
    bool ended_ = false;
};

} // namespace mizzen::detail
