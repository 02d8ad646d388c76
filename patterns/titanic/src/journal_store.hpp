// The journal's store: what is to be written, where everything is, what may go.
#pragma once

#include "journal_commit.hpp"
#include "octet_buffer.hpp"
#include "request_index.hpp"
#include "segment_file.hpp"
#include "service_names.hpp"
#include <mizzen/patterns/titanic/journal.hpp>
#include <mizzen/patterns/titanic/journal_format.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

namespace mizzen::titanic {

struct journal_segment {
    std::uint64_t number = 0;
    std::uint64_t octets = 0;
    std::shared_ptr<segment_file> contents;
    std::uint64_t live_octets = 0;
    entry_list live; ///< Whose bodies are in it.
};

class journal_store final : public store {
public:
    journal_store(std::shared_ptr<directory> where, const journal_options& options);
    ~journal_store() override = default;

    ticket append_request(const request_id& id, std::string_view service, pieces body,
                          wall_time now, std::error_code& ec) override;
    ticket append_reply(const request_id& id, pieces body, wall_time now,
                        std::error_code& ec) override;
    ticket close_request(const request_id& id, std::error_code& ec) override;
    ticket count_attempt(const request_id& id, std::error_code& ec) override;
    ticket set_aside(const request_id& id, std::error_code& ec) override;
    ticket reopen(const request_id& id, std::error_code& ec) override;
    std::size_t expire(wall_time now) override;

    std::optional<request_info> find(const request_id& id) const override;
    body_reader reader(const request_id& id, std::error_code& ec) const override;
    void for_each(request_state which,
                  const std::function<bool(const request_info&)>& each) const override;

    commit_job* begin_commit(wall_time now) override;
    void end_commit(wall_time now) override;
    ticket released() const noexcept override { return released_; }
    std::optional<wall_time> deadline() const noexcept override;
    bool takes_changes() const noexcept override { return !failure_ && !read_only_; }
    std::error_code failure() const noexcept override { return failure_; }
    store_stats stats() const noexcept override;
    void close(wall_time now, std::error_code& ec) override;

    // --- For recovery, before anything else is called ---

    [[nodiscard]] directory& where() noexcept { return *where_; }
    void recovered_segment(std::uint64_t number, std::uint64_t size,
                           std::shared_ptr<segment_file> contents);
    /// The next record of the segment that came last.
    void recovered_record(const record& r, std::size_t offset);
    /// Sequence of the last record, and where the last segment ends.
    void recovered(std::uint64_t sequence, std::size_t end);
    void make_read_only() noexcept { read_only_ = true; }
    /// Makes the first segment, if there is none.
    void start(wall_time now, std::error_code& ec);

private:
    using place = request_index::place;

    [[nodiscard]] bool may_change(std::error_code& ec) const noexcept;
    /// Makes room for a record with that much body, or says why there is none.
    [[nodiscard]] bool make_room(std::size_t body, std::error_code& ec);
    void begin_segment();
    /// Writes a record behind the others; returns its offset in the last segment.
    std::uint32_t write(record& r, std::string_view service, pieces body) noexcept;
    ticket note(record_type what, place which, std::error_code& ec);
    [[nodiscard]] place find_in(const request_id& id, request_state wanted,
                                std::error_code& ec) const noexcept;

    [[nodiscard]] journal_segment& segment(std::uint32_t serial) noexcept {
        return segments_[serial - first_serial_];
    }
    [[nodiscard]] std::uint32_t last_serial() const noexcept {
        return first_serial_ + static_cast<std::uint32_t>(segments_.size()) - 1;
    }
    /// The entry's body is there, and no longer where it was.
    void put_at(place which, std::uint32_t serial, std::uint32_t offset, std::size_t body) noexcept;
    void leave_segment(place which) noexcept;
    [[nodiscard]] bool is_written(const index_entry& entry) const noexcept;
    void forget(place which) noexcept;
    [[nodiscard]] request_info info(const index_entry& entry) const noexcept;

    [[nodiscard]] bool wants_spare(wall_time now) const noexcept;
    [[nodiscard]] bool sync_is_due(wall_time now) const noexcept;
    void plan_drops();
    void plan_moves();
    void take_spare(wall_time now) noexcept;
    void take_drops() noexcept;
    void take_arrivals() noexcept;
    void take_moves();
    void commit_in_place(wall_time now);

    std::shared_ptr<directory> where_;
    journal_options options_;
    request_index index_;
    service_names names_;

    std::deque<journal_segment> segments_;
    std::uint32_t first_serial_ = 0; ///< Of segments_.front(); entries name segments by these.
    std::uint64_t next_number_ = 1;
    std::uint64_t end_ = 0; ///< Of what is written, or about to be, in the last segment.
    std::uint64_t live_octets_ = 0;
    std::uint64_t disk_octets_ = 0;

    std::shared_ptr<segment_file> spare_;
    bool spare_needed_ = false; ///< A record did not fit for want of one.
    std::error_code spare_error_;
    wall_time spare_retry_{};

    std::uint64_t sequence_ = 0; ///< Of the last record.
    std::uint64_t marked_ = 0;   ///< Of the last mark, if nothing came behind it.
    std::uint64_t unsynced_from_ =
        1; ///< The first record that is not synced as others are written.
    ticket released_ = 0;
    std::uint32_t released_segment_ = 0; ///< Where the last record that is committed ends.
    std::uint64_t released_end_ = 0;
    bool unsynced_ = false; ///< Something was committed without a sync.
    wall_time synced_at_{};
    bool closing_ = false;

    octet_buffer filling_;
    std::vector<commit_part> parts_;
    std::vector<record_move> arrivals_;
    journal_commit job_;
    bool under_way_ = false;

    std::error_code failure_;
    std::error_code drop_error_; ///< Neither drops nor moves any more.
    bool read_only_ = false;
    store_stats stats_;
};

} // namespace mizzen::titanic
