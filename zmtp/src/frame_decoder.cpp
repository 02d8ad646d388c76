// The less common turns of decoding: several parts, long frames, commands, large bodies.
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/frame_decoder.hpp>
#include <mizzen/zmtp/security.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace mizzen::zmtp {

std::span<const std::span<std::byte>> frame_decoder::prepare() noexcept {
    std::size_t count = 0;
    large_room_ = block_room_ = 0;
    if (large_ && large_have_ < large_size_) {
        if (!grow_large())
            return {};
        const std::size_t room = large_->capacity - max_frame_header - large_have_;
        large_room_ =
            static_cast<std::size_t>(std::min<std::uint64_t>(room, large_size_ - large_have_));
        room_[count++] = {large_->data() + max_frame_header + large_have_, large_room_};
        if (large_room_ < large_size_ - large_have_)
            return {room_.data(), count}; // what comes behind this is still the body
    }
    if (!make_room())
        return {};
    // Behind a large body comes a header and, likely, the next large body: read little of that, so
    // that most of it is read to where it stays.
    constexpr std::size_t behind_large = 1024;
    const std::size_t free = block_->capacity - end_;
    if (free == 0)
        return {room_.data(), count};
    block_room_ = large_room_ > behind_large ? std::min(free, behind_large) : free;
    room_[count++] = {block_->data() + end_, block_room_};
    return {room_.data(), count};
}

// Sees to it that the read block has room behind what it holds. Octets in front of that may belong
// to messages by now; then they are left alone.
bool frame_decoder::make_room() noexcept {
    if (block_ && begin_ == end_ && block_->shared())
        release_if_drained();
    if (!block_) {
        block_ = block_ref{block::create(*memory_, read_block_)};
        return static_cast<bool>(block_);
    }
    if (begin_ == end_) {
        forget_decoded();
        end_ = 0;
    } else if (block_->capacity - end_ < block_->capacity / 2 && begin_ != 0) {
        const octets rest = buffered();
        if (block_->shared()) {
            block_ref fresh{block::create(*memory_, read_block_)};
            if (!fresh)
                return false;
            std::memcpy(fresh->data(), rest.data(), rest.size());
            block_ = std::move(fresh);
        } else {
            std::memmove(block_->data(), rest.data(), rest.size());
        }
        forget_decoded();
        end_ = rest.size();
    }
    return true;
}

// Octets in front of begin_ are gone from the block, or are going to be.
void frame_decoder::forget_decoded() noexcept {
    base_ += begin_;
    begin_ = 0;
}

void frame_decoder::commit(std::size_t size) noexcept {
    if (large_) {
        const std::size_t taken = std::min(size, large_room_);
        large_have_ += taken;
        large_room_ -= taken;
        base_ += taken; // they never were in the block
        size -= taken;
    }
    const std::size_t taken = std::min(size, block_room_);
    block_room_ -= taken;
    end_ += taken;
    release_if_drained();
}

void frame_decoder::release_if_drained() noexcept {
    if (begin_ == end_) {
        block_.reset();
        forget_decoded();
        end_ = block_room_ = 0;
    }
}

// Takes the whole of a small message of several short or canonical long frames at once.
bool frame_decoder::take_run(message& out, const limits& limit) noexcept {
    const std::byte* const from = block_->data() + begin_;
    const std::byte* at = from;
    const std::byte* const end = block_->data() + end_;
    std::uint32_t parts = 0;
    std::size_t bodies = 0;
    for (bool more = true; more; ++parts) {
        frame_header header;
        const std::size_t head = decode_frame_header({at, end}, header);
        constexpr std::uint8_t known = frame_flag::more | frame_flag::long_size;
        if (head == 0 || (header.flags & ~known) != 0 || header.size > largest_buffered ||
            head != header_size(header.size) ||
            header.size > static_cast<std::size_t>(end - at) - head)
            return false;
        bodies += static_cast<std::size_t>(header.size);
        at += head + header.size;
        more = header.more();
    }
    const auto run = static_cast<std::size_t>(at - from);
    if (run > largest_buffered || parts > limit.max_parts || bodies > limit.max_message_size)
        return false;
    if (run <= message::inline_capacity) {
        out.clear();
        const std::size_t begin =
            std::min<std::size_t>(message::headroom, message::inline_capacity - run);
        copy_short(out.state_.store + begin, from, run);
        out.state_.begin = static_cast<std::uint8_t>(begin);
        out.state_.end = static_cast<std::uint8_t>(begin + run);
        out.state_.parts = parts;
    } else {
        block_ref copy{block::create(*memory_, run)};
        if (!copy)
            return false; // the slow way asks again, and says that it was refused
        std::memcpy(copy->data(), from, run);
        std::byte* data = copy->data();
        out.clear();
        if (!out.adopt_back(std::move(copy), data, run, parts, *memory_))
            return false;
    }
    begin_ += run;
    return true;
}

bool frame_decoder::check(const frame_header& header, const limits& limit,
                          std::error_code& ec) const noexcept {
    if (header.size > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        ec = errc::frame_size_out_of_range;
    else if (header.command()) {
        if (header.size > max_command_size_)
            ec = errc::command_too_large;
    } else if (header.size > limit.max_message_size ||
               partial_size_ > limit.max_message_size - header.size)
        ec = errc::message_too_large;
    else if (partial_.size() >= limit.max_parts)
        ec = errc::too_many_parts;
    return !ec;
}

frame_decoder::result frame_decoder::next_slow(message& out, const limits& limit,
                                               std::error_code& ec) noexcept {
    ec.clear();
    large_command_.reset();
    const auto refused = [&ec] {
        ec = errc::not_enough_memory;
        return result::failed;
    };
    for (;;) {
        if (large_) {
            if (large_have_ < large_size_)
                return result::need_input;
            if ((large_flags_ & frame_flag::command) != 0) {
                finish_large_command();
                return result::command;
            }
            if (!finish_large())
                return refused();
            if ((large_flags_ & frame_flag::more) == 0)
                break;
            ++inner_frames_;
            continue;
        }
        if (partial_.empty() && block_ && take_run(out, limit))
            return result::message;
        frame_header header;
        const octets input = buffered();
        const std::size_t head = decode_frame_header(input, header);
        if (head == 0) {
            release_if_drained();
            return result::need_input;
        }
        if (!check(header, limit, ec))
            return result::failed;
        const bool here = header.size <= input.size() - head;
        if (header.size > largest_buffered && !(here && header.command())) {
            if (!header.command())
                partial_size_ += header.size;
            if (!(here ? adopt_large(header) : begin_large(header)))
                return refused();
            if (here && !header.more())
                break;
            inner_frames_ += here ? 1 : 0;
            continue;
        }
        if (!here)
            return result::need_input;
        const octets body = input.subspan(head, static_cast<std::size_t>(header.size));
        begin_ += head + body.size();
        if (header.command()) {
            command_ = body;
            return result::command;
        }
        partial_size_ += body.size();
        if (!partial_.try_push_back(body, *memory_))
            return refused();
        if (!header.more())
            break;
        ++inner_frames_;
    }
    partial_size_ = 0;
    out = std::move(partial_);
    partial_.clear();
    return result::message;
}

// A large frame that has come whole stays where it is: it is more than an eighth of the block.
bool frame_decoder::adopt_large(const frame_header& header) noexcept {
    std::byte* const at = block_->data() + begin_;
    encode_frame_header(at, frame_flag::more, header.size); // canonical from here on
    const std::size_t size = max_frame_header + static_cast<std::size_t>(header.size);
    block_->retain();
    begin_ += size;
    return partial_.adopt_back(block_ref{block_.get()}, at, size, 1, *memory_);
}

bool frame_decoder::begin_large(const frame_header& header) noexcept {
    begin_ += header.octets;
    if (header.size > std::numeric_limits<std::size_t>::max() / 4)
        return false; // no address space has that much; below, sizes can be added and doubled
    const std::size_t at_once =
        static_cast<std::size_t>(std::min<std::uint64_t>(header.size, eager));
    large_ = block_ref{block::create(*memory_, max_frame_header + at_once)};
    if (!large_)
        return false;
    large_size_ = header.size;
    large_flags_ = header.flags;
    const octets here = buffered();
    large_have_ = std::min(here.size(), at_once);
    if (large_have_ != 0)
        std::memcpy(large_->data() + max_frame_header, here.data(), large_have_);
    begin_ += large_have_;
    while (large_have_ < large_size_ && begin_ != end_) { // a large read block holds still more
        if (!grow_large())
            return false;
        const octets rest = buffered();
        const std::size_t room = large_->capacity - max_frame_header - large_have_;
        const std::size_t take = static_cast<std::size_t>(
            std::min<std::uint64_t>(std::min(rest.size(), room), large_size_ - large_have_));
        std::memcpy(large_->data() + max_frame_header + large_have_, rest.data(), take);
        large_have_ += take;
        begin_ += take;
    }
    return true;
}

// Doubles the memory of a large body once it is full, up to what was announced.
bool frame_decoder::grow_large() noexcept {
    const std::size_t body = large_->capacity - max_frame_header;
    if (large_have_ < body || body >= large_size_)
        return true;
    const auto larger =
        static_cast<std::size_t>(std::min<std::uint64_t>(large_size_, 2 * std::uint64_t{body}));
    block_ref grown{block::create(*memory_, max_frame_header + larger)};
    if (!grown)
        return false;
    std::memcpy(grown->data() + max_frame_header, large_->data() + max_frame_header, large_have_);
    large_ = std::move(grown);
    return true;
}

void frame_decoder::finish_large_command() noexcept {
    large_command_ = std::move(large_);
    command_ = {large_command_->data() + max_frame_header, static_cast<std::size_t>(large_size_)};
}

void frame_decoder::wipe_command() noexcept {
    if (command_.empty())
        return;
    block& owner = large_command_ ? *large_command_.get() : *block_.get();
    wipe({owner.data() + (command_.data() - owner.data()), command_.size()});
}

bool frame_decoder::finish_large() noexcept {
    const auto size = static_cast<std::size_t>(large_size_);
    std::byte* data = large_->data();
    encode_frame_header(data, frame_flag::more, size); // always long: the body is
    return partial_.adopt_back(std::move(large_), data, max_frame_header + size, 1, *memory_);
}

} // namespace mizzen::zmtp
