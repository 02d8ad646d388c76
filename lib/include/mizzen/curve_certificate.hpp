// Keys in files, as CZMQ's zcert has them.
#pragma once

#include <mizzen/curve_key.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen {

/// A public key, with the secret one where it is the owner's, and what is said of the owner.
struct curve_certificate {
    curve_key public_key;
    std::optional<curve_key> secret_key;
    std::vector<std::pair<std::string, std::string>> metadata; ///< Names and values, in order.
};

/// Reads exactly that file. (CZMQ's zcert_load looks for PATH_secret first.)
/// Errors  What the system says; malformed_certificate: not in CZMQ's format, over 64 KiB, a key
/// that
///         is missing, twice or malformed, a secret key that is not the public key's (in builds
///         with OpenSSL). The form without `ec` throws std::system_error.
[[nodiscard]] curve_certificate load_curve_certificate(const std::filesystem::path& path,
                                                       std::error_code& ec);
[[nodiscard]] curve_certificate load_curve_certificate(const std::filesystem::path& path);
/// The same for a file's text.
[[nodiscard]] curve_certificate parse_curve_certificate(std::string_view text, std::error_code& ec);

/// Writes the public part to `path` and, where there is a secret key, all of it to PATH_secret,
/// which only its owner can read (mode 0600). Each appears whole or not at all, over what was
/// there. Errors  What the system says; malformed_certificate: metadata that cannot be written
/// (names of
///         letters, digits and $-_@.&+/, values without quotes in them and of printable
///         characters).
void save_curve_certificate(const curve_certificate& certificate, const std::filesystem::path& path,
                            std::error_code& ec);
void save_curve_certificate(const curve_certificate& certificate,
                            const std::filesystem::path& path);

} // namespace mizzen
