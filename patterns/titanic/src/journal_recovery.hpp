// Reads a whole journal into a store, and finds out what is wrong with it.
#pragma once

#include "journal_store.hpp"
#include <mizzen/patterns/titanic/segment_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::titanic {

/// What a repair has to do to one segment.
struct segment_repair {
    std::uint64_t number = 0;
    bool header = false;   ///< Write it anew.
    segment_header wanted; ///< With what is known of it.
    struct gap {
        segment_reader::range where;
        std::uint64_t first = 0; ///< Sequences that were lost.
        std::uint64_t last = 0;
    };
    std::vector<gap> gaps;

    [[nodiscard]] bool any() const noexcept { return header || !gaps.empty(); }
};

class journal_recovery {
public:
    journal_recovery(journal_store& to, recovery_report& report, journal_access access)
        : store_{to}, report_{report}, access_{access} {}

    /// Fills the store. no_such_file_or_directory if a segment went away meanwhile.
    void run(std::error_code& ec);
    /// Marks the damage that `run` has found; whoever runs anew finds none.
    void repair(std::error_code& ec);

    [[nodiscard]] bool found_damage() const noexcept { return found_damage_; }
    /// Zeros the torn tail, and syncs what may have been written without.
    void settle(std::error_code& ec);

private:
    [[nodiscard]] std::vector<std::uint64_t> numbers(std::error_code& ec);
    void read_segment(std::uint64_t number, bool last, std::error_code& ec);
    [[nodiscard]] bool check_header(std::uint64_t number, segment_repair& repair,
                                    std::error_code& ec);
    void read_records(segment_reader& reader, segment_repair& repair);
    void damage(std::uint64_t number, segment_reader::range where, std::uint64_t first_lost,
                std::uint64_t last_lost, const char* words);
    void mark_gap(const segment_repair& in, const segment_repair::gap& gap, file& segment,
                  std::error_code& ec);
    void save(const std::string& name, octets data, std::error_code& ec);

    journal_store& store_;
    recovery_report& report_;
    journal_access access_;
    bool found_damage_ = false;
    std::uint64_t expected_ = 0; ///< Sequence of the next record; 0 before the first segment.
    std::size_t end_ = segment_header::size; ///< Of the last segment.
    segment_reader::range torn_;
    std::vector<std::byte> segment_; ///< The one that is being read.
    std::shared_ptr<segment_file> last_;
    std::vector<segment_repair> repairs_;
};

} // namespace mizzen::titanic
