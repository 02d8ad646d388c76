// XSalsa20-Poly1305: NaCl's secretbox, which with a shared key is its box.
#pragma once

#include "poly1305.hpp"
#include "salsa20.hpp"
#include "secret.hpp"
#include <mizzen/zmtp/octets.hpp>

#include <cstddef>
#include <span>

namespace mizzen::curve {

inline constexpr std::size_t box_overhead = poly1305_size;
inline constexpr std::size_t nonce_size = 24;

/// Seals and opens boxes whose nonces have the first 16 of their 24 octets in common: the key that
/// those make of the shared one is computed once.
class boxes {
public:
    boxes() noexcept = default;
    boxes(std::span<const std::byte, 32> key, const std::byte* nonce_start,
          salsa20_path path = best_salsa20_path()) noexcept;
    boxes(const boxes&) = default;
    boxes& operator=(const boxes&) = default;
    ~boxes();

    /// Writes the box of `head`, then `text`: box_overhead octets more than both. The head has up
    /// to 32 octets. The text may stand where it goes to, and else does not overlap it.
    void seal(const std::byte* nonce_end, zmtp::octets head, zmtp::octets text,
              std::byte* out) const noexcept;
    /// Writes what a box holds, the first `head.size()` octets, up to 32, apart from the rest.
    /// False, with nothing written, when the box is not whole. The text may go where the box has
    /// it.
    [[nodiscard]] bool open(const std::byte* nonce_end, zmtp::octets box, std::span<std::byte> head,
                            std::byte* text) const noexcept;

private:
    // The key stream of the first blocks: Poly1305's key, then what covers the head and more.
    static constexpr std::size_t most_at_once = 8 * salsa20_block;
    struct opening {
        explicit opening(const boxes& of, const std::byte* nonce_end, std::size_t size) noexcept;
        ~opening();
        opening(const opening&) = delete;
        opening& operator=(const opening&) = delete;
        void cover(const std::byte* from, std::byte* to, std::size_t at,
                   std::size_t size) const noexcept;
        void cover_rest(const boxes& of, const std::byte* from, std::byte* to, std::size_t head,
                        std::size_t size) const noexcept;

        salsa20_input input;
        std::size_t covered; // octets of the message that the stream below is for
        alignas(32) std::byte stream[most_at_once];
    };

    salsa20_input input_{};
    salsa20_path path_ = salsa20_path::plain;
};

/// One box under a nonce of its own.
void seal_box(std::span<const std::byte, 32> key, std::span<const std::byte, nonce_size> nonce,
              zmtp::octets text, std::byte* out) noexcept;
[[nodiscard]] bool open_box(std::span<const std::byte, 32> key,
                            std::span<const std::byte, nonce_size> nonce, zmtp::octets box,
                            std::byte* text) noexcept;

} // namespace mizzen::curve
