// The PUB socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Sends each message to the peers that subscribed to a prefix of its first part (29/PUBSUB).
///
/// A send never waits: a peer whose queue is full does not get the message, which is counted,
/// unless option::publish_no_drop is set.
class pub : public detail::typed_socket<zmtp::socket_type::pub> {
public:
    using basic_socket::async_send;
    using basic_socket::async_wait_send;
    using basic_socket::try_send;
    using typed_socket::typed_socket;
};

} // namespace mizzen
