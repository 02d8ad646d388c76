// Lazy Pirate clients for programs without an event loop.
#pragma once

#include <mizzen/patterns/common/blocking_client.hpp>
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

namespace mizzen::lazy_pirate::blocking {

class client_state;
using client_base = patterns::blocking_client<client_state, client_options, client_stats>;

/// As lazy_pirate::client, with calls that wait. A patterns::blocking_request_client.
///
/// connect  Adds a server to ask; no connection is made before a request.
/// request  Sends a request, as often as the options say. Errors: those of lazy_pirate::errc,
///          `abandoned` among them.
/// Time     The option `deadline`, if it is set; else that of all attempts and pauses, from when a
///          connection is free for it.
/// Threads  As many requests are on their way at once as threads ask, up to the option
///          max_connections.
class client : public client_base {
public:
    using client_base::client_base;
};

} // namespace mizzen::lazy_pirate::blocking

extern template class mizzen::patterns::blocking_client<mizzen::lazy_pirate::blocking::client_state,
                                                        mizzen::lazy_pirate::client_options,
                                                        mizzen::lazy_pirate::client_stats>;
