// Salsa20 and HSalsa20 block by block, and by which way blocks are computed.
#include "salsa20.hpp"

#include "combine.hpp"
#include "count.hpp"
#include "salsa20_paths.hpp"
#include "salsa20_rounds.hpp"
#include "secret.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mizzen::curve {
namespace {

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

void key_stream(const salsa20_input& input, std::uint64_t counter, std::byte* out) noexcept {
    words start;
    std::copy_n(input.words, 16, start.begin());
    start[8] = static_cast<std::uint32_t>(counter);
    start[9] = static_cast<std::uint32_t>(counter >> 32);
    words x = start;
    twenty_rounds(x.data());
    for (std::size_t i = 0; i < 16; ++i)
        store(out + 4 * i, x[i] + start[i]);
    wipe(x.data(), sizeof x);
    wipe(start.data(), sizeof start);
}

// Null for the plain one.
const salsa20_way* vectorised(path way) noexcept {
#if defined(__x86_64__)
    switch (way) {
    case path::plain: break;
    case path::sse2: return &salsa20_sse2;
    case path::avx2: return &salsa20_avx2;
    case path::avx512: return &salsa20_avx512;
    }
#else
    static_cast<void>(way);
#endif
    return nullptr;
}

} // namespace

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

void salsa20_xor(path way, const salsa20_input& input, std::uint64_t first, const std::byte* from,
                 std::byte* to, std::size_t size) noexcept {
    if (const salsa20_way* const fast = vectorised(way)) {
        // A single block takes the plain way faster than any other.
        std::size_t rest = size % (lanes_of(way) * salsa20_block);
        if (rest > salsa20_block)
            rest = 0;
        const std::size_t most = size - rest;
        if (most != 0)
            fast->combine(input.words, first, from, to, most);
        first += most / salsa20_block;
        from += most;
        to += most;
        size = rest;
    }
    if (size == 0)
        return;
    std::byte stream[salsa20_block];
    while (size != 0) {
        const std::size_t some = std::min(size, salsa20_block);
        key_stream(input, first++, stream);
        combine(from, stream, to, some);
        from += some;
        to += some;
        size -= some;
    }
    wipe(stream, sizeof stream);
}

void salsa20_first_blocks(path way, const salsa20_input& input, std::uint64_t number,
                          std::size_t each, std::byte* out) noexcept {
    if (const salsa20_way* const fast = vectorised(way); fast != nullptr && each <= lanes_of(way))
        return fast->first_blocks(input.words, number, each, out);
    std::byte nonce[8];
    store_count(nonce, number);
    salsa20_input first = input;
    set_salsa20_nonce(first, nonce);
    for (std::size_t i = 0; i < each; ++i)
        key_stream(first, i, out + i * salsa20_block);
    wipe(&first, sizeof first);
}

void hsalsa20(const std::byte* key, const std::byte* input, std::byte* out) noexcept {
    salsa20_input start = make_salsa20_input(key);
    words x;
    std::copy_n(start.words, 16, x.begin());
    for (std::size_t i = 0; i < 4; ++i)
        x[6 + i] = load(input + 4 * i);
    twenty_rounds(x.data());
    constexpr std::size_t kept[] = {0, 5, 10, 15, 6, 7, 8, 9};
    for (std::size_t i = 0; i < 8; ++i)
        store(out + 4 * i, x[kept[i]]);
    wipe(x.data(), sizeof x);
    wipe(&start, sizeof start);
}

} // namespace mizzen::curve
