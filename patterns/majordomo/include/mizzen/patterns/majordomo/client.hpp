// A Majordomo client with any number of requests at a time.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/majordomo/detail/request_operation.hpp>
#include <mizzen/patterns/majordomo/error.hpp>

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

namespace mizzen::majordomo {

/// The first request asks the broker what it knows. One that knows request tags gets all requests
/// on one connection, in which replies come in any order. At any other each request has a
/// connection to itself for as long as it lasts, so that its reply is matched for certain; idle
/// connections are used again. With several brokers, one that is lost or silent is left for the
/// next, and what it had not answered is sent there, with the same request id.
///
/// Every request ends once: with its reply, with an error that the broker or the worker told of, or
/// abandoned (timed_out, interrupted). A patterns::request_client.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a client ends its requests with asio::error::operation_aborted.
class client {
public:
    using executor_type = asio::any_io_executor;

    explicit client(asio::any_io_executor executor, const client_options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    explicit client(Context& context, const client_options& options = {})
        : client{context.get_executor(), options} {}
    client(client&&) noexcept = default;
    client& operator=(client&& other) noexcept;
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Adds a broker to the list. To be called before the first request. Errors: those of
    /// parse_endpoint; socket_closed. The form without `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request, again when no reply comes in time, and receives the reply's body.
    ///
    /// service    With no_service, or without it, the option `service`.
    /// wanted     What this request does otherwise than the client's options say.
    /// on_part    0.2: gets the body's parts that come before the last one. They are followed by
    ///            the rest, or by an error: once there was one, the request is not sent again.
    ///            Its `timeout` is then for the next part. Without it such parts are dropped.
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     those of majordomo::errc; with handler_failed and its like the message has the
    ///            reason. mizzen::errc::no_such_endpoint before connect();
    ///            asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: the broker may have the request already.
    /// Time       At most its deadline; without one, what its attempts take from the first on.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(message body, Token&& token) {
        return async_request(patterns::no_service, std::move(body), {}, {},
                             std::forward<Token>(token));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body, Token&& token) {
        return async_request(service, std::move(body), {}, {}, std::forward<Token>(token));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body, const request_options& wanted,
                       Token&& token) {
        return async_request(service, std::move(body), wanted, {}, std::forward<Token>(token));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body, const request_options& wanted,
                       partial_handler on_part, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [this](auto handler, const std::optional<std::string>& to, message what,
                   request_options how, partial_handler parts) {
                how.in_parts = how.in_parts || parts != nullptr;
                this->start(std::move(handler), to, std::move(what), how, std::move(parts));
            },
            token, patterns::detail::kept(service), std::move(body), wanted, std::move(on_part));
    }

    /// While it is on, no replies are read, which in the end holds up the broker. Time-outs go on.
    void hold(bool on);

    /// Ends all requests with asio::error::operation_aborted, and closes.
    void stop() noexcept;

    [[nodiscard]] const client_stats& stats() const noexcept;

private:
    class shell;

    template <class Handler>
    void start(Handler handler, const service_name& to, message what, const request_options& how,
               partial_handler parts) {
        const executor_type io = get_executor();
        auto take_part = detail::posted(std::move(parts), handler, io);
        auto op = std::make_unique<detail::handler_request<Handler>>(std::move(handler), io,
                                                                     std::move(take_part));
        auto slot = op->cancellation_slot();
        const std::uint64_t number = enqueue(std::move(op), to, std::move(what), how);
        if (number != 0 && slot.is_connected())
            slot.assign([shell = std::weak_ptr<class shell>{shell_},
                         number](asio::cancellation_type how_far) {
                if (how_far != asio::cancellation_type::none)
                    cancel(shell, number);
            });
    }
    [[nodiscard]] std::uint64_t enqueue(std::unique_ptr<detail::request_operation> op,
                                        const service_name& to, message what,
                                        const request_options& how);
    static void cancel(const std::weak_ptr<shell>& shell, std::uint64_t number);

    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::majordomo
