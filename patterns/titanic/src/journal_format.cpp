// Writes and reads the headers of segments and records.
#include "little_endian.hpp"
#include <mizzen/patterns/titanic/crc32c.hpp>
#include <mizzen/patterns/titanic/journal_format.hpp>

#include <algorithm>
#include <cstring>

namespace mizzen::titanic {
namespace {

constexpr std::string_view magic = "MZTITAN\n";

/// Of all but the checksum itself.
std::uint32_t checksum(octets header) noexcept {
    return crc32c(header.subspan(16, segment_header::size - 16), crc32c(header.first(12)));
}

bool zero(octets data) noexcept {
    return std::ranges::all_of(data, [](std::byte each) { return each == std::byte{0}; });
}

} // namespace

segment_header_octets encode_segment_header(const segment_header& header) noexcept {
    segment_header_octets out{};
    std::memcpy(out.data(), magic.data(), magic.size());
    put(out.data() + 8, segment_header::version);
    put(out.data() + 16, header.number);
    put(out.data() + 24, header.previous);
    put(out.data() + 32, header.first);
    put(out.data() + 40, header.octets);
    put(out.data() + 12, checksum(out));
    return out;
}

header_state decode_segment_header(octets segment, segment_header& header) noexcept {
    if (segment.size() < segment_header::size ||
        zmtp::as_text(segment.first(magic.size())) != magic ||
        get<std::uint32_t>(segment.data() + 12) != checksum(segment))
        return header_state::damaged;
    // Every version has its number and this checksum in these places.
    if (get<std::uint32_t>(segment.data() + 8) != segment_header::version)
        return header_state::unknown_version;
    const segment_header read{.number = get<std::uint64_t>(segment.data() + 16),
                              .previous = get<std::uint64_t>(segment.data() + 24),
                              .first = get<std::uint64_t>(segment.data() + 32),
                              .octets = get<std::uint64_t>(segment.data() + 40)};
    if (read.first == 0 || read.first >> 63 != 0 || read.first <= read.previous ||
        read.octets < segment_header::size || read.octets > segment_header::max_octets ||
        read.octets % record::alignment != 0 || !zero(segment.subspan(48, 16)))
        return header_state::damaged;
    header = read;
    return header_state::good;
}

void encode_record_header(const record& r, std::size_t body, std::byte* to) noexcept {
    put(to + 4, static_cast<std::uint32_t>(body));
    put(to + 8, r.body_crc);
    to[12] = static_cast<std::byte>(r.type);
    to[13] = r.aside ? std::byte{1} : std::byte{0};
    put(to + 14, r.attempts);
    put(to + 16, r.sequence);
    put(to + 24, r.time);
    put(to + 32, r.unsynced);
    put(to + 36, r.digest);
    put(to + 40, r.service_size);
    put(to + 42, std::uint16_t{0});
    put(to + 44, std::uint32_t{0});
    std::memcpy(to + 48, r.id.data(), r.id.size());
    put(to, crc32c({to + 4, record::header_size - 4}));
}

bool decode_record(octets from, record& out) noexcept {
    if (from.size() < record::header_size)
        return false;
    const std::byte* const at = from.data();
    const std::size_t size = get<std::uint32_t>(at + 4);
    const auto type = std::to_integer<std::uint8_t>(at[12]);
    // These come first since they are cheap: a search for records asks here for every place.
    if (type < static_cast<std::uint8_t>(record_type::request) ||
        type > static_cast<std::uint8_t>(record_type::gap) || at[13] > std::byte{1} ||
        !zero(from.subspan(42, 6)) || size > from.size() - record::header_size ||
        record_size(size) > from.size())
        return false;
    if (get<std::uint32_t>(at) != crc32c(from.subspan(4, record::header_size - 4)))
        return false;
    const octets body = from.subspan(record::header_size, size);
    const octets padding =
        from.subspan(record::header_size + size, record_size(size) - record::header_size - size);
    record read;
    read.type = static_cast<record_type>(type);
    read.aside = at[13] == std::byte{1};
    read.attempts = get<std::uint16_t>(at + 14);
    read.sequence = get<std::uint64_t>(at + 16);
    read.time = get<std::uint64_t>(at + 24);
    read.unsynced = get<std::uint32_t>(at + 32);
    read.digest = get<std::uint32_t>(at + 36);
    read.body_crc = get<std::uint32_t>(at + 8);
    read.service_size = get<std::uint16_t>(at + 40);
    std::memcpy(read.id.data(), at + 48, read.id.size());
    read.body = body;
    // Half of all numbers are enough, and leave the sums below them without an overflow.
    if (read.sequence == 0 || read.sequence >> 63 != 0 || read.time >> 62 != 0 ||
        read.unsynced >= read.sequence || read.service_size > size || !zero(padding) ||
        (read.type == record_type::gap && (read.time < read.sequence)) ||
        read.body_crc != crc32c(body))
        return false;
    out = read;
    return true;
}

} // namespace mizzen::titanic
