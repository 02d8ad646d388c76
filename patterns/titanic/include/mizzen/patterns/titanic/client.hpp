// A Titanic client: requests that are answered in the end, whatever crashes meanwhile.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/async_client.hpp>
#include <mizzen/patterns/common/detail/handler_request.hpp>
#include <mizzen/patterns/common/service_name.hpp>
#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/titanic/client_call.hpp>
#include <mizzen/patterns/titanic/client_options.hpp>
#include <mizzen/patterns/titanic/detail/result_handler.hpp>
#include <mizzen/patterns/titanic/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::titanic {

using patterns::service_name;

class client_shell;
using client_base = patterns::async_client<client_shell, client_options, majordomo::client_stats>;

/// Speaks to a Titanic, of any make, behind any Majordomo broker, or to several brokers as
/// majordomo::client does. Any number of calls at a time.
///
/// A request has an id from when it is submitted: whoever knows it may ask for the reply, from any
/// process and at any time, until it is closed or the server's retention is over. Ids are secrets.
/// A patterns::request_client: no_service is the service that the options' `asking` names.
///
/// connect    Adds a broker to the list. To be called before the first request.
/// Errors     errc::refused, server_failed, no_titanic, bad_answer; those of
///            majordomo::client::async_request, of which malformed_request is misuse.
/// Cancel     terminal, partial, total. What Titanic has already stays there.
class client : public client_base {
public:
    using client_base::client_base;

    /// Has a request stored. Without an error it is on the server's disk.
    ///
    /// wanted     Its id may be the one of an earlier attempt, of which it is not known how it
    ///            ended: with the same service and body that is the same request.
    /// Signature  void(std::error_code, request_id): also with an error, the id to try again with.
    /// Errors     As above; refused is also another request with this id. With submission::plain
    ///            an error may mean that the request is stored and its id is lost.
    template <asio::completion_token_for<void(std::error_code, request_id)> Token>
    auto async_submit(const service_name& service, message body, const request_options& wanted,
                      Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, request_id)>(
            [this](auto handler, client_call::about what) {
                const request_id id = what.id;
                this->start(detail::result_handler{std::move(handler), get_executor(),
                                                   [id](auto& then, std::error_code ec,
                                                        const message& result) {
                                                       then(ec, detail::id_in(result, id));
                                                   }},
                            std::move(what));
            },
            token, about(client_call::goal::submit, service, std::move(body), wanted));
    }
    template <asio::completion_token_for<void(std::error_code, request_id)> Token>
    auto async_submit(const service_name& service, message body, Token&& token) {
        return async_submit(service, std::move(body), request_options{},
                            std::forward<Token>(token));
    }

    /// Asks for the reply, once.
    ///
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     As above; pending; unknown_request. With refused and server_failed the message
    ///            has the reason, if there is one: also that the request was set aside.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_poll(const request_id& id, Token&& token) {
        return initiate(about(client_call::goal::poll, id, {}), std::forward<Token>(token));
    }

    /// Asks for the reply until it is there, with pauses that become longer.
    ///
    /// limit      How long; 0 has no end. When it is over, pending, or what was the last error.
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     As async_poll's. A broker that is away, or a Titanic, is waited for.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_wait(const request_id& id, milliseconds limit, Token&& token) {
        return initiate(about(client_call::goal::wait, id, limit), std::forward<Token>(token));
    }

    /// Has Titanic forget a request and its reply, whether or not it was answered. It is no error
    /// if there is none.
    ///
    /// Signature  void(std::error_code)
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_close(const request_id& id, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [this](auto handler, client_call::about what) {
                this->start(detail::result_handler{std::move(handler), get_executor(),
                                                   [](auto& then, std::error_code ec,
                                                      const message&) { then(ec); }},
                            std::move(what));
            },
            token, about(client_call::goal::close, id, {}));
    }

    /// Submits a request, waits for the reply and closes.
    ///
    /// wanted     With an id of the caller's, an error leaves a way back to the request, which may
    ///            be stored, and answered later.
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     As async_submit's and async_wait's. A reply that was fetched is none, even if
    ///            closing fails.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body, const request_options& wanted,
                       Token&& token) {
        return initiate(about(client_call::goal::request, service, std::move(body), wanted),
                        std::forward<Token>(token));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(const service_name& service, message body, Token&& token) {
        return async_request(service, std::move(body), request_options{},
                             std::forward<Token>(token));
    }
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(message body, Token&& token) {
        return async_request(patterns::no_service, std::move(body), request_options{},
                             std::forward<Token>(token));
    }

private:
    using pending = patterns::detail::pending_request;

    [[nodiscard]] client_call::about about(client_call::goal what, const service_name& service,
                                           message body, const request_options& wanted) const;
    static client_call::about about(client_call::goal what, const request_id& id,
                                    milliseconds limit);

    template <class Token> auto initiate(client_call::about what, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [this](auto handler, client_call::about wanted) {
                this->start(std::move(handler), std::move(wanted));
            },
            token, std::move(what));
    }
    template <class Handler> void start(Handler handler, client_call::about what) {
        auto op = std::make_unique<patterns::detail::handler_request<pending, Handler>>(
            std::move(handler), get_executor());
        auto slot = op->cancellation_slot();
        let_cancel(slot, begin(std::move(op), std::move(what)));
    }
    [[nodiscard]] std::uint64_t begin(std::unique_ptr<pending> op, client_call::about what);
};

} // namespace mizzen::titanic

extern template class mizzen::patterns::async_client<mizzen::titanic::client_shell,
                                                     mizzen::titanic::client_options,
                                                     mizzen::majordomo::client_stats>;
