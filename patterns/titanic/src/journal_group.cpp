// Commits: what goes into one, and what has changed once it is over.
#include "journal_store.hpp"
#include <mizzen/patterns/titanic/error.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace mizzen::titanic {
namespace {

constexpr milliseconds spare_retry{1000};

} // namespace

bool journal_store::wants_spare(wall_time now) const noexcept {
    if (closing_ || spare_ != nullptr || (spare_error_ && now < spare_retry_))
        return false;
    const std::uint64_t early =
        std::max<std::uint64_t>(options_.segment_octets / 8, 2 * options_.max_group_octets);
    return spare_needed_ || segments_.empty() || segments_.back().octets - end_ < early;
}

bool journal_store::sync_is_due(wall_time now) const noexcept {
    if (!unsynced_ && filling_.empty())
        return false;
    switch (options_.sync) {
    case sync_mode::always: return true;
    case sync_mode::interval:
        return closing_ || now < synced_at_ || now - synced_at_ >= options_.sync_interval;
    case sync_mode::never: return closing_;
    }
    return true;
}

commit_job* journal_store::begin_commit(wall_time now) {
    if (under_way_ || failure_ || read_only_)
        return nullptr;
    const bool has_spare_to_make = wants_spare(now);
    const bool syncs = sync_is_due(now);
    plan_drops();
    plan_moves();
    if (filling_.empty() && !syncs && !has_spare_to_make && job_.drops.empty() &&
        job_.moves.empty())
        return nullptr;
    std::swap(job_.data, filling_);
    std::swap(job_.parts, parts_);
    std::swap(job_.arrivals, arrivals_);
    // What made a segment worthless is on the disk before the segment goes.
    if (syncs || (!job_.drops.empty() && (unsynced_ || !job_.data.empty())))
        job_.sync = segments_.back().contents;
    if (has_spare_to_make)
        job_.spare_octets = options_.segment_octets;
    job_.last = sequence_;
    job_.last_segment = segments_.empty() ? 0 : last_serial();
    job_.last_end = end_;
    if (job_.sync != nullptr)
        unsynced_from_ = sequence_ + 1;
    under_way_ = true;
    return &job_;
}

// From the front alone: a record may only go once all those before it are gone, since it may be
// what closes one of them.
void journal_store::plan_drops() {
    job_.drops.clear();
    if (drop_error_ || closing_)
        return;
    for (std::size_t i = 0; i + 1 < segments_.size() && segments_[i].live.count == 0; ++i)
        job_.drops.push_back(segment_name(segments_[i].number));
}

// All segments but the last are three quarters full at least, so that moving what lives in them
// comes to an end within the bound.
void journal_store::plan_moves() {
    job_.moves.clear();
    if (drop_error_ || closing_ || !job_.drops.empty() || segments_.size() < 2 ||
        disk_octets_ <= 2 * live_octets_ + options_.segment_octets)
        return;
    if (spare_ == nullptr && segments_.back().octets - end_ < segments_.back().octets / 16)
        return; // what is left is for what closes requests
    const journal_segment& oldest = segments_.front();
    const std::size_t most = std::min<std::size_t>(options_.max_group_octets / 2, 1 << 20);
    std::size_t planned = 0;
    for (place each = oldest.live.first; each != request_index::none;) {
        const index_entry& entry = index_.at(each);
        const std::size_t size = record_size(entry.body);
        if (planned != 0 && planned + size > most)
            break;
        if (!entry.moving && is_written(entry)) {
            job_.moves.push_back({.entry = each,
                                  .id = entry.id,
                                  .from_segment = entry.segment,
                                  .from_offset = entry.offset,
                                  .size = size,
                                  .begin = planned});
            planned += size;
        }
        each = entry.in_segment.after;
    }
    if (!job_.moves.empty())
        job_.moves_from = oldest.contents;
}

void journal_store::end_commit(wall_time now) {
    if (!std::exchange(under_way_, false))
        return;
    failure_ = job_.failure;
    if (!failure_) {
        ++stats_.commits;
        stats_.syncs += job_.sync != nullptr ? 1U : 0U;
        released_ = job_.last;
        released_segment_ = job_.last_segment;
        released_end_ = job_.last_end;
        if (job_.sync != nullptr) {
            unsynced_ = false;
            synced_at_ = now;
        } else if (!job_.data.empty()) {
            unsynced_ = true;
        }
        take_spare(now);
        take_arrivals();
        take_drops();
        take_moves();
    }
    job_.reset(2 * options_.max_group_octets);
}

void journal_store::take_spare(wall_time now) noexcept {
    if (job_.spare_octets == 0)
        return;
    spare_ = std::move(job_.spare);
    spare_error_ = job_.spare_error;
    spare_retry_ = now + spare_retry;
}

void journal_store::take_drops() noexcept {
    for (std::size_t i = 0; i < job_.dropped; ++i) {
        disk_octets_ -= segments_.front().octets;
        segments_.pop_front();
        ++first_serial_;
        ++stats_.dropped;
    }
    if (job_.drop_error)
        drop_error_ = job_.drop_error;
}

// Only now: until its copy was on the disk, the body was read from where it was.
void journal_store::take_arrivals() noexcept {
    for (const record_move& each : job_.arrivals) {
        index_entry& entry = index_.at(each.entry);
        if (entry.id == each.id && entry.offset == each.from_offset &&
            entry.segment == each.from_segment)
            put_at(each.entry, each.to_segment, each.to_offset, entry.body);
    }
}

void journal_store::take_moves() {
    if (job_.move_error) {
        drop_error_ = job_.move_error;
        return;
    }
    arrivals_.reserve(arrivals_.size() + job_.moves.size());
    for (record_move& each : job_.moves) {
        index_entry& entry = index_.at(each.entry);
        if (entry.id != each.id || entry.offset != each.from_offset ||
            entry.segment != each.from_segment)
            continue; // closed, or answered, meanwhile
        std::error_code ec;
        record r;
        if (!decode_record({job_.moved.at(each.begin), each.size}, r) || !make_room(entry.body, ec))
            return; // they are read again
        r.aside = entry.state == request_state::set_aside;
        r.attempts = entry.attempts;
        const octets content = r.content();
        const std::string_view service = r.service();
        each.to_offset = write(r, service, {&content, 1});
        each.to_segment = last_serial();
        entry.moving = true;
        arrivals_.push_back(each);
        ++stats_.moved;
    }
}

std::optional<wall_time> journal_store::deadline() const noexcept {
    std::optional<wall_time> due;
    const auto at = [&due](wall_time when) { due = due ? std::min(*due, when) : when; };
    if (failure_ || read_only_)
        return due;
    const place oldest = index_.in(request_state::done).first;
    if (oldest != request_index::none && options_.retention.count() > 0)
        at(wall_time{milliseconds{index_.at(oldest).time}} + options_.retention);
    if (under_way_)
        return due;
    if (unsynced_ && options_.sync == sync_mode::interval)
        at(synced_at_ + options_.sync_interval);
    if (spare_error_)
        at(spare_retry_);
    return due;
}

store_stats journal_store::stats() const noexcept {
    store_stats now = stats_;
    now.open = index_.in(request_state::open).count;
    now.done = index_.in(request_state::done).count;
    now.set_aside = index_.in(request_state::set_aside).count;
    now.live_octets = live_octets_;
    now.disk_octets = disk_octets_;
    now.spare_octets = spare_ != nullptr ? options_.segment_octets : 0;
    now.segments = segments_.size();
    return now;
}

void journal_store::commit_in_place(wall_time now) {
    while (commit_job* job = begin_commit(now)) {
        job->run();
        end_commit(now);
    }
}

void journal_store::start(wall_time now, std::error_code& ec) {
    synced_at_ = now;
    if (!segments_.empty())
        return;
    commit_in_place(now); // makes the spare
    ec = failure_ ? failure_ : spare_error_;
    if (ec)
        return;
    filling_.reserve(segment_header::size);
    begin_segment();
    commit_in_place(now);
    ec = failure_;
}

void journal_store::close(wall_time now, std::error_code& ec) {
    ec.clear();
    closing_ = true;
    commit_in_place(now);
    // Behind all else and by itself: it is the proof that all else is on the disk.
    if (!failure_ && !read_only_ && marked_ != sequence_ && make_room(0, ec)) {
        record mark;
        write(mark, {}, {});
        commit_in_place(now);
        marked_ = sequence_;
    }
    ec = failure_;
    if (spare_ != nullptr) {
        std::error_code left; // the next one who opens the store tries again
        where_->remove(std::string{spare_name}, left);
        spare_ = nullptr;
    }
    read_only_ = true;
}

void journal_store::recovered_segment(std::uint64_t number, std::uint64_t size,
                                      std::shared_ptr<segment_file> contents) {
    segments_.push_back({number, size, std::move(contents), 0, {}});
    disk_octets_ += size;
    next_number_ = number + 1;
}

void journal_store::recovered(std::uint64_t sequence, std::size_t end) {
    index_.sort_by_time(request_state::done);
    sequence_ = released_ = sequence;
    unsynced_from_ = sequence + 1;
    end_ = end;
    released_segment_ = segments_.empty() ? 0 : last_serial();
    released_end_ = end;
}

void journal_store::recovered_record(const record& r, std::size_t offset) {
    place which = index_.find(r.id);
    const bool there = which != request_index::none;
    marked_ = r.type == record_type::mark ? r.sequence : 0;
    switch (r.type) {
    case record_type::request:
    case record_type::reply: {
        index_.reserve();
        const service_names::place name = names_.use(r.service());
        if (there)
            names_.drop(index_.at(which).service);
        else
            which = index_.add(r.id);
        index_entry& entry = index_.at(which);
        entry.service = name;
        entry.time = r.time;
        entry.digest = r.digest;
        put_at(which, last_serial(), static_cast<std::uint32_t>(offset), r.body.size());
        index_.set_state(which, r.type == record_type::reply ? request_state::done
                                : r.aside                    ? request_state::set_aside
                                                             : request_state::open);
        break;
    }
    case record_type::close:
        if (there)
            forget(which);
        return;
    case record_type::attempt: break;
    case record_type::set_aside:
    case record_type::reopen:
        if (there && index_.at(which).state != request_state::done)
            index_.set_state(which, r.type == record_type::reopen ? request_state::open
                                                                  : request_state::set_aside);
        break;
    case record_type::mark:
    case record_type::gap: return;
    }
    if (which != request_index::none) {
        index_.at(which).attempts = r.attempts;
        index_.at(which).changed = r.sequence;
    }
}

} // namespace mizzen::titanic
