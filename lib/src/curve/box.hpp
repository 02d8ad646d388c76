// XSalsa20-Poly1305: NaCl's secretbox, which with a shared key is its box.
#pragma once

#include "poly1305.hpp"
#include "salsa20.hpp"
#include "secret.hpp"
#include <mizzen/zmtp/octets.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace mizzen::curve {

inline constexpr std::size_t box_overhead = poly1305_size;
inline constexpr std::size_t nonce_size = 24;

/// Seals or opens boxes whose nonces have the first 16 of their 24 octets in common: the key that
/// those make of the shared one is computed once. The other eight count, the highest octet first.
///
/// The first blocks of the key stream are those of several boxes, computed at once: those of the
/// next counts, for boxes of the same size, are there already when they come.
class boxes {
public:
    boxes() noexcept = default;
    boxes(std::span<const std::byte, 32> key, const std::byte* nonce_start,
          path way = best_path()) noexcept;
    boxes(const boxes&) = default;
    boxes& operator=(const boxes&) = default;
    ~boxes();

    /// Writes the box of `head`, then `text`: box_overhead octets more than both. The head has up
    /// to 32 octets. The text may stand where it goes to, and else does not overlap it.
    void seal(const std::byte* nonce_end, zmtp::octets head, zmtp::octets text,
              std::byte* out) noexcept;
    /// Writes what a box holds, the first `head.size()` octets, up to 32, apart from the rest.
    /// False, with nothing written, when the box is not whole. The text may go where the box has
    /// it.
    [[nodiscard]] bool open(const std::byte* nonce_end, zmtp::octets box, std::span<std::byte> head,
                            std::byte* text) noexcept;

private:
    // The start of one box's key stream: Poly1305's key, then what covers the head and more.
    struct opening {
        const std::byte* stream;
        std::size_t covered; // octets of the message that it is for
    };
    [[nodiscard]] opening open_stream(const std::byte* nonce_end, std::size_t size) noexcept;
    void cover_rest(const opening& first, const std::byte* nonce_end, const std::byte* from,
                    std::byte* to, std::size_t head, std::size_t size) const noexcept;

    salsa20_input input_{};
    std::byte streams_[most_lanes * salsa20_block]{};
    std::uint64_t first_ = 0; // what the first of the streams below counts
    std::uint8_t count_ = 0;  // how many there are
    std::uint8_t each_ = 0;   // blocks of each
    path way_ = path::plain;
};

/// One box under a nonce of its own.
void seal_box(std::span<const std::byte, 32> key, std::span<const std::byte, nonce_size> nonce,
              zmtp::octets text, std::byte* out) noexcept;
[[nodiscard]] bool open_box(std::span<const std::byte, 32> key,
                            std::span<const std::byte, nonce_size> nonce, zmtp::octets box,
                            std::byte* text) noexcept;

} // namespace mizzen::curve
