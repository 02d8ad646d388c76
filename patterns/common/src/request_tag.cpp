// Reading and writing request tags.
#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/common/request_tag.hpp>

#include <cstring>

namespace mizzen::patterns {

tag_octets encode_tag(const request_tag& tag, status outcome) noexcept {
    tag_octets frame{};
    std::memcpy(frame.data(), request_tag::prefix.data(), request_tag::prefix.size());
    std::memcpy(frame.data() + 2, tag.id.data(), tag.id.size());
    for (unsigned i = 0; i < 4; ++i)
        frame[18 + i] = static_cast<std::byte>(tag.deadline_ms >> (24 - 8 * i));
    frame.back() = static_cast<std::byte>(outcome);
    return frame;
}

std::optional<request_tag> decode_tag(zmtp::octets frame) noexcept {
    if (frame.size() < request_tag::size || !zmtp::as_text(frame).starts_with(request_tag::prefix))
        return std::nullopt;
    request_tag tag;
    std::memcpy(tag.id.data(), frame.data() + 2, tag.id.size());
    for (std::size_t i = 18; i < request_tag::size; ++i)
        tag.deadline_ms = (tag.deadline_ms << 8) | std::to_integer<std::uint32_t>(frame[i]);
    return tag;
}

request_tag make_tag(std::uint64_t seed, std::uint64_t count, std::uint32_t deadline_ms) noexcept {
    request_tag tag;
    const std::uint64_t halves[] = {mix(seed), mix(seed ^ mix(count))};
    for (std::size_t i = 0; i < tag.id.size(); ++i)
        tag.id[i] = static_cast<std::byte>(halves[i / 8] >> (56 - 8 * (i % 8)));
    tag.deadline_ms = deadline_ms;
    return tag;
}

} // namespace mizzen::patterns
