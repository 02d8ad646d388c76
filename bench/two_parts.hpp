// The arguments of a benchmark between two sockets: two processes, or two threads of one.
#pragma once

#include "side_by_side.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace bench {

enum class part : std::uint8_t { binder, connecter, both };

struct arguments {
    part plays = part::both;
    std::string types; ///< Of the sockets, such as push-pull.
    security secured = security::none;
    std::string endpoint;
    std::size_t size = 0; ///< Octets of a body: at least those of a sequence number.
    std::uint64_t count = 0;

    [[nodiscard]] bool connects_only() const noexcept { return plays == part::connecter; }
};

/// Reads `VERB TYPES ENDPOINT SIZE COUNT`. One verb binds, one connects, and `both` does both, in
/// two threads. `curve/` may stand in front of the types.
[[nodiscard]] inline arguments read_arguments(int argc, char** argv, std::string_view binder,
                                              std::string_view connecter) {
    const std::string_view verb = argc == 6 ? argv[1] : "";
    if (verb != binder && verb != connecter && verb != "both") {
        std::fprintf(stderr, "usage: %s %.*s|%.*s|both [curve/]TYPES ENDPOINT SIZE COUNT\n",
                     argv[0], static_cast<int>(binder.size()), binder.data(),
                     static_cast<int>(connecter.size()), connecter.data());
        std::exit(2);
    }
    std::string_view types = argv[2];
    const security secured = read_security(types);
    return {.plays = verb == "both"   ? part::both
                     : verb == binder ? part::binder
                                      : part::connecter,
            .types = std::string{types},
            .secured = secured,
            .endpoint = argv[3],
            .size = read_number<std::size_t>(argv[4], sizeof(std::uint64_t)),
            .count = read_number<std::uint64_t>(argv[5], 2)};
}

/// `connecter` in a thread of its own if one process plays both parts, and `binder` in this one.
template <class Binder, class Connecter>
void run_binder(const arguments& wanted, Binder binder, Connecter connecter) {
    std::thread other;
    if (wanted.plays == part::both)
        other = std::thread{[&] { end_on_error(connecter); }};
    end_on_error(binder);
    if (other.joinable())
        other.join();
}

} // namespace bench
