// Freelance clients for programs without an event loop.
#pragma once

#include <mizzen/patterns/common/blocking_client.hpp>
#include <mizzen/patterns/freelance/client_core.hpp>
#include <mizzen/patterns/freelance/error.hpp>

#include <string_view>
#include <system_error>

namespace mizzen::freelance::blocking {

class client_state;
using client_base = patterns::blocking_client<client_state, client_options, client_stats>;

/// As freelance::client, with calls that wait. A patterns::blocking_request_client.
///
/// connect  Adds a server, at any time; adding one that is there does nothing.
/// request  Sends a request to as many servers as the options say, and returns the first reply's
///          body. Errors: those of freelance::errc.
/// Time     The option `timeout`, whether a server is there or not.
/// Threads  As many requests are under way at once as threads ask, up to the option
///          max_outstanding.
class client : public client_base {
public:
    using client_base::client_base;

    /// Removes a server, at any time. Errors: mizzen::errc::no_such_endpoint.
    void disconnect(std::string_view endpoint);
    void disconnect(std::string_view endpoint, std::error_code& ec);
};

} // namespace mizzen::freelance::blocking

extern template class mizzen::patterns::blocking_client<mizzen::freelance::blocking::client_state,
                                                        mizzen::freelance::client_options,
                                                        mizzen::freelance::client_stats>;
