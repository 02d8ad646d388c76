// The DEALER socket.
#pragma once

#include <mizzen/detail/basic_socket.hpp>

namespace mizzen {

/// Sends to its peers in turn and receives from all of them in turn (28/REQREP).
///
/// A send waits while no peer can take a message. Towards a REP, or a protocol made for REQ, the
/// program puts the empty delimiter in front itself.
class dealer : public detail::basic_socket {
public:
    explicit dealer(asio::any_io_executor executor)
        : basic_socket{std::move(executor), zmtp::socket_type::dealer} {}
    explicit dealer(detail::execution_context_like auto& context)
        : dealer{context.get_executor()} {}

    using basic_socket::async_receive;
    using basic_socket::async_send;
    using basic_socket::async_wait_receive;
    using basic_socket::async_wait_send;
    using basic_socket::try_receive;
    using basic_socket::try_send;
};

} // namespace mizzen
