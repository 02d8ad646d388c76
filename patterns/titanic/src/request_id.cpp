// Request ids: new ones, and as text.
#include <mizzen/patterns/titanic/request_id.hpp>

#include <cstring>
#include <random>

namespace mizzen::titanic {
namespace {

int digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

} // namespace

request_id make_request_id() {
    std::random_device source;
    request_id id{};
    for (std::size_t at = 0; at < id.size(); at += sizeof(std::random_device::result_type)) {
        const std::random_device::result_type part = source();
        std::memcpy(id.data() + at, &part, sizeof part);
    }
    return id;
}

std::string to_text(const request_id& id) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * id.size());
    for (const std::byte each : id) {
        out += digits[std::to_integer<std::size_t>(each >> 4)];
        out += digits[std::to_integer<std::size_t>(each & std::byte{15})];
    }
    return out;
}

std::optional<request_id> parse_request_id(std::string_view text) noexcept {
    request_id id{};
    if (text.size() != 2 * id.size())
        return std::nullopt;
    for (std::size_t i = 0; i < id.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return std::nullopt;
        id[i] = static_cast<std::byte>(high * 16 + low);
    }
    return id;
}

} // namespace mizzen::titanic
