// Lazy Pirate clients for programs without an event loop.
#pragma once

#include <mizzen/context.hpp>
#include <mizzen/message.hpp>
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::lazy_pirate::blocking {

/// As lazy_pirate::client, with calls that wait. A patterns::blocking_request_client.
///
/// Threads  Safe from any, several at a time: so many requests are on their way at once, up to the
///          option max_connections.
class client {
public:
    /// Throws std::system_error with mizzen::errc::context_closed.
    explicit client(const client_options& options = {},
                    const context& shared = context::instance());
    client(client&&) noexcept = default;
    client& operator=(client&& other) noexcept;
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client();

    /// Adds a server to ask; no connection is made before a request. Errors: those of
    /// parse_endpoint; socket_closed and the like. The form without `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request, as often as the options say, and waits for its end.
    ///
    /// service  Nothing of it is sent: another one than the option `service` is refused.
    /// Returns  The reply's body; with an error, the reason that came with it, if any.
    /// Errors   Those of lazy_pirate::errc, `abandoned` among them; mizzen::errc::socket_closed,
    ///          context_closed. The form without `ec` throws std::system_error.
    /// Time     The option `deadline`, if it is set; else that of all attempts and pauses, from
    ///          when a connection is free for it.
    message request(const service_name& service, message body, std::error_code& ec);
    [[nodiscard]] message request(const service_name& service, message body);
    message request(message body, std::error_code& ec) {
        return request(patterns::no_service, std::move(body), ec);
    }
    [[nodiscard]] message request(message body) {
        return request(patterns::no_service, std::move(body));
    }

    /// Ends all requests. A call that waits ends with mizzen::errc::socket_closed.
    void close() noexcept;
    [[nodiscard]] client_stats stats() const;

private:
    class state;
    std::shared_ptr<state> state_;
};

} // namespace mizzen::lazy_pirate::blocking
