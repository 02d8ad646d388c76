// The PULL socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Receives from all of its peers in turn (30/PIPELINE).
class pull : public detail::typed_socket<zmtp::socket_type::pull> {
public:
    using basic_socket::async_receive;
    using basic_socket::async_wait_receive;
    using basic_socket::try_receive;
    using typed_socket::typed_socket;
};

} // namespace mizzen
