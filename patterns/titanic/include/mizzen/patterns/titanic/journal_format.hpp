// How a journal looks on the disk, octet by octet; README.md has the tables.
#pragma once

#include <mizzen/patterns/titanic/request_id.hpp>
#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mizzen::titanic {

using zmtp::octets;

/// At the front of each segment.
struct segment_header {
    static constexpr std::size_t size = 64;
    static constexpr std::uint32_t version = 1;
    static constexpr std::uint64_t max_octets = std::uint64_t{1} << 30;

    std::uint64_t number = 0;
    std::uint64_t previous = 0; ///< Sequence of the last record before this segment.
    std::uint64_t first = 0;    ///< Sequence of the first record in it.
    std::uint64_t octets = 0;   ///< Of the whole segment.

    friend bool operator==(const segment_header&, const segment_header&) = default;
};

enum class header_state : std::uint8_t { good, damaged, unknown_version };

using segment_header_octets = std::array<std::byte, segment_header::size>;
[[nodiscard]] segment_header_octets encode_segment_header(const segment_header& header) noexcept;
/// `header` is written if it is good.
[[nodiscard]] header_state decode_segment_header(octets segment, segment_header& header) noexcept;

enum class record_type : std::uint8_t {
    request = 1,
    reply = 2,
    close = 3,
    attempt = 4,   ///< One more has failed.
    set_aside = 5, ///< No more attempts.
    reopen = 6,    ///< Attempts again.
    mark = 7,      ///< The store was closed.
    gap = 8,       ///< A repair: records were lost here, up to sequence `time`.
};

/// One record, and where its body is.
struct record {
    static constexpr std::size_t header_size = 64;
    static constexpr std::size_t alignment = 8;

    record_type type = record_type::mark;
    bool aside = false; ///< Of a request: it was set aside before it was moved.
    std::uint16_t attempts = 0;
    std::uint64_t sequence = 0;
    std::uint64_t time = 0;     ///< Milliseconds since 1970, UTC.
    std::uint32_t unsynced = 0; ///< How many records before it were not synced when it was written.
    std::uint32_t digest = 0;   ///< The request's body_crc: also of a reply.
    std::uint32_t body_crc = 0;
    std::uint16_t service_size = 0; ///< Octets at the front of the body.
    request_id id{};
    octets body; ///< The service's name, then the request or reply.

    [[nodiscard]] std::string_view service() const noexcept {
        return zmtp::as_text(body.first(service_size));
    }
    [[nodiscard]] octets content() const noexcept { return body.subspan(service_size); }
};

/// Octets in a journal of a record with that much body.
[[nodiscard]] constexpr std::size_t record_size(std::size_t body) noexcept {
    return (record::header_size + body + record::alignment - 1) / record::alignment *
           record::alignment;
}

/// Writes the header, for a body of `body` octets of which `body_crc` says the checksum; `r.body`
/// is not looked at.
void encode_record_header(const record& r, std::size_t body, std::byte* to) noexcept;

/// False unless a whole and valid record is at the front of `from`.
[[nodiscard]] bool decode_record(octets from, record& out) noexcept;

} // namespace mizzen::titanic
