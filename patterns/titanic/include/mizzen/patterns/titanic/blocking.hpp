// Titanic clients for programs without an event loop.
#pragma once

#include <mizzen/patterns/common/blocking_client.hpp>
#include <mizzen/patterns/majordomo/client_options.hpp>
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/titanic/client_options.hpp>
#include <mizzen/patterns/titanic/error.hpp>

#include <system_error>

namespace mizzen::titanic::blocking {

using patterns::service_name;

class client_state;
using client_base =
    patterns::blocking_client<client_state, client_options, majordomo::client_stats>;

/// As titanic::client, with calls that wait. The forms without `ec` throw std::system_error. A
/// patterns::blocking_request_client.
///
/// connect  Adds a broker to the list. To be called before the first request.
/// request  Submits a request, waits for the reply and closes.
/// Errors   As those of titanic::client; mizzen::errc::socket_closed, context_closed.
class client : public client_base {
public:
    using client_base::client_base;

    /// Has a request stored. Gives its id: also with an error, to try again with.
    request_id submit(const service_name& service, message body, const request_options& wanted,
                      std::error_code& ec);
    request_id submit(const service_name& service, message body,
                      const request_options& wanted = {});
    /// Asks for the reply, once. An error's message is the reason, if there is one.
    message poll(const request_id& id, std::error_code& ec);
    [[nodiscard]] message poll(const request_id& id);
    /// Asks for the reply until it is there; `limit` 0 has no end.
    message wait(const request_id& id, milliseconds limit, std::error_code& ec);
    [[nodiscard]] message wait(const request_id& id, milliseconds limit = milliseconds{0});

    using client_base::request;
    /// wanted   Its id is the way back to a request that was stored, though this ended in an error.
    message request(const service_name& service, message body, const request_options& wanted,
                    std::error_code& ec);
    [[nodiscard]] message request(const service_name& service, message body,
                                  const request_options& wanted);

    /// Without arguments, ends all calls with mizzen::errc::socket_closed.
    using client_base::close;
    /// Has Titanic forget a request and its reply.
    void close(const request_id& id, std::error_code& ec);
    void close(const request_id& id);
};

} // namespace mizzen::titanic::blocking

extern template class mizzen::patterns::blocking_client<mizzen::titanic::blocking::client_state,
                                                        mizzen::titanic::client_options,
                                                        mizzen::majordomo::client_stats>;
