// Monitors for programs without an event loop.
#pragma once

#include <mizzen/detail/blocking_base.hpp>
#include <mizzen/monitor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

namespace mizzen::blocking {

using std::chrono::milliseconds;

/// As mizzen::monitor, of a blocking socket: one thread may wait for events while another uses the
/// socket.
///
/// Threads  Used by one at a time.
class monitor {
public:
    /// `capacity` is how many events may wait, at least one.
    explicit monitor(mizzen::detail::blocking_base& socket,
                     std::size_t capacity = mizzen::monitor::default_capacity);
    monitor(monitor&&) noexcept = default;
    monitor& operator=(monitor&& other) noexcept;
    monitor(const monitor&) = delete;
    monitor& operator=(const monitor&) = delete;
    ~monitor();

    /// Takes the next event, once there is one.
    ///
    /// limit    How long to wait; -1 has no end.
    /// Returns  Whether there was one; otherwise `event` is as it was.
    /// Errors   std::errc::timed_out, or would_block for no time at all; socket_closed: nothing is
    ///          left to tell. The form without `ec` throws std::system_error.
    bool receive_event(connection_event& event, milliseconds limit, std::error_code& ec);
    [[nodiscard]] connection_event receive_event();
    bool try_receive_event(connection_event& event, std::error_code& ec) {
        return receive_event(event, milliseconds::zero(), ec);
    }

    /// How many events were dropped because the queue was full (or memory short).
    [[nodiscard]] std::uint64_t dropped() const;

private:
    void leave() noexcept;

    std::shared_ptr<mizzen::detail::context_state> context_;
    std::shared_ptr<mizzen::detail::gate> gate_;
    std::shared_ptr<mizzen::detail::event_queue> queue_;
};

} // namespace mizzen::blocking
