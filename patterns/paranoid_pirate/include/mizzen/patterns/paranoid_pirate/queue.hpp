// A pirates' queue on two ROUTER sockets.
#pragma once

#include <mizzen/patterns/paranoid_pirate/queue_core.hpp>
#include <mizzen/stats.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::paranoid_pirate {

/// Gives the requests of REQ clients to workers, to whoever has been free longest, and the replies
/// back. It starts no thread.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a queue stops it.
class queue {
public:
    using executor_type = asio::any_io_executor;

    explicit queue(const asio::any_io_executor& executor, const queue_options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    explicit queue(Context& context, const queue_options& options = {})
        : queue{context.get_executor(), options} {}
    queue(queue&&) noexcept = default;
    queue& operator=(queue&& other) noexcept;
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;
    ~queue();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Listens for clients, or for workers. Returns the endpoint with the port that it got.
    /// Errors: those of a socket's bind. The forms without `ec` throw std::system_error.
    std::string bind_frontend(std::string_view endpoint);
    std::string bind_frontend(std::string_view endpoint, std::error_code& ec);
    std::string bind_backend(std::string_view endpoint);
    std::string bind_backend(std::string_view endpoint, std::error_code& ec);

    /// Takes no more requests, and calls `drained` from the executor once those that are here were
    /// answered or have expired; at once if there are none, and never after stop().
    void drain(std::function<void()> drained);

    /// Drops what is here, and closes. Replies on their way to clients are written for a second at
    /// most, while the executor runs.
    void stop() noexcept;

    [[nodiscard]] const queue_stats& stats() const noexcept;
    [[nodiscard]] socket_stats frontend_stats() const;
    [[nodiscard]] socket_stats backend_stats() const;
    /// Messages for a peer whose queue was full, or that had gone.
    [[nodiscard]] std::uint64_t undeliverable() const noexcept;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::paranoid_pirate
