// Text that is to leave no trace in memory.
#pragma once

#include <mizzen/zmtp/security.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace mizzen::detail {

inline void wipe(std::string& text) noexcept {
    zmtp::wipe(std::as_writable_bytes(std::span{text}));
}

} // namespace mizzen::detail
