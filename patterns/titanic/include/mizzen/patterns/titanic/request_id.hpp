// The name of a stored request: 128 bits, written as 32 hexadecimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mizzen::titanic {

/// Who knows it may fetch the reply: a secret, which is never logged in full.
using request_id = std::array<std::byte, 16>;

/// A new one, out of the system's randomness.
[[nodiscard]] request_id make_request_id();

/// 32 digits, lower case.
[[nodiscard]] std::string to_text(const request_id& id);
/// Either case is read. Nothing unless `text` is 32 hexadecimal digits.
[[nodiscard]] std::optional<request_id> parse_request_id(std::string_view text) noexcept;

} // namespace mizzen::titanic
