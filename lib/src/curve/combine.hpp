// Octets combined with a key stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mizzen::curve {

/// `to` may be `from`, and else overlaps nothing.
inline void combine(const std::byte* from, const std::byte* with, std::byte* to,
                    std::size_t size) noexcept {
    const auto some = [&]<class Word>(Word /*of that size*/) {
        Word text;
        Word stream;
        std::memcpy(&text, from, sizeof text);
        std::memcpy(&stream, with, sizeof stream);
        text = static_cast<Word>(text ^ stream);
        std::memcpy(to, &text, sizeof text);
        from += sizeof text;
        with += sizeof text;
        to += sizeof text;
    };
    for (; size >= 8; size -= 8)
        some(std::uint64_t{});
    if ((size & 4) != 0)
        some(std::uint32_t{});
    if ((size & 2) != 0)
        some(std::uint16_t{});
    if ((size & 1) != 0)
        some(std::uint8_t{});
}

} // namespace mizzen::curve
