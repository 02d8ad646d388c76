// The PUSH socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Sends to its peers in turn (30/PIPELINE).
///
/// A send waits while no peer can take a message. What peers send is dropped and counted.
class push : public detail::typed_socket<zmtp::socket_type::push> {
public:
    using basic_socket::async_send;
    using basic_socket::async_wait_send;
    using basic_socket::try_send;
    using typed_socket::typed_socket;
};

} // namespace mizzen
