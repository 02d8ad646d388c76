// Freelance clients for programs without an event loop.
#pragma once

#include <mizzen/context.hpp>
#include <mizzen/message.hpp>
#include <mizzen/patterns/freelance/client_core.hpp>
#include <mizzen/patterns/freelance/error.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::freelance::blocking {

/// As freelance::client, with calls that wait. A patterns::blocking_request_client.
///
/// Threads  Safe from any, several at a time: so many requests are under way at once, up to the
///          option max_outstanding.
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

    /// Adds a server, or removes it, at any time; adding one that is there does nothing. Errors:
    /// those of parse_endpoint; no_such_endpoint; socket_closed and the like. The forms without
    /// `ec` throw std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);
    void disconnect(std::string_view endpoint);
    void disconnect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request to as many servers as the options say, and waits for its end.
    ///
    /// service  Nothing of it is sent: another one than the option `service` is refused.
    /// Returns  The first reply's body; with an error, the reason that came with it, if any.
    /// Errors   Those of freelance::errc, `abandoned` among them; mizzen::errc::socket_closed,
    ///          context_closed. The form without `ec` throws std::system_error.
    /// Time     The option `timeout`, whether a server is there or not.
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

} // namespace mizzen::freelance::blocking
