// What became of a request, whichever pattern's client was asked.
#pragma once

#include <system_error>

namespace mizzen::patterns {

/// To compare the errors of any client's requests with: `ec == request_condition::busy`.
enum class request_condition {
    abandoned = 1, ///< No reply came. It may have been run: again, if that does no harm.
    busy,          ///< As many requests as may be, here or there, or the end is near: later.
    cancelled,     ///< By the caller, or since the client was stopped.
    failed,        ///< The handler failed; the message says why.
    refused,       ///< The server does not take it, and would not if it came again.
    misuse,        ///< No body, a service name that is none, or nobody to ask.
};

[[nodiscard]] const std::error_category& request_condition_category() noexcept;
[[nodiscard]] std::error_condition make_error_condition(request_condition what) noexcept;

} // namespace mizzen::patterns

template <>
struct std::is_error_condition_enum<mizzen::patterns::request_condition> : std::true_type {};
