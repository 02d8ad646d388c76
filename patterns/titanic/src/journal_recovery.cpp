// Segment by segment, record by record.
#include "journal_recovery.hpp"

#include <mizzen/patterns/titanic/crc32c.hpp>
#include <mizzen/patterns/titanic/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace mizzen::titanic {
void journal_recovery::damage(std::uint64_t number, segment_reader::range where,
                              std::uint64_t first_lost, std::uint64_t last_lost,
                              const char* words) {
    found_damage_ = true;
    ++report_.damages;
    if (report_.damaged.size() < recovery_report::max_damages)
        report_.damaged.push_back({segment_name(number), where.begin, where.end - where.begin,
                                   first_lost, last_lost, words});
}

std::vector<std::uint64_t> journal_recovery::numbers(std::error_code& ec) {
    std::vector<std::uint64_t> found;
    for (const std::string& name : store_.where().list(ec)) {
        if (const auto number = parse_segment_name(name))
            found.push_back(*number);
        else if (name != spare_name && name != "lock" && !name.starts_with("damaged-"))
            ++report_.foreign;
    }
    std::ranges::sort(found);
    return found;
}

void journal_recovery::run(std::error_code& ec) {
    const std::vector<std::uint64_t> found = numbers(ec);
    for (std::size_t i = 0; i < found.size() && !ec; ++i)
        read_segment(found[i], i + 1 == found.size(), ec);
    if (ec)
        return;
    report_.segments = found.size();
    store_.recovered(expected_ == 0 ? 0 : expected_ - 1, end_);
}

void journal_recovery::read_segment(std::uint64_t number, bool last, std::error_code& ec) {
    const open_for use = access_ == journal_access::inspect ? open_for::reading : open_for::writing;
    std::shared_ptr<file> opened = store_.where().open(segment_name(number), use, ec);
    const std::uint64_t size = ec ? 0 : opened->size(ec);
    if (ec)
        return;
    segment_.resize(static_cast<std::size_t>(std::min(size, segment_header::max_octets)));
    const std::size_t read = read_all(*opened, 0, segment_, ec);
    if (ec)
        return;
    segment_.resize(read);
    segment_repair repair;
    repair.number = number;
    const bool known = check_header(number, repair, ec);
    if (ec)
        return;
    last_ = std::make_shared<segment_file>(std::move(opened));
    store_.recovered_segment(number, repair.wanted.octets, last_);
    segment_reader reader{segment_, known ? repair.wanted.first : 0,
                          last ? segment_reader::place::last : segment_reader::place::middle};
    read_records(reader, repair);
    segment_header& header = repair.wanted;
    if (header.first == 0)
        header.first = std::max<std::uint64_t>(expected_, 1);
    if (!known && expected_ == 0)
        header.previous = header.first - 1;
    // A gap at the end, behind which nothing says how much was lost, stands for one record.
    const std::uint64_t behind = repair.gaps.empty() ? 0 : repair.gaps.back().last + 1;
    expected_ = std::max({reader.expected(), header.first, behind});
    end_ = reader.end();
    if (repair.any())
        repairs_.push_back(std::move(repair));
}

bool journal_recovery::check_header(std::uint64_t number, segment_repair& repair,
                                    std::error_code& ec) {
    segment_header& header = repair.wanted;
    header_state state = decode_segment_header(segment_, header);
    if (state == header_state::unknown_version) {
        ec = make_error_code(errc::unknown_version);
        return false;
    }
    if (state == header_state::good && header.number != number)
        state = header_state::damaged;
    const std::uint64_t before = expected_ == 0 ? 0 : expected_ - 1;
    if (state == header_state::damaged) {
        damage(number, {0, std::min<std::size_t>(segment_.size(), segment_header::size)}, 0, 0,
               "the segment's header is not what was written");
        header = {number, before, 0,
                  std::max<std::uint64_t>(segment_.size() / 8 * 8, segment_header::size)};
        repair.header = true;
        return false;
    }
    if (segment_.size() < header.octets) {
        damage(number, {segment_.size(), static_cast<std::size_t>(header.octets)}, 0, 0,
               "the file is shorter than the segment was made");
        repair.header = true; // with which it gets its size
    } else if (segment_.size() > header.octets) {
        damage(number, {static_cast<std::size_t>(header.octets), segment_.size()}, 0, 0,
               "the file is longer than the segment was made");
        header.octets = segment_.size() / 8 * 8;
        repair.header = true;
    }
    if (expected_ != 0 && header.previous != before) {
        damage(number, {0, 0}, expected_, header.previous,
               "records before this segment are missing");
        header.previous = before;
        repair.header = true;
    }
    return true;
}

void journal_recovery::read_records(segment_reader& reader, segment_repair& repair) {
    record read;
    std::uint64_t expected = reader.expected();
    for (;;) {
        switch (reader.next(read)) {
        case segment_reader::step::record:
            if (repair.wanted.first == 0)
                repair.wanted.first = read.sequence;
            ++report_.records;
            report_.octets += reader.where().end - reader.where().begin;
            store_.recovered_record(read, reader.where().begin);
            break;
        case segment_reader::step::damage: {
            const std::uint64_t first = std::max<std::uint64_t>({expected, expected_, 1});
            const std::uint64_t last = std::max(first, reader.expected()) - 1;
            damage(repair.number, reader.where(), first, last < first ? 0 : last,
                   "records are not what was written");
            repair.gaps.push_back({reader.where(), first, std::max(first, last)});
            if (repair.wanted.first == 0)
                repair.wanted.first = first;
            break;
        }
        case segment_reader::step::torn:
            torn_ = reader.where();
            report_.torn = recovery_report::damage{
                segment_name(repair.number), torn_.begin, torn_.end - torn_.begin,
                reader.expected(),           0,           "the last writes did not end"};
            break;
        case segment_reader::step::done: return;
        }
        expected = reader.expected();
    }
}

// A tail that was torn may hold whole records, which must not be found behind new ones.
void journal_recovery::settle(std::error_code& ec) {
    static constexpr std::array<std::byte, 4096> zeros{};
    if (last_ == nullptr)
        return;
    file& segment = last_->contents();
    for (std::size_t at = torn_.begin; at < torn_.end && !ec; at += zeros.size())
        write_all(segment, at, octets{zeros}.first(std::min(zeros.size(), torn_.end - at)), ec);
    // What was read may have been written by a process that did not live to sync it.
    if (!ec)
        segment.sync(ec);
    if (!ec)
        store_.where().sync(ec);
}

void journal_recovery::save(const std::string& name, octets data, std::error_code& ec) {
    std::error_code ignored;
    store_.where().remove(name, ignored); // an earlier attempt's
    const std::shared_ptr<file> to = store_.where().open(name, open_for::creating, ec);
    if (ec)
        return;
    write_all(*to, 0, data, ec);
    if (!ec)
        to->sync(ec);
    if (!ec)
        store_.where().sync(ec);
}

// A gap is a record that has what was damaged for its body: but for its own header, which is why
// all of it is saved first.
void journal_recovery::mark_gap(const segment_repair& in, const segment_repair::gap& gap,
                                file& segment, std::error_code& ec) {
    const std::size_t begin = gap.where.begin;
    const std::size_t end = (std::max(gap.where.end, begin + record::header_size) + 7) / 8 * 8;
    if (end > in.wanted.octets || gap.last < gap.first) {
        ec = make_error_code(errc::not_repairable);
        return;
    }
    std::vector<std::byte> damaged(end - begin);
    static_cast<void>(read_all(segment, begin, damaged, ec));
    if (!ec)
        save(damage_name(in.number, begin), damaged, ec);
    if (ec)
        return;
    record mark;
    mark.type = record_type::gap;
    mark.sequence = gap.first;
    mark.time = gap.last;
    const octets body = octets{damaged}.subspan(record::header_size);
    mark.body_crc = crc32c(body);
    std::array<std::byte, record::header_size> header{};
    encode_record_header(mark, body.size(), header.data());
    write_all(segment, begin, header, ec);
}

void journal_recovery::repair(std::error_code& ec) {
    for (const segment_repair& each : repairs_) {
        const std::shared_ptr<file> segment =
            store_.where().open(segment_name(each.number), open_for::writing, ec);
        if (ec)
            return;
        if (each.header) {
            segment->preallocate(each.wanted.octets, ec);
            std::vector<std::byte> old(segment_header::size);
            if (!ec)
                static_cast<void>(read_all(*segment, 0, old, ec));
            if (!ec)
                save(damage_name(each.number, 0), old, ec);
            if (!ec)
                write_all(*segment, 0, encode_segment_header(each.wanted), ec);
        }
        for (const segment_repair::gap& gap : each.gaps)
            if (!ec)
                mark_gap(each, gap, *segment, ec);
        if (!ec)
            segment->sync(ec);
        if (ec)
            return;
    }
}

} // namespace mizzen::titanic
