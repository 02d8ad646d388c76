// Decisions read from the front of an input.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mizzen::fuzz {

using zmtp::as_octets;
using zmtp::as_text;
using zmtp::octets;

/// std::equal would go octet by octet, and tell the fuzzer about each.
[[nodiscard]] inline bool same(octets a, octets b) noexcept {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Small numbers, one octet each; zeros once the input is used up, so that every input means
/// something.
class choices {
public:
    explicit choices(octets input) noexcept : rest_{input} {}
    choices(const std::uint8_t* data, std::size_t size) noexcept
        : rest_{reinterpret_cast<const std::byte*>(data), size} {}

    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
    [[nodiscard]] octets rest() const noexcept { return rest_; }

    std::uint8_t octet() noexcept {
        const octets one = take(1);
        return one.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(one[0]);
    }
    /// Two octets, the higher one first.
    std::size_t wide() noexcept {
        const std::size_t high = octet();
        return high * 256 + octet();
    }
    /// Up to `size` octets as they are.
    octets take(std::size_t size) noexcept {
        const octets taken = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

private:
    octets rest_;
};

/// Cuts a stream into pieces: 0 leaves it whole, 1 makes pieces of one octet, other seeds draw
/// sizes. No stream falls into more than `most`, so that long ones do not take long.
class cuts {
public:
    cuts(std::uint8_t seed, std::size_t stream, std::size_t most = 256) noexcept
        : state_{seed}, seed_{seed}, least_{stream / most} {}

    /// Removes the next piece from the front of `stream`.
    [[nodiscard]] octets next(octets& stream) noexcept {
        std::size_t size = 1;
        if (seed_ == 0)
            size = stream.size();
        else if (seed_ > 1)
            size = drawn();
        size = std::min(std::max(size, least_), stream.size());
        const octets piece = stream.first(size);
        stream = stream.subspan(size);
        return piece;
    }

private:
    // Even seeds draw small pieces, which cut headers; odd ones reach over some frames.
    std::size_t drawn() noexcept {
        state_ = state_ * 1664525U + 1013904223U;
        return 1 + (state_ >> 16) % (seed_ % 2 == 0 ? 11 : 300);
    }

    std::uint32_t state_;
    std::uint8_t seed_;
    std::size_t least_;
};

} // namespace mizzen::fuzz
