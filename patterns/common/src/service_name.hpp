// The service of servers that have no services of their own.
#pragma once

#include <mizzen/patterns/common/service_name.hpp>

#include <string_view>
#include <system_error>

namespace mizzen::patterns {

/// Whether servers that are all of the service `theirs`, if that is not empty, are to have a
/// request for `wanted`; if not, the error of that name among Errc.
template <class Errc>
[[nodiscard]] std::error_code refused_service(const service_name& wanted, std::string_view theirs) {
    if (!wanted)
        return {};
    if (!valid_service_name(*wanted))
        return Errc::malformed_request;
    return *wanted == theirs ? std::error_code{} : make_error_code(Errc::no_such_service);
}

} // namespace mizzen::patterns
