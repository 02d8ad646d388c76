// A pirates' worker on a DEALER socket.
#pragma once

#include <mizzen/patterns/common/responder.hpp>
#include <mizzen/patterns/paranoid_pirate/worker_core.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::paranoid_pirate {

using patterns::request_handler;
using patterns::responder;

/// Serves at one queue, from connect() to stop() or its end. It comes back by itself, on a new
/// connection, when the queue falls silent or was restarted.
///
/// Threads    All calls are made on the executor, which has to be serial; the handler runs on it,
///            and heartbeats only go out while it does not.
/// Lifetime   Destroying a worker stops it; responders may outlive it and then do nothing.
class worker {
public:
    using executor_type = asio::any_io_executor;

    worker(const asio::any_io_executor& executor, const worker_options& options,
           request_handler serve);
    template <std::derived_from<asio::execution_context> Context>
    worker(Context& context, const worker_options& options, request_handler serve)
        : worker{context.get_executor(), options, std::move(serve)} {}
    worker(worker&&) noexcept = default;
    worker& operator=(worker&& other) noexcept;
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// To be called once, with the queue's back end. Errors: those of parse_endpoint. The form
    /// without `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Takes no new requests, answers those at the handler, and stops. Calls `drained` from the
    /// executor then; at once if there are none, and never after stop().
    void drain(std::function<void()> drained);

    /// Closes, once the replies given so far are written, for a second at most. Requests at the
    /// handler are for another worker.
    void stop() noexcept;

    [[nodiscard]] const worker_stats& stats() const noexcept;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::paranoid_pirate
