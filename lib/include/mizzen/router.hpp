// The ROUTER socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Receives from all peers in turn, with the sender's routing id in front, and sends to the peer
/// that the first part names (28/REQREP).
///
/// A message to an unknown peer, or to one whose queue is full, is dropped and counted, unless
/// option::router_mandatory is set. A peer that announces a routing id in use is disconnected.
class router : public detail::typed_socket<zmtp::socket_type::router> {
public:
    using basic_socket::async_receive;
    using basic_socket::async_send;
    using basic_socket::async_wait_receive;
    using basic_socket::async_wait_send;
    using basic_socket::try_receive;
    using basic_socket::try_send;
    using typed_socket::typed_socket;

    /// As try_send, to one connection: the message has no routing id in front. Errors: no_route
    /// once the connection is gone, would_block while its queue is full; see
    /// notice::peer_writable.
    [[nodiscard]] bool try_send_to(peer_id to, message& m, std::error_code& ec) {
        return basic_socket::try_send_to(to, m, ec);
    }
    /// As try_receive, without the routing id in front; message::peer names the connection. With
    /// option::report_peers some messages have a notice and no parts.
    [[nodiscard]] bool try_receive_from(message& m) { return basic_socket::try_receive_from(m); }

    /// Leaves a peer's stream alone until resume: what has been received of it already is still
    /// given, and then nothing, which holds the peer up. Error: no_route once it is gone. The form
    /// without `ec` throws std::system_error.
    void pause(peer_id peer, std::error_code& ec) { basic_socket::hold(peer, true, ec); }
    void pause(peer_id peer) {
        std::error_code ec;
        pause(peer, ec);
        raise(ec, "pause");
    }
    void resume(peer_id peer, std::error_code& ec) { basic_socket::hold(peer, false, ec); }
    void resume(peer_id peer) {
        std::error_code ec;
        resume(peer, ec);
        raise(ec, "resume");
    }
};

} // namespace mizzen
