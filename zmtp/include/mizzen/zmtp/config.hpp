// What a connection is told about itself and its limits.
#pragma once

#include <mizzen/zmtp/allocator.hpp>
#include <mizzen/zmtp/octets.hpp>
#include <mizzen/zmtp/socket_type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mizzen::zmtp {

/// Monotonic time. This layer never reads a clock; the caller does and says what it saw.
using time_point = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

/// Which end of the security handshake a connection plays. NULL treats both alike.
enum class role : std::uint8_t { client, server };

struct limits {
    std::uint64_t max_message_size = std::uint64_t{1} << 30; ///< Octets of all bodies together.
    std::size_t max_parts = 65'536;
    std::size_t max_command_size = 16 * 1024; ///< Octets; in the handshake and after it.
    std::size_t max_properties = 64;          ///< In the peer's metadata.
    milliseconds handshake_time{30'000}; ///< From the start to the peer's READY; 0 is no limit.
};

struct heartbeat {
    milliseconds interval{0}; ///< Between PINGs; 0 sends none.
    milliseconds timeout{
        -1};             ///< For anything to come after a PING; -1 is the interval, 0 no limit.
    milliseconds ttl{0}; ///< Asked of the peer in each PING; at most 65.5 s, in steps of 100 ms.
};

/// Outlives the connections that use it.
struct config {
    socket_type type = socket_type::dealer;
    octets routing_id{}; ///< Announced as Identity by REQ, DEALER and ROUTER; up to 255 octets.
    limits limit{};
    heartbeat beat{};
    allocator* memory = &default_allocator();
    std::size_t read_block = 68 * 1024;  ///< Octets asked of the transport at once.
    std::size_t write_batch = 64 * 1024; ///< Octets of small frames gathered for one write.
};

} // namespace mizzen::zmtp
