// What a server has a client keep for it, so that it keeps nothing itself.
#pragma once

#include "x25519.hpp"

#include <chrono>
#include <cstddef>
#include <span>

namespace mizzen::curve {

/// Seals a connection's keys into a cookie and opens it again, under a key that changes every
/// minute; the one before it is still good. For one thread.
class cookies {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::size_t nonce_octets = 16;
    static constexpr std::size_t size = nonce_octets + 16 + 2 * key_size;
    static constexpr std::chrono::seconds lifetime{60};

    /// Writes a cookie that starts with its nonce, which is random. False without entropy.
    [[nodiscard]] bool seal(public_view theirs, const secret_key& ours, time_point now,
                            std::span<std::byte, size> out) noexcept;
    [[nodiscard]] bool open(std::span<const std::byte, size> cookie, time_point now,
                            public_key& theirs, secret_key& ours) noexcept;

private:
    [[nodiscard]] bool keep_fresh(time_point now) noexcept;

    secret_key current_;
    secret_key previous_;
    time_point made_;
    bool usable_ = false;
    bool previous_usable_ = false;
};

} // namespace mizzen::curve
