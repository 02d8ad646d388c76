// What a host of many peers and the program that plays those peers agree on.
//
// A body starts with its number among those of its peer, and the peer's number.
#pragma once

#include "side_by_side.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr std::size_t peer_offset = sizeof(std::uint64_t);
inline constexpr std::size_t smallest_peer_body = peer_offset + sizeof(std::uint32_t);

/// The number in a body that tells the host to end.
inline constexpr std::uint64_t farewell = UINT64_MAX;

inline void write_peer(void* body, std::uint32_t peer) noexcept {
    std::memcpy(static_cast<char*>(body) + peer_offset, &peer, sizeof peer);
}

[[nodiscard]] inline bool is_farewell(const void* body, std::size_t size) {
    std::uint64_t number = 0;
    if (size < smallest_peer_body)
        throw std::runtime_error{"a body of " + std::to_string(size) + " octets came"};
    std::memcpy(&number, body, sizeof number);
    return number == farewell;
}

/// Sees that each peer's messages come complete and in order.
class peer_numbers {
public:
    explicit peer_numbers(std::size_t peers) : next_(peers) {}

    void check(const void* body, std::size_t size, std::size_t wanted_size) {
        std::uint32_t peer = UINT32_MAX;
        if (size == wanted_size)
            std::memcpy(&peer, static_cast<const char*>(body) + peer_offset, sizeof peer);
        if (peer >= next_.size())
            throw std::runtime_error{"a body that no peer has sent"};
        check_body(body, size, wanted_size, next_[peer]++);
    }

private:
    std::vector<std::uint64_t> next_;
};

/// A host either answers every message, or counts and times so many; then it waits for farewell.
struct host_arguments {
    bool answers = false;
    security secured = security::none;
    std::string endpoint;
    std::size_t peers = 0;
    std::size_t size = 0;
    std::uint64_t count = 0; ///< Of all peers together.
};

/// Reads `answer ENDPOINT` or `count ENDPOINT PEERS SIZE COUNT`; `curve/` may stand in front.
[[nodiscard]] inline host_arguments read_host_arguments(int argc, char** argv) {
    std::string_view verb = argc > 1 ? argv[1] : "";
    const security secured = read_security(verb);
    if (verb == "answer" && argc == 3)
        return {.answers = true, .secured = secured, .endpoint = argv[2]};
    if (verb == "count" && argc == 6)
        return {.secured = secured,
                .endpoint = argv[2],
                .peers = read_number<std::size_t>(argv[3], 1),
                .size = read_number<std::size_t>(argv[4], smallest_peer_body),
                .count = read_number<std::uint64_t>(argv[5], 2)};
    std::fprintf(
        stderr,
        "usage: %s [curve/]answer ENDPOINT\n       %s [curve/]count ENDPOINT PEERS SIZE COUNT\n",
        argv[0], argv[0]);
    std::exit(2);
}

} // namespace bench
