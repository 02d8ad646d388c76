// A Majordomo broker on a ROUTER socket.
#pragma once

#include <mizzen/patterns/majordomo/broker_core.hpp>
#include <mizzen/stats.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::majordomo {

/// Serves from its construction to stop() or its end. It starts no thread.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a broker stops it.
class broker {
public:
    using executor_type = asio::any_io_executor;

    explicit broker(const asio::any_io_executor& executor, const broker_options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    explicit broker(Context& context, const broker_options& options = {})
        : broker{context.get_executor(), options} {}
    broker(broker&&) noexcept = default;
    broker& operator=(broker&& other) noexcept;
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;
    ~broker();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Listens for clients and workers alike. Returns the endpoint with the port that it got.
    /// Errors: those of a socket's bind. The form without `ec` throws std::system_error.
    std::string bind(std::string_view endpoint);
    std::string bind(std::string_view endpoint, std::error_code& ec);

    /// Takes no new requests, which aware clients are told at once; ends those that wait; and stops
    /// when the last running one is done, after `limit` at the latest. A limit of 0 is none. `done`
    /// is called once it stopped, on the executor.
    void drain(milliseconds limit, std::function<void()> done = {});
    /// Half of a pair from now on, and passive: each client's request, other than to `mmi.`, is
    /// served only if `vote`, which is called for it, says so.
    void stand_by(std::function<bool()> vote);
    /// Passive until the next request that `vote` is for; requests that wait are ended, those at
    /// workers are not.
    void make_passive();
    /// Calls `done`, on the executor, once no worker has a request; not at all once it stopped.
    void when_idle(std::function<void()> done);
    /// Sends DISCONNECT to all workers and closes. What is queued for the peers is written for a
    /// second at most, while the executor runs.
    void stop() noexcept;
    /// Whether it stopped, by itself after drain() or by stop().
    [[nodiscard]] bool stopped() const noexcept;

    /// Requests to services that begin with `prefix` are given to `serve`, on the executor; each is
    /// to be answered once, at any time later. The same prefix again has the new `serve` instead.
    using internal_service = std::function<void(broker_core::call&&)>;
    void serve_internal(std::string_view prefix, internal_service serve);
    void answer(std::uint64_t id, message body, status outcome = status::ok);
    /// Nobody will answer what was given to `serve` for that prefix: clients that can be told are.
    void end_calls(std::string_view prefix);
    /// Sends a request as a client would. `done` is called once, on the executor, never from within
    /// this; not at all once the broker stopped.
    using issue_handler = std::function<void(broker_core::result)>;
    void issue(std::string_view service, message body, broker_core::issue_limits limits,
               issue_handler done);

    /// Other rules than broker_options::rules, as broker_core::replace_rules.
    void replace_rules(std::shared_ptr<const access_rules> rules);
    /// Whether the rules let a user, as in a call, call a service.
    [[nodiscard]] bool may_call(std::string_view user, std::string_view service) const noexcept;
    /// Has `tell` called, on the executor, for those who are refused by the rules.
    void on_refusal(std::function<void(const broker_core::refusal&)> tell);

    [[nodiscard]] const broker_stats& stats() const noexcept;
    [[nodiscard]] socket_stats transport_stats() const;

private:
    class shell;
    std::shared_ptr<shell> shell_;
};

} // namespace mizzen::majordomo
