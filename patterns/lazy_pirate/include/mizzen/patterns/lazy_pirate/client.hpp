// A Lazy Pirate client on DEALER sockets.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/async_client.hpp>
#include <mizzen/patterns/common/detail/handler_request.hpp>
#include <mizzen/patterns/common/service_name.hpp>
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::lazy_pirate {

class client_shell;
using client_base = patterns::async_client<client_shell, client_options, client_stats>;

/// Asks a REP, a ROUTER, or a pirate's queue, and asks again over a new connection when no reply
/// comes in time. With several endpoints it asks one after the other (the Guide's Freelance, model
/// 1). A request may so be run more than once, unless the server keeps a lazy_pirate::server's
/// cache and requests are tagged. A patterns::request_client.
///
/// connect    Adds a server to ask; no connection is made before a request.
class client : public client_base {
public:
    using client_base::client_base;

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

private:
    using pending_request = patterns::detail::pending_request;

    template <class Handler> void start(Handler handler, const service_name& to, message what) {
        auto op = std::make_unique<patterns::detail::handler_request<pending_request, Handler>>(
            std::move(handler), get_executor());
        auto slot = op->cancellation_slot();
        let_cancel(slot, enqueue(std::move(op), to, std::move(what)));
    }
    /// 0 if it is over already.
    [[nodiscard]] std::uint64_t enqueue(std::unique_ptr<pending_request> op, const service_name& to,
                                        message what);
};

} // namespace mizzen::lazy_pirate

extern template class mizzen::patterns::async_client<mizzen::lazy_pirate::client_shell,
                                                     mizzen::lazy_pirate::client_options,
                                                     mizzen::lazy_pirate::client_stats>;
