// A Majordomo client with any number of requests at a time.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/majordomo/client_core.hpp>
#include <mizzen/patterns/majordomo/detail/request_operation.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::majordomo {

struct client_pool_options {
    client_options request{};          ///< `aware` is found out, whatever it says.
    std::size_t max_connections = 256; ///< Requests at the broker at once; more wait here.
    milliseconds probe_timeout{1000};  ///< For the broker to say what it knows beyond RFC 7.
};

/// Sends each request on a connection that has no other, so that every reply is matched at any
/// broker; idle connections are used again. The first request asks the broker, once, whether it
/// tells of failures; a broker that does not answer that is taken for a plain one.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a client ends its requests with asio::error::operation_aborted.
class client {
public:
    using executor_type = asio::any_io_executor;

    explicit client(asio::any_io_executor executor, const client_pool_options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    explicit client(Context& context, const client_pool_options& options = {})
        : client{context.get_executor(), options} {}
    client(client&&) noexcept = default;
    client& operator=(client&& other) noexcept;
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// To be called before the first request. Errors: those of parse_endpoint. The form without
    /// `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request, again when no reply comes in time, and receives the reply's body.
    ///
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     those of majordomo::errc; with handler_failed and its like the message has the
    ///            reason. mizzen::errc::no_such_endpoint before connect();
    ///            asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: the broker may have the request already.
    /// Time       (retries + 1) * timeout at most, from when a connection is free for it.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_request(std::string_view service, message body, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [this](auto handler, std::string to, message what) {
                this->start(std::move(handler), std::move(to), std::move(what));
            },
            token, std::string{service}, std::move(body));
    }

    /// Ends all requests with asio::error::operation_aborted, and closes.
    void stop() noexcept;

    /// The sums over all connections.
    [[nodiscard]] client_stats stats() const;

private:
    class shell;

    template <class Handler> void start(Handler handler, std::string to, message what) {
        auto op = std::make_unique<detail::handler_request<Handler>>(
            std::move(handler), get_executor(), std::move(to), std::move(what));
        op->number = next_number();
        if (auto slot = op->cancellation_slot(); slot.is_connected())
            slot.assign([pool = std::weak_ptr<shell>{shell_},
                         number = op->number](asio::cancellation_type how) {
                if (how != asio::cancellation_type::none)
                    cancel(pool, number);
            });
        enqueue(std::move(op));
    }
    [[nodiscard]] std::uint64_t next_number() noexcept;
    void enqueue(std::unique_ptr<detail::request_operation> op);
    static void cancel(const std::weak_ptr<shell>& pool, std::uint64_t number);

    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::majordomo
