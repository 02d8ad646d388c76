// A stream of what happens to a socket's connections.
#pragma once

#include <mizzen/connection_event.hpp>
#include <mizzen/detail/operation.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace mizzen {

namespace detail {
class basic_socket;
class event_queue;
using event_operation = waiting_operation<connection_event>;
} // namespace detail

/// Watches one socket of any type from when it is made; a socket may have several monitors. What
/// was there before, socket.peers() tells.
///
/// Events that nobody has taken wait in a queue. When that is full the oldest makes room and is
/// counted in dropped(): the newest say how things are now.
///
/// Threads    The socket's executor, for all calls and completions.
/// Lifetime   May outlive the socket, whose last events then follow, up to those of its linger.
///            Destroying a monitor ends the watching. Operations that are outstanding then complete
///            with asio::error::operation_aborted.
class monitor {
public:
    using executor_type = asio::any_io_executor;

    static constexpr std::size_t default_capacity = 1000;

    /// `capacity` is how many events may wait, at least one.
    explicit monitor(detail::basic_socket& socket, std::size_t capacity = default_capacity);
    monitor(monitor&&) noexcept = default;
    monitor& operator=(monitor&& other) noexcept;
    monitor(const monitor&) = delete;
    monitor& operator=(const monitor&) = delete;
    ~monitor();

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    /// Takes the next event, waiting for it.
    ///
    /// Signature  void(std::error_code, mizzen::connection_event)
    /// Errors     socket_closed: the socket was closed or destroyed, and there is nothing left to
    ///            tell; asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: no event is lost.
    template <asio::completion_token_for<void(std::error_code, connection_event)> Token>
    auto async_receive_event(Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, connection_event)>(
            [this](auto handler) { this->start(std::move(handler)); }, token);
    }
    /// Takes the next event if there is one. Errors: would_block, socket_closed.
    [[nodiscard]] bool try_receive_event(connection_event& event, std::error_code& ec);
    [[nodiscard]] bool try_receive_event(connection_event& event) {
        std::error_code ec;
        return try_receive_event(event, ec);
    }

    /// How many events were dropped because the queue was full (or memory short).
    [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
    template <class Handler> void start(Handler handler) {
        using namespace detail;
        auto* op = handler_operation<true, Handler, event_operation>::create(std::move(handler),
                                                                             executor_);
        if (auto slot = op->cancellation_slot(); slot.is_connected())
            slot.assign(
                [queue = std::weak_ptr<event_queue>{queue_}, op](asio::cancellation_type how) {
                    if (how != asio::cancellation_type::none)
                        cancel(queue, *op);
                });
        enqueue(*op);
    }
    void enqueue(detail::event_operation& op);
    static void cancel(const std::weak_ptr<detail::event_queue>& queue,
                       detail::event_operation& op);

    asio::any_io_executor executor_;
    std::shared_ptr<detail::event_queue> queue_;
};

} // namespace mizzen
