// A Lazy Pirate client on DEALER sockets.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/detail/handler_request.hpp>
#include <mizzen/patterns/common/service_name.hpp>
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::lazy_pirate {

/// Asks a REP, a ROUTER, or a pirate's queue, and asks again over a new connection when no reply
/// comes in time. With several endpoints it asks one after the other (the Guide's Freelance, model
/// 1). A request may so be run more than once, unless the server keeps a lazy_pirate::server's
/// cache and requests are tagged. A patterns::request_client.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a client ends its requests with asio::error::operation_aborted.
class client {
public:
    using executor_type = asio::any_io_executor;

    explicit client(const asio::any_io_executor& executor, const client_options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    explicit client(Context& context, const client_options& options = {})
        : client{context.get_executor(), options} {}
    client(client&&) noexcept = default;
    client& operator=(client&& other) noexcept;
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Adds a server to ask; no connection is made before a request. Errors: those of
    /// parse_endpoint; socket_closed. The form without `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request, as often as the options say, and receives the reply's body.
    ///
    /// service    Nothing of it is sent: another one than the option `service` is refused.
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     those of lazy_pirate::errc, `abandoned` among them; the message then says why.
    ///            asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: the server may have the request already.
    /// Time       The option `deadline`, if it is set; else that of all attempts and pauses, from
    ///            when a connection is free for it.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [this](auto handler, const std::optional<std::string>& to, message what) {
                this->start(std::move(handler), to, std::move(what));
            },
            token, patterns::detail::kept(service), std::move(body));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(message body, Token&& token) {
        return async_request(patterns::no_service, std::move(body), std::forward<Token>(token));
    }

    /// Ends all requests with asio::error::operation_aborted, and closes.
    void stop() noexcept;

    [[nodiscard]] const client_stats& stats() const noexcept;

private:
    class shell;
    using pending_request = patterns::detail::pending_request;

    template <class Handler> void start(Handler handler, const service_name& to, message what) {
        auto op = std::make_unique<patterns::detail::handler_request<pending_request, Handler>>(
            std::move(handler), get_executor());
        auto slot = op->cancellation_slot();
        const std::uint64_t number = enqueue(std::move(op), to, std::move(what));
        if (number != 0 && slot.is_connected())
            slot.assign(
                [shell = std::weak_ptr<class shell>{shell_}, number](asio::cancellation_type how) {
                    if (how != asio::cancellation_type::none)
                        cancel(shell, number);
                });
    }
    /// 0 if it is over already.
    [[nodiscard]] std::uint64_t enqueue(std::unique_ptr<pending_request> op, const service_name& to,
                                        message what);
    static void cancel(const std::weak_ptr<shell>& shell, std::uint64_t number);

    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::lazy_pirate
