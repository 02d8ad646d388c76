// Asks a handler elsewhere who may come: 27/ZAP.
#pragma once

#include <mizzen/authentication.hpp>
#include <mizzen/detail/basic_socket.hpp>
#include <mizzen/option.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace mizzen {

namespace detail {
class zap_shell;
} // namespace detail

struct zap_client_options {
    /// For an answer. What has none then is refused with 500, whatever the handler says later.
    std::chrono::milliseconds timeout{5000};
    /// Questions without an answer at once; the surplus is refused with 500.
    std::size_t max_outstanding = 1000;
    /// Of the connection to the handler: a client's, unless the handler's socket is the client.
    option::security security{};
};

struct zap_client_stats {
    std::uint64_t requests = 0;   ///< Asked of this client.
    std::uint64_t accepted = 0;   ///< 200.
    std::uint64_t refused = 0;    ///< 300, 400 or 500 of the handler's.
    std::uint64_t timed_out = 0;  ///< Refused for want of an answer.
    std::uint64_t surplus = 0;    ///< Refused for being one too many.
    std::uint64_t malformed = 0;  ///< Replies that are none; who they were for is refused.
    std::uint64_t unexpected = 0; ///< Replies to what is not asked, or not any more; dropped.
    std::size_t outstanding = 0;
};

/// An authenticator that asks a ZAP handler: a REP or ROUTER that is bound to an ipc or tcp
/// endpoint, such as pyzmq's or CZMQ's behind a proxy. (The inproc endpoint of the RFC is in the
/// handler's own process.) Several questions may be under way at once.
///
/// Nobody is let in but by the handler's 200: while it is away, silent or wrong, peers are refused
/// with 500, and the answer's reason says why. Over a new connection, what is open is asked again.
///
/// Threads    May serve sockets of any executors. Works, and answers, on its own, which has to be
///            serial, and where it is made: a hosted_loop's, say, where all sockets block.
/// Lifetime   Of the executor: outlives it. Ending it drops what is open, which refuses.
/// RFC        27/ZAP.
class zap_client final : public authenticator {
public:
    /// Connects, and goes on trying. Throws std::system_error: the errors of parse_endpoint and of
    /// the security options; invalid_option: no time, or no question, is allowed.
    zap_client(const asio::any_io_executor& executor, std::string_view endpoint,
               const zap_client_options& options = {});
    zap_client(detail::execution_context_like auto& io, std::string_view endpoint,
               const zap_client_options& options = {})
        : zap_client{asio::any_io_executor{io.get_executor()}, endpoint, options} {}
    ~zap_client() override;
    zap_client(const zap_client&) = delete;
    zap_client& operator=(const zap_client&) = delete;

    void authenticate(const authentication_request& request, answer_handler done) override;

    /// On its executor.
    [[nodiscard]] const zap_client_stats& stats() const noexcept;

private:
    std::shared_ptr<detail::zap_shell> shell_;
};

} // namespace mizzen
