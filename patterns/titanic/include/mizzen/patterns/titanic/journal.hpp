// The store that is the default: an append-only journal in segments, with group commit.
#pragma once

#include <mizzen/patterns/titanic/files.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::titanic {

/// What a released ticket means.
enum class sync_mode : std::uint8_t {
    always,   ///< It is on the disk: it survives the loss of power.
    interval, ///< It survives the process, and after `sync_interval` also the loss of power.
    never,    ///< It survives the process. Only a full segment is synced.
};

enum class journal_access : std::uint8_t {
    normal,  ///< Damage makes the store read-only; a torn tail is cut off.
    repair,  ///< Damage is copied to files of its own, marked, and skipped from then on.
    inspect, ///< Read-only, with no lock: nothing on the disk is changed.
};

struct journal_options {
    journal_access access = journal_access::normal;
    sync_mode sync = sync_mode::always;
    milliseconds sync_interval{100};
    milliseconds retention{7 * 24 * 3600 * 1000}; ///< Of replies that nobody closes; 0 is for ever.
    std::uint64_t segment_octets = 64 << 20;      ///< A multiple of 8, from 4 KiB to 1 GiB.
    /// Of a service's name and a request, or a reply. A record takes a quarter of a segment at
    /// most.
    std::size_t max_body_octets = 8 << 20;
    std::size_t max_requests = 10'000'000;
    std::uint64_t max_octets = std::uint64_t{16} << 30; ///< Live ones; the disk holds up to twice.
    /// Waiting for one commit; an eighth of a segment at most, and in any case one record.
    std::size_t max_group_octets = 8 << 20;
    std::uint64_t seed = 0; ///< Of the index: keeps those who choose ids from choosing its shape.
};

/// What recovery has found.
struct recovery_report {
    struct damage {
        std::string file;
        std::uint64_t offset = 0;
        std::uint64_t octets = 0;
        std::uint64_t first_lost = 0; ///< Sequences of records; 0 where that is not known.
        std::uint64_t last_lost = 0;
        std::string words;
    };
    static constexpr std::size_t max_damages = 1000; ///< That are listed.

    std::size_t segments = 0;
    std::uint64_t records = 0;
    std::uint64_t octets = 0;    ///< Of records.
    std::uint64_t damages = 0;   ///< All of them.
    std::vector<damage> damaged; ///< The first ones.
    std::optional<damage> torn;  ///< What a crash left of its last writes; none of it was released.
    bool repaired = false;
    std::size_t foreign = 0; ///< Files that are no part of the store, and left alone.
};

/// Opens the store in `where`, or makes a new one there. Null with an error:
///
/// Errors   locked, unknown_version, bad_options, not_repairable, or what the file system says.
/// Report   Written in any case. A store with damage that was not repaired is read-only.
/// Cost     Reads all segments, one at a time and each whole.
[[nodiscard]] std::unique_ptr<store> open_journal(std::unique_ptr<directory> where,
                                                  const journal_options& options, wall_time now,
                                                  recovery_report& report, std::error_code& ec);

} // namespace mizzen::titanic
