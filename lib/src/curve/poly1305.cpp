// Poly1305 modulo 2^130 - 5 in limbs of 64 bits: setting OpenSSL's up for a small message takes
// longer than the message.
#include "poly1305.hpp"

#include <openssl/crypto.h>

#include <bit>
#include <cstdint>
#include <cstring>

namespace mizzen::curve {
namespace {

__extension__ using wide = unsigned __int128;

std::uint64_t load(const std::byte* from) noexcept {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&word, from, 8);
    } else {
        for (unsigned i = 0; i < 8; ++i)
            word |= std::to_integer<std::uint64_t>(from[i]) << 8 * i;
    }
    return word;
}
void store(std::byte* to, std::uint64_t word) noexcept {
    for (unsigned i = 0; i < 8; ++i)
        to[i] = static_cast<std::byte>(word >> 8 * i);
}
std::uint64_t high(wide w) noexcept { return static_cast<std::uint64_t>(w >> 64); }
std::uint64_t low(wide w) noexcept { return static_cast<std::uint64_t>(w); }

struct accumulator {
    std::uint64_t r0, r1;
    std::uint64_t s1; // r1 * 5 / 4: r1 has its lowest two bits clear, and 2^130 is 5
    std::uint64_t h0 = 0, h1 = 0, h2 = 0;

    explicit accumulator(const std::byte* key) noexcept
        : r0{load(key) & 0x0fff'fffc'0fff'ffffU}, r1{load(key + 8) & 0x0fff'fffc'0fff'fffcU},
          s1{r1 + (r1 >> 2)} {}

    // (h + block) * r, with h left below 2^130 and a little.
    void add(const std::byte* block, std::uint64_t above) noexcept {
        wide sum = wide{h0} + load(block);
        h0 = low(sum);
        sum = wide{h1} + load(block + 8) + high(sum);
        h1 = low(sum);
        h2 += high(sum) + above;

        const wide d0 = wide{h0} * r0 + wide{h1} * s1;
        const wide d1 = wide{h0} * r1 + wide{h1} * r0 + h2 * s1 + high(d0);
        h2 = h2 * r0 + high(d1);
        const std::uint64_t over = (h2 >> 2) + (h2 & ~std::uint64_t{3});
        h2 &= 3;
        sum = wide{low(d0)} + over;
        h0 = low(sum);
        sum = wide{low(d1)} + high(sum);
        h1 = low(sum);
        h2 += high(sum);
    }

    void finish(const std::byte* pad, std::byte* out) const noexcept {
        // h - (2^130 - 5) where that is not negative, chosen without a branch.
        wide sum = wide{h0} + 5;
        const std::uint64_t g0 = low(sum);
        sum = wide{h1} + high(sum);
        const std::uint64_t g1 = low(sum);
        const std::uint64_t mask = 0 - ((h2 + high(sum)) >> 2);
        sum = wide{(h0 & ~mask) | (g0 & mask)} + load(pad);
        store(out, low(sum));
        sum = wide{(h1 & ~mask) | (g1 & mask)} + load(pad + 8) + high(sum);
        store(out + 8, low(sum));
    }
};

} // namespace

void poly1305(const std::byte* key, zmtp::octets text, std::byte* out) noexcept {
    accumulator sum{key};
    const std::byte* at = text.data();
    std::size_t left = text.size();
    for (; left >= 16; left -= 16, at += 16)
        sum.add(at, 1);
    if (left != 0) {
        std::byte last[16] = {};
        std::memcpy(last, at, left);
        last[left] = std::byte{1};
        sum.add(last, 0);
    }
    sum.finish(key + 16, out);
    OPENSSL_cleanse(&sum, sizeof sum);
}

} // namespace mizzen::curve
