// What can be chosen about a Majordomo client and its requests, and what is counted.
#pragma once

#include <mizzen/patterns/common/security.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mizzen::majordomo {

struct client_options {
    std::string service{};              ///< Of requests that name none.
    milliseconds timeout{2500};         ///< For a reply, each time the request is sent.
    int retries = 2;                    ///< Times it is sent again.
    milliseconds retry_delay{100};      ///< Before it is sent again; doubles, with jitter.
    milliseconds retry_delay_max{5000}; ///< The longest of these pauses.
    /// For all of a request, from when it was made. 0: for what its attempts take, from when it was
    /// first sent. A broker that knows tags is told what is left of it.
    milliseconds deadline{0};
    dialect::version protocol = dialect::version::mdp01;
    std::size_t max_outstanding = 1000;  ///< At the broker at once; more wait here.
    std::size_t max_waiting = 100'000;   ///< Here, beyond those; more are refused.
    std::size_t max_octets = 256U << 20; ///< Of all requests that are not over.
    std::size_t max_connections = 256;   ///< At a plain broker: one is needed for each request.
    milliseconds probe_timeout{1000};    ///< For a broker to say what it knows beyond RFC 7.
    option::security security{};         ///< Of its connections.
    patterns::handshake_watch on_handshake_failed{};
};

/// What one request wants; without a value, what the client's options say.
struct request_options {
    std::optional<milliseconds> timeout;
    std::optional<int> retries;
    std::optional<milliseconds> deadline;
    /// The parts of a reply are wanted, one by one: they are then of one run of the request, also
    /// where it is sent again to a broker that looks at no ids. client sets it by itself.
    bool in_parts = false;
};

struct client_stats {
    std::uint64_t requests = 0;
    std::uint64_t refused = 0; ///< Beyond the limits: max_waiting, max_octets.
    std::uint64_t sent = 0;    ///< Times that any was sent, the first times among them.
    std::uint64_t resent = 0;
    std::uint64_t partials = 0;   ///< Parts of replies, besides the last ones.
    std::uint64_t replies = 0;    ///< Believed, failures among them.
    std::uint64_t abandoned = 0;  ///< Requests that ended without a reply.
    std::uint64_t malformed = 0;  ///< Messages that are no Majordomo; dropped.
    std::uint64_t mismatched = 0; ///< Replies to something else than was asked; dropped.
    std::uint64_t failovers = 0;  ///< Times that a broker was left.
};

} // namespace mizzen::majordomo
