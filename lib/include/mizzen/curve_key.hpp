// The keys of the CURVE mechanism, and the text they are written in.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen {

/// A public or a secret key. Compared in a time that tells nothing, and wiped when it goes.
struct curve_key {
    static constexpr std::size_t size = 32;
    std::array<std::byte, size> octets{};

    curve_key() = default;
    curve_key(const curve_key&) = default;
    curve_key& operator=(const curve_key&) = default;
    ~curve_key();
    friend bool operator==(const curve_key& a, const curve_key& b) noexcept;
};

/// A key as 32 octets or as 40 characters of Z85. Errors: malformed_key; the key is then zero. The
/// form without `ec` throws std::system_error.
[[nodiscard]] curve_key make_curve_key(std::string_view text, std::error_code& ec);
[[nodiscard]] curve_key make_curve_key(std::string_view text);
/// The 40 characters of a key.
[[nodiscard]] std::string to_z85(const curve_key& key);

/// A pair of keys.
struct curve_key_pair {
    curve_key public_key;
    curve_key secret_key;
};
/// A new pair. Errors: no_curve in a build without OpenSSL; no_random where the system has no
/// entropy to give. The form without `ec` throws std::system_error.
[[nodiscard]] curve_key_pair make_curve_key_pair(std::error_code& ec);
[[nodiscard]] curve_key_pair make_curve_key_pair();

/// Z85 (32/Z85): five characters for each four octets. Errors: malformed_key, for octets that are
/// not a multiple of four; for text that is not one of five, has other characters, or five of them
/// that are more than four octets hold. The result is then empty.
[[nodiscard]] std::string z85_encode(zmtp::octets octets, std::error_code& ec);
[[nodiscard]] std::string z85_decode(std::string_view text, std::error_code& ec);

} // namespace mizzen
