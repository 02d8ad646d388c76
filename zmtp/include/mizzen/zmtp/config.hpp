// What a connection is told about itself and its limits.
#pragma once

#include <mizzen/zmtp/allocator.hpp>
#include <mizzen/zmtp/metadata.hpp>
#include <mizzen/zmtp/null.hpp>
#include <mizzen/zmtp/octets.hpp>
#include <mizzen/zmtp/security.hpp>
#include <mizzen/zmtp/socket_type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace mizzen::zmtp {

/// Monotonic time. This layer never reads a clock; the caller does and says what it saw.
using time_point = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

struct limits {
    std::uint64_t max_message_size = std::uint64_t{1} << 30; ///< Octets of all bodies together.
    std::size_t max_parts = 65'536;
    std::size_t max_command_size = 16 * 1024; ///< Octets of its body, in the handshake and after.
    std::size_t max_topic_size = 64 * 1024;   ///< Octets; of SUBSCRIBE and CANCEL, to publishers.
    std::size_t max_properties = 64;          ///< In the peer's metadata.
    std::size_t max_metadata_size = 8 * 1024; ///< Octets of all their values together.
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
    octets routing_id{}; ///< Announced as Identity by REQ, DEALER and ROUTER; up to 255 octets,
                         ///< the first of them not zero.
    std::span<const property> properties{}; ///< Announced as well; names start with "X-".
    const security* mechanism = &default_security();
    bool authenticate = false; ///< Has the program judge every peer, also by NULL.
    limits limit{};
    heartbeat beat{};
    allocator* memory = &default_allocator();
    std::size_t read_block = 68 * 1024;  ///< Octets asked of the transport at once.
    std::size_t write_batch = 64 * 1024; ///< Octets of small frames gathered for one write.
    /// Octets that a connection may keep for its next use instead of giving them back. As much as
    /// this default, and traffic of messages of up to 4 KiB that are not hoarded allocates nothing.
    std::size_t spare_memory = 256 * 1024;
};

/// Whether connections can be made with that: invalid_routing_id; malformed_metadata (a property
/// whose name is not X-, or has over 255 octets or other characters than letters, digits and -_.+;
/// a value of over 2^31-1 octets); command_too_large (more than any peer with these limits would
/// take); what the mechanism says. A connection made nevertheless is closed from the start, for
/// that.
[[nodiscard]] std::error_code check(const config& cfg) noexcept;

} // namespace mizzen::zmtp
