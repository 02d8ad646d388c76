// Endpoints such as tcp://127.0.0.1:5555, read into their parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen {

/// What an endpoint is for; the grammars differ.
enum class endpoint_use : std::uint8_t { bind, connect };

/// A tcp endpoint.
struct endpoint {
    std::string host;       ///< Numeric address without brackets, name, or empty for any (bind).
    std::uint16_t port = 0; ///< 0 to bind: whichever is free.
};

/// Reads `transport://address`.
///
/// bind     host is an IPv4 address, a bracketed IPv6 address, "localhost" or "*"; port is decimal,
///          or "*" or 0 for one that the kernel chooses.
/// connect  host is a DNS name, an IPv4 address or a bracketed IPv6 address; port is 1 to 65535.
/// Errors   endpoint_without_transport, unknown_transport, endpoint_bad_host, endpoint_bad_port.
[[nodiscard]] endpoint parse_endpoint(std::string_view text, endpoint_use use, std::error_code& ec);

} // namespace mizzen
