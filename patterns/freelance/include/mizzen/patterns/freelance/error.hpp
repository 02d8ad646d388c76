// What can go wrong with a Freelance request.
#pragma once

#include <system_error>

namespace mizzen::freelance {

enum class errc {
    abandoned = 1,     ///< No server replied in time.
    cancelled,         ///< The caller gave the request up.
    too_many_requests, ///< The client has as many requests under way as it may.
    handler_failed,    ///< The server's handler failed; the message says why.
    queue_full,        ///< Every server of ours that is there has as many requests as it takes.
    expired,           ///< A server of ours did not come to it in time.
    refused,           ///< A server of ours refuses it, for a reason that has no name here.
    malformed_request, ///< Misuse: a body without parts, or a service name that is none.
    no_endpoint,       ///< Misuse: a request without a server.
    no_such_service,   ///< The servers are of another service.
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace mizzen::freelance

template <> struct std::is_error_code_enum<mizzen::freelance::errc> : std::true_type {};
