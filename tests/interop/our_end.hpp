// Our sockets of every type, on an event loop or blocking, behind the same names.
#pragma once

#include "../unit/loop.hpp"
#include "content.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>
#include <mizzen/xsub.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <system_error>
#include <type_traits>

namespace mizzen::testing {

template <class Socket> struct zmq_type;
// clang-format off
template <> struct zmq_type<req> : std::integral_constant<int, ZMQ_REQ> {};
template <> struct zmq_type<rep> : std::integral_constant<int, ZMQ_REP> {};
template <> struct zmq_type<dealer> : std::integral_constant<int, ZMQ_DEALER> {};
template <> struct zmq_type<router> : std::integral_constant<int, ZMQ_ROUTER> {};
template <> struct zmq_type<pub> : std::integral_constant<int, ZMQ_PUB> {};
template <> struct zmq_type<sub> : std::integral_constant<int, ZMQ_SUB> {};
template <> struct zmq_type<xpub> : std::integral_constant<int, ZMQ_XPUB> {};
template <> struct zmq_type<xsub> : std::integral_constant<int, ZMQ_XSUB> {};
template <> struct zmq_type<push> : std::integral_constant<int, ZMQ_PUSH> {};
template <> struct zmq_type<pull> : std::integral_constant<int, ZMQ_PULL> {};
template <> struct zmq_type<pair> : std::integral_constant<int, ZMQ_PAIR> {};
template <> struct zmq_type<blocking::req> : zmq_type<req> {};
template <> struct zmq_type<blocking::rep> : zmq_type<rep> {};
template <> struct zmq_type<blocking::dealer> : zmq_type<dealer> {};
template <> struct zmq_type<blocking::router> : zmq_type<router> {};
template <> struct zmq_type<blocking::push> : zmq_type<push> {};
template <> struct zmq_type<blocking::pub> : zmq_type<pub> {};
template <> struct zmq_type<blocking::sub> : zmq_type<sub> {};
// clang-format on

/// What waits gives up when the other side has finished, and what is on its way does not come.
template <class Socket> class our_end {
public:
    static constexpr int type = zmq_type<Socket>::value;
    static constexpr bool on_a_loop = std::is_constructible_v<Socket, asio::io_context&>;

    explicit our_end(loop& run) : socket(made(run)), run_{run} {}

    void subscribe_to_all() {
        if constexpr (type == ZMQ_SUB) {
            socket.subscribe("");
        } else if constexpr (type == ZMQ_XSUB) {
            message m{"\1"};
            REQUIRE(socket.try_send(m));
        }
    }

    template <class Finished> bool send(const parts& sent, Finished finished) {
        message m = as_message(sent);
        return wait([&] { return m.empty() || send_once(m); }, finished);
    }
    /// Goes on sending until `heard`.
    template <class Heard> bool send_until(const parts& sent, Heard heard) {
        return run_.until([&] {
            message m = as_message(sent);
            static_cast<void>(send_once(m));
            return heard();
        });
    }
    template <class Finished> bool receive(parts& got, Finished finished) {
        message m;
        if (!wait([&] { return receive_once(m); }, finished))
            return false;
        got = as_parts(m);
        return true;
    }

    Socket socket;

private:
    static Socket made(loop& run) {
        if constexpr (on_a_loop)
            return Socket{run.io};
        else
            return Socket{};
    }
    template <class Done, class Finished> bool wait(Done done, Finished finished) {
        bool is_done = false;
        const auto look = [&] { return is_done = done(); };
        if (!run_.until([&] { return look() || finished(); }))
            return false;
        return is_done || run_.until(look, 1s);
    }
    // Blocking sockets wait a little each time, so that they do wait.
    bool send_once(message& m) {
        std::error_code ec;
        if constexpr (type == ZMQ_PULL || type == ZMQ_SUB)
            return false;
        else if constexpr (on_a_loop)
            return socket.try_send(m, ec);
        else
            return socket.send(m, 20ms, ec);
    }
    bool receive_once(message& m) {
        std::error_code ec;
        if constexpr (type == ZMQ_PUSH || type == ZMQ_PUB)
            return false;
        else if constexpr (on_a_loop)
            return socket.try_receive(m, ec);
        else
            return socket.receive(m, 20ms, ec);
    }

    loop& run_;
};

} // namespace mizzen::testing
