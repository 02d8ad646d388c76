// The DEALER socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Sends to its peers in turn and receives from all of them in turn (28/REQREP).
///
/// A send waits while no peer can take a message. Towards a REP, or a protocol made for REQ, the
/// program puts the empty delimiter in front itself.
class dealer : public detail::typed_socket<zmtp::socket_type::dealer> {
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
