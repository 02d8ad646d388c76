// Octets as hexadecimal digits.
#pragma once

#include <mizzen/message.hpp>

#include <string>
#include <string_view>

namespace mizzen::cli {

void append_hex(std::string& text, octets part);

/// Adds a part of the octets that `digits`, two each, stand for. False when they do not.
[[nodiscard]] bool push_back_hex(mizzen::message& m, std::string_view digits);

} // namespace mizzen::cli
