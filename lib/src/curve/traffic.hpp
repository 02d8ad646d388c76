// What both ends of a CURVE connection have in common: how nonces are made, and MESSAGE.
#pragma once

#include "box.hpp"
#include "count.hpp"
#include "x25519.hpp"
#include <mizzen/zmtp/frame_header.hpp>
#include <mizzen/zmtp/security.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mizzen::curve {

using long_nonce = std::array<std::byte, 16>;
using nonce = std::array<std::byte, nonce_size>;
inline constexpr std::size_t short_nonce = 8; // octets

/// Text of 8 or 16 characters, then octets.
[[nodiscard]] inline nonce make_nonce(std::string_view start, const std::byte* end) noexcept {
    nonce whole;
    std::memcpy(whole.data(), start.data(), start.size());
    std::memcpy(whole.data() + start.size(), end, whole.size() - start.size());
    return whole;
}

/// Memory for as long as a call, wiped when it goes; null when the allocator refuses it.
class wiped_room {
public:
    wiped_room(zmtp::allocator& memory, std::size_t size) noexcept
        : memory_{&memory}, size_{size == 0 ? 1 : size},
          octets_{static_cast<std::byte*>(memory.allocate(size_))} {}
    wiped_room(const wiped_room&) = delete;
    wiped_room& operator=(const wiped_room&) = delete;
    ~wiped_room() {
        if (octets_ == nullptr)
            return;
        wipe(octets_, size_);
        memory_->deallocate(octets_, size_);
    }
    [[nodiscard]] std::byte* get() const noexcept { return octets_; }

private:
    zmtp::allocator* memory_;
    std::size_t size_;
    std::byte* octets_;
};

/// MESSAGE both ways, and the counters of the commands before it. A counter is that of the last
/// command.
class traffic {
public:
    static constexpr std::size_t overhead = 33; // name, nonce, code, flags

    /// Of the key that both transient pairs share.
    void begin(const secret_key& session, std::string_view seal_start,
               std::string_view open_start) noexcept {
        sealing_ = boxes{session.span(), as_start(seal_start)};
        opening_ = boxes{session.span(), as_start(open_start)};
    }

    [[nodiscard]] bool seal(std::uint8_t flags, zmtp::octets payload, std::byte* out) noexcept {
        if (sent == UINT64_MAX)
            return false;
        std::memcpy(out, "\7MESSAGE", 8);
        store_count(out + 8, ++sent);
        const std::byte head{static_cast<std::uint8_t>(
            ((flags & zmtp::frame_flag::more) != 0 ? inner_more : 0U) |
            ((flags & zmtp::frame_flag::command) != 0 ? inner_command : 0U))};
        sealing_.seal(out + 8, {&head, 1}, payload, out + 16);
        return true;
    }
    [[nodiscard]] bool open(zmtp::octets body, std::uint8_t& flags, std::byte* out) noexcept {
        if (body.size() < overhead || std::memcmp(body.data(), "\7MESSAGE", 8) != 0)
            return false;
        const std::uint64_t count = load_count(body.data() + 8);
        std::byte head{};
        if (count <= received || !opening_.open(body.data() + 8, body.subspan(16), {&head, 1}, out))
            return false;
        received = count;                                   // only now that it is the peer's
        const auto inner = std::to_integer<unsigned>(head); // its other bits say nothing
        flags = static_cast<std::uint8_t>(
            ((inner & inner_more) != 0 ? zmtp::frame_flag::more : 0U) |
            ((inner & inner_command) != 0 ? zmtp::frame_flag::command : 0U));
        return true;
    }

    std::uint64_t sent = 0;
    std::uint64_t received = 0;

private:
    static constexpr unsigned inner_more = 1;
    static constexpr unsigned inner_command = 2; // so libzmq; 26/CurveZMQ has it reserved

    static const std::byte* as_start(std::string_view text) noexcept {
        return zmtp::as_octets(text).data();
    }

    boxes sealing_;
    boxes opening_;
};

} // namespace mizzen::curve
