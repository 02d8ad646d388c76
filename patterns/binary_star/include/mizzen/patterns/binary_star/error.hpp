// What can go wrong with a hand-over.
#pragma once

#include <system_error>

namespace mizzen::binary_star {

enum class errc {
    not_active = 1, ///< There is nothing to hand over.
    peer_not_ready, ///< It is not heard, or is not passive.
    handing_over,   ///< That goes on already.
    stopped,        ///< The server stopped.
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace mizzen::binary_star

template <> struct std::is_error_code_enum<mizzen::binary_star::errc> : std::true_type {};
