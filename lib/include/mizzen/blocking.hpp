// Sockets for programs without an event loop.
#pragma once

#include <mizzen/context.hpp>
#include <mizzen/detail/blocking_base.hpp>
#include <mizzen/proxy.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace mizzen::blocking {

using std::chrono::milliseconds;
using zmtp::socket_type;

/// A socket whose calls wait. Its I/O is done by a thread of its context.
///
/// Threads  May be moved between threads and used by one at a time: a call while another thread
///          waits in one fails with errc::in_use. close may be called by any, at any time.
template <socket_type Type> class socket : public mizzen::detail::blocking_base {
    static constexpr bool sends = Type != socket_type::sub && Type != socket_type::pull;
    static constexpr bool receives = Type != socket_type::pub && Type != socket_type::push;
    static constexpr bool subscribes = Type == socket_type::sub || Type == socket_type::xpub;

public:
    explicit socket(const context& shared = context::instance()) : blocking_base{Type, shared} {}

    /// Sets an option. Errors: invalid_option. The form without `ec` throws std::system_error.
    template <class Option>
        requires(option::applies_to<Option>(Type))
    void set(const Option& value, std::error_code& ec) {
        apply_option(value, ec);
    }
    template <class Option>
        requires(option::applies_to<Option>(Type))
    void set(const Option& value) {
        std::error_code ec;
        set(value, ec);
        raise(ec, "set");
    }

    /// Sends one message, all of its parts or none, once a peer's queue can take it.
    ///
    /// limit    How long to wait: -1 has no end; without it, what option::send_timeout says.
    /// Returns  Whether it was taken; otherwise it is as it was.
    /// Errors   std::errc::timed_out, or would_block for no time at all; wrong_state,
    ///          empty_message, no_route, socket_closed, context_closed, in_use. The form without
    ///          `ec` throws std::system_error.
    bool send(message& m, std::error_code& ec)
        requires sends
    {
        return blocking_base::send(m, {}, ec);
    }
    bool send(message& m, milliseconds limit, std::error_code& ec)
        requires sends
    {
        return blocking_base::send(m, limit, ec);
    }
    void send(message m)
        requires sends
    {
        std::error_code ec;
        blocking_base::send(m, {}, ec);
        raise(ec, "send");
    }
    bool try_send(message& m, std::error_code& ec)
        requires sends
    {
        return blocking_base::send(m, milliseconds::zero(), ec);
    }

    /// Receives one message, once there is one; option::receive_timeout. As send otherwise.
    bool receive(message& m, std::error_code& ec)
        requires receives
    {
        return blocking_base::receive(m, {}, ec);
    }
    bool receive(message& m, milliseconds limit, std::error_code& ec)
        requires receives
    {
        return blocking_base::receive(m, limit, ec);
    }
    [[nodiscard]] message receive()
        requires receives
    {
        message m;
        std::error_code ec;
        blocking_base::receive(m, {}, ec);
        raise(ec, "receive");
        return m;
    }
    bool try_receive(message& m, std::error_code& ec)
        requires receives
    {
        return blocking_base::receive(m, milliseconds::zero(), ec);
    }

    /// As those of mizzen::sub and mizzen::xpub.
    void subscribe(std::string_view topic)
        requires subscribes
    {
        std::error_code ec;
        blocking_base::subscribe(as_octets(topic), true, ec);
        raise(ec, "subscribe");
    }
    void unsubscribe(std::string_view topic)
        requires subscribes
    {
        std::error_code ec;
        blocking_base::subscribe(as_octets(topic), false, ec);
        raise(ec, "unsubscribe");
    }
};

using req = socket<socket_type::req>;
using rep = socket<socket_type::rep>;
using dealer = socket<socket_type::dealer>;
using router = socket<socket_type::router>;
using pub = socket<socket_type::pub>;
using sub = socket<socket_type::sub>;
using xpub = socket<socket_type::xpub>;
using xsub = socket<socket_type::xsub>;
using push = socket<socket_type::push>;
using pull = socket<socket_type::pull>;
using pair = socket<socket_type::pair>;

/// A socket for poll to look at, what for, and what it found.
struct poll_item {
    mizzen::detail::blocking_base* socket;
    bool receive = true; ///< Whether a message can be received.
    bool send = false;   ///< Whether one can be sent.
    bool can_receive = false;
    bool can_send = false;
};

/// Waits until something can be done with one of the sockets, or the limit is over (-1 has none).
///
/// Returns  How many items are ready, each of which says what for; 0 when the time was up.
/// Errors   socket_closed, context_closed, in_use: of any of the sockets, then none is ready. The
///          form without `ec` throws std::system_error.
std::size_t poll(std::span<poll_item> items, milliseconds limit, std::error_code& ec);
std::size_t poll(std::span<poll_item> items, milliseconds limit = milliseconds{-1});

/// Hands whatever either socket receives to the other, as mizzen::proxy does, until `control` says
/// TERMINATE, or a socket or its context is closed.
///
/// capture, control  As those of mizzen::proxy; may be null.
/// Returns           What it has carried.
/// Errors            socket_closed, context_closed, in_use.
proxy_stats proxy(mizzen::detail::blocking_base& front, mizzen::detail::blocking_base& back,
                  mizzen::detail::blocking_base* capture, mizzen::detail::blocking_base* control,
                  std::error_code& ec);

} // namespace mizzen::blocking
