// The XPUB socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// A publisher that receives its peers' subscriptions: messages of one part, an octet of 1 or, for
/// a cancellation, 0, and the topic (29/PUBSUB). What else peers send is received as well.
class xpub : public detail::typed_socket<zmtp::socket_type::xpub> {
public:
    using basic_socket::async_receive;
    using basic_socket::async_send;
    using basic_socket::async_wait_receive;
    using basic_socket::async_wait_send;
    using basic_socket::try_receive;
    using basic_socket::try_send;
    using typed_socket::typed_socket;

    /// With option::xpub_manual: for the peer whose request was received last. Error: no_route when
    /// that is gone.
    void subscribe(std::string_view topic) {
        std::error_code ec;
        basic_socket::subscribe(as_octets(topic), ec);
        raise(ec, "subscribe");
    }
    void unsubscribe(std::string_view topic) {
        std::error_code ec;
        basic_socket::unsubscribe(as_octets(topic), ec);
        raise(ec, "unsubscribe");
    }
};

} // namespace mizzen
