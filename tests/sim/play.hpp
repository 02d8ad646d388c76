// A history of random operations on sockets, and what has to hold throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mizzen::sim {

/// What a history was made of, so that a test can see that it was one.
struct played {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t connections = 0;
    std::uint64_t disconnects = 0;
};

/// Plays the history that the octets stand for: every input is one. Throws std::logic_error, with
/// the sentence that does not hold.
///
/// - No message is received that was not sent, nor twice over one connection; a message of a type
///   that gives each to one peer is received once in all.
/// - What one socket has sent comes over one connection in the order of sending.
/// - Queues stay within their marks.
/// - Counters add up: what was sent or dropped is what send took, and what was received is what
///   receive gave.
played play(std::span<const std::uint8_t> script);

} // namespace mizzen::sim
