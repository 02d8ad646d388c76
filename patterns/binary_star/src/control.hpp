// The words of the control endpoint.
#pragma once

#include <mizzen/patterns/binary_star/star_core.hpp>

#include <system_error>

namespace mizzen::binary_star {

/// "200", and a frame `NAME VALUE` for each fact; transitions, the oldest first, come last.
[[nodiscard]] message status_reply(const star_core& core, time_point now);
/// "200", or "409" and why.
[[nodiscard]] message switch_reply(std::error_code ec);
/// "501": neither of the two.
[[nodiscard]] message unknown_reply();

} // namespace mizzen::binary_star
