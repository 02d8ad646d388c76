// Key pairs, what two of them share, and random octets: what OpenSSL does for CURVE.
#pragma once

#include "secret.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace mizzen::curve {

inline constexpr std::size_t key_size = 32;
using public_key = std::array<std::byte, key_size>;
using public_view = std::span<const std::byte, key_size>;
using secret_key = secret<key_size>;

/// One's own pair.
struct own_keys {
    secret_key secret;
    public_key open{};
};

/// Has OpenSSL set up, if it is not, so that what it does at exit comes after the destructors of
/// whatever static is made from now on: a thread that is joined by one may be in a handshake.
void prepare_openssl() noexcept;

// Each is false where OpenSSL says no: it has no memory, or no entropy.
[[nodiscard]] bool random_octets(std::span<std::byte> out) noexcept;
[[nodiscard]] bool public_of(const secret_key& mine, public_key& out) noexcept;
[[nodiscard]] bool make_key_pair(secret_key& mine, public_key& ours) noexcept;
[[nodiscard]] inline bool make_key_pair(own_keys& out) noexcept {
    return make_key_pair(out.secret, out.open);
}

/// The key of boxes between the owners of two pairs (NaCl: crypto_box_beforenm). False also for a
/// public key of small order, with which anybody would know the key. Without our own public key it
/// takes twice as long: OpenSSL wants to have it.
[[nodiscard]] bool share_key(const own_keys& mine, public_view theirs, secret_key& out) noexcept;
[[nodiscard]] bool share_key(const secret_key& mine, public_view theirs, secret_key& out) noexcept;

} // namespace mizzen::curve
