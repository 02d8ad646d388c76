// X25519 by OpenSSL.
#include "x25519.hpp"

#include "salsa20.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
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

pkey pair_of(const own_keys& mine) noexcept {
    const pkey_context context{EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr)};
    // It copies them.
    const std::array<OSSL_PARAM, 3> halves{
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                          const_cast<std::byte*>(mine.open.data()), key_size),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
                                          const_cast<std::byte*>(mine.secret.data()), key_size),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* made = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR,
                          const_cast<OSSL_PARAM*>(halves.data())) != 1)
        return {};
    return pkey{made};
}

bool derive(const pkey& own, public_view theirs, secret_key& point) noexcept {
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

bool share(const pkey& own, public_view theirs, secret_key& out) noexcept {
    secret_key point;
    if (!derive(own, theirs, point))
        return false;
    constexpr std::array<std::byte, 16> zeros{};
    hsalsa20(point.data(), zeros.data(), out.data());
    return true;
}

} // namespace

// Of the options it is one that sets up nothing more (since 3.0); with none the call does nothing.
void prepare_openssl() noexcept { OPENSSL_init_crypto(OPENSSL_INIT_ATFORK, nullptr); }

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
    return share(pair_of(mine), theirs, out);
}

bool share_key(const own_keys& mine, public_view theirs, secret_key& out) noexcept {
    return share(pair_of(mine), theirs, out);
}

} // namespace mizzen::curve
