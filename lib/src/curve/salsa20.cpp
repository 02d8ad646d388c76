// Salsa20 and HSalsa20 block by block, and which way blocks are computed.
#include "salsa20.hpp"

#include "salsa20_paths.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace mizzen::curve {
namespace {

#if defined(__x86_64__)
constexpr bool vectorised = true;
#else
constexpr bool vectorised = false;
#endif

using words = std::array<std::uint32_t, 16>;

std::uint32_t load(const std::byte* from) noexcept {
    return std::to_integer<std::uint32_t>(from[0]) | std::to_integer<std::uint32_t>(from[1]) << 8 |
           std::to_integer<std::uint32_t>(from[2]) << 16 |
           std::to_integer<std::uint32_t>(from[3]) << 24;
}
void store(std::byte* to, std::uint32_t word) noexcept {
    for (unsigned i = 0; i < 4; ++i)
        to[i] = static_cast<std::byte>(word >> 8 * i);
}

void quarter_round(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c,
                   std::uint32_t& d) noexcept {
    b ^= std::rotl(a + d, 7);
    c ^= std::rotl(b + a, 9);
    d ^= std::rotl(c + b, 13);
    a ^= std::rotl(d + c, 18);
}

void twenty_rounds(words& x) noexcept {
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

void key_stream(const salsa20_input& input, std::uint64_t counter, std::byte* out) noexcept {
    words start;
    std::copy_n(input.words, 16, start.begin());
    start[8] = static_cast<std::uint32_t>(counter);
    start[9] = static_cast<std::uint32_t>(counter >> 32);
    words x = start;
    twenty_rounds(x);
    for (std::size_t i = 0; i < 16; ++i)
        store(out + 4 * i, x[i] + start[i]);
}

void xor_octets(const std::byte* from, const std::byte* with, std::byte* to,
                std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i)
        to[i] = from[i] ^ with[i];
}

} // namespace

bool can_take(salsa20_path path) noexcept {
    switch (path) {
    case salsa20_path::plain: return true;
    case salsa20_path::sse2: return vectorised;
    case salsa20_path::avx2:
#if defined(__x86_64__)
        return __builtin_cpu_supports("avx2") != 0;
#else
        return false;
#endif
    }
    return false;
}

salsa20_path best_salsa20_path() noexcept {
    static const salsa20_path best = can_take(salsa20_path::avx2)   ? salsa20_path::avx2
                                     : can_take(salsa20_path::sse2) ? salsa20_path::sse2
                                                                    : salsa20_path::plain;
    return best;
}

salsa20_input make_salsa20_input(const std::byte* key) noexcept {
    salsa20_input input{{0x6170'7865, 0, 0, 0, 0, 0x3320'646e, 0, 0, 0, 0, 0x7962'2d32, 0, 0, 0, 0,
                         0x6b20'6574}}; // "expand 32-byte k"
    for (std::size_t i = 0; i < 4; ++i) {
        input.words[1 + i] = load(key + 4 * i);
        input.words[11 + i] = load(key + 16 + 4 * i);
    }
    return input;
}

void set_salsa20_nonce(salsa20_input& input, const std::byte* nonce) noexcept {
    input.words[6] = load(nonce);
    input.words[7] = load(nonce + 4);
}

void salsa20_xor(salsa20_path path, const salsa20_input& input, std::uint64_t first,
                 const std::byte* from, std::byte* to, std::size_t size) noexcept {
    if constexpr (vectorised) {
        // A single block takes the plain way faster than any other.
        const std::size_t blocks = size / salsa20_block;
        if (blocks > 1 && path != salsa20_path::plain) {
            const auto way =
                path == salsa20_path::avx2 ? &salsa20_blocks_avx2 : &salsa20_blocks_sse2;
            way(input.words, first, from, to, blocks);
            first += blocks;
            from += blocks * salsa20_block;
            to += blocks * salsa20_block;
            size %= salsa20_block;
        }
    }
    if (size == 0)
        return;
    std::byte stream[salsa20_block];
    while (size != 0) {
        const std::size_t some = std::min(size, salsa20_block);
        key_stream(input, first++, stream);
        xor_octets(from, stream, to, some);
        from += some;
        to += some;
        size -= some;
    }
    OPENSSL_cleanse(stream, sizeof stream);
}

void hsalsa20(const std::byte* key, const std::byte* input, std::byte* out) noexcept {
    salsa20_input start = make_salsa20_input(key);
    words x;
    std::copy_n(start.words, 16, x.begin());
    for (std::size_t i = 0; i < 4; ++i)
        x[6 + i] = load(input + 4 * i);
    twenty_rounds(x);
    constexpr std::size_t kept[] = {0, 5, 10, 15, 6, 7, 8, 9};
    for (std::size_t i = 0; i < 8; ++i)
        store(out + 4 * i, x[kept[i]]);
    OPENSSL_cleanse(x.data(), sizeof x);
    OPENSSL_cleanse(&start, sizeof start);
}

} // namespace mizzen::curve
