// What all sockets have in common.
#pragma once

#include <mizzen/context.hpp>
#include <mizzen/detail/operation.hpp>
#include <mizzen/error.hpp>
#include <mizzen/message.hpp>
#include <mizzen/option.hpp>
#include <mizzen/peer_info.hpp>
#include <mizzen/stats.hpp>
#include <mizzen/zmtp/socket_type.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution_context.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace mizzen {
class monitor;
class proxy;
} // namespace mizzen

namespace mizzen::detail {

class socket_security;
class socket_shell;

/// A handle to a socket; moving it moves the socket.
///
/// Threads    All calls, and all completions, are made on the socket's executor, which has to be
///            serial: an io_context that one thread runs, or a strand.
/// Lifetime   Destroying a socket closes it. Operations that are outstanding then complete with
///            asio::error::operation_aborted.
class basic_socket {
public:
    using executor_type = asio::any_io_executor;

    basic_socket(basic_socket&&) noexcept = default;
    basic_socket& operator=(basic_socket&& other) noexcept;
    basic_socket(const basic_socket&) = delete;
    basic_socket& operator=(const basic_socket&) = delete;
    ~basic_socket();

    [[nodiscard]] executor_type get_executor() const noexcept;

    /// Starts to listen. Returns the endpoint with the port that it got.
    /// Errors: those of parse_endpoint; those of the system, such as address_in_use.
    std::string bind(std::string_view endpoint);
    std::string bind(std::string_view endpoint, std::error_code& ec);
    /// Ends a listener, named as bind returned it, and the connections it accepted, once what is
    /// queued for them is written.
    void unbind(std::string_view endpoint);
    void unbind(std::string_view endpoint, std::error_code& ec);
    /// Starts to connect, and goes on until disconnect or a peer's refusal. Messages may be sent
    /// before there is a connection. Errors: those of parse_endpoint.
    void connect(std::string_view endpoint);
    void connect(std::string_view endpoint, std::error_code& ec);
    /// Ends a connection, named as it was connected, once what is queued for it is written.
    void disconnect(std::string_view endpoint);
    void disconnect(std::string_view endpoint, std::error_code& ec);
    /// Closes the socket: outstanding operations complete with operation_aborted, and what is
    /// queued is written for as long as option::linger says.
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept;

    [[nodiscard]] socket_stats stats() const;
    /// The peers whose handshake has succeeded, in the order in which they came.
    [[nodiscard]] std::vector<peer_info> peers() const;
    /// One of them, or one of the last that have gone (gone_peers_kept), by message::peer of a
    /// message that it sent, say. Nothing when it is not known, or no longer.
    [[nodiscard]] std::optional<peer_info> peer(peer_id id) const;
    /// Who sent a message that was received: the same, without a copy. Valid until sender is called
    /// again. Known for every message that has just been received, also of a peer that has gone
    /// meanwhile; for an older one as long as peer() knows of it, else null.
    [[nodiscard]] const peer_identity* sender(const message& received) const;

protected:
    basic_socket(asio::any_io_executor executor, zmtp::socket_type type, const context& shared);

    void apply(const option::send_high_water_mark& value, std::error_code& ec);
    void apply(const option::receive_high_water_mark& value, std::error_code& ec);
    void apply(const option::high_water_octets& value, std::error_code& ec);
    void apply(const option::linger& value, std::error_code& ec);
    void apply(const option::reconnect_interval& value, std::error_code& ec);
    void apply(const option::handshake_timeout& value, std::error_code& ec);
    void apply(const option::busy_poll& value, std::error_code& ec);
    void apply(const option::connect_timeout& value, std::error_code& ec);
    void apply(const option::tcp_keep_alive& value, std::error_code& ec);
    void apply(const option::tcp_buffers& value, std::error_code& ec);
    void apply(const option::max_handshakes& value, std::error_code& ec);
    void apply(const option::heartbeat& value, std::error_code& ec);
    void apply(const option::max_message_size& value, std::error_code& ec);
    void apply(const option::routing_id& value, std::error_code& ec);
    void apply(const option::no_security& value, std::error_code& ec);
    void apply(const option::plain_client& value, std::error_code& ec);
    void apply(const option::plain_server& value, std::error_code& ec);
    void apply(const option::curve_client& value, std::error_code& ec);
    void apply(const option::curve_server& value, std::error_code& ec);
    void apply(const option::authentication& value, std::error_code& ec);
    void apply(const option::security& value, std::error_code& ec);
    void apply(const option::backlog& value, std::error_code& ec);
    void apply(const option::immediate& value, std::error_code& ec);
    void apply(const option::conflate& value, std::error_code& ec);
    void apply(const option::probe_router& value, std::error_code& ec);
    void apply(const option::connect_routing_id& value, std::error_code& ec);
    void apply(const option::router_mandatory& value, std::error_code& ec);
    void apply(const option::router_handover& value, std::error_code& ec);
    void apply(const option::report_peers& value, std::error_code& ec);
    void apply(const option::req_relaxed& value, std::error_code& ec);
    void apply(const option::req_correlate& value, std::error_code& ec);
    void apply(const option::publish_no_drop& value, std::error_code& ec);
    void apply(const option::xpub_reports& value, std::error_code& ec);
    void apply(const option::xpub_manual& value, std::error_code& ec);
    void apply(const option::xpub_welcome& value, std::error_code& ec);

    /// Sends one message, all of its parts or none, if that can be done now.
    ///
    /// Returns  Whether the message was taken; otherwise it is as it was.
    /// Errors   would_block, wrong_state, empty_message, no_route, socket_closed.
    [[nodiscard]] bool try_send(message& m, std::error_code& ec);
    [[nodiscard]] bool try_send(message& m) {
        std::error_code ec;
        return try_send(m, ec);
    }
    /// Receives one message if there is one. Errors: would_block, wrong_state, socket_closed.
    [[nodiscard]] bool try_receive(message& m, std::error_code& ec);
    [[nodiscard]] bool try_receive(message& m) {
        std::error_code ec;
        return try_receive(m, ec);
    }
    [[nodiscard]] bool try_send_to(peer_id to, message& m, std::error_code& ec);
    [[nodiscard]] bool try_receive_from(message& m);
    void hold(peer_id peer, bool on, std::error_code& ec);

    /// Sends one message: all of its parts or none.
    ///
    /// Completes  When a peer's queue has taken it, which says nothing of delivery.
    /// Signature  void(std::error_code)
    /// Errors     wrong_state, empty_message, no_route; asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: a message that no queue has taken is withdrawn whole.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_send(message m, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [this](auto handler, message body) {
                this->template start<false>(operation_kind::send, std::move(handler),
                                            std::move(body));
            },
            token, std::move(m));
    }
    /// Receives one message.
    ///
    /// Signature  void(std::error_code, mizzen::message)
    /// Errors     wrong_state; asio::error::operation_aborted.
    /// Cancel     terminal, partial, total: no message is lost.
    template <asio::completion_token_for<void(std::error_code, message)> Token>
    auto async_receive(Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [this](auto handler) {
                this->template start<true>(operation_kind::receive, std::move(handler), {});
            },
            token);
    }
    /// Waits until try_receive, or try_send, is worth a call. The hot loop of a program is: try
    /// until it would block, then one such wait.
    ///
    /// Signature  void(std::error_code)
    /// Errors     asio::error::operation_aborted.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_wait_receive(Token&& token) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [this](auto handler) {
                this->template start<false>(operation_kind::wait_receive, std::move(handler), {});
            },
            token);
    }
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_wait_send(Token&& token) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [this](auto handler) {
                this->template start<false>(operation_kind::wait_send, std::move(handler), {});
            },
            token);
    }

    void subscribe(octets topic, std::error_code& ec);
    void unsubscribe(octets topic, std::error_code& ec);

    static void raise(std::error_code ec, const char* what);

    [[nodiscard]] const std::shared_ptr<socket_shell>& shell() const noexcept { return shell_; }
    void let_go() noexcept { shell_.reset(); }

private:
    friend class mizzen::monitor;
    friend class mizzen::proxy;

    template <bool WithMessage, class Handler>
    void start(operation_kind kind, Handler handler, message body) {
        auto* op = handler_operation<WithMessage, Handler>::create(std::move(handler),
                                                                   get_executor(), kind);
        op->body = std::move(body);
        if (auto slot = op->cancellation_slot(); slot.is_connected())
            slot.assign(
                [shell = std::weak_ptr<socket_shell>{shell_}, op](asio::cancellation_type how) {
                    if (how != asio::cancellation_type::none)
                        cancel(shell, *op);
                });
        enqueue(*op);
    }
    void secure(std::shared_ptr<const socket_security> how, const std::error_code& ec);
    void ask(const std::shared_ptr<authenticator>& who, const std::string& domain);
    void enqueue(operation& op);
    static void cancel(const std::weak_ptr<socket_shell>& shell, operation& op);

    std::shared_ptr<socket_shell> shell_;
};

/// What can be made a socket's executor.
template <class Context>
concept execution_context_like = std::derived_from<Context, asio::execution_context>;

} // namespace mizzen::detail
