// Sealing and opening boxes: the cipher, then the code over what it gave; the code, then the
// cipher.
#include "box.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

namespace mizzen::curve {
namespace {

constexpr std::size_t largest_head = 32;
constexpr std::size_t key_octets = poly1305_key_size; // of the stream, before the message's

} // namespace

boxes::boxes(std::span<const std::byte, 32> key, const std::byte* nonce_start,
             salsa20_path path) noexcept
    : path_{path} {
    secret<32> own;
    hsalsa20(key.data(), nonce_start, own.data());
    input_ = make_salsa20_input(own.data());
}

boxes::~boxes() { OPENSSL_cleanse(&input_, sizeof input_); }

boxes::opening::opening(const boxes& of, const std::byte* nonce_end, std::size_t size) noexcept
    : input{of.input_} {
    set_salsa20_nonce(input, nonce_end);
    const std::size_t wanted =
        (std::min(size, most_at_once - key_octets) + key_octets + salsa20_block - 1) /
        salsa20_block * salsa20_block;
    covered = wanted - key_octets;
    std::memset(stream, 0, wanted);
    salsa20_xor(of.path_, input, 0, stream, stream, wanted);
}

boxes::opening::~opening() {
    OPENSSL_cleanse(&input, sizeof input);
    OPENSSL_cleanse(stream, key_octets + covered);
}

// Combines octets of the message from `at` on with what there is for them.
void boxes::opening::cover(const std::byte* from, std::byte* to, std::size_t at,
                           std::size_t size) const noexcept {
    const std::byte* with = stream + key_octets + at;
    for (std::size_t i = 0; i < size; ++i)
        to[i] = from[i] ^ with[i];
}

// The text behind a head, of which the first octets are covered and the others start with a block.
void boxes::opening::cover_rest(const boxes& of, const std::byte* from, std::byte* to,
                                std::size_t head, std::size_t size) const noexcept {
    const std::size_t here = std::min(size, covered - head);
    cover(from, to, head, here);
    if (size > here)
        salsa20_xor(of.path_, input, (key_octets + covered) / salsa20_block, from + here, to + here,
                    size - here);
}

void boxes::seal(const std::byte* nonce_end, zmtp::octets head, zmtp::octets text,
                 std::byte* out) const noexcept {
    const std::size_t size = head.size() + text.size();
    const opening first{*this, nonce_end, size};
    std::byte* const body = out + box_overhead;
    first.cover_rest(*this, text.data(), body + head.size(), head.size(), text.size());
    first.cover(head.data(), body, 0, head.size());
    poly1305(first.stream, {body, size}, out);
}

bool boxes::open(const std::byte* nonce_end, zmtp::octets box, std::span<std::byte> head,
                 std::byte* text) const noexcept {
    if (box.size() < box_overhead + head.size() || head.size() > largest_head)
        return false;
    const zmtp::octets body = box.subspan(box_overhead);
    const opening first{*this, nonce_end, body.size()};
    std::byte code[poly1305_size];
    poly1305(first.stream, body, code);
    if (CRYPTO_memcmp(code, box.data(), poly1305_size) != 0)
        return false;
    first.cover(body.data(), head.data(), 0, head.size());
    first.cover_rest(*this, body.data() + head.size(), text, head.size(),
                     body.size() - head.size());
    return true;
}

void seal_box(std::span<const std::byte, 32> key, std::span<const std::byte, nonce_size> nonce,
              zmtp::octets text, std::byte* out) noexcept {
    boxes{key, nonce.data()}.seal(nonce.data() + 16, {}, text, out);
}

bool open_box(std::span<const std::byte, 32> key, std::span<const std::byte, nonce_size> nonce,
              zmtp::octets box, std::byte* text) noexcept {
    return boxes{key, nonce.data()}.open(nonce.data() + 16, box, {}, text);
}

} // namespace mizzen::curve
