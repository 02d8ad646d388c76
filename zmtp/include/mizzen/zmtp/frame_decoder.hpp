// From octets to whole messages and commands, after the greeting.
#pragma once

#include <mizzen/zmtp/block.hpp>
#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/frame_header.hpp>
#include <mizzen/zmtp/message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace mizzen::zmtp {

/// Cuts a stream into frames and puts messages together.
///
/// Small frames are copied from the read block, whole messages at a time; the body of a large one
/// is read straight into its final memory, which grows as the octets come and never far ahead of
/// them. While nothing is buffered no memory is held.
class frame_decoder {
public:
    enum class result : std::uint8_t { need_input, message, command, failed };

    frame_decoder(allocator& memory, std::size_t read_block) noexcept
        : memory_{&memory}, read_block_{read_block < smallest_block ? smallest_block : read_block} {
    }

    /// Octets that a command's body may have from now on; until then the default of `limits`.
    void allow_commands(std::size_t largest) noexcept { max_command_size_ = largest; }

    /// Where the next octets go: up to two pieces, to be filled in order. Empty when the allocator
    /// refuses. They stand until commit; next is not called in between.
    [[nodiscard]] std::span<const std::span<std::byte>> prepare() noexcept;
    /// How many octets came there; more than there was room for are not believed.
    void commit(std::size_t size) noexcept;

    /// What has come and is not decoded, for whoever reads the greeting.
    [[nodiscard]] octets buffered() const noexcept {
        return block_ ? octets{block_.get()->data() + begin_, end_ - begin_} : octets{};
    }
    void skip(std::size_t size) noexcept { begin_ += size; }
    /// Whether nothing more can be read before something is decoded.
    [[nodiscard]] bool full() const noexcept {
        return block_ && begin_ == 0 && end_ == block_.get()->capacity;
    }
    /// Octets of the stream in front of what is not decoded: where the next frame starts, also
    /// after a failure.
    [[nodiscard]] std::uint64_t position() const noexcept { return base_ + begin_; }
    /// Octets of the stream that have come.
    [[nodiscard]] std::uint64_t received() const noexcept { return base_ + end_; }

    /// Decodes up to the end of the next message or command.
    ///
    /// message  `out` has it, and nothing of what it had before; otherwise it is left alone.
    /// command  command() has its body; it may come between the frames of a message.
    /// failed   frame_size_out_of_range, message_too_large, command_too_large, too_many_parts or
    ///          not_enough_memory. The stream cannot be followed any more.
    [[nodiscard]] result next(message& out, const limits& limit, std::error_code& ec) noexcept {
        if (!partial_.empty() || large_ || !block_)
            return next_slow(out, limit, ec);
        const std::byte* at = block_.get()->data() + begin_;
        const std::size_t have = end_ - begin_;
        // The commonest message by far: one short frame.
        if (have >= 2 && at[0] == std::byte{0}) {
            const std::size_t run = 2 + std::to_integer<std::size_t>(at[1]);
            if (run <= have && run <= message::inline_capacity - message::headroom &&
                run <= limit.max_message_size) {
                out.clear();
                copy_short(out.state_.store + message::headroom, at, run);
                out.state_.end = static_cast<std::uint8_t>(message::headroom + run);
                out.state_.parts = 1;
                begin_ += run;
                return result::message;
            }
        }
        return next_slow(out, limit, ec);
    }

    /// Passes over a message of one frame of up to 16 KiB that has come whole, and says where it
    /// lies, until next or prepare is called. False for anything else, which is for next.
    [[nodiscard]] bool pass_over(octets& body, const limits& limit) noexcept {
        if (!partial_.empty() || large_ || !block_)
            return false;
        frame_header header;
        const octets input = buffered();
        const std::size_t head = decode_frame_header(input, header);
        if (head == 0 || (header.flags & ~std::uint32_t{frame_flag::long_size}) != 0 ||
            header.size > largest_buffered || header.size > limit.max_message_size ||
            header.size > input.size() - head)
            return false;
        body = input.subspan(head, static_cast<std::size_t>(header.size));
        begin_ += head + body.size();
        return true;
    }

    /// Valid until next, prepare or skip is called.
    [[nodiscard]] octets command() const noexcept { return command_; }
    /// Zeros in its place, for one that had secrets.
    void wipe_command() noexcept;
    /// Where its body starts in the stream.
    [[nodiscard]] std::uint64_t command_position() const noexcept {
        return position() - command_.size();
    }

    /// Whether a message has begun and not ended.
    [[nodiscard]] bool in_message() const noexcept {
        return !partial_.empty() || (large_ && (large_flags_ & frame_flag::command) == 0);
    }

    /// How many frames have come whole that others of their messages were to follow; those that
    /// came together with the last of them may be left out.
    [[nodiscard]] std::uint64_t inner_frames() const noexcept { return inner_frames_; }

private:
    // A frame above this goes to memory of its own; up to it, it is waited for in the read block.
    static constexpr std::size_t largest_buffered = 16 * 1024;
    static constexpr std::size_t smallest_block = 2 * largest_buffered;
    // Reserved at once for a large body; beyond it memory doubles as octets come.
    static constexpr std::size_t eager = 64 * 1024;

    [[nodiscard]] result next_slow(message& out, const limits& limit, std::error_code& ec) noexcept;
    [[nodiscard]] bool take_run(message& out, const limits& limit) noexcept;
    [[nodiscard]] bool make_room() noexcept;
    [[nodiscard]] bool adopt_large(const frame_header& header) noexcept;
    [[nodiscard]] bool begin_large(const frame_header& header) noexcept;
    [[nodiscard]] bool finish_large() noexcept;
    void finish_large_command() noexcept;
    [[nodiscard]] bool grow_large() noexcept;
    [[nodiscard]] bool check(const frame_header& header, const limits& limit,
                             std::error_code& ec) const noexcept;
    void forget_decoded() noexcept;
    void release_if_drained() noexcept;

    allocator* memory_;
    std::size_t read_block_;
    std::size_t max_command_size_ = limits{}.max_command_size;
    std::uint64_t base_ = 0; // octets of the stream in front of block_
    block_ref block_;        // octets [begin_, end_) are not decoded
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    octets command_;
    std::uint64_t inner_frames_ = 0;
    message partial_;                // the parts of the message that is coming
    std::uint64_t partial_size_ = 0; // octets of their bodies
    block_ref large_;                // the body that is coming: a header's room, then the octets
    std::uint64_t large_size_ = 0;
    std::size_t large_have_ = 0;
    std::size_t large_room_ = 0; // of what prepare gave, as far as it is not committed
    std::size_t block_room_ = 0;
    std::uint8_t large_flags_ = 0;
    block_ref large_command_; // what command_ points into, if not into block_
    std::array<std::span<std::byte>, 2> room_;
};

} // namespace mizzen::zmtp
