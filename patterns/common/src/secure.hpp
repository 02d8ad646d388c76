// Does with a pattern's sockets what its options say of security.
#pragma once

#include <mizzen/detail/basic_socket.hpp>
#include <mizzen/patterns/common/security.hpp>

#include <asio/any_io_executor.hpp>

#include <variant>

namespace mizzen::patterns {

[[nodiscard]] inline bool is_open(const option::security& wanted) noexcept {
    return !wanted.who && std::holds_alternative<option::no_security>(wanted.mechanism);
}

/// Throws std::system_error where the options do not do: for sockets that are only made later.
void check_security(const asio::any_io_executor& executor, const option::security& wanted);

/// Has `watch` told of handshakes that fail, until the socket closes.
void watch_handshakes(mizzen::detail::basic_socket& socket, const handshake_watch& watch);

/// To be called before bind and connect. Throws std::system_error: no socket is left less secure
/// than was wanted.
template <class Socket>
void secure(Socket& socket, const option::security& wanted, const handshake_watch& watch) {
    if (!is_open(wanted))
        socket.set(wanted);
    if (watch)
        watch_handshakes(socket, watch);
}
template <class Socket, class Options> void secure(Socket& socket, const Options& options) {
    secure(socket, options.security, options.on_handshake_failed);
}

} // namespace mizzen::patterns
