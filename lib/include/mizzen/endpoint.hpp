// Endpoints such as tcp://127.0.0.1:5555, read into their parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen {

/// What an endpoint is for; the grammars differ.
enum class endpoint_use : std::uint8_t { bind, connect };

enum class transport : std::uint8_t { tcp, ipc, inproc };

struct host_and_port {
    /// Numeric address without brackets, name (connect), interface (bind), or empty for any (bind).
    std::string host;
    std::uint16_t port = 0; ///< 0 to bind: whichever is free.
};

struct endpoint {
    transport via = transport::tcp;
    host_and_port tcp;
    std::optional<host_and_port> source; ///< tcp to connect: what to connect from, as for bind.
    /// ipc: a file's path, or @ and an abstract name, or empty for a new file (bind). inproc: a
    /// name.
    std::string name;
};

/// Reads `transport://address`.
///
/// tcp      bind: host is an IPv4 address, a bracketed IPv6 address, "localhost", the name of a
///          network interface or "*"; port is decimal, or "*" or 0 for one that the kernel chooses.
///          connect: host is a DNS name or an address; port is 1 to 65535. An address as for bind
///          and ";" may come first: where to connect from.
/// ipc      A path, or @name for Linux's abstract names, of at most 107 octets; bind takes "*" for
/// a
///          new file in the directory for temporary files.
/// inproc   Any name of 1 to 256 octets.
/// Errors   endpoint_without_transport, unknown_transport, endpoint_bad_host, endpoint_bad_port,
///          endpoint_bad_name.
[[nodiscard]] endpoint parse_endpoint(std::string_view text, endpoint_use use, std::error_code& ec);

} // namespace mizzen
