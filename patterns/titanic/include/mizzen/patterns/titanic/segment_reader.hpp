// Reads the records of one segment, whatever has become of it.
#pragma once

#include <mizzen/patterns/titanic/journal_format.hpp>

#include <cstddef>
#include <cstdint>

namespace mizzen::titanic {

/// Records in their order, and where there are none. Pure: the same octets give the same steps.
///
/// Behind what is no record, a later one tells which of two things has happened. It says how many
/// records before it were not synced as it was written. Does that reach back to the missing one,
/// then a crash tore the last writes, none of which was acknowledged: the tail is torn, and ends
/// the journal. Else the missing one had been on the disk: this is damage, and reading goes on.
class segment_reader {
public:
    enum class place : std::uint8_t {
        middle, ///< Other segments follow: this one was synced whole, and nothing in it is a tail.
        last,
    };
    enum class step : std::uint8_t {
        record,
        damage, ///< Octets from `begin` to `end` are not what was written.
        torn,   ///< The same, and the last thing before `done`.
        done,
    };
    struct range {
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    /// `segment` with its header. `first` is the first record's sequence; 0 if that is not known.
    segment_reader(octets segment, std::uint64_t first, place where) noexcept;

    /// `out` is written with step::record; its body points into the segment.
    [[nodiscard]] step next(record& out) noexcept;
    /// Of what was last read.
    [[nodiscard]] range where() const noexcept { return where_; }
    /// Sequence of the record that comes next.
    [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }
    /// Behind the last record.
    [[nodiscard]] std::size_t end() const noexcept { return end_; }

private:
    [[nodiscard]] bool record_at(std::size_t at, record& out) const noexcept;
    [[nodiscard]] step explain() noexcept;

    octets segment_;
    std::uint64_t expected_;
    place place_;
    std::size_t at_ = segment_header::size;
    std::size_t end_ = segment_header::size;
    std::size_t written_ = 0; ///< Behind the last octet that is not zero.
    range where_;
};

} // namespace mizzen::titanic
