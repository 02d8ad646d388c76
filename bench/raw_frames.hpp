// The octets that a played peer sends: short frames of one size with numbered bodies.
#pragma once

#include "many_peers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

namespace bench {

/// Makes them for one peer after the other.
class raw_frames {
public:
    static constexpr std::size_t header = 2; // a short frame: flags and size
    static constexpr std::size_t at_once = 64 * 1024;

    explicit raw_frames(std::size_t size) : frame_{header + size} {
        if (size < smallest_peer_body || size > 255)
            throw std::invalid_argument{"bodies have 12 to 255 octets"};
        for (std::size_t at = 0; at + frame_ <= buffer_.size(); at += frame_) {
            std::memset(&buffer_[at], 'x', frame_);
            buffer_[at] = 0;
            buffer_[at + 1] = static_cast<char>(size);
        }
    }

    [[nodiscard]] std::size_t frame_size() const noexcept { return frame_; }

    /// The octets from `begin` to `end` of all that the peer ever sends, or the first of them.
    [[nodiscard]] std::span<const char> octets(std::uint32_t peer, std::uint64_t begin,
                                               std::uint64_t end) noexcept {
        const std::size_t skip = begin % frame_;
        const std::uint64_t left = (end - begin + skip) / frame_;
        const auto frames = std::min<std::uint64_t>(left, at_once / frame_);
        write(peer, begin / frame_, frames);
        return std::span{buffer_}.first(frames * frame_).subspan(skip);
    }
    [[nodiscard]] std::span<const char> farewell_octets() noexcept {
        write(0, farewell, 1);
        return std::span{buffer_}.first(frame_);
    }

private:
    void write(std::uint32_t peer, std::uint64_t number, std::uint64_t frames) noexcept {
        char* body = buffer_.data() + header;
        for (std::uint64_t i = 0; i < frames; ++i, body += frame_) {
            write_number(body, number + i);
            write_peer(body, peer);
        }
    }

    std::size_t frame_;
    std::array<char, at_once> buffer_{};
};

} // namespace bench
