// Poly1305 by four blocks, in limbs of 26 bits; compiled for processors with AVX2. As with
// Salsa20's lanes, nothing of the standard library is inlined here.
#include "poly1305_lanes.hpp"

#include <immintrin.h>

#include <cstring>

namespace mizzen::curve {
namespace {

constexpr unsigned limb_bits = 26;
constexpr std::uint64_t limb_mask = (std::uint64_t{1} << limb_bits) - 1;

using vector = std::uint64_t __attribute__((vector_size(32))); // a limb of each of four blocks

vector all(std::uint64_t value) noexcept { return vector{} + value; }

// Of the lower halves.
vector product(vector a, vector b) noexcept {
    return reinterpret_cast<vector>(
        _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}

struct number {
    vector limb[5];
};

// What numbers are multiplied by: five times its limbs as well, since 2^130 is 5.
struct factor {
    vector limb[5];
    vector fivefold[5];

    explicit factor(const number& of) noexcept {
        for (int i = 0; i < 5; ++i) {
            limb[i] = of.limb[i];
            fivefold[i] = of.limb[i] * 5;
        }
    }
};

// sum + a * b, whose limbs may then have 64 bits.
void add_product(number& sum, const number& a, const factor& b) noexcept {
    for (int i = 0; i < 5; ++i)
        for (int j = 0; j < 5; ++j)
            sum.limb[i] += product(a.limb[j], j <= i ? b.limb[i - j] : b.fivefold[5 + i - j]);
}

// Leaves limbs of 26 bits and a little, by two chains at once.
void carry(number& of) noexcept {
    const auto pass = [&](int from, int to, std::uint64_t times) {
        const vector over = of.limb[from] >> limb_bits;
        of.limb[from] &= all(limb_mask);
        of.limb[to] += times == 1 ? over : over + (over << 2);
    };
    pass(0, 1, 1);
    pass(3, 4, 1);
    pass(1, 2, 1);
    pass(4, 0, 5);
    pass(2, 3, 1);
    pass(0, 1, 1);
    pass(3, 4, 1);
}

// Four blocks; of the second and the third each stands in the other's lane.
number read_group(const std::byte* from) noexcept {
    vector front;
    vector back;
    std::memcpy(&front, from, sizeof front);
    std::memcpy(&back, from + sizeof front, sizeof back);
    const vector low = __builtin_shufflevector(front, back, 0, 4, 2, 6);
    const vector high = __builtin_shufflevector(front, back, 1, 5, 3, 7);
    const vector mask = all(limb_mask);
    return {{low & mask, (low >> 26) & mask, (low >> 52 | high << 12) & mask, (high >> 14) & mask,
             high >> 40 | all(std::uint64_t{1} << 24)}};
}

} // namespace

void poly1305_groups_avx2(const poly1305_powers& powers, const std::byte* text, std::size_t groups,
                          std::uint64_t* limbs) noexcept {
    number fourth{};
    number each{};
    for (int i = 0; i < 5; ++i) {
        fourth.limb[i] = all(powers[3][i]);
        each.limb[i] = vector{powers[3][i], powers[1][i], powers[2][i], powers[0][i]};
    }
    const factor by_fourth{fourth};
    number eighth{};
    add_product(eighth, fourth, by_fourth);
    carry(eighth);
    const factor by_eighth{eighth};

    // Two groups at a time: the product of the one does not wait for the sum before.
    number sum = read_group(text);
    text += poly1305_group;
    const auto add = [&](const number& group) {
        for (int i = 0; i < 5; ++i)
            sum.limb[i] += group.limb[i];
    };
    for (--groups; groups >= 2; groups -= 2, text += 2 * poly1305_group) {
        number next{};
        add_product(next, read_group(text), by_fourth);
        add_product(next, sum, by_eighth);
        carry(next);
        sum = next;
        add(read_group(text + poly1305_group));
    }
    if (groups != 0) {
        number next{};
        add_product(next, sum, by_fourth);
        carry(next);
        sum = next;
        add(read_group(text));
    }
    number last{};
    add_product(last, sum, factor{each});
    carry(last);
    for (int i = 0; i < 5; ++i)
        limbs[i] = last.limb[i][0] + last.limb[i][1] + last.limb[i][2] + last.limb[i][3];
}

} // namespace mizzen::curve
