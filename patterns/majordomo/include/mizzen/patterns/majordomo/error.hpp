// What can go wrong with a Majordomo request.
#pragma once

#include <system_error>

namespace mizzen::majordomo {

enum class errc {
    timed_out = 1,     ///< No reply came, however often the request was sent.
    cancelled,         ///< The caller gave the request up.
    handler_failed,    ///< The worker's handler failed; the reply's body says why.
    no_such_service,   ///< The broker takes no requests for this service.
    queue_full,        ///< The service has as many requests as the broker keeps.
    expired,           ///< No worker was free before the request's time was over.
    given_up,          ///< Every worker that was given the request went away.
    not_authorised,    ///< The client may not use this service.
    stopping,          ///< The broker takes no new requests, since it is about to stop.
    malformed_request, ///< Misuse: no service, a name that is none, or a body without parts.
    too_many_requests, ///< The client has as many requests under way as it may.
    interrupted,       ///< The broker was lost in the middle of a reply in parts.
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace mizzen::majordomo

template <> struct std::is_error_code_enum<mizzen::majordomo::errc> : std::true_type {};
