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
    std::uint64_t waited = 0;    ///< Operations that were started,
    std::uint64_t cancelled = 0; ///< and those of them that were cancelled, or ended by a close.
};

/// Plays the history that the octets stand for: every input is one. Throws std::logic_error, with
/// the sentence that does not hold.
///
/// - No message is received that was not sent, nor twice over one connection; a message of a type
///   that gives each to one peer is received once in all.
/// - What one socket has sent comes over one connection in the order of sending.
/// - Queues stay within their marks, in messages and in octets, and know how long they are.
/// - An operation that waits ends once. A message that is given back is not received by anybody.
/// - Counters add up: what was sent or dropped is what send took, and what was received is what
///   receive gave. Connections are those that came less those that went.
played play(std::span<const std::uint8_t> script);

} // namespace mizzen::sim
