// What makes a Lazy Pirate a pair's client.
#include <mizzen/patterns/binary_star/client.hpp>

namespace mizzen::binary_star {

lazy_pirate::client_options lazy_options(const client_options& options) {
    lazy_pirate::client_options out;
    out.service = options.service;
    out.timeout = options.timeout;
    out.settle = options.settle;
    out.retries = options.retries;
    out.deadline = options.deadline;
    out.tagged = options.tagged;
    out.max_connections = 1;
    out.max_waiting = options.max_waiting;
    out.max_waiting_octets = options.max_waiting_octets;
    out.security = options.security;
    out.on_handshake_failed = options.on_handshake_failed;
    return out;
}

} // namespace mizzen::binary_star
