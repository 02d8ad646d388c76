// Reads one record's body, and names a store's files.
#include "segment_file.hpp"

#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/journal_format.hpp>

#include <cstdio>

namespace mizzen::titanic {
namespace {

constexpr std::string_view prefix = "journal-";

} // namespace

void segment_file::read(std::uint64_t at, std::size_t size, const request_id& id,
                        std::vector<std::byte>& out, std::error_code& ec) const {
    out.resize(size);
    const std::size_t read = read_all(*opened_, at, out, ec);
    record found;
    if (!ec && (read != size || !decode_record(out, found) || found.id != id))
        ec = make_error_code(errc::damaged);
    if (ec) {
        out.clear();
        return;
    }
    const auto begin = out.begin() + (found.content().data() - out.data());
    out.erase(begin + static_cast<std::ptrdiff_t>(found.content().size()), out.end());
    out.erase(out.begin(), begin);
}

std::string segment_name(std::uint64_t number) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    return std::string{prefix} + static_cast<const char*>(digits);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) noexcept {
    if (!name.starts_with(prefix) || name.size() != prefix.size() + 16)
        return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : name.substr(prefix.size())) {
        const bool letter = c >= 'a' && c <= 'f';
        if (!letter && (c < '0' || c > '9'))
            return std::nullopt;
        number = number * 16 + static_cast<std::uint64_t>(letter ? c - 'a' + 10 : c - '0');
    }
    return number;
}

std::string damage_name(std::uint64_t segment, std::uint64_t offset) {
    return "damaged-" + segment_name(segment).substr(prefix.size()) + "-" + std::to_string(offset);
}

} // namespace mizzen::titanic
