// Salsa20's rounds, over words or over vectors of them. Sources that include this are compiled for
// different instructions, so that nothing here may be shared between them: all of it is in a
// namespace without a name, and nothing of the standard library is inlined.
#pragma once

namespace mizzen::curve {
namespace {

template <int Bits, class Word> inline Word turned(Word v) noexcept {
    return (v << Bits) | (v >> (32 - Bits));
}

template <class Word> inline void quarter_round(Word& a, Word& b, Word& c, Word& d) noexcept {
    b ^= turned<7>(a + d);
    c ^= turned<9>(b + a);
    d ^= turned<13>(c + b);
    a ^= turned<18>(d + c);
}

template <class Word> inline void twenty_rounds(Word* x) noexcept {
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

} // namespace
} // namespace mizzen::curve
