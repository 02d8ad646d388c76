// Salsa20 by as many blocks at once as a vector has lanes. As with the rounds, nothing here may be
// shared between the sources that include it.
#pragma once

#include "salsa20_paths.hpp"
#include "salsa20_rounds.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mizzen::curve {
namespace {

/// Of four lanes: vectors that hold one word of four blocks each.
using quad = std::uint32_t __attribute__((vector_size(16)));

/// What `Lanes` has are the vectors: `vector`, `count`, and how to move their words about within
/// each quad of them.
template <class Lanes> struct salsa20_lanes {
    using vector = typename Lanes::vector;
    static constexpr unsigned count = Lanes::count;
    static constexpr std::size_t block = 64;
    static constexpr std::size_t at_once = block * count;

    vector start[16];

    explicit salsa20_lanes(const std::uint32_t* words) noexcept {
        for (int i = 0; i < 16; ++i)
            start[i] = vector{} + words[i];
    }
    void set_block(unsigned lane, std::uint64_t number) noexcept {
        start[8][lane] = static_cast<std::uint32_t>(number);
        start[9][lane] = static_cast<std::uint32_t>(number >> 32);
    }
    void set_nonce(unsigned lane, std::uint64_t number) noexcept {
        start[6][lane] = __builtin_bswap32(static_cast<std::uint32_t>(number >> 32));
        start[7][lane] = __builtin_bswap32(static_cast<std::uint32_t>(number));
    }

    /// Gives `put` each lane's octets by sixteen, and where in all lanes' blocks they belong.
    template <class Put> void run(Put put) const noexcept {
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
                for (unsigned part = 0; part < count / 4; ++part)
                    put(Lanes::quad_of(rows[row], part),
                        (row + std::size_t{4} * part) * block + std::size_t{4} * i);
        }
    }

    void combine_all(const std::byte* from, std::byte* to) const noexcept {
        run([=](quad stream, std::size_t at) {
            quad text;
            std::memcpy(&text, from + at, sizeof text);
            text ^= stream;
            std::memcpy(to + at, &text, sizeof text);
        });
    }

    /// The key and what is left of its stream must not lie about. As wipe() of secret.hpp, which is
    /// an inline function that would be shared with sources for other processors.
    static void clear(void* octets, std::size_t size) noexcept {
        std::memset(octets, 0, size);
        __asm__ volatile("" : : "r"(octets) : "memory");
    }

    static void combine(const std::uint32_t* words, std::uint64_t first, const std::byte* from,
                        std::byte* to, std::size_t size) noexcept {
        salsa20_lanes lanes{words};
        for (;; first += count) {
            for (unsigned lane = 0; lane < count; ++lane)
                lanes.set_block(lane, first + lane);
            if (size < at_once)
                break;
            lanes.combine_all(from, to);
            from += at_once;
            to += at_once;
            size -= at_once;
        }
        if (size != 0) {
            std::byte some[at_once];
            std::memcpy(some, from, size);
            lanes.combine_all(some, some);
            std::memcpy(to, some, size);
            clear(some, sizeof some);
        }
        clear(lanes.start, sizeof lanes.start);
    }

    static void first_blocks(const std::uint32_t* words, std::uint64_t number, std::size_t each,
                             std::byte* to) noexcept {
        salsa20_lanes lanes{words};
        std::size_t of_this = 0;
        for (unsigned lane = 0; lane < count; ++lane) {
            lanes.set_nonce(lane, number);
            lanes.set_block(lane, of_this);
            if (++of_this == each) {
                of_this = 0;
                ++number;
            }
        }
        lanes.run(
            [=](quad stream, std::size_t at) { std::memcpy(to + at, &stream, sizeof stream); });
        clear(lanes.start, sizeof lanes.start);
    }

    static constexpr salsa20_way way{&combine, &first_blocks};
};

} // namespace
} // namespace mizzen::curve
