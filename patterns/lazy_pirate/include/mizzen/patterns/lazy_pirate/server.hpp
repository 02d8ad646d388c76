// A Lazy Pirate server on a ROUTER socket.
#pragma once

#include <mizzen/patterns/common/responder.hpp>
#include <mizzen/patterns/lazy_pirate/server_core.hpp>
#include <mizzen/stats.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::lazy_pirate {

using patterns::request_handler;
using patterns::responder;

/// Serves any REQ, and DEALERs that put an empty delimiter in front; runs a request of a tagged
/// client once, however often it comes, as far as its cache reaches.
///
/// Threads    All calls are made on the executor, which has to be serial; the handler runs on it.
/// Lifetime   Destroying a server stops it; responders may outlive it and then do nothing.
class server {
public:
    using executor_type = asio::any_io_executor;

    server(const asio::any_io_executor& executor, const server_options& options,
           request_handler serve);
    template <std::derived_from<asio::execution_context> Context>
    server(Context& context, const server_options& options, request_handler serve)
        : server{context.get_executor(), options, std::move(serve)} {}
    server(server&&) noexcept = default;
    server& operator=(server&& other) noexcept;
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Listens. Returns the endpoint with the port that it got. Errors: those of a socket's bind.
    /// The form without `ec` throws std::system_error.
    std::string bind(std::string_view endpoint);
    std::string bind(std::string_view endpoint, std::error_code& ec);

    /// Closes. What is queued for clients is written for a second at most, while the executor runs.
    void stop() noexcept;

    [[nodiscard]] const server_stats& stats() const noexcept;
    [[nodiscard]] socket_stats transport_stats() const;
    /// Replies for a client whose queue was full, or that had gone.
    [[nodiscard]] std::uint64_t undeliverable() const noexcept;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::lazy_pirate
