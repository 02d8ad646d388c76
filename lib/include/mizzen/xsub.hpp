// The XSUB socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// A subscriber that sends its subscriptions as messages of one part: an octet of 1 or, to cancel,
/// 0, and the topic (29/PUBSUB).
///
/// Other messages go to every publisher; a send never waits: a peer whose queue is full does not
/// get it. Whatever publishers send is received, wanted or not.
class xsub : public detail::typed_socket<zmtp::socket_type::xsub> {
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
