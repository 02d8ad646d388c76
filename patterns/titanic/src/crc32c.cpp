// CRC-32C by instruction or by tables, eight octets at a step.
#include "little_endian.hpp"
#include <mizzen/patterns/titanic/crc32c.hpp>

#include <array>
#include <cstddef>

#if defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace mizzen::titanic {
namespace {

using octets = zmtp::octets;
using table = std::array<std::array<std::uint32_t, 256>, 8>;

// Table k advances by k octets behind the one that is looked up.
constexpr table make_table() noexcept {
    table made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
        made[0][i] = crc;
    }
    for (std::uint32_t i = 0; i < 256; ++i)
        for (std::size_t k = 1; k < 8; ++k)
            made[k][i] = (made[k - 1][i] >> 8) ^ made[0][made[k - 1][i] & 0xff];
    return made;
}
constexpr table tables = make_table();

std::uint32_t by_table(octets data, std::uint32_t crc) noexcept {
    const std::byte* at = data.data();
    std::size_t left = data.size();
    for (; left >= 8; left -= 8, at += 8) {
        const std::uint64_t word = get<std::uint64_t>(at) ^ crc;
        crc = 0;
        for (std::size_t k = 0; k < 8; ++k)
            crc ^= tables[7 - k][(word >> (8 * k)) & 0xff];
    }
    for (; left != 0; --left, ++at)
        crc = (crc >> 8) ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xff];
    return crc;
}

#if defined(__x86_64__)

[[gnu::target("sse4.2")]] std::uint32_t by_instruction(octets data, std::uint32_t crc) noexcept {
    const std::byte* at = data.data();
    std::size_t left = data.size();
    std::uint64_t wide = crc;
    for (; left >= 8; left -= 8, at += 8)
        wide = __builtin_ia32_crc32di(wide, get<std::uint64_t>(at));
    crc = static_cast<std::uint32_t>(wide);
    for (; left != 0; --left, ++at)
        crc = __builtin_ia32_crc32qi(crc, std::to_integer<unsigned char>(*at));
    return crc;
}
bool has_instruction() noexcept {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") != 0;
}

#elif defined(__aarch64__) && defined(__linux__)

[[gnu::target("+crc")]] std::uint32_t by_instruction(octets data, std::uint32_t crc) noexcept {
    const std::byte* at = data.data();
    std::size_t left = data.size();
    for (; left >= 8; left -= 8, at += 8)
        crc = __crc32cd(crc, get<std::uint64_t>(at));
    for (; left != 0; --left, ++at)
        crc = __crc32cb(crc, std::to_integer<std::uint8_t>(*at));
    return crc;
}
bool has_instruction() noexcept { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else

std::uint32_t by_instruction(octets data, std::uint32_t crc) noexcept {
    return by_table(data, crc);
}
bool has_instruction() noexcept { return false; }

#endif

using way = std::uint32_t (*)(octets, std::uint32_t) noexcept;

} // namespace

std::uint32_t crc32c(octets data, std::uint32_t before) noexcept {
    static const way chosen = has_instruction() ? &by_instruction : &by_table;
    return ~chosen(data, ~before);
}

std::uint32_t crc32c_plain(octets data, std::uint32_t before) noexcept {
    return ~by_table(data, ~before);
}

} // namespace mizzen::titanic
