// Titanic clients for programs without an event loop.
#pragma once

#include <mizzen/context.hpp>
#include <mizzen/message.hpp>
#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/titanic/client_options.hpp>
#include <mizzen/patterns/titanic/error.hpp>

#include <memory>
#include <string_view>
#include <system_error>

namespace mizzen::titanic::blocking {

/// As titanic::client, with calls that wait. The forms without `ec` throw std::system_error.
///
/// Errors   As there; mizzen::errc::socket_closed, context_closed.
/// Threads  Safe from any, several at a time.
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

    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Has a request stored. Gives its id: also with an error, to try again with.
    request_id submit(std::string_view service, message body, const request_options& wanted,
                      std::error_code& ec);
    request_id submit(std::string_view service, message body, const request_options& wanted = {});
    /// Asks for the reply, once. An error's message is the reason, if there is one.
    message poll(const request_id& id, std::error_code& ec);
    [[nodiscard]] message poll(const request_id& id);
    /// Asks for the reply until it is there; `limit` 0 has no end.
    message wait(const request_id& id, milliseconds limit, std::error_code& ec);
    [[nodiscard]] message wait(const request_id& id, milliseconds limit = milliseconds{0});
    /// Has Titanic forget a request and its reply.
    void close(const request_id& id, std::error_code& ec);
    void close(const request_id& id);
    /// Submits a request, waits for the reply and closes.
    message request(std::string_view service, message body, const request_options& wanted,
                    std::error_code& ec);
    [[nodiscard]] message request(std::string_view service, message body,
                                  const request_options& wanted = {});

    /// Ends all calls with mizzen::errc::socket_closed.
    void stop() noexcept;
    [[nodiscard]] majordomo::client_stats stats() const;

private:
    class state;
    std::shared_ptr<state> state_;
};

} // namespace mizzen::titanic::blocking
