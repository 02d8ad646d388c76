// The SUB socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Receives what its peers publish on the topics it subscribed to (29/PUBSUB).
///
/// A topic is a prefix of a message's first part; the empty one is a prefix of all.
class sub : public detail::typed_socket<zmtp::socket_type::sub> {
public:
    using basic_socket::async_receive;
    using basic_socket::async_wait_receive;
    using basic_socket::try_receive;
    using typed_socket::typed_socket;

    /// Subscriptions are counted, and told to every publisher, now and whenever one comes.
    void subscribe(std::string_view topic) {
        std::error_code ec;
        basic_socket::subscribe(as_octets(topic), ec);
        raise(ec, "subscribe");
    }
    /// Takes one subscription back; a topic that has none is passed over.
    void unsubscribe(std::string_view topic) {
        std::error_code ec;
        basic_socket::unsubscribe(as_octets(topic), ec);
        raise(ec, "unsubscribe");
    }
};

} // namespace mizzen
