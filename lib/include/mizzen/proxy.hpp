// Carries messages between two sockets.
#pragma once

#include <mizzen/detail/basic_socket.hpp>

#include <asio/async_result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace mizzen {

/// What a proxy has carried.
struct proxy_stats {
    struct side {
        std::uint64_t messages_in = 0;
        std::uint64_t octets_in = 0; ///< Of all parts.
        std::uint64_t messages_out = 0;
        std::uint64_t octets_out = 0;
    };
    side front;
    side back;
    std::uint64_t dropped = 0; ///< The other side refused them for good, or the proxy ended.
};

namespace detail {
class proxy_shell;
} // namespace detail

/// Hands whatever either of two sockets receives to the other, as zmq_proxy does: ROUTER and
/// DEALER for a queue, XSUB and XPUB for a forwarder, PULL and PUSH for a streamer. A socket that
/// cannot take a message holds up the other.
///
/// Threads    All sockets have one executor, which is the proxy's as well.
/// Lifetime   The sockets outlive the proxy. Destroying it stops it.
class proxy {
public:
    /// Throws std::invalid_argument if the sockets have different executors.
    proxy(detail::basic_socket& front, detail::basic_socket& back);
    ~proxy();
    proxy(const proxy&) = delete;
    proxy& operator=(const proxy&) = delete;

    /// A copy of each message, in both directions, goes to that socket as well, if it can take it
    /// at once. Before async_run.
    void capture(detail::basic_socket& copies);
    /// That socket receives commands, each a message of one part: PAUSE, RESUME, TERMINATE,
    /// STATISTICS. A REP answers: with eight parts to STATISTICS, each a number of 8 octets in the
    /// machine's order (the front's messages and octets in and out, then the back's), with
    /// an empty part to the others, and with "ERROR" to what is none of them. Before async_run.
    void control(detail::basic_socket& commands);

    /// Carries messages until told to stop.
    ///
    /// Completes  After stop or TERMINATE: without error.
    /// Signature  void(std::error_code)
    /// Errors     socket_closed: one of the sockets; asio::error::operation_aborted.
    /// Cancel     terminal, partial, total.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_run(Token&& token) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [this](auto handler) {
                auto* op = detail::handler_operation<false, decltype(handler)>::create(
                    std::move(handler), get_executor(), detail::operation_kind::wait_receive);
                if (auto slot = op->cancellation_slot(); slot.is_connected())
                    slot.assign([shell = std::weak_ptr<detail::proxy_shell>{shell_}](
                                    asio::cancellation_type how) {
                        if (how != asio::cancellation_type::none)
                            cancel(shell);
                    });
                start(*op);
            },
            token);
    }
    void pause();
    void resume();
    void stop();
    [[nodiscard]] const proxy_stats& stats() const noexcept;
    [[nodiscard]] asio::any_io_executor get_executor() const noexcept;

private:
    void start(detail::operation& op);
    static void cancel(const std::weak_ptr<detail::proxy_shell>& shell);

    std::shared_ptr<detail::proxy_shell> shell_;
};

} // namespace mizzen
