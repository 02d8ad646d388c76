// Which service a request is for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mizzen::patterns {

/// A service, or none: the request is then for the one that the client's options name. Text of any
/// kind converts to it.
using service_name = std::optional<std::string_view>;
inline constexpr service_name no_service{};

inline constexpr std::size_t max_service_name = 255;

/// Whether `name` has 1 to `limit` octets, all of them printable ASCII.
[[nodiscard]] bool valid_service_name(std::string_view name,
                                      std::size_t limit = max_service_name) noexcept;

namespace detail {

/// What outlives the text: for an operation that starts later than it was made.
[[nodiscard]] inline std::optional<std::string> kept(const service_name& name) {
    return name ? std::optional<std::string>{*name} : std::nullopt;
}

} // namespace detail
} // namespace mizzen::patterns
