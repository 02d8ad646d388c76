// A Majordomo worker: a service that runs where the handler says.
#pragma once

#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::majordomo {

class worker_shell;

/// The answer to one request, to be given once: now, or later on the worker's executor. Destroying
/// one that was not used is a failure.
class responder {
public:
    responder(std::weak_ptr<worker_shell> worker, std::uint64_t request) noexcept;
    responder(responder&&) noexcept = default;
    responder& operator=(responder&& other) noexcept;
    responder(const responder&) = delete;
    responder& operator=(const responder&) = delete;
    ~responder();

    void reply(message body);
    /// The client is told `why`, if it and the broker know how.
    void fail(std::string_view why);

private:
    std::weak_ptr<worker_shell> worker_; ///< Empty once the answer was given.
    std::uint64_t request_ = 0;
};

/// Serves one service at one broker, from connect() to stop() or its end. It comes back by itself,
/// on a new connection, when the broker falls silent or sends it away.
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

    /// To be called once. Errors: those of parse_endpoint. The form without `ec` throws
    /// std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Tells the broker, and closes. Requests at the handler are for another worker.
    void stop() noexcept;

    [[nodiscard]] const worker_stats& stats() const noexcept;

private:
    std::shared_ptr<worker_shell> shell_;
};

} // namespace mizzen::majordomo
