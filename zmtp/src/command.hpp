// The body of a command frame: a name, then data.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <cstddef>
#include <string_view>

namespace mizzen::zmtp {

/// Octets of a SUBSCRIBE in front of its topic; a CANCEL has fewer.
inline constexpr std::size_t subscription_overhead = 10;

/// Cuts a command's body into name and data. False when it has no name or ends within it.
/// 37/ZMTP's prose ends the name with a null octet; its grammar, and libzmq, put a length before
/// it.
[[nodiscard]] inline bool split_command(octets body, std::string_view& name,
                                        octets& data) noexcept {
    if (body.empty())
        return false;
    const auto size = std::to_integer<std::size_t>(body[0]);
    if (size == 0 || size > body.size() - 1)
        return false;
    name = as_text(body.subspan(1, size));
    data = body.subspan(1 + size);
    return true;
}

} // namespace mizzen::zmtp
