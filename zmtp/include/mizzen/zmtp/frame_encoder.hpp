// From messages and commands to spans of octets to write.
#pragma once

#include <mizzen/zmtp/block.hpp>
#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/message.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace mizzen::zmtp {

/// Gathers small frames into one batch and refers to large bodies where they lie.
///
/// While there is nothing to write no memory is held.
class frame_encoder {
public:
    frame_encoder(allocator& memory, std::size_t batch_size) noexcept
        : memory_{&memory}, batch_size_{batch_size < smallest_batch ? smallest_batch : batch_size} {
    }
    ~frame_encoder() { drop(); }
    /// From the next batch on.
    void gather(std::size_t batch_size) noexcept {
        batch_size_ = batch_size < smallest_batch ? smallest_batch : batch_size;
    }
    frame_encoder(const frame_encoder&) = delete;
    frame_encoder& operator=(const frame_encoder&) = delete;

    /// Whether send takes another message now; if not, consume comes first.
    [[nodiscard]] bool can_send() const noexcept { return current_.empty() && tail_ <= small_end_; }
    /// Takes a message that is not empty, when can_send(). False when the allocator refuses.
    [[nodiscard]] bool send(message&& m) noexcept {
        // The commonest message by far: one small part, behind others.
        if (tail_ == nullptr || m.state_.sliced || m.state_.parts != 1)
            return send_slow(std::move(m));
        const std::size_t size = m.head_size();
        copy_short(tail_, m.state_.store + m.state_.begin, size);
        *tail_ &= ~std::byte{frame_flag::more};
        tail_ += size;
        m.forget();
        return true;
    }
    /// Whether no message has begun whose end has not been taken yet.
    [[nodiscard]] bool between_messages() const noexcept { return current_.empty(); }
    /// Where a frame of that size, with its header, can be written among those that are gathered,
    /// between messages; null when there is no room for it or no memory. It goes out once
    /// frame_written says so.
    [[nodiscard]] std::byte* room_for_frame(std::size_t size) noexcept;
    void frame_written(std::size_t size) noexcept { tail_ += size; }
    /// Puts octets as they are between two frames: a greeting, or a whole command frame.
    /// False when there is no room for them, or no memory.
    [[nodiscard]] bool put(octets raw) noexcept;
    /// The same without a copy: writes all of the block.
    [[nodiscard]] bool put(block_ref raw) noexcept;
    /// From now on every part goes out as a message of its own, for a mechanism whose MORE is
    /// inside.
    void hide_more() noexcept { more_ = {}; }

    [[nodiscard]] std::span<const std::span<const std::byte>> output() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return batch_ == nullptr; }
    /// Drops that many octets from the front of output(). False when the allocator refuses memory
    /// for the rest of a message.
    [[nodiscard]] bool consume(std::size_t size) noexcept;
    /// Drops everything.
    void drop() noexcept;

private:
    struct batch;
    static constexpr std::size_t smallest_batch = 4 * 1024;
    static constexpr std::size_t handshake_batch = 1024;
    static constexpr std::size_t reserve = 64; // of the batch, for commands
    static constexpr std::size_t largest_copied =
        2 * 1024; // a larger body is written from its block
    static constexpr std::size_t most_spans = 64;

    [[nodiscard]] bool send_slow(message&& m) noexcept;
    [[nodiscard]] bool open(std::size_t capacity) noexcept;
    void rewind() noexcept;
    [[nodiscard]] std::size_t room_for_copies() const noexcept;
    void hold(octets body, block* owner) noexcept;
    [[nodiscard]] bool continue_current() noexcept;
    void close() noexcept;

    allocator* memory_;
    std::size_t batch_size_;
    std::byte more_{frame_flag::more};
    batch* batch_ = nullptr;
    std::byte* tail_ = nullptr;      // behind what was copied into the batch
    std::byte* small_end_ = nullptr; // up to here there is room for a small message, and reserve
    message current_; // does not fit as a whole yet; its parts before next_part_ are in the batch
    message::const_iterator next_part_;
};

} // namespace mizzen::zmtp
