// The order of writes and syncs, on which all of recovery rests.
#include "journal_commit.hpp"

#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/journal_format.hpp>

#include <new>

namespace mizzen::titanic {

void journal_commit::run() noexcept {
    try {
        write(failure);
        if (failure)
            return;
        if (spare_octets != 0)
            make_spare();
        if (!failure)
            drop();
        if (!failure && !moves.empty())
            read_moves();
    } catch (const std::bad_alloc&) {
        failure = std::make_error_code(std::errc::not_enough_memory);
    }
}

void journal_commit::write(std::error_code& ec) {
    for (const commit_part& part : parts) {
        std::size_t begin = part.begin;
        std::uint64_t at = part.at;
        if (!part.name.empty()) {
            begin_segment(part, ec);
            if (ec)
                return;
            begin += segment_header::size;
            at += segment_header::size;
        }
        write_all(part.to->contents(), at, data.data().subspan(begin, part.end - begin), ec);
        if (ec)
            return;
    }
    if (sync != nullptr)
        sync->contents().sync(ec);
}

// A segment that has a number says two things: all before it is on the disk, and so is its header.
void journal_commit::begin_segment(const commit_part& part, std::error_code& ec) {
    if (part.before != nullptr)
        part.before->contents().sync(ec);
    if (!ec)
        write_all(part.to->contents(), 0, data.data().subspan(part.begin, segment_header::size),
                  ec);
    if (!ec)
        part.to->contents().sync(ec);
    if (!ec)
        where_.rename(std::string{spare_name}, part.name, ec);
    if (!ec)
        where_.sync(ec);
}

// Room on the disk is asked for before it is needed: none for the next segment is no failure yet.
void journal_commit::make_spare() {
    const std::string name{spare_name};
    std::error_code ignored;
    std::shared_ptr<file> made = where_.open(name, open_for::creating, spare_error);
    if (spare_error == std::errc::file_exists) { // an earlier attempt's
        where_.remove(name, spare_error);
        if (!spare_error)
            where_.sync(failure); // else that one's contents might be found by this one's name
        if (!spare_error && !failure)
            made = where_.open(name, open_for::creating, spare_error);
    }
    if (spare_error || failure)
        return;
    made->preallocate(spare_octets, spare_error);
    if (spare_error) {
        where_.remove(name, ignored);
        where_.sync(failure);
    } else {
        spare = std::make_shared<segment_file>(std::move(made));
    }
}

// One at a time and each for good: were a later one gone and an earlier one still there, what the
// later one closed would be open again.
void journal_commit::drop() {
    for (const std::string& name : drops) {
        where_.remove(name, drop_error);
        if (drop_error)
            return;
        where_.sync(failure);
        if (failure)
            return;
        ++dropped;
    }
}

void journal_commit::read_moves() {
    for (const record_move& each : moves)
        moved.reserve(each.begin + each.size - moved.size());
    for (const record_move& each : moves) {
        std::byte* const to = moved.extend(each.size);
        const std::size_t read =
            read_all(moves_from->contents(), each.from_offset, {to, each.size}, move_error);
        record found;
        if (!move_error &&
            (read != each.size || !decode_record({to, read}, found) || found.id != each.id))
            move_error = make_error_code(errc::damaged);
        if (move_error)
            return;
    }
}

void journal_commit::reset(std::size_t kept_octets) noexcept {
    data.clear(kept_octets);
    parts.clear();
    sync = nullptr;
    spare_octets = 0;
    drops.clear();
    moves_from = nullptr;
    moves.clear();
    last = 0;
    arrivals.clear();
    failure.clear();
    spare_error.clear();
    spare = nullptr;
    dropped = 0;
    drop_error.clear();
    moved.clear(kept_octets);
    move_error.clear();
}

} // namespace mizzen::titanic
