// Comparing secrets, and forgetting them.
#include <mizzen/zmtp/security.hpp>

namespace mizzen::zmtp {

bool same_secret(octets a, octets b) noexcept {
    // Volatile, so that no compiler leaves the loop early.
    volatile unsigned different = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size() && !b.empty(); ++i)
        different = different | std::to_integer<unsigned>(a[i] ^ b[i % b.size()]);
    return different == 0 && a.size() == b.size();
}

void wipe(std::span<std::byte> secret) noexcept {
    volatile std::byte* const at = secret.data();
    for (std::size_t i = 0; i < secret.size(); ++i)
        at[i] = std::byte{0};
}

} // namespace mizzen::zmtp
