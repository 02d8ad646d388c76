// The PAIR socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Talks to one peer (31/EXPAIR).
///
/// A send waits while there is no peer, or its queue is full. Who comes while there is one is
/// disconnected.
class pair : public detail::typed_socket<zmtp::socket_type::pair> {
public:
    using basic_socket::async_receive;
    using basic_socket::async_send;
    using basic_socket::async_wait_receive;
    using basic_socket::async_wait_send;
    using basic_socket::try_receive;
    using basic_socket::try_send;
    using typed_socket::typed_socket;
};

} // namespace mizzen
