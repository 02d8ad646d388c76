// Keys as text, and how they leave memory.
#include "wipe.hpp"
#include <mizzen/curve_key.hpp>
#include <mizzen/error.hpp>
#include <mizzen/zmtp/security.hpp>

#if defined(MIZZEN_HAVE_OPENSSL)
#include "curve/x25519.hpp"
#endif

#include <algorithm>
#include <cstdint>

namespace mizzen {
namespace {

using detail::wipe;

constexpr std::string_view alphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::size_t key_text = 40;

// The character's place in the alphabet, found without an address that depends on it, since keys
// are secrets; 85 for others.
std::uint32_t digit_of(char c) noexcept {
    std::uint32_t digit = 85;
    for (std::uint32_t i = 0; i < alphabet.size(); ++i)
        digit = alphabet[i] == c ? i : digit;
    return digit;
}
char character_of(std::uint32_t digit) noexcept {
    char c = 0;
    for (std::uint32_t i = 0; i < alphabet.size(); ++i)
        c = i == digit ? alphabet[i] : c;
    return c;
}

} // namespace

curve_key::~curve_key() { zmtp::wipe(octets); }

bool operator==(const curve_key& a, const curve_key& b) noexcept {
    return zmtp::same_secret(a.octets, b.octets);
}

std::string z85_encode(zmtp::octets octets, std::error_code& ec) {
    ec.clear();
    if (octets.size() % 4 != 0) {
        ec = errc::malformed_key;
        return {};
    }
    std::string text(octets.size() / 4 * 5, '0');
    for (std::size_t group = 0; group < octets.size() / 4; ++group) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i)
            value = value << 8 | std::to_integer<std::uint32_t>(octets[4 * group + i]);
        for (std::size_t i = 5; i-- > 0; value /= 85)
            text[5 * group + i] = character_of(value % 85);
    }
    return text;
}

std::string z85_decode(std::string_view text, std::error_code& ec) {
    ec.clear();
    std::string octets(text.size() / 5 * 4, '\0');
    bool valid = text.size() % 5 == 0;
    for (std::size_t group = 0; group < text.size() / 5; ++group) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 5; ++i) {
            const std::uint32_t digit = digit_of(text[5 * group + i]);
            valid = valid && digit < 85;
            value = value * 85 + digit;
        }
        valid = valid && value >> 32 == 0;
        for (std::size_t i = 0; i < 4; ++i)
            octets[4 * group + i] = static_cast<char>(value >> 8 * (3 - i));
    }
    if (!valid) {
        ec = errc::malformed_key;
        wipe(octets);
        octets.clear();
    }
    return octets;
}

curve_key make_curve_key(std::string_view text, std::error_code& ec) {
    ec.clear();
    curve_key key;
    std::string octets;
    if (text.size() == curve_key::size)
        octets = text;
    else if (text.size() == key_text)
        octets = z85_decode(text, ec);
    else
        ec = errc::malformed_key;
    if (!ec)
        std::copy_n(reinterpret_cast<const std::byte*>(octets.data()), curve_key::size,
                    key.octets.begin());
    wipe(octets);
    return key;
}

curve_key make_curve_key(std::string_view text) {
    std::error_code ec;
    curve_key key = make_curve_key(text, ec);
    if (ec)
        throw std::system_error(ec, "make_curve_key");
    return key;
}

std::string to_z85(const curve_key& key) {
    std::error_code never;
    return z85_encode(key.octets, never);
}

curve_key_pair make_curve_key_pair(std::error_code& ec) {
    curve_key_pair pair;
#if defined(MIZZEN_HAVE_OPENSSL)
    curve::secret_key secret;
    const bool made = curve::make_key_pair(secret, pair.public_key.octets);
    std::copy_n(secret.data(), secret.size(), pair.secret_key.octets.begin());
    ec = made ? std::error_code{} : make_error_code(errc::no_random);
#else
    ec = errc::no_curve;
#endif
    return pair;
}

curve_key_pair make_curve_key_pair() {
    std::error_code ec;
    curve_key_pair pair = make_curve_key_pair(ec);
    if (ec)
        throw std::system_error(ec, "make_curve_key_pair");
    return pair;
}

} // namespace mizzen
