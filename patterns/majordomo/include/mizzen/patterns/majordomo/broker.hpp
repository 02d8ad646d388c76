// A Majordomo broker on a ROUTER socket.
#pragma once

#include <mizzen/patterns/majordomo/broker_core.hpp>
#include <mizzen/stats.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::majordomo {

/// Serves from its construction to stop() or its end. It starts no thread.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a broker stops it.
class broker {
public:
    using executor_type = asio::any_io_executor;

    explicit broker(const asio::any_io_executor& executor, const broker_options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    explicit broker(Context& context, const broker_options& options = {})
        : broker{context.get_executor(), options} {}
    broker(broker&&) noexcept = default;
    broker& operator=(broker&& other) noexcept;
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;
    ~broker();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Listens for clients and workers alike. Returns the endpoint with the port that it got.
    /// Errors: those of a socket's bind. The form without `ec` throws std::system_error.
    std::string bind(std::string_view endpoint);
    std::string bind(std::string_view endpoint, std::error_code& ec);

    /// Sends DISCONNECT to all workers and closes. What is queued for the peers is written for a
    /// second at most, while the executor runs.
    void stop() noexcept;

    [[nodiscard]] const broker_stats& stats() const noexcept;
    [[nodiscard]] socket_stats transport_stats() const;
    /// Messages for a peer whose queue was full, or that had gone.
    [[nodiscard]] std::uint64_t undeliverable() const noexcept;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::majordomo
