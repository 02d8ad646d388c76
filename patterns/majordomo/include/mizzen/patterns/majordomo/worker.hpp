// A Majordomo worker: a service that runs where the handler says.
#pragma once

#include <mizzen/patterns/common/detail/handler_request.hpp>
#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::majordomo {

namespace detail {
class worker_link;

/// What waits for the end of a drain.
using drain_operation = patterns::detail::pending_request;
} // namespace detail

/// The answer to one request, to be given once: now, or later on the worker's executor. Destroying
/// one that was not used is a failure.
class responder {
public:
    responder(std::weak_ptr<detail::worker_link> worker, std::uint64_t request) noexcept;
    responder(responder&&) noexcept = default;
    responder& operator=(responder&& other) noexcept;
    responder(const responder&) = delete;
    responder& operator=(const responder&) = delete;
    ~responder();

    void reply(message body);
    /// A part of the reply, which the client gets at once; reply is to follow. Only MDP 0.2 has
    /// that: a worker that speaks 0.1 sends nothing.
    void partial(message body);
    /// The client is told `why`, if it and the broker know how.
    void fail(std::string_view why);

private:
    std::weak_ptr<detail::worker_link> worker_; ///< Empty once the answer was given.
    std::uint64_t request_ = 0;
};

/// Serves one service at one or more brokers at once, from connect() to stop() or its end. It comes
/// back by itself, on a new connection, when a broker falls silent or sends it away.
///
/// Threads    All calls are made on the executor, which has to be serial; the handler runs on it,
///            and heartbeats only go out while it does not.
/// Lifetime   Destroying a worker stops it; responders may outlive it and then do nothing.
class worker {
public:
    using executor_type = asio::any_io_executor;
    /// Gets a request's body. An exception that leaves it is a failure.
    using handler = std::function<void(message body, responder answer)>;

    worker(asio::any_io_executor executor, worker_options options, handler serve);
    template <std::derived_from<asio::execution_context> Context>
    worker(Context& context, worker_options options, handler serve)
        : worker{context.get_executor(), std::move(options), std::move(serve)} {}
    worker(worker&&) noexcept = default;
    worker& operator=(worker&& other) noexcept;
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Registers at one more broker; each of them may give as many requests as the credit says.
    /// Errors: those of parse_endpoint. The form without `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Takes no new requests, answers those at the handler, tells the brokers, and stops.
    ///
    /// Signature  void(std::error_code)
    /// Errors     asio::error::operation_aborted: stop() was called meanwhile.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_drain(Token&& token) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [this](auto on_end) {
                auto without_message = [kept = std::move(on_end)](std::error_code ec,
                                                                  const message&) mutable {
                    std::move(kept)(ec);
                };
                using operation = patterns::detail::handler_request<detail::drain_operation,
                                                                    decltype(without_message)>;
                this->drain(
                    std::make_unique<operation>(std::move(without_message), get_executor()));
            },
            token);
    }

    /// Tells the brokers, and closes once that is written. Requests at the handler are for other
    /// workers.
    void stop() noexcept;

    /// The sums over all brokers.
    [[nodiscard]] worker_stats stats() const;

private:
    class shell;
    void drain(std::unique_ptr<detail::drain_operation> op);

    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::majordomo
