// The socket types of ZMTP 3.x, their names on the wire, and which may talk to which.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mizzen::zmtp {

enum class socket_type : std::uint8_t {
    pair,
    pub,
    sub,
    req,
    rep,
    dealer,
    router,
    pull,
    push,
    xpub,
    xsub,
};

/// The value of the Socket-Type property, such as "DEALER".
[[nodiscard]] std::string_view name_of(socket_type type) noexcept;

/// The type with that name (case-sensitive), or nothing.
[[nodiscard]] std::optional<socket_type> socket_type_named(std::string_view name) noexcept;

/// Whether 37/ZMTP's table, "The Socket-Type Property", lets the two types be connected.
[[nodiscard]] bool compatible(socket_type ours, socket_type theirs) noexcept;

/// Whether sockets of that type announce an Identity (as libzmq's do, even when it is empty).
[[nodiscard]] bool announces_identity(socket_type type) noexcept;

} // namespace mizzen::zmtp
