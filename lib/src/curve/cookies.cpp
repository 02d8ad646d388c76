// Cookies, and the keys that they are under.
#include "cookies.hpp"

#include "box.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mizzen::curve {
namespace {

std::array<std::byte, nonce_size> whole_nonce(const std::byte* random) noexcept {
    std::array<std::byte, nonce_size> nonce;
    std::memcpy(nonce.data(), "COOKIE--", 8);
    std::memcpy(nonce.data() + 8, random, cookies::nonce_octets);
    return nonce;
}

} // namespace

// False where there is no key that could be used.
bool cookies::keep_fresh(time_point now) noexcept {
    if (usable_ && now - made_ < lifetime)
        return true;
    secret_key fresh;
    if (!random_octets(fresh.span()))
        return false;
    previous_usable_ = usable_ && now - made_ < 2 * lifetime;
    previous_ = current_;
    current_ = fresh;
    made_ = now;
    usable_ = true;
    return true;
}

bool cookies::seal(public_view theirs, const secret_key& ours, time_point now,
                   std::span<std::byte, size> out) noexcept {
    if (!keep_fresh(now) || !random_octets(out.first<nonce_octets>()))
        return false;
    secret<2 * key_size> plain;
    std::memcpy(plain.data(), theirs.data(), key_size);
    std::memcpy(plain.data() + key_size, ours.data(), key_size);
    seal_box(current_.span(), whole_nonce(out.data()), plain.span(), out.data() + nonce_octets);
    return true;
}

bool cookies::open(std::span<const std::byte, size> cookie, time_point now, public_key& theirs,
                   secret_key& ours) noexcept {
    if (!keep_fresh(now))
        return false;
    const auto nonce = whole_nonce(cookie.data());
    const zmtp::octets box = cookie.subspan<nonce_octets>();
    secret<2 * key_size> plain;
    if (!open_box(current_.span(), nonce, box, plain.data()) &&
        !(previous_usable_ && open_box(previous_.span(), nonce, box, plain.data())))
        return false;
    std::memcpy(theirs.data(), plain.data(), key_size);
    std::memcpy(ours.data(), plain.data() + key_size, key_size);
    return true;
}

} // namespace mizzen::curve
