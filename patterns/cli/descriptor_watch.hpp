// Waiting for a descriptor that others use as well.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>

#include <cstdint>
#include <system_error>
#include <utility>

namespace mizzen::cli {

/// Waits for events of a descriptor, such as stdin, and leaves it as it is. Asio's own descriptors
/// make what they are given non-blocking, for every process that shares it, and take no files.
class descriptor_watch {
public:
    /// `events` are epoll's. A descriptor that is always ready, as a file is, is so here.
    descriptor_watch(asio::io_context& io, int descriptor, std::uint32_t events);

    [[nodiscard]] bool always_ready() const noexcept { return !waiter_.is_open(); }

    /// Calls `handler` once there is such an event, or with an error once it is cancelled.
    template <class Handler> void async_wait(Handler handler) {
        if (waiter_.is_open())
            waiter_.async_wait(asio::posix::descriptor_base::wait_read, std::move(handler));
        else
            asio::post(waiter_.get_executor(),
                       [handler = std::move(handler)]() mutable { handler(std::error_code{}); });
    }

private:
    asio::posix::stream_descriptor waiter_; // an epoll instance of its own
};

} // namespace mizzen::cli
