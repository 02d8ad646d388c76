// Building and reading of Freelance's messages.
#include "network_order.hpp"
#include <mizzen/patterns/freelance/wire.hpp>

#include <array>
#include <charconv>
#include <cstring>
#include <iterator>
#include <optional>

namespace mizzen::freelance {

using patterns::read_number;
using patterns::request_tag;
using patterns::write_number;

std::uint64_t parse_number(octets text) noexcept {
    const std::string_view digits = zmtp::as_text(text);
    std::uint64_t number = 0;
    if (digits.empty() || digits.front() == '0')
        return 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return ec == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

bool is_word(const message& m, std::string_view word) noexcept {
    return m.size() == 1 && m.text(0) == word;
}

void frame_shotgun_request(message& body, std::uint64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    body.push_front(std::string_view{digits.data(), static_cast<std::size_t>(end - digits.data())});
    body.push_front(octets{});
}

void frame_complex_request(message& body, std::uint64_t seed, std::uint64_t number,
                           std::uint32_t deadline_ms) {
    request_tag tag;
    write_number(tag.id.data(), seed);
    write_number(tag.id.data() + 8, number);
    tag.deadline_ms = deadline_ms;
    const auto frame = patterns::encode_tag(tag);
    body.push_front(octets{frame}.first(request_tag::size));
}

call_number parse_shotgun_reply(const message& m) noexcept {
    if (m.size() < 3 || !m.front().empty())
        return {};
    return {parse_number(*std::next(m.begin())), patterns::status::ok};
}

call_number parse_complex_reply(const message& m, std::uint64_t seed) noexcept {
    if (m.size() < 2)
        return {};
    const octets front = m.front();
    if (front.size() != request_tag::size && front.size() != request_tag::reply_size)
        return {};
    const std::optional<request_tag> tag = patterns::decode_tag(front);
    if (!tag || read_number<std::uint64_t>(tag->id.data()) != seed)
        return {};
    call_number out{read_number<std::uint64_t>(tag->id.data() + 8)};
    if (front.size() == request_tag::reply_size)
        out.outcome = static_cast<patterns::status>(front.back());
    return out;
}

} // namespace mizzen::freelance
