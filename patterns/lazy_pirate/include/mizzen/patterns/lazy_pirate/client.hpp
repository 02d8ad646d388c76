// A Lazy Pirate client on DEALER sockets.
#pragma once

#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/detail/request_operation.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::lazy_pirate {

/// Asks a REP, a ROUTER, or a pirate's queue, and asks again over a new connection when no reply
/// comes in time. With several endpoints it asks one after the other (the Guide's Freelance, model
/// 1). A request may so be run more than once, unless the server keeps a lazy_pirate::server's
/// cache and requests are tagged.
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
    /// parse_endpoint. The form without `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request, as often as the options say, and receives the reply's body.
    ///
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     those of lazy_pirate::errc, `abandoned` among them; the message then says why.
    ///            asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: the server may have the request already.
    /// Time       The option `deadline`, if it is set; else that of all attempts and pauses, from
    ///            when a connection is free for it.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(message body, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [this](auto handler, message what) {
                this->start(std::move(handler), std::move(what));
            },
            token, std::move(body));
    }

    /// Ends all requests with asio::error::operation_aborted, and closes.
    void stop() noexcept;

    [[nodiscard]] const client_stats& stats() const noexcept;

private:
    class shell;

    template <class Handler> void start(Handler handler, message what) {
        auto op = std::make_unique<detail::handler_request<Handler>>(
            std::move(handler), get_executor(), next_number(), std::move(what));
        if (auto slot = op->cancellation_slot(); slot.is_connected())
            slot.assign([client = std::weak_ptr<shell>{shell_},
                         number = op->number](asio::cancellation_type how) {
                if (how != asio::cancellation_type::none)
                    cancel(client, number);
            });
        enqueue(std::move(op));
    }
    [[nodiscard]] std::uint64_t next_number() noexcept;
    void enqueue(std::unique_ptr<detail::request_operation> op);
    static void cancel(const std::weak_ptr<shell>& client, std::uint64_t number);

    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::lazy_pirate
