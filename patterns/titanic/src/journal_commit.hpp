// What one commit does to the disk: made by the store, run on whatever thread.
#pragma once

#include "octet_buffer.hpp"
#include "request_index.hpp"
#include "segment_file.hpp"
#include <mizzen/patterns/titanic/files.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace mizzen::titanic {

/// The octets that go to one segment. One that begins a segment has its header in front.
struct commit_part {
    std::shared_ptr<segment_file> to;
    std::shared_ptr<segment_file> before; ///< Of a new segment: the one that is full, if any.
    std::string name;                     ///< Of a new segment; empty for one that is there.
    std::uint64_t at = 0;
    std::size_t begin = 0; ///< In `journal_commit::data`.
    std::size_t end = 0;
};

/// A record on its way from one segment to another.
struct record_move {
    index_entry::place entry = index_entry::none;
    request_id id{};
    std::uint32_t from_segment = 0;
    std::uint32_t from_offset = 0;
    std::uint32_t to_segment = 0;
    std::uint32_t to_offset = 0;
    std::size_t size = 0;
    std::size_t begin = 0; ///< In `journal_commit::moved`.
};

class journal_commit final : public commit_job {
public:
    explicit journal_commit(directory& where) noexcept : where_{where} {}

    // What to do, in this order.
    octet_buffer data;
    std::vector<commit_part> parts;
    std::shared_ptr<segment_file> sync; ///< Null: nothing.
    std::uint64_t spare_octets = 0;     ///< Of a spare segment to be made; 0: none.
    std::vector<std::string> drops;
    std::shared_ptr<segment_file> moves_from;
    std::vector<record_move> moves; ///< To be read.

    // What to take over once it is done.
    ticket last = 0;
    std::uint32_t last_segment = 0;
    std::uint64_t last_end = 0;
    std::vector<record_move> arrivals; ///< Whose copies are in `data`.

    // How it went.
    std::error_code failure;
    std::error_code spare_error;
    std::shared_ptr<segment_file> spare;
    std::size_t dropped = 0;
    std::error_code drop_error;
    octet_buffer moved;
    std::error_code move_error;

    void run() noexcept override;
    /// Nothing to do, and nothing done.
    void reset(std::size_t kept_octets) noexcept;

private:
    void write(std::error_code& ec);
    void begin_segment(const commit_part& part, std::error_code& ec);
    void make_spare();
    void drop();
    void read_moves();

    directory& where_;
};

} // namespace mizzen::titanic
