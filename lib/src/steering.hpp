// What proxies have in common: which way messages go, and what a control socket says.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/proxy.hpp>

#include <cstdint>

namespace mizzen::detail {

[[nodiscard]] bool receives(zmtp::socket_type type) noexcept;
[[nodiscard]] bool sends(zmtp::socket_type type) noexcept;
/// Of all parts.
[[nodiscard]] std::uint64_t octets_of(const message& m) noexcept;

enum class steering : std::uint8_t { pause, resume, terminate, statistics, unknown };

/// Reads a command.
[[nodiscard]] steering read_steering(const message& command) noexcept;
/// For a REP to send.
[[nodiscard]] message answer_to(steering command, const proxy_stats& stats);

} // namespace mizzen::detail
