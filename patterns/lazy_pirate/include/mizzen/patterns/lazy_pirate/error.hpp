// What can go wrong with a Lazy Pirate's request.
#pragma once

#include <system_error>

namespace mizzen::lazy_pirate {

enum class errc {
    abandoned = 1,     ///< No reply came to any attempt, or not before the deadline.
    cancelled,         ///< The caller gave the request up.
    queue_full,        ///< As many requests wait as may, here or at a queue of ours.
    handler_failed,    ///< The server's handler failed; the message says why.
    expired,           ///< A queue of ours found no worker in time.
    given_up,          ///< Every worker that a queue of ours gave the request to was lost.
    refused,           ///< A server of ours refuses it, for a reason that has no name here.
    malformed_request, ///< Misuse: a body without parts, or a service name that is none.
    no_endpoint,       ///< Misuse: a request before connect().
    no_such_service,   ///< The servers are of another service.
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace mizzen::lazy_pirate

template <> struct std::is_error_code_enum<mizzen::lazy_pirate::errc> : std::true_type {};
