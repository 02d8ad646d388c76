// The REQ socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Asks one peer at a time, in turn, and takes the answer from that peer only (28/REQREP).
///
/// Send and receive alternate: out of turn they fail with wrong_state. A malformed or stale reply
/// is dropped and counted. If the peer is lost the request is not repeated; receive goes on
/// waiting.
class req : public detail::typed_socket<zmtp::socket_type::req> {
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
