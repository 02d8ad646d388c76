// What the clients of Lazy Pirate, Majordomo, Binary Star and Freelance have in common.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/request_condition.hpp>
#include <mizzen/patterns/common/service_name.hpp>

#include <asio/any_io_executor.hpp>

#include <concepts>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::patterns {

/// A client on an event loop. What works with one of these works with each; where they differ is in
/// their options, and in what is at the other end.
///
/// connect        One more to ask; all of them before the first request. After stop():
///                mizzen::errc::socket_closed.
/// async_request  void(std::error_code, mizzen::message), with any completion token. Errors compare
///                with request_condition; what a message with an error says is for people. Ends
///                once, within a time that the options bound. Cancellation: terminal, partial,
///                total.
/// service        At a broker, the one that is to run the request; servers that have no services
///                are all of the one that the client's option `service` names, and a request for
///                another is refused by the client. With no_service, or without that argument, it
///                is for the service that the option names.
/// stop           Ends all requests with asio::error::operation_aborted.
template <class Client>
concept request_client =
    std::movable<Client> &&
    requires(Client& client, std::string_view endpoint, std::error_code& ec,
             const service_name& service, message body, void (*handler)(std::error_code, message)) {
        { client.get_executor() } -> std::convertible_to<asio::any_io_executor>;
        client.connect(endpoint);
        client.connect(endpoint, ec);
        client.async_request(service, std::move(body), handler);
        client.async_request(std::move(body), handler);
        { client.stop() } noexcept;
    };

/// The same without an event loop, with calls that wait, from any thread. The forms without `ec`
/// throw std::system_error. close() is stop(): what waits ends with mizzen::errc::socket_closed,
/// which is request_condition::cancelled as well.
template <class Client>
concept blocking_request_client =
    std::movable<Client> && requires(Client& client, std::string_view endpoint, std::error_code& ec,
                                     const service_name& service, message body) {
        client.connect(endpoint);
        client.connect(endpoint, ec);
        { client.request(service, std::move(body), ec) } -> std::same_as<message>;
        { client.request(service, std::move(body)) } -> std::same_as<message>;
        { client.request(std::move(body), ec) } -> std::same_as<message>;
        { client.request(std::move(body)) } -> std::same_as<message>;
        { client.close() } noexcept;
    };

} // namespace mizzen::patterns
