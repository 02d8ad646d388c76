// Messages to send through two implementations, and what became of them.
#pragma once

#include "libzmq_peer.hpp"
#include <mizzen/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::testing {

using shape = std::vector<std::size_t>; // the sizes of a message's parts

// One to ten parts of every size there is a border at.
inline std::vector<shape> ordinary_shapes() {
    const shape sizes{0, 1, 255, 256, 65536};
    std::vector<shape> shapes;
    for (std::size_t count = 1; count <= 10; ++count)
        for (std::size_t first = 0; first < sizes.size(); ++first) {
            shape made;
            for (std::size_t i = 0; i < count; ++i)
                made.push_back(sizes[(first + i * (count % 2 + 1)) % sizes.size()]);
            shapes.push_back(std::move(made));
        }
    return shapes;
}
// Every size there is a border at, in one, two and ten parts; a megabyte at most once in a message.
inline std::vector<shape> all_sizes_and_counts() {
    constexpr std::size_t megabyte = 1 << 20;
    constexpr std::size_t sizes[] = {0, 1, 255, 256, 8192, 65536, megabyte};
    constexpr std::size_t counts[] = {1, 2, 10};
    std::vector<shape> shapes;
    for (const std::size_t size : sizes)
        for (const std::size_t count : counts) {
            shape made(count, size == megabyte ? 256 : size);
            made.front() = size;
            shapes.push_back(std::move(made));
        }
    return shapes;
}
inline std::vector<shape> huge_shapes() { return {{10'000'000}, {1, 10'000'000, 0, 256}}; }

// Octets without a pattern, so that none can be taken for its neighbour.
inline parts content(const shape& sizes, std::size_t seed) {
    auto state = static_cast<std::uint32_t>(seed) * 2654435761U + 1;
    parts made;
    for (const std::size_t size : sizes) {
        std::string& part = made.emplace_back(size, '\0');
        for (char& octet : part) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            octet = static_cast<char>(state >> 24);
        }
    }
    return made;
}

// Nothing if both are the same; otherwise where they differ, without the megabytes around it.
inline std::string difference(const parts& expected, const parts& got) {
    if (expected.size() != got.size())
        return std::to_string(got.size()) + " parts instead of " + std::to_string(expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (expected[i] == got[i])
            continue;
        if (expected[i].size() != got[i].size())
            return "part " + std::to_string(i) + " has " + std::to_string(got[i].size()) +
                   " octets instead of " + std::to_string(expected[i].size());
        const auto at = std::mismatch(got[i].begin(), got[i].end(), expected[i].begin()).first;
        if (at != got[i].end())
            return "part " + std::to_string(i) + " of " + std::to_string(got[i].size()) +
                   " octets differs at " + std::to_string(at - got[i].begin());
    }
    return {};
}

inline message as_message(const parts& from) {
    message made;
    for (const std::string& part : from)
        made.push_back(part);
    return made;
}
inline parts as_parts(const message& from) {
    parts made;
    for (const octets part : from)
        made.emplace_back(as_text(part));
    return made;
}

} // namespace mizzen::testing
