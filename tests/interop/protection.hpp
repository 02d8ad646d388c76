// A mechanism for our socket and libzmq's, with keys that both know.
#pragma once

#include "libzmq_peer.hpp"
#include <mizzen/curve_key.hpp>
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>

#include <zmq.h>

#include <cstdint>
#include <string>
#include <system_error>

namespace mizzen::testing {

enum class protection : std::uint8_t {
    none,
    plain_we_serve,
    plain_they_serve, // with a zap_server in their context
    curve_we_serve,
    curve_they_serve,
};

inline bool curve_is_built() {
    std::error_code ec;
    static_cast<void>(make_curve_key_pair(ec));
    return ec != errc::no_curve;
}

struct key_ring {
    curve_key_pair server = make_curve_key_pair();
    curve_key_pair client = make_curve_key_pair();
};
inline const key_ring& keys() {
    static const key_ring made;
    return made;
}

inline void make_curve_server(zmq_peer& theirs, const curve_key_pair& own = keys().server) {
    theirs.set(ZMQ_CURVE_SERVER, 1);
    theirs.set(ZMQ_CURVE_SECRETKEY, to_z85(own.secret_key));
}
inline void make_curve_client(zmq_peer& theirs, const curve_key& server = keys().server.public_key,
                              const curve_key_pair& own = keys().client) {
    theirs.set(ZMQ_CURVE_SERVERKEY, to_z85(server));
    theirs.set(ZMQ_CURVE_PUBLICKEY, to_z85(own.public_key));
    theirs.set(ZMQ_CURVE_SECRETKEY, to_z85(own.secret_key));
}

template <class Socket> void protect(Socket& ours, zmq_peer& theirs, protection how) {
    switch (how) {
    case protection::none: return;
    case protection::plain_we_serve:
        ours.set(option::plain_server{{{"other", "secret"}, {"admin", "secret"}}});
        theirs.set(ZMQ_PLAIN_USERNAME, "admin");
        theirs.set(ZMQ_PLAIN_PASSWORD, "secret");
        return;
    case protection::plain_they_serve:
        ours.set(option::plain_client{"admin", "secret"});
        theirs.set(ZMQ_PLAIN_SERVER, 1);
        return;
    case protection::curve_we_serve:
        ours.set(option::curve_server{keys().server.secret_key, {{keys().client.public_key}}});
        return make_curve_client(theirs);
    case protection::curve_they_serve:
        ours.set(option::curve_client{keys().server.public_key, keys().client.secret_key});
        return make_curve_server(theirs);
    }
}

} // namespace mizzen::testing
