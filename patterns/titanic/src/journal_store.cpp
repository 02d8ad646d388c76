// Changes: each a record behind the others, and what the index makes of it.
#include "journal_store.hpp"

#include <mizzen/patterns/titanic/crc32c.hpp>
#include <mizzen/patterns/titanic/error.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace mizzen::titanic {
namespace {

std::uint64_t octets_of(wall_time now) noexcept {
    const auto count = now.time_since_epoch().count();
    return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}

std::size_t size_of(store::pieces body) noexcept {
    std::size_t size = 0;
    for (const octets each : body)
        size += each.size();
    return size;
}

std::uint32_t checksum(std::string_view service, store::pieces body) noexcept {
    std::uint32_t crc = crc32c(zmtp::as_octets(service));
    for (const octets each : body)
        crc = crc32c(each, crc);
    return crc;
}

std::byte* copy(std::byte* to, octets from) noexcept {
    if (!from.empty())
        std::memcpy(to, from.data(), from.size());
    return to + from.size();
}

} // namespace

journal_store::journal_store(std::shared_ptr<directory> where, const journal_options& options)
    : where_{std::move(where)}, options_{options}, index_{options.seed}, job_{*where_} {
    options_.max_group_octets = std::min<std::size_t>(
        options.max_group_octets, static_cast<std::size_t>(options.segment_octets / 8));
}

bool journal_store::may_change(std::error_code& ec) const noexcept {
    ec.clear();
    if (failure_)
        ec = make_error_code(errc::failed);
    else if (read_only_)
        ec = make_error_code(errc::read_only);
    return !ec;
}

bool journal_store::make_room(std::size_t body, std::error_code& ec) {
    const std::size_t size = record_size(body);
    if (!filling_.empty() && filling_.size() + size > options_.max_group_octets) {
        ec = make_error_code(errc::busy);
        return false;
    }
    const bool fits = !segments_.empty() && segments_.back().octets - end_ >= size;
    if (!fits && spare_ == nullptr) {
        spare_needed_ = true;
        ec = make_error_code(spare_error_ ? errc::no_space : errc::busy);
        return false;
    }
    filling_.reserve(size + segment_header::size);
    if (!fits) {
        begin_segment();
    } else if (parts_.empty()) {
        parts_.push_back({segments_.back().contents, nullptr, {}, end_, 0, 0});
    }
    return true;
}

void journal_store::begin_segment() {
    commit_part part{.to = spare_,
                     .before = segments_.empty() ? nullptr : segments_.back().contents,
                     .name = segment_name(next_number_),
                     .at = 0,
                     .begin = filling_.size(),
                     .end = filling_.size() + segment_header::size};
    parts_.reserve(parts_.size() + 1);
    segments_.push_back({next_number_, options_.segment_octets, spare_, 0, {}});
    parts_.push_back(std::move(part));
    const segment_header_octets header = encode_segment_header({.number = next_number_,
                                                                .previous = sequence_,
                                                                .first = sequence_ + 1,
                                                                .octets = options_.segment_octets});
    copy(filling_.extend(header.size()), header);
    ++next_number_;
    end_ = header.size();
    disk_octets_ += options_.segment_octets;
    spare_ = nullptr;
    spare_needed_ = false;
    unsynced_from_ = sequence_ + 1; // all before is synced before this segment has its name
}

std::uint32_t journal_store::write(record& r, std::string_view service, pieces body) noexcept {
    const std::size_t length = service.size() + size_of(body);
    const std::size_t size = record_size(length);
    r.sequence = ++sequence_;
    r.unsynced = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        sequence_ - unsynced_from_, std::numeric_limits<std::uint32_t>::max()));
    r.service_size = static_cast<std::uint16_t>(service.size());
    std::byte* const begin = filling_.extend(size);
    encode_record_header(r, length, begin);
    std::byte* at = copy(begin + record::header_size, zmtp::as_octets(service));
    for (const octets each : body)
        at = copy(at, each);
    std::memset(at, 0, static_cast<std::size_t>(begin + size - at));
    parts_.back().end = filling_.size();
    ++stats_.records;
    return static_cast<std::uint32_t>(std::exchange(end_, end_ + size));
}

ticket journal_store::append_request(const request_id& id, std::string_view service, pieces body,
                                     wall_time now, std::error_code& ec) {
    if (!may_change(ec))
        return 0;
    const std::size_t length = service.size() + size_of(body);
    if (service.empty() || service.size() > 255) {
        ec = make_error_code(errc::bad_service);
        return 0;
    }
    if (length > options_.max_body_octets) {
        ec = make_error_code(errc::too_large);
        return 0;
    }
    const std::uint32_t digest = checksum(service, body);
    if (const place there = index_.find(id); there != request_index::none) {
        const index_entry& entry = index_.at(there);
        const bool same = entry.digest == digest && names_.name(entry.service) == service;
        ec = make_error_code(same ? errc::already_stored : errc::id_in_use);
        return 0;
    }
    if (spare_error_ && spare_ == nullptr)
        ec = make_error_code(errc::no_space);
    else if (index_.size() >= options_.max_requests ||
             live_octets_ + record_size(length) > options_.max_octets)
        ec = make_error_code(errc::store_full);
    if (ec || !make_room(length, ec)) {
        stats_.refused += ec == errc::busy ? 0U : 1U;
        return 0;
    }
    index_.reserve();
    const service_names::place name = names_.use(service);
    const place added = index_.add(id);
    index_entry& entry = index_.at(added);
    record r;
    r.type = record_type::request;
    r.time = entry.time = octets_of(now);
    r.digest = r.body_crc = entry.digest = digest;
    r.id = id;
    const std::uint32_t offset = write(r, service, body);
    entry.service = name;
    entry.changed = sequence_;
    put_at(added, last_serial(), offset, length);
    return sequence_;
}

ticket journal_store::append_reply(const request_id& id, pieces body, wall_time now,
                                   std::error_code& ec) {
    if (!may_change(ec))
        return 0;
    const place which = index_.find(id);
    if (which == request_index::none) {
        ec = make_error_code(errc::unknown_request);
        return 0;
    }
    index_entry& entry = index_.at(which);
    const std::string_view service = names_.name(entry.service);
    const std::size_t length = service.size() + size_of(body);
    if (entry.state == request_state::done)
        ec = make_error_code(errc::wrong_state);
    else if (length > options_.max_body_octets)
        ec = make_error_code(errc::too_large);
    if (ec || !make_room(length, ec))
        return 0;
    record r;
    r.type = record_type::reply;
    r.attempts = entry.attempts;
    r.time = entry.time = octets_of(now);
    r.digest = entry.digest;
    r.body_crc = checksum(service, body);
    r.id = id;
    const std::uint32_t offset = write(r, service, body);
    entry.changed = sequence_;
    index_.set_state(which, request_state::done);
    put_at(which, last_serial(), offset, length);
    return sequence_;
}

/// A record without a body.
ticket journal_store::note(record_type what, place which, std::error_code& ec) {
    if (!make_room(0, ec))
        return 0;
    index_entry& entry = index_.at(which);
    record r;
    r.type = what;
    r.attempts = entry.attempts;
    if (what == record_type::attempt && r.attempts != std::numeric_limits<std::uint16_t>::max())
        ++r.attempts;
    if (what == record_type::reopen)
        r.attempts = 0;
    r.id = entry.id;
    write(r, {}, {});
    entry.attempts = r.attempts;
    entry.changed = sequence_;
    return sequence_;
}

request_index::place journal_store::find_in(const request_id& id, request_state wanted,
                                            std::error_code& ec) const noexcept {
    if (!may_change(ec))
        return request_index::none;
    const place which = index_.find(id);
    if (which == request_index::none)
        ec = make_error_code(errc::unknown_request);
    else if (index_.at(which).state != wanted)
        ec = make_error_code(errc::wrong_state);
    return ec ? request_index::none : which;
}

ticket journal_store::close_request(const request_id& id, std::error_code& ec) {
    if (!may_change(ec))
        return 0;
    const place which = index_.find(id);
    if (which == request_index::none) {
        ec = make_error_code(errc::unknown_request);
        return 0;
    }
    const ticket closed = note(record_type::close, which, ec);
    if (!ec)
        forget(which);
    return closed;
}

ticket journal_store::count_attempt(const request_id& id, std::error_code& ec) {
    const place which = find_in(id, request_state::open, ec);
    return ec ? 0 : note(record_type::attempt, which, ec);
}

ticket journal_store::set_aside(const request_id& id, std::error_code& ec) {
    const place which = find_in(id, request_state::open, ec);
    const ticket noted = ec ? 0 : note(record_type::set_aside, which, ec);
    if (!ec)
        index_.set_state(which, request_state::set_aside);
    return noted;
}

ticket journal_store::reopen(const request_id& id, std::error_code& ec) {
    const place which = find_in(id, request_state::set_aside, ec);
    const ticket noted = ec ? 0 : note(record_type::reopen, which, ec);
    if (!ec)
        index_.set_state(which, request_state::open);
    return noted;
}

std::size_t journal_store::expire(wall_time now) {
    std::size_t closed = 0;
    std::error_code ec;
    if (options_.retention.count() <= 0 || !may_change(ec))
        return 0;
    const std::uint64_t until = octets_of(now - options_.retention);
    for (;;) {
        const place oldest = index_.in(request_state::done).first;
        if (oldest == request_index::none || index_.at(oldest).time > until ||
            note(record_type::close, oldest, ec) == 0)
            return closed;
        forget(oldest);
        ++closed;
        ++stats_.expired;
    }
}

void journal_store::put_at(place which, std::uint32_t serial, std::uint32_t offset,
                           std::size_t body) noexcept {
    leave_segment(which);
    index_entry& entry = index_.at(which);
    entry.segment = serial;
    entry.offset = offset;
    entry.body = static_cast<std::uint32_t>(body);
    entry.moving = false;
    journal_segment& to = segment(serial);
    index_.append(to.live, &index_entry::in_segment, which);
    to.live_octets += record_size(body);
    live_octets_ += record_size(body);
}

void journal_store::leave_segment(place which) noexcept {
    index_entry& entry = index_.at(which);
    if (entry.offset == 0) // that is where a header is
        return;
    journal_segment& from = segment(entry.segment);
    index_.unlink(from.live, &index_entry::in_segment, which);
    from.live_octets -= record_size(entry.body);
    live_octets_ -= record_size(entry.body);
    entry.offset = 0;
}

bool journal_store::is_written(const index_entry& entry) const noexcept {
    return entry.segment < released_segment_ ||
           (entry.segment == released_segment_ && entry.offset < released_end_);
}

void journal_store::forget(place which) noexcept {
    leave_segment(which);
    names_.drop(index_.at(which).service);
    index_.remove(which);
}

request_info journal_store::info(const index_entry& entry) const noexcept {
    const std::string_view service = names_.name(entry.service);
    return {.id = entry.id,
            .state = entry.state,
            .service = service,
            .attempts = entry.attempts,
            .octets = entry.body - service.size(),
            .at = wall_time{milliseconds{entry.time}},
            .changed = entry.changed,
            .durable = entry.changed <= released_};
}

std::optional<request_info> journal_store::find(const request_id& id) const {
    const place which = index_.find(id);
    if (which == request_index::none)
        return std::nullopt;
    return info(index_.at(which));
}

body_reader journal_store::reader(const request_id& id, std::error_code& ec) const {
    ec.clear();
    const place which = index_.find(id);
    if (which == request_index::none) {
        ec = make_error_code(errc::unknown_request);
        return {};
    }
    const index_entry& entry = index_.at(which);
    if (!is_written(entry)) {
        ec = make_error_code(errc::not_yet_stored);
        return {};
    }
    return {segments_[entry.segment - first_serial_].contents, entry.offset,
            record_size(entry.body), id};
}

void journal_store::for_each(request_state which,
                             const std::function<bool(const request_info&)>& each) const {
    for (place at = index_.in(which).first; at != request_index::none;) {
        const index_entry& entry = index_.at(at);
        if (!each(info(entry)))
            return;
        at = entry.in_state.after;
    }
}

} // namespace mizzen::titanic
