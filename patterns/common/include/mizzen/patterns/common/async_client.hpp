// What the clients of all patterns have in common on an event loop.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>

namespace mizzen::patterns {

/// Owns a Shell, which does the work. Each pattern's client is made of it, and has what is its own:
/// first of all its async_request.
///
/// Threads    All calls are made on the executor, which has to be serial, as a socket's.
/// Lifetime   Destroying a client ends its requests with asio::error::operation_aborted.
template <class Shell, class Options, class Stats> class async_client {
public:
    using executor_type = asio::any_io_executor;

    explicit async_client(const asio::any_io_executor& executor, const Options& options = {});
    template <std::derived_from<asio::execution_context> Context>
    explicit async_client(Context& context, const Options& options = {})
        : async_client{context.get_executor(), options} {}
    async_client(async_client&&) noexcept = default;
    async_client& operator=(async_client&& other) noexcept;
    async_client(const async_client&) = delete;
    async_client& operator=(const async_client&) = delete;
    ~async_client();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Adds a server, or a broker, to ask. Errors: those of parse_endpoint; after stop(),
    /// mizzen::errc::socket_closed. The form without `ec` throws std::system_error.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Ends all requests with asio::error::operation_aborted, and closes.
    void stop() noexcept;

    [[nodiscard]] const Stats& stats() const noexcept;

protected:
    /// Has a handler's slot cancel the request of that number, unless it is 0, which is over.
    template <class Slot> void let_cancel(Slot slot, std::uint64_t number) {
        if (number != 0 && slot.is_connected())
            slot.assign(
                [owner = std::weak_ptr<Shell>{shell_}, number](asio::cancellation_type how) {
                    if (how != asio::cancellation_type::none)
                        cancel(owner, number);
                });
    }

    [[nodiscard]] Shell& shell() const noexcept { return *shell_; }

private:
    static void cancel(const std::weak_ptr<Shell>& owner, std::uint64_t number);

    std::shared_ptr<Shell> shell_;
};

} // namespace mizzen::patterns
