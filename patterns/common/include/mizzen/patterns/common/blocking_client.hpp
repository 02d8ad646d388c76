// What the blocking clients of all patterns have in common.
#pragma once

#include <mizzen/context.hpp>
#include <mizzen/message.hpp>
#include <mizzen/patterns/common/service_name.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::patterns {

/// A client on an event loop, which is State's, and calls that wait for it. Each pattern's client
/// is made of it, and says what is its own.
///
/// Errors   In what has no `ec`, thrown as std::system_error. After close(), and for a call that
///          waits meanwhile: mizzen::errc::socket_closed; after the context's: context_closed.
/// Threads  Safe from any, several at a time.
template <class State, class Options, class Stats> class blocking_client {
public:
    /// Throws std::system_error with mizzen::errc::context_closed.
    explicit blocking_client(const Options& options = {},
                             const context& shared = context::instance());
    blocking_client(blocking_client&&) noexcept = default;
    blocking_client& operator=(blocking_client&& other) noexcept;
    blocking_client(const blocking_client&) = delete;
    blocking_client& operator=(const blocking_client&) = delete;
    ~blocking_client();

    /// Adds a server, or a broker, to ask. Errors: those of parse_endpoint.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);

    /// Sends a request, and waits for its end.
    ///
    /// service  As request_client has it: with no_service, or without it, the option `service`.
    /// Returns  The reply's body; with an error, the reason that came with it, if any.
    message request(const service_name& service, message body, std::error_code& ec);
    [[nodiscard]] message request(const service_name& service, message body);
    message request(message body, std::error_code& ec) {
        return request(no_service, std::move(body), ec);
    }
    [[nodiscard]] message request(message body) { return request(no_service, std::move(body)); }

    /// Ends all requests.
    void close() noexcept;
    [[nodiscard]] Stats stats() const;

protected:
    [[nodiscard]] State& state() const noexcept { return *state_; }

private:
    std::shared_ptr<State> state_;
};

} // namespace mizzen::patterns
