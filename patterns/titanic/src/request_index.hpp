// The index of a store: each request's state and place, by its id.
#pragma once

#include "service_names.hpp"
#include <mizzen/patterns/titanic/request_id.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace mizzen::titanic {

/// 80 octets a request; what they say lives in segments.
struct index_entry {
    using place = std::uint32_t;
    static constexpr place none = static_cast<place>(-1);
    struct links {
        place before = none;
        place after = none;
    };

    request_id id{};
    ticket changed = 0;     ///< The last record about it.
    std::uint64_t time = 0; ///< Milliseconds since 1970.
    std::uint32_t segment = 0;
    std::uint32_t offset = 0; ///< Of the record that has its body.
    std::uint32_t body = 0;   ///< Octets: the service and what it was sent, or has replied.
    std::uint32_t digest = 0;
    service_names::place service = 0;
    std::uint16_t attempts = 0;
    request_state state = request_state::open;
    bool moving = false; ///< A copy of its record is on its way.
    place chain = none;  ///< The next one in its bucket, or of those unused.
    links in_segment;
    links in_state;
};

static_assert(sizeof(index_entry) == 80);

/// Entries in the order in which they came to it; the links are in the entries.
struct entry_list {
    index_entry::place first = index_entry::none;
    index_entry::place last = index_entry::none;
    std::size_t count = 0;
};

/// Entries stay where they are in memory until they are removed.
class request_index {
public:
    using place = index_entry::place;
    static constexpr place none = index_entry::none;

    explicit request_index(std::uint64_t seed) noexcept : seed_{seed} {}

    [[nodiscard]] place find(const request_id& id) const noexcept;
    [[nodiscard]] index_entry& at(place which) noexcept {
        return chunks_[which / chunk][which % chunk];
    }
    [[nodiscard]] const index_entry& at(place which) const noexcept {
        return chunks_[which / chunk][which % chunk];
    }
    /// Makes room for one more, so that `add` does not throw.
    void reserve();
    /// An entry for an id that is not there, open and in no segment's list.
    place add(const request_id& id) noexcept;
    /// It is in no segment's list.
    void remove(place which) noexcept;
    void set_state(place which, request_state to) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const entry_list& in(request_state which) const noexcept {
        return states_[static_cast<std::size_t>(which)];
    }
    /// The oldest first.
    void sort_by_time(request_state which);

    void append(entry_list& list, index_entry::links index_entry::* links, place which) noexcept;
    void unlink(entry_list& list, index_entry::links index_entry::* links, place which) noexcept;

private:
    static constexpr std::size_t chunk = 1024;

    /// The first entry of a chain, and what spares a look at it, which memory is slow with: most
    /// ids that are looked for are new, and most chains are of one.
    struct bucket {
        place first = none;
        std::uint32_t mark = 0; ///< Of the first one's hash; its last bit says that it is alone.
    };
    [[nodiscard]] std::uint64_t hash_of(const request_id& id) const noexcept;
    [[nodiscard]] const bucket& bucket_of(std::uint64_t hash) const noexcept {
        return buckets_[static_cast<std::size_t>(hash) & (buckets_.size() - 1)];
    }
    [[nodiscard]] bucket& bucket_of(std::uint64_t hash) noexcept {
        return buckets_[static_cast<std::size_t>(hash) & (buckets_.size() - 1)];
    }
    void put_first(bucket& of, std::uint64_t hash, place which) noexcept;
    void grow();
    [[nodiscard]] entry_list& list_of(request_state which) noexcept {
        return states_[static_cast<std::size_t>(which)];
    }

    std::uint64_t seed_;
    std::vector<bucket> buckets_; // a power of two, or none
    std::vector<std::unique_ptr<index_entry[]>> chunks_;
    place unused_ = none;
    std::size_t made_ = 0; ///< Entries that were ever used.
    std::size_t size_ = 0;
    entry_list states_[3];
};

} // namespace mizzen::titanic
