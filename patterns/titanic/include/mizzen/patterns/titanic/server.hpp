// Titanic as workers of a Majordomo broker elsewhere, of any make.
#pragma once

#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>
#include <mizzen/patterns/titanic/service_options.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>

namespace mizzen::titanic {

struct server_options {
    service_options services;
    majordomo::dialect::version protocol = majordomo::dialect::version::mdp01;
    /// Calls of each service at once, where the broker gives a worker more than one.
    std::uint32_t credit = 1000;
    /// Workers of each service, where it does not: a plain one has one call at a time, and each
    /// acknowledgement waits for the disk.
    std::size_t registrations = 16;
    milliseconds heartbeat{2500};
    int liveness = 3;
    milliseconds reconnect{250};
    milliseconds reconnect_max{5000};
    milliseconds probe_timeout{1000};  ///< For a broker to say whether a service has workers.
    std::size_t max_connections = 256; ///< For requests at a plain broker, one for each.
    option::security security{};       ///< Of all its connections to brokers.
    patterns::handshake_watch on_handshake_failed{};
};

/// Serves titanic.request, .submit, .reply and .close at one or more brokers, and sends the
/// requests to their services through the same ones, from connect() to stop() or its end. It has
/// one thread, which blocks on the disk and does nothing else.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying one that was not stopped is like a crash: nothing that was acknowledged is
///            lost, and the next start takes a little longer.
class server {
public:
    server(const asio::any_io_executor& executor, std::unique_ptr<store> kept,
           const server_options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    server(Context& context, std::unique_ptr<store> kept, const server_options& options = {})
        : server{context.get_executor(), std::move(kept), options} {}
    server(server&&) noexcept = default;
    server& operator=(server&& other) noexcept;
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server();

    /// Adds a broker. With several, calls come from all of them, and requests go to the first that
    /// can be had. To be called before the first call comes. Errors: those of parse_endpoint.
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Takes no new calls, answers those at hand, waits for the requests that are at workers, and
    /// calls `done` on the executor. stop() is to follow, or may come sooner.
    void drain(std::function<void()> done);
    /// Ends everything, commits what is left, in place, and closes the store.
    void stop(std::error_code& ec);

    [[nodiscard]] const service_stats& stats() const noexcept;
    [[nodiscard]] store_stats kept() const noexcept;
    /// Why the store takes nothing any more, if so.
    [[nodiscard]] std::error_code failure() const noexcept;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::titanic
