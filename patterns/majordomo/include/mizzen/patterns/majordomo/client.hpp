// A Majordomo client with any number of requests at a time.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/async_client.hpp>
#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/majordomo/detail/request_operation.hpp>
#include <mizzen/patterns/majordomo/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::majordomo {

class client_shell;
using client_base = patterns::async_client<client_shell, client_options, client_stats>;

/// The first request asks the broker what it knows. One that knows request tags gets all requests
/// on one connection, in which replies come in any order. At any other each request has a
/// connection to itself for as long as it lasts, so that its reply is matched for certain; idle
/// connections are used again. With several brokers, one that is lost or silent is left for the
/// next, and what it had not answered is sent there, with the same request id.
///
/// Every request ends once: with its reply, with an error that the broker or the worker told of, or
/// abandoned (timed_out, interrupted). A patterns::request_client.
///
/// connect    Adds a broker to the list. To be called before the first request.
class client : public client_base {
public:
    using client_base::client_base;

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

private:
    template <class Handler>
    void start(Handler handler, const service_name& to, message what, const request_options& how,
               partial_handler parts) {
        const executor_type io = get_executor();
        auto take_part = detail::posted(std::move(parts), handler, io);
        auto op = std::make_unique<detail::handler_request<Handler>>(std::move(handler), io,
                                                                     std::move(take_part));
        auto slot = op->cancellation_slot();
        let_cancel(slot, enqueue(std::move(op), to, std::move(what), how));
    }
    [[nodiscard]] std::uint64_t enqueue(std::unique_ptr<detail::request_operation> op,
                                        const service_name& to, message what,
                                        const request_options& how);
};

} // namespace mizzen::majordomo

extern template class mizzen::patterns::async_client<mizzen::majordomo::client_shell,
                                                     mizzen::majordomo::client_options,
                                                     mizzen::majordomo::client_stats>;
