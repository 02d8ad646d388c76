// X25519 by OpenSSL.
#include "x25519.hpp"

#include "salsa20.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace mizzen::curve {
namespace {

struct deleter {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using pkey = std::unique_ptr<EVP_PKEY, deleter>;
using pkey_context = std::unique_ptr<EVP_PKEY_CTX, deleter>;

const unsigned char* raw(const std::byte* octets) noexcept {
    return reinterpret_cast<const unsigned char*>(octets);
}
unsigned char* raw(std::byte* octets) noexcept { return reinterpret_cast<unsigned char*>(octets); }

pkey pair_of(const secret_key& mine) noexcept {
    return pkey{EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(mine.data()), key_size)};
}

bool derive(const secret_key& mine, public_view theirs, secret_key& point) noexcept {
    const pkey own = pair_of(mine);
    const pkey other{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, raw(theirs.data()), key_size)};
    if (!own || !other)
        return false;
    const pkey_context context{EVP_PKEY_CTX_new(own.get(), nullptr)};
    std::size_t size = key_size;
    return context && EVP_PKEY_derive_init(context.get()) == 1 &&
           EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1 &&
           EVP_PKEY_derive(context.get(), raw(point.data()), &size) == 1 && size == key_size;
}

} // namespace

bool random_octets(std::span<std::byte> out) noexcept {
    return out.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
           RAND_bytes(raw(out.data()), static_cast<int>(out.size())) == 1;
}

bool public_of(const secret_key& mine, public_key& out) noexcept {
    const pkey own = pair_of(mine);
    std::size_t size = key_size;
    return own && EVP_PKEY_get_raw_public_key(own.get(), raw(out.data()), &size) == 1 &&
           size == key_size;
}

bool make_key_pair(secret_key& mine, public_key& ours) noexcept {
    return random_octets(mine.span()) && public_of(mine, ours);
}

bool share_key(const secret_key& mine, public_view theirs, secret_key& out) noexcept {
    secret_key point;
    if (!derive(mine, theirs, point))
        return false;
    constexpr std::array<std::byte, 16> zeros{};
    hsalsa20(point.data(), zeros.data(), out.data());
    return true;
}

} // namespace mizzen::curve
