// The header of a ZMTP 3.x frame: one octet of flags, then a size of one or eight octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mizzen::zmtp {

namespace frame_flag {
inline constexpr std::uint8_t more = 0x01;      ///< Another frame of the same message follows.
inline constexpr std::uint8_t long_size = 0x02; ///< The size has eight octets.
inline constexpr std::uint8_t command = 0x04;   ///< The frame is a command.
} // namespace frame_flag

inline constexpr std::size_t max_frame_header = 9;
inline constexpr std::size_t max_short_body = 255;

struct frame_header {
    std::uint64_t size = 0;  ///< Octets of the body.
    std::uint8_t flags = 0;  ///< As received; the reserved bits 3-7 mean nothing.
    std::uint8_t octets = 0; ///< Of the header itself: 2 or 9.

    [[nodiscard]] bool more() const noexcept { return (flags & frame_flag::more) != 0; }
    [[nodiscard]] bool command() const noexcept { return (flags & frame_flag::command) != 0; }
};

/// Octets of the header of a frame whose body has `body` octets: 2 or 9.
[[nodiscard]] constexpr std::size_t header_size(std::uint64_t body) noexcept {
    return body <= max_short_body ? 2 : max_frame_header;
}

/// Writes a header in its canonical form (the short one wherever it fits) and returns its octets.
/// `out` has room for max_frame_header octets. The LONG flag is added as needed.
inline std::size_t encode_frame_header(std::byte* out, std::uint8_t flags,
                                       std::uint64_t body) noexcept {
    if (body <= max_short_body) {
        out[0] = std::byte{flags};
        out[1] = static_cast<std::byte>(body);
        return 2;
    }
    out[0] = std::byte{flags} | std::byte{frame_flag::long_size};
    for (int i = 0; i < 8; ++i)
        out[1 + i] = static_cast<std::byte>(body >> (56 - 8 * i));
    return max_frame_header;
}

/// Reads the header at the front of `input`.
///
/// Returns  Octets read: 2 (short size), 9 (long size), or 0 when `input` ends too early. The size
///          is handed on as it stands: the caller compares it with its limits before it reserves
///          memory.
/// RFC      37/ZMTP, "Framing". Reserved flags are ignored, as by libzmq.
[[nodiscard]] inline std::size_t decode_frame_header(std::span<const std::byte> input,
                                                     frame_header& header) noexcept {
    if (input.size() < 2)
        return 0;
    const auto flags = std::to_integer<std::uint8_t>(input[0]);
    if ((flags & frame_flag::long_size) == 0) {
        header = {std::to_integer<std::uint64_t>(input[1]), flags, 2};
        return 2;
    }
    if (input.size() < max_frame_header)
        return 0;
    std::uint64_t size = 0;
    for (std::size_t i = 1; i < max_frame_header; ++i)
        size = (size << 8) | std::to_integer<std::uint64_t>(input[i]);
    header = {size, flags, max_frame_header};
    return max_frame_header;
}

} // namespace mizzen::zmtp
