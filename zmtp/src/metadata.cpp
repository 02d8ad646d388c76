// Reading and writing metadata properties.
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/metadata.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace mizzen::zmtp {

std::optional<property> next_property(octets& rest, std::error_code& ec) noexcept {
    ec.clear();
    if (rest.empty())
        return std::nullopt;
    const auto broken = [&ec]() -> std::optional<property> {
        ec = errc::malformed_metadata;
        return std::nullopt;
    };
    const auto name_size = std::to_integer<std::size_t>(rest[0]);
    if (name_size == 0 || rest.size() - 1 < name_size + 4)
        return broken();
    const std::string_view name = as_text(rest.subspan(1, name_size));
    std::uint32_t value_size = 0;
    for (const std::byte octet : rest.subspan(1 + name_size, 4))
        value_size = (value_size << 8) | std::to_integer<std::uint32_t>(octet);
    const octets after = rest.subspan(1 + name_size + 4);
    if (value_size > largest_value || value_size > after.size())
        return broken();
    rest = after.subspan(value_size);
    return property{name, after.first(value_size)};
}

std::byte* encode_property(std::byte* out, const property& p) noexcept {
    *out++ = static_cast<std::byte>(p.name.size());
    std::memcpy(out, p.name.data(), p.name.size());
    out += p.name.size();
    for (int shift = 24; shift >= 0; shift -= 8)
        *out++ = static_cast<std::byte>(p.value.size() >> shift);
    if (!p.value.empty())
        std::memcpy(out, p.value.data(), p.value.size());
    return out + p.value.size();
}

bool same_property(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace mizzen::zmtp
