// What a core of Majordomo makes of whatever a peer sends.
#pragma once

#include "script_reader.hpp"
#include <mizzen/message.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::sim {

using frames = std::vector<std::string>;

[[nodiscard]] message message_of(const frames& parts);
[[nodiscard]] frames frames_of(const message& m);

/// Where a message goes.
enum class bound_for : std::uint8_t { broker, worker, client };

/// A message of Majordomo 0.1 or 0.2 as the RFCs have it, mostly with one thing broken: a frame too
/// few, too many, empty, too long or in the wrong place, another header, another command.
///
/// addresses  Frames that are put where a message has the address of a request.
/// services   Those that are asked for or offered.
[[nodiscard]] frames read_message(script_reader& from, bound_for to, const frames& addresses,
                                  const frames& services);

// Each plays the script and throws `broken` (ledger.hpp) when something does not hold.

/// Peers say anything to a broker. Every message is counted, what goes out is what
/// majordomo_witness.hpp allows, and a client and a worker that behave are served all the while.
/// Returns how many messages were no Majordomo.
std::uint64_t broker_input(std::span<const std::uint8_t> script);

/// A broker says anything to a worker, which hands out only what is a request, says only what a
/// worker may, and registers and serves afterwards.
std::uint64_t worker_input(std::span<const std::uint8_t> script);

/// A broker says anything to a client. Each request ends once, with nothing but a reply to it.
std::uint64_t client_input(std::span<const std::uint8_t> script);

} // namespace mizzen::sim
