// Half of a Binary Star that serves requests with a handler.
#pragma once

#include <mizzen/patterns/binary_star/star.hpp>
#include <mizzen/patterns/common/responder.hpp>
#include <mizzen/patterns/lazy_pirate/server_core.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::binary_star {

using patterns::request_handler;
using patterns::responder;

struct server_options {
    star_options star;
    lazy_pirate::server_options serving; ///< For the clients of each bind(), with their security.
};

struct server_stats {
    std::uint64_t served = 0;        ///< Requests that were taken.
    std::uint64_t refused = 0;       ///< Requests that got silence.
    std::uint64_t malformed = 0;     ///< Messages that are no request; dropped, and no votes.
    std::uint64_t undeliverable = 0; ///< Replies for a client that had gone, or read none.
};

/// A lazy_pirate::server that serves while it is active. What has begun by then is finished when it
/// no longer is. Of `hooks`, `drain` and `decided` are the server's own.
///
/// Threads    All calls are made on the executor, which has to be serial; the handler runs on it.
/// Lifetime   Destroying a server stops it; responders may outlive it and then do nothing.
class server {
public:
    using executor_type = asio::any_io_executor;

    server(const asio::any_io_executor& executor, const server_options& options,
           request_handler serve, star_hooks hooks = {});
    template <std::derived_from<asio::execution_context> Context>
    server(Context& context, const server_options& options, request_handler serve,
           star_hooks hooks = {})
        : server{context.get_executor(), options, std::move(serve), std::move(hooks)} {}
    server(server&&) noexcept = default;
    server& operator=(server&& other) noexcept;
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Listens for clients, whose requests vote; may be called several times. Returns the endpoint
    /// with the port that it got. Errors: those of a socket's bind. The form without `ec` throws
    /// std::system_error.
    std::string bind(std::string_view endpoint);
    std::string bind(std::string_view endpoint, std::error_code& ec);

    /// For the peer's link, control, hand-over and state. Its vote() is not to be called.
    [[nodiscard]] star& half() noexcept;
    [[nodiscard]] const star& half() const noexcept;

    /// Closes. What is queued for clients is written for a second at most, while the executor runs.
    void stop() noexcept;

    [[nodiscard]] server_stats stats() const;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::binary_star
