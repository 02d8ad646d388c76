// Poly1305 modulo 2^130 - 5 in limbs of 64 bits: setting OpenSSL's up for a small message takes
// longer than the message.
#include "poly1305.hpp"

#include "poly1305_lanes.hpp"
#include "secret.hpp"

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
// The first octets of a word, without going through memory: what was just written is slow to read
// in other pieces.
std::uint64_t load_some(const std::byte* from, std::size_t size) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = size; i-- != 0;)
        word = word << 8 | std::to_integer<std::uint64_t>(from[i]);
    return word;
}
void store(std::byte* to, std::uint64_t word) noexcept {
    for (unsigned i = 0; i < 8; ++i)
        to[i] = static_cast<std::byte>(word >> 8 * i);
}
std::uint64_t high(wide w) noexcept { return static_cast<std::uint64_t>(w >> 64); }
std::uint64_t low(wide w) noexcept { return static_cast<std::uint64_t>(w); }

// h + (a0, a1, a2), over 64 bits each with their carries.
void add_to(std::uint64_t& h0, std::uint64_t& h1, std::uint64_t& h2, std::uint64_t a0,
            std::uint64_t a1, std::uint64_t a2) noexcept {
#if defined(__x86_64__)
    // GCC makes ten instructions of these three, which all blocks wait for.
    __asm__("addq %3, %0\n\tadcq %4, %1\n\tadcq %5, %2"
            : "+&r"(h0), "+&r"(h1), "+&r"(h2)
            : "rm"(a0), "rm"(a1), "rme"(a2)
            : "cc");
#else
    wide sum = wide{h0} + a0;
    h0 = low(sum);
    sum = wide{h1} + a1 + high(sum);
    h1 = low(sum);
    h2 += high(sum) + a2;
#endif
}

struct accumulator {
    std::uint64_t r0, r1;
    std::uint64_t s1; // r1 * 5 / 4: r1 has its lowest two bits clear, and 2^130 is 5
    std::uint64_t h0 = 0, h1 = 0, h2 = 0;

    explicit accumulator(const std::byte* key) noexcept
        : r0{load(key) & 0x0fff'fffc'0fff'ffffU}, r1{load(key + 8) & 0x0fff'fffc'0fff'fffcU},
          s1{r1 + (r1 >> 2)} {}

    void add(std::uint64_t front, std::uint64_t back, std::uint64_t above) noexcept {
        add_to(h0, h1, h2, front, back, above);
        multiply();
    }

    // h * r, left below 2^130 and a little.
    void multiply() noexcept {
        const wide d0 = wide{h0} * r0 + wide{h1} * s1;
        const wide d1 = wide{h0} * r1 + wide{h1} * r0 + h2 * s1 + high(d0);
        h2 = h2 * r0 + high(d1);
        h0 = low(d0);
        h1 = low(d1);
        reduce();
    }
    void reduce() noexcept {
        const std::uint64_t over = (h2 >> 2) + (h2 & ~std::uint64_t{3});
        h2 &= 3;
        add_to(h0, h1, h2, over, 0, 0);
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

    // Between limbs of 64 bits and of 26.
    void split(std::uint32_t* limbs) const noexcept {
        constexpr std::uint32_t mask = (1U << 26) - 1;
        limbs[0] = static_cast<std::uint32_t>(h0) & mask;
        limbs[1] = static_cast<std::uint32_t>(h0 >> 26) & mask;
        limbs[2] = static_cast<std::uint32_t>(h0 >> 52 | h1 << 12) & mask;
        limbs[3] = static_cast<std::uint32_t>(h1 >> 14) & mask;
        limbs[4] = static_cast<std::uint32_t>(h1 >> 40 | h2 << 24);
    }
    void join(const std::uint64_t* limbs) noexcept {
        wide sum = wide{limbs[0]} + (wide{limbs[1]} << 26) + (wide{limbs[2]} << 52);
        h0 = low(sum);
        sum = wide{high(sum)} + (wide{limbs[3]} << 14) + (wide{limbs[4]} << 40);
        h1 = low(sum);
        h2 = high(sum);
        reduce();
    }
};

#if defined(__x86_64__)
constexpr std::size_t worth_it = 256; // octets for which the powers of r are worth their making

// Takes whole groups of blocks off the front.
zmtp::octets add_groups(path way, accumulator& sum, zmtp::octets text) noexcept {
    if (way < path::avx2 || text.size() < worth_it)
        return text;
    poly1305_powers powers;
    sum.h0 = sum.r0;
    sum.h1 = sum.r1;
    for (auto& power : powers) {
        sum.split(power);
        sum.multiply();
    }
    const std::size_t groups = text.size() / poly1305_group;
    std::uint64_t limbs[5];
    poly1305_groups_avx2(powers, text.data(), groups, limbs);
    sum.join(limbs);
    wipe(&powers, sizeof powers);
    wipe(&limbs, sizeof limbs);
    return text.subspan(groups * poly1305_group);
}
#else
zmtp::octets add_groups(path /*way*/, accumulator& /*sum*/, zmtp::octets text) noexcept {
    return text;
}
#endif

} // namespace

void poly1305(path way, const std::byte* key, zmtp::octets text, std::byte* out) noexcept {
    accumulator sum{key};
    text = add_groups(way, sum, text);
    const std::byte* at = text.data();
    std::size_t left = text.size();
    for (; left >= 16; left -= 16, at += 16)
        sum.add(load(at), load(at + 8), 1);
    if (left != 0) { // an octet of 1 ends it
        const std::uint64_t end = std::uint64_t{1} << 8 * (left % 8);
        if (left < 8)
            sum.add(load_some(at, left) | end, 0, 0);
        else
            sum.add(load(at), load_some(at + 8, left - 8) | end, 0);
    }
    sum.finish(key + 16, out);
    wipe(&sum, sizeof sum);
}

} // namespace mizzen::curve
