// What the programs of our side do alike with their sockets.
#pragma once

#include "curve_keys.hpp"
#include "side_by_side.hpp"
#include <mizzen/curve_key.hpp>
#include <mizzen/error.hpp>
#include <mizzen/message.hpp>
#include <mizzen/option.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

template <class Socket> void set_options(Socket& socket) {
    socket.set(mizzen::option::send_high_water_mark{high_water_mark});
    socket.set(mizzen::option::receive_high_water_mark{high_water_mark});
    socket.set(mizzen::option::backlog{backlog});
    // As long as it takes, which is libzmq's default.
    socket.set(mizzen::option::linger{std::chrono::milliseconds{-1}});
    if constexpr (std::same_as<Socket, mizzen::xpub>)
        socket.set(mizzen::option::publish_no_drop{true});
    if constexpr (std::same_as<Socket, mizzen::sub>)
        socket.subscribe("");
}

template <class Socket> void secure_server(Socket& socket, security how) {
    if (how == security::curve)
        socket.set(mizzen::option::curve_server{mizzen::make_curve_key(server_secret_key)});
}
template <class Socket> void secure_client(Socket& socket, security how) {
    if (how == security::curve)
        socket.set(mizzen::option::curve_client{mizzen::make_curve_key(server_public_key),
                                                mizzen::make_curve_key(client_secret_key)});
}

/// Parts that a socket's type puts in front of a body.
template <class Socket>
inline constexpr std::size_t envelope = std::same_as<Socket, mizzen::router> ? 1 : 0;

template <class Socket> [[nodiscard]] mizzen::octets body_of(const mizzen::message& m) {
    if (m.size() != envelope<Socket> + 1)
        throw std::runtime_error{std::to_string(m.size()) + " parts came"};
    return m[envelope<Socket>];
}

template <class Socket>
void check_message(const mizzen::message& m, std::size_t size, std::uint64_t number) {
    const mizzen::octets body = body_of<Socket>(m);
    check_body(body.data(), body.size(), size, number);
}

/// A try_ form that did not do it is to be called again; or there was an error.
inline void expect_would_block(std::error_code ec) {
    if (ec != mizzen::errc::would_block)
        throw std::system_error{ec};
}

/// For co_spawn: what a coroutine throws comes out of the loop's run.
inline void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace bench
