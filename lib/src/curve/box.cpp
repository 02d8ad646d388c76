// Sealing and opening boxes: the cipher, then the code over what it gave; the code, then the
// cipher.
#include "box.hpp"

#include "combine.hpp"
#include "count.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mizzen::curve {
namespace {

constexpr std::size_t largest_head = 32;
constexpr std::size_t key_octets = poly1305_key_size; // of the stream, before the message's

bool same_code(const std::byte* a, const std::byte* b) noexcept {
    std::uint64_t left[2];
    std::uint64_t right[2];
    std::memcpy(left, a, poly1305_size);
    std::memcpy(right, b, poly1305_size);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
}

} // namespace

boxes::boxes(std::span<const std::byte, 32> key, const std::byte* nonce_start, path way) noexcept
    : way_{way} {
    secret<32> own;
    hsalsa20(key.data(), nonce_start, own.data());
    input_ = make_salsa20_input(own.data());
}

boxes::~boxes() {
    wipe(&input_, sizeof input_);
    wipe(streams_, sizeof streams_);
}

// As many blocks as leave a multiple of the lanes to the rest, so that none computes for nothing.
boxes::opening boxes::open_stream(const std::byte* nonce_end, std::size_t size) noexcept {
    const std::uint64_t count = load_count(nonce_end);
    if (count - first_ >= count_) {
        const std::size_t lanes = lanes_of(way_);
        const std::size_t blocks = (key_octets + size + salsa20_block - 1) / salsa20_block;
        const std::size_t each =
            lanes == 1 ? std::min(blocks, most_lanes) : (blocks - 1) % lanes + 1;
        salsa20_first_blocks(way_, input_, count, each, streams_);
        first_ = count;
        each_ = static_cast<std::uint8_t>(each);
        count_ = static_cast<std::uint8_t>(std::max<std::size_t>(lanes / each, 1));
    }
    return {streams_ + (count - first_) * each_ * salsa20_block,
            each_ * salsa20_block - key_octets};
}

// The text behind a head, of which the first octets are covered and the others start with a block.
void boxes::cover_rest(const opening& first, const std::byte* nonce_end, const std::byte* from,
                       std::byte* to, std::size_t head, std::size_t size) const noexcept {
    const std::size_t here = std::min(size, first.covered - head);
    combine(from, first.stream + key_octets + head, to, here);
    if (size == here)
        return;
    salsa20_input input = input_;
    set_salsa20_nonce(input, nonce_end);
    salsa20_xor(way_, input, each_, from + here, to + here, size - here);
    wipe(&input, sizeof input);
}

void boxes::seal(const std::byte* nonce_end, zmtp::octets head, zmtp::octets text,
                 std::byte* out) noexcept {
    const std::size_t size = head.size() + text.size();
    const opening first = open_stream(nonce_end, size);
    std::byte* const body = out + box_overhead;
    std::size_t some = 0; // of the text
    if constexpr (std::endian::native == std::endian::little)
        if (head.size() == 1 && text.size() >= 8) {
            // By words from the start of the body on, as Poly1305 reads it: what was just written
            // in other pieces is slow to read.
            std::uint64_t front;
            std::memcpy(&front, text.data(), sizeof front);
            front = front << 8 | std::to_integer<std::uint64_t>(head[0]);
            std::memcpy(body, &front, sizeof front);
            combine(body, first.stream + key_octets, body, sizeof front);
            some = sizeof front - 1;
        }
    cover_rest(first, nonce_end, text.data() + some, body + head.size() + some, head.size() + some,
               text.size() - some);
    if (some == 0)
        combine(head.data(), first.stream + key_octets, body, head.size());
    poly1305(way_, first.stream, {body, size}, out);
}

bool boxes::open(const std::byte* nonce_end, zmtp::octets box, std::span<std::byte> head,
                 std::byte* text) noexcept {
    if (box.size() < box_overhead + head.size() || head.size() > largest_head)
        return false;
    const zmtp::octets body = box.subspan(box_overhead);
    const opening first = open_stream(nonce_end, body.size());
    std::byte code[poly1305_size];
    poly1305(way_, first.stream, body, code);
    if (!same_code(code, box.data()))
        return false;
    combine(body.data(), first.stream + key_octets, head.data(), head.size());
    cover_rest(first, nonce_end, body.data() + head.size(), text, head.size(),
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
