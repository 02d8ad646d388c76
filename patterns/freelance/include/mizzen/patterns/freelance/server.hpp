// A Freelance server on a ROUTER socket.
#pragma once

#include <mizzen/patterns/common/responder.hpp>
#include <mizzen/patterns/freelance/server_core.hpp>
#include <mizzen/stats.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::freelance {

using patterns::request_handler;
using patterns::responder;

/// Serves clients of the Guide's second or third model, whoever made them; lazy_pirate::server
/// those of the first one.
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

    /// Listens. Returns the endpoint with the port that it got. In model 3 the Guide's clients know
    /// a server by what they connect to, and it has to call itself by that very text: `name`, or,
    /// if that is empty, what is returned. Clients of ours take any. Errors: those of a socket's
    /// bind, and invalid_option for a name of more than 255 octets. The forms without `ec` throw
    /// std::system_error.
    std::string bind(std::string_view endpoint, std::string_view name = {});
    std::string bind(std::string_view endpoint, std::string_view name, std::error_code& ec);

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

} // namespace mizzen::freelance
