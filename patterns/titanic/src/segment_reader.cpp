// Tells a torn tail from damage.
#include <mizzen/patterns/titanic/segment_reader.hpp>

#include <algorithm>

namespace mizzen::titanic {

segment_reader::segment_reader(octets segment, std::uint64_t first, place where) noexcept
    : segment_{segment}, expected_{first}, place_{where} {
    const auto last = std::find_if(segment.rbegin(), segment.rend(),
                                   [](std::byte each) { return each != std::byte{0}; });
    written_ = static_cast<std::size_t>(segment.rend() - last);
}

bool segment_reader::record_at(std::size_t at, record& out) const noexcept {
    return at < segment_.size() && decode_record(segment_.subspan(at), out);
}

segment_reader::step segment_reader::next(record& out) noexcept {
    record read;
    if (record_at(at_, read) && (expected_ == 0 || read.sequence == expected_)) {
        where_ = {at_, at_ + record_size(read.body.size())};
        at_ = end_ = where_.end;
        expected_ = (read.type == record_type::gap ? read.time : read.sequence) + 1;
        out = read;
        return step::record;
    }
    // What is not written yet is zeros, which the last records may end with.
    return at_ >= written_ ? step::done : explain();
}

segment_reader::step segment_reader::explain() noexcept {
    constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::size_t found = none;
    bool proven = place_ == place::middle || expected_ == 0;
    record read;
    // Whatever was lost had a header at least.
    for (std::size_t at = at_ + record::header_size; at < written_;) {
        if (!record_at(at, read) || read.sequence <= expected_) {
            at += record::alignment;
            continue;
        }
        if (found == none)
            found = at;
        proven = proven || read.sequence - read.unsynced > expected_;
        if (proven)
            break;
        at += record_size(read.body.size());
    }
    const std::size_t tail =
        (written_ + record::alignment - 1) / record::alignment * record::alignment;
    where_ = {at_, std::min(tail, segment_.size())};
    at_ = segment_.size();
    if (!proven)
        return step::torn;
    if (found != none) {
        where_.end = at_ = found;
        static_cast<void>(record_at(found, read));
        expected_ = read.sequence;
    }
    return step::damage;
}

} // namespace mizzen::titanic
