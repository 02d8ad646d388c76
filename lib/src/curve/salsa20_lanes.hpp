// Salsa20 by as many blocks at once as a vector has lanes. Each source that includes this is
// compiled for other instructions, so that nothing here may be shared between them: all of it is in
// a namespace without a name, and nothing of the standard library is inlined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mizzen::curve {
namespace {

/// Of four lanes: vectors that hold one word of four blocks each.
using quad = std::uint32_t __attribute__((vector_size(16)));

template <int Bits, class Vector> inline Vector turned(Vector v) noexcept {
    return (v << Bits) | (v >> (32 - Bits));
}

template <class Vector>
inline void quarter_round(Vector& a, Vector& b, Vector& c, Vector& d) noexcept {
    b ^= turned<7>(a + d);
    c ^= turned<9>(b + a);
    d ^= turned<13>(c + b);
    a ^= turned<18>(d + c);
}

template <class Vector> inline void twenty_rounds(Vector* x) noexcept {
    for (int i = 0; i < 10; ++i) {
        quarter_round(x[0], x[4], x[8], x[12]);
        quarter_round(x[5], x[9], x[13], x[1]);
        quarter_round(x[10], x[14], x[2], x[6]);
        quarter_round(x[15], x[3], x[7], x[11]);
        quarter_round(x[0], x[1], x[2], x[3]);
        quarter_round(x[5], x[6], x[7], x[4]);
        quarter_round(x[10], x[11], x[8], x[9]);
        quarter_round(x[15], x[12], x[13], x[14]);
    }
}

/// `Lanes` says what the vectors are: `vector`, `count`, and how to move their words about within
/// each quad of them. `from` and `to` have `Lanes::count` blocks.
template <class Lanes>
inline void xor_lanes(const std::uint32_t* words, std::uint64_t first, const std::byte* from,
                      std::byte* to) noexcept {
    using vector = typename Lanes::vector;
    vector start[16];
    for (int i = 0; i < 16; ++i)
        start[i] = vector{} + words[i];
    vector low{};
    vector high{};
    for (unsigned lane = 0; lane < Lanes::count; ++lane) {
        low[lane] = static_cast<std::uint32_t>(first + lane);
        high[lane] = static_cast<std::uint32_t>((first + lane) >> 32);
    }
    start[8] = low;
    start[9] = high;
    vector x[16];
    for (int i = 0; i < 16; ++i)
        x[i] = start[i];
    twenty_rounds(x);
    for (int i = 0; i < 16; ++i)
        x[i] += start[i];

    // Word by word of all blocks becomes block by block, four words at a time.
    for (unsigned i = 0; i < 16; i += 4) {
        const vector low01 = Lanes::low_words(x[i], x[i + 1]);
        const vector low23 = Lanes::low_words(x[i + 2], x[i + 3]);
        const vector high01 = Lanes::high_words(x[i], x[i + 1]);
        const vector high23 = Lanes::high_words(x[i + 2], x[i + 3]);
        const vector rows[4] = {Lanes::low_pairs(low01, low23), Lanes::high_pairs(low01, low23),
                                Lanes::low_pairs(high01, high23),
                                Lanes::high_pairs(high01, high23)};
        for (unsigned row = 0; row < 4; ++row)
            for (unsigned part = 0; part < Lanes::count / 4; ++part) {
                const std::size_t at = (row + std::size_t{4} * part) * 64 + std::size_t{4} * i;
                quad text;
                std::memcpy(&text, from + at, 16);
                text ^= Lanes::quad_of(rows[row], part);
                std::memcpy(to + at, &text, 16);
            }
    }
}

template <class Lanes>
inline void xor_blocks(const std::uint32_t* words, std::uint64_t first, const std::byte* from,
                       std::byte* to, std::size_t blocks) noexcept {
    for (; blocks >= Lanes::count; blocks -= Lanes::count) {
        xor_lanes<Lanes>(words, first, from, to);
        first += Lanes::count;
        from += std::size_t{64} * Lanes::count;
        to += std::size_t{64} * Lanes::count;
    }
    if (blocks == 0)
        return;
    alignas(32) std::byte some[64 * Lanes::count];
    std::memcpy(some, from, 64 * blocks);
    xor_lanes<Lanes>(words, first, some, some);
    std::memcpy(to, some, 64 * blocks);
    // What is left of the key stream must not lie about.
    std::memset(some, 0, sizeof some);
    __asm__ volatile("" : : "r"(some) : "memory");
}

} // namespace
} // namespace mizzen::curve
