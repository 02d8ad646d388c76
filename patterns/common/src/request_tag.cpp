// Reading and writing request tags.
#include "network_order.hpp"
#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/common/request_tag.hpp>

#include <cstring>

namespace mizzen::patterns {

tag_octets encode_tag(const request_tag& tag, status outcome) noexcept {
    tag_octets frame{};
    std::memcpy(frame.data(), request_tag::prefix.data(), request_tag::prefix.size());
    std::memcpy(frame.data() + 2, tag.id.data(), tag.id.size());
    write_number(frame.data() + 18, tag.deadline_ms);
    frame.back() = static_cast<std::byte>(outcome);
    return frame;
}

std::optional<request_tag> decode_tag(zmtp::octets frame) noexcept {
    if (frame.size() < request_tag::size || !zmtp::as_text(frame).starts_with(request_tag::prefix))
        return std::nullopt;
    request_tag tag;
    std::memcpy(tag.id.data(), frame.data() + 2, tag.id.size());
    tag.deadline_ms = read_number<std::uint32_t>(frame.data() + 18);
    return tag;
}

request_tag make_tag(std::uint64_t seed, std::uint64_t count, std::uint32_t deadline_ms) noexcept {
    request_tag tag;
    write_number(tag.id.data(), mix(seed));
    write_number(tag.id.data() + 8, mix(seed ^ mix(count)));
    tag.deadline_ms = deadline_ms;
    return tag;
}

} // namespace mizzen::patterns
