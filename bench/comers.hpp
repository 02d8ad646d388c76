// Peers that come, shake hands, send one message and go: what the programs that play them read.
#pragma once

#include "many_peers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

struct comer_arguments {
    security secured = security::none;
    std::string endpoint;
    std::uint32_t count = 0;
    std::uint32_t at_once = 1; ///< Sockets of one round; the next begins when all have sent.
};

/// Reads `[curve/]come ENDPOINT COUNT AT_ONCE`.
[[nodiscard]] inline comer_arguments read_comer_arguments(int argc, char** argv) {
    std::string_view verb = argc > 1 ? argv[1] : "";
    const security secured = read_security(verb);
    if (verb != "come" || argc != 5) {
        std::fprintf(stderr, "usage: %s [curve/]come ENDPOINT COUNT AT_ONCE\n", argv[0]);
        std::exit(2);
    }
    return {.secured = secured,
            .endpoint = argv[2],
            .count = read_number<std::uint32_t>(argv[3], 1),
            .at_once = read_number<std::uint32_t>(argv[4], 1)};
}

/// What peer `number` says; the one behind the last says farewell.
[[nodiscard]] inline std::string comer_body(std::uint32_t number, bool last) {
    std::string body(smallest_peer_body, '\0');
    write_number(body.data(), last ? farewell : 0);
    write_peer(body.data(), number);
    return body;
}

/// Calls `round(first, end)` until all have come, then for the one that says farewell.
template <class Round> void come_in_rounds(const comer_arguments& wanted, Round round) {
    for (std::uint32_t first = 0; first < wanted.count; first += wanted.at_once)
        round(first, first + std::min(wanted.at_once, wanted.count - first));
    round(wanted.count, wanted.count + 1);
}

} // namespace bench
