// The REP socket.
#pragma once

#include <mizzen/detail/typed_socket.hpp>

namespace mizzen {

/// Answers one request at a time, from all peers in turn (28/REQREP).
///
/// Receive and send alternate: out of turn they fail with wrong_state. A request's envelope is kept
/// aside and put in front of the answer. A message without a delimiter, or an answer to a peer that
/// has gone, is dropped and counted; a send never waits.
class rep : public detail::typed_socket<zmtp::socket_type::rep> {
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
