// What a proxy is told by its control socket, and what it answers.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/proxy.hpp>

#include <cstdint>

namespace mizzen::detail {

enum class steering : std::uint8_t { pause, resume, terminate, statistics, unknown };

/// Reads a command.
[[nodiscard]] steering read_steering(const message& command) noexcept;
/// For a REP to send.
[[nodiscard]] message answer_to(steering command, const proxy_stats& stats);

} // namespace mizzen::detail
