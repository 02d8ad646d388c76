// A Freelance client: of several servers that are all alike, without a broker.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/async_client.hpp>
#include <mizzen/patterns/common/detail/handler_request.hpp>
#include <mizzen/patterns/common/service_name.hpp>
#include <mizzen/patterns/freelance/client_core.hpp>
#include <mizzen/patterns/freelance/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::freelance {

class client_shell;
using client_base = patterns::async_client<client_shell, client_options, client_stats>;

/// Asks servers of the Guide's second and third model; for the first one lazy_pirate::client asks
/// one after the other. Keeps a connection to each: a ROUTER in model 3, as RFC 10 has it, and a
/// DEALER in model 2. A patterns::request_client.
///
/// connect    Adds a server, at any time; adding one that is there does nothing.
class client : public client_base {
public:
    using client_base::client_base;

    /// Removes a server, at any time. Errors: mizzen::errc::no_such_endpoint. The form without `ec`
    /// throws std::system_error.
    void disconnect(std::string_view endpoint);
    void disconnect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request to as many servers as the options say, and receives the first reply's body.
    ///
    /// service    Nothing of it is sent: another one than the option `service` is refused.
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     those of freelance::errc; with handler_failed and its like the message has the
    ///            reason. asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: servers may have the request already.
    /// Time       `timeout`, else the option's, from now on, whether a server is there or not.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body,
                       std::optional<milliseconds> timeout, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [this](auto handler, const std::optional<std::string>& to, message what,
                   std::optional<milliseconds> limit) {
                this->start(std::move(handler), to, std::move(what), limit);
            },
            token, patterns::detail::kept(service), std::move(body), timeout);
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body, Token&& token) {
        return async_request(service, std::move(body), std::nullopt, std::forward<Token>(token));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(message body, std::optional<milliseconds> timeout, Token&& token) {
        return async_request(patterns::no_service, std::move(body), timeout,
                             std::forward<Token>(token));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(message body, Token&& token) {
        return async_request(patterns::no_service, std::move(body), std::nullopt,
                             std::forward<Token>(token));
    }

private:
    using pending_request = patterns::detail::pending_request;

    template <class Handler>
    void start(Handler handler, const service_name& to, message what,
               std::optional<milliseconds> timeout) {
        auto op = std::make_unique<patterns::detail::handler_request<pending_request, Handler>>(
            std::move(handler), get_executor());
        auto slot = op->cancellation_slot();
        let_cancel(slot, enqueue(std::move(op), to, std::move(what), timeout));
    }
    /// 0 if it is over already.
    [[nodiscard]] std::uint64_t enqueue(std::unique_ptr<pending_request> op, const service_name& to,
                                        message what, std::optional<milliseconds> timeout);
};

} // namespace mizzen::freelance

extern template class mizzen::patterns::async_client<mizzen::freelance::client_shell,
                                                     mizzen::freelance::client_options,
                                                     mizzen::freelance::client_stats>;
