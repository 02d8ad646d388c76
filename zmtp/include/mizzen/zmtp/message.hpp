// A ZeroMQ message: one or more parts, each a string of octets.
#pragma once

#include <mizzen/zmtp/allocator.hpp>
#include <mizzen/zmtp/block.hpp>
#include <mizzen/zmtp/frame_header.hpp>
#include <mizzen/zmtp/octets.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <new>
#include <string_view>

namespace mizzen::zmtp {

/// What a socket that reports its peers says with a message (`option::report_peers`).
enum class notice : std::uint8_t {
    none,          ///< An ordinary message.
    peer_up,       ///< A peer finished its handshake; the message has no parts.
    peer_down,     ///< A peer went away; the message has no parts. Nothing more comes from it.
    peer_writable, ///< A message to this peer found its queue full, which is half empty again now.
};

/// Names one connection of one socket for as long as it lives; never used again. 0 is no peer.
using peer_id = std::uint64_t;

/// A move-only multipart message.
///
/// Parts are kept as the frames that go on the wire. Up to `inline_capacity` octets of frames live
/// in the object itself, so that a message of a few small parts needs no memory of its own; what is
/// beyond goes into reference-counted blocks. Parts put in front never move the ones behind.
///
/// Views of parts are valid until the message is changed, moved or destroyed. The functions whose
/// names start with `try_` answer false when the allocator refuses, and then change nothing.
class message {
public:
    static constexpr std::size_t inline_capacity = 80;

    class const_iterator;

    message() noexcept = default;
    message(message&& other) noexcept {
        state_.take(other.state_);
        other.forget();
    }
    message& operator=(message&& other) noexcept {
        if (this != &other) {
            release_tail();
            state_.take(other.state_);
            other.forget();
        }
        return *this;
    }
    message(const message&) = delete;
    message& operator=(const message&) = delete;
    ~message() { release_tail(); }

#if defined(__cpp_exceptions)
    /// A message of one part, or of several. Throws std::bad_alloc.
    explicit message(std::string_view part) { push_back(part); }
    explicit message(octets part) { push_back(part); }
    message(std::initializer_list<std::string_view> parts) {
        for (const std::string_view part : parts)
            push_back(part);
    }
    /// As try_push_back and try_push_front, but throw std::bad_alloc.
    message& push_back(octets part) {
        if (!try_push_back(part))
            throw std::bad_alloc{};
        return *this;
    }
    message& push_back(std::string_view part) { return push_back(as_octets(part)); }
    message& push_front(octets part) {
        if (!try_push_front(part))
            throw std::bad_alloc{};
        return *this;
    }
    message& push_front(std::string_view part) { return push_front(as_octets(part)); }
#endif

    /// How many parts there are.
    [[nodiscard]] std::size_t size() const noexcept { return state_.parts; }
    [[nodiscard]] bool empty() const noexcept { return state_.parts == 0; }
    /// Octets on the wire: all bodies and their frame headers.
    [[nodiscard]] std::size_t encoded_size() const noexcept {
        std::size_t total = head_size();
        for (std::size_t i = 0; i < slices(); ++i)
            total += slice_at(i).size;
        return total;
    }

    /// Part `index`, which is below size(). Costs a step for each part before it.
    [[nodiscard]] octets operator[](std::size_t index) const noexcept;
    [[nodiscard]] std::string_view text(std::size_t index) const noexcept {
        return as_text((*this)[index]);
    }
    /// The first part of a message that is not empty.
    [[nodiscard]] octets front() const noexcept {
        return read_stored(head_size() != 0 ? state_.store + state_.begin : state_.first.data).body;
    }
    [[nodiscard]] const_iterator begin() const noexcept;
    [[nodiscard]] const_iterator end() const noexcept;

    /// Adds a part behind or in front of the others, copying it.
    [[nodiscard]] bool try_push_back(octets part, allocator& from = default_allocator()) noexcept {
        std::byte* room = extend_back(part.size(), from);
        if (room == nullptr)
            return false;
        copy_part(room, part);
        return true;
    }
    [[nodiscard]] bool try_push_front(octets part, allocator& from = default_allocator()) noexcept {
        std::byte* room = extend_front(part.size(), from);
        if (room == nullptr)
            return false;
        copy_part(room, part);
        return true;
    }

    /// Adds a part of `size` octets and returns where to write them; null when refused.
    [[nodiscard]] std::byte* extend_back(std::size_t size,
                                         allocator& from = default_allocator()) noexcept {
        if (size < inline_capacity && !state_.sliced &&
            2 + size <= static_cast<std::size_t>(inline_capacity - state_.end)) {
            const std::size_t need = 2 + size;
            std::byte* at = state_.store + state_.end;
            state_.end = static_cast<std::uint8_t>(state_.end + need);
            ++state_.parts;
            return at + encode_frame_header(at, frame_flag::more, size);
        }
        return extend_back_slow(size, from);
    }
    [[nodiscard]] std::byte* extend_front(std::size_t size,
                                          allocator& from = default_allocator()) noexcept {
        if (size < inline_capacity && 2 + size <= state_.begin) {
            const std::size_t need = 2 + size;
            state_.begin = static_cast<std::uint8_t>(state_.begin - need);
            std::byte* at = state_.store + state_.begin;
            ++state_.parts;
            return at + encode_frame_header(at, frame_flag::more, size);
        }
        return extend_front_slow(size, from);
    }

    /// Removes the first part of a message that is not empty.
    void pop_front() noexcept;

    /// Removes all parts, and the peer and the notice.
    void clear() noexcept {
        release_tail();
        forget();
        state_.peer = 0;
        state_.what = notice::none;
    }

    /// A second message with the same parts, which shares this one's blocks. Empty when refused.
    [[nodiscard]] message share(allocator& from = default_allocator()) const noexcept;

    /// Writes the frames of all parts as they are stored, encoded_size() octets.
    void copy_frames(std::byte* to) const noexcept {
        copy_short(to, state_.store + state_.begin, head_size());
        if (state_.sliced)
            copy_slices(to + head_size());
    }
    /// Makes an empty message one of so many parts, whose frames copy_frames() wrote.
    [[nodiscard]] bool try_restore(octets frames, std::uint32_t parts,
                                   allocator& from = default_allocator()) noexcept {
        if (frames.size() > inline_capacity)
            return restore_in_block(frames, parts, from);
        const std::size_t room = inline_capacity - frames.size();
        state_.begin = static_cast<std::uint8_t>(room < headroom ? room : headroom);
        state_.end = static_cast<std::uint8_t>(state_.begin + frames.size());
        state_.parts = parts;
        copy_short(state_.store + state_.begin, frames.data(), frames.size());
        return true;
    }

    /// Which connection a received message came from.
    [[nodiscard]] peer_id peer() const noexcept { return state_.peer; }
    void set_peer(peer_id peer) noexcept { state_.peer = peer; }
    [[nodiscard]] notice peer_notice() const noexcept { return state_.what; }
    void set_peer_notice(notice what) noexcept { state_.what = what; }

private:
    friend class connection;
    friend class frame_encoder;
    friend class frame_decoder;

    // A run of whole frames in a block. Their headers are canonical; the MORE flag is whatever it
    // is and is set right on the way out, so that parts come and go without touching each other.
    struct slice {
        block* owner;
        std::byte* data;
        std::size_t size;
    };
    struct slice_list;

    static constexpr std::uint8_t headroom = 12; // for a routing id, which a ROUTER puts in front

    // A move is a copy and a forget. What a small message needs comes first, so that only the one
    // cache line that it is in has to be copied.
    struct state {
        std::uint32_t parts = 0;
        std::uint8_t begin = headroom; // of the frames in store
        std::uint8_t end = headroom;
        notice what = notice::none;
        bool sliced = false; // whether the last two mean anything
        peer_id peer = 0;
        std::byte store[inline_capacity]; // frames in front of the slices
        slice_list* more;                 // the slices behind the first
        slice first;

        state() noexcept {} // NOLINT(modernize-use-equals-default): leaves the rest alone
        void take(const state& other) noexcept {
            constexpr std::size_t line = 64;
            const auto* from = reinterpret_cast<const std::byte*>(&other);
            auto* to = reinterpret_cast<std::byte*>(this);
            std::memcpy(to, from, line);
            if (other.sliced || offsetof(state, store) + other.end > line)
                std::memcpy(to + line, from + line, sizeof(state) - line);
        }
    };

    static void copy_part(std::byte* to, octets part) noexcept {
        if (part.size() <= inline_capacity)
            copy_short(to, part.data(), part.size());
        else
            std::memcpy(to, part.data(), part.size());
    }

    struct stored_frame {
        octets body;
        const std::byte* next;
    };
    [[nodiscard]] static stored_frame read_stored(const std::byte* at) noexcept {
        if ((std::to_integer<std::uint8_t>(at[0]) & frame_flag::long_size) == 0) {
            const auto size = std::to_integer<std::size_t>(at[1]);
            return {{at + 2, size}, at + 2 + size};
        }
        std::size_t size = 0;
        for (int i = 1; i < 9; ++i)
            size = (size << 8) | std::to_integer<std::size_t>(at[i]);
        return {{at + max_frame_header, size}, at + max_frame_header + size};
    }

    [[nodiscard]] std::size_t head_size() const noexcept {
        return static_cast<std::size_t>(state_.end - state_.begin);
    }
    [[nodiscard]] std::size_t slices() const noexcept { return state_.sliced ? slices_slow() : 0; }
    [[nodiscard]] std::size_t slices_slow() const noexcept;
    [[nodiscard]] slice& slice_at(std::size_t index) const noexcept;
    [[nodiscard]] bool add_slice(slice added, allocator& from) noexcept;
    void remove_first_slice() noexcept;

    [[nodiscard]] std::byte* extend_back_slow(std::size_t size, allocator& from) noexcept;
    [[nodiscard]] std::byte* extend_front_slow(std::size_t size, allocator& from) noexcept;
    void copy_slices(std::byte* to) const noexcept;
    [[nodiscard]] bool restore_in_block(octets frames, std::uint32_t parts,
                                        allocator& from) noexcept;
    /// Takes over `count` whole frames that lie in a block.
    [[nodiscard]] bool adopt_back(block_ref frames, std::byte* data, std::size_t size,
                                  std::uint32_t count, allocator& from) noexcept;

    /// Whether there is one part, which lies in a block. Then: where its octets are, and leaving
    /// off the first of them, at least as many as the largest header has.
    [[nodiscard]] bool in_block() const noexcept { return state_.parts == 1 && state_.sliced; }
    [[nodiscard]] std::byte* octets_in_block() const noexcept {
        return state_.first.data + (read_stored(state_.first.data).body.data() - state_.first.data);
    }
    void leave_off(std::size_t count) noexcept;

    void release_tail() noexcept {
        if (state_.sliced)
            release_tail_slow();
    }
    void release_tail_slow() noexcept;
    void forget() noexcept {
        state_.parts = 0;
        state_.begin = state_.end = headroom;
        state_.sliced = false;
    }

    state state_;
};

/// Goes over the parts of a message; each is an `octets`.
class message::const_iterator {
public:
    using value_type = octets;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = const octets*;
    using reference = octets;

    const_iterator() noexcept = default;
    [[nodiscard]] octets operator*() const noexcept { return read_stored(at_).body; }
    const_iterator& operator++() noexcept {
        at_ = read_stored(at_).next;
        --left_;
        enter_next_slice();
        return *this;
    }
    const_iterator operator++(int) noexcept {
        const_iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const const_iterator& a, const const_iterator& b) noexcept {
        return a.left_ == b.left_;
    }

private:
    friend class message;
    friend class frame_encoder;

    explicit const_iterator(const message& of) noexcept
        : of_{&of}, left_{of.state_.parts}, at_{of.state_.store + of.state_.begin},
          end_{of.state_.store + of.state_.end} {
        enter_next_slice();
    }
    void enter_next_slice() noexcept {
        if (at_ == end_ && left_ != 0) {
            const slice& next = of_->slice_at(next_slice_++);
            at_ = next.data;
            end_ = next.data + next.size;
        }
    }

    const message* of_ = nullptr;
    std::uint32_t left_ = 0;
    std::uint32_t next_slice_ = 0;
    const std::byte* at_ = nullptr;
    const std::byte* end_ = nullptr;
};

inline message::const_iterator message::begin() const noexcept { return const_iterator{*this}; }
inline message::const_iterator message::end() const noexcept { return {}; }
inline octets message::operator[](std::size_t index) const noexcept {
    if (index == 0)
        return front();
    const_iterator at = begin();
    while (index-- != 0)
        ++at;
    return *at;
}

inline void message::pop_front() noexcept {
    --state_.parts;
    if (head_size() != 0) {
        const std::byte* next = read_stored(state_.store + state_.begin).next;
        state_.begin = static_cast<std::uint8_t>(next - state_.store);
        if (state_.begin == state_.end && state_.sliced)
            state_.begin = state_.end = inline_capacity; // only the front can grow now
        return;
    }
    const std::byte* next = read_stored(state_.first.data).next;
    state_.first.size -= static_cast<std::size_t>(next - state_.first.data);
    state_.first.data += next - state_.first.data;
    if (state_.first.size == 0)
        remove_first_slice();
}

} // namespace mizzen::zmtp
