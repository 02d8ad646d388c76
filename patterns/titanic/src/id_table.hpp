// A hash table of a few things with the ids of requests, which stay where they are in memory.
#pragma once

#include "little_endian.hpp"
#include <mizzen/patterns/common/random.hpp>
#include <mizzen/patterns/titanic/request_id.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace mizzen::titanic {

/// Slots are used again, with another generation, and keep what their Value held until then.
template <class Value> class id_table {
public:
    using place = std::uint32_t;
    static constexpr place none = static_cast<place>(-1);

    explicit id_table(std::uint64_t seed) noexcept : seed_{seed} {}

    [[nodiscard]] place find(const request_id& id) const noexcept {
        if (buckets_.empty())
            return none;
        place found = buckets_[bucket_of(id)];
        while (found != none && slot(found).id != id)
            found = slot(found).chain;
        return found;
    }
    /// For an id that is not there.
    place add(const request_id& id) {
        if (linked_ == buckets_.size())
            grow();
        if (unused_.empty()) {
            if (made_ == chunks_.size() * chunk)
                chunks_.push_back(std::make_unique<entry[]>(chunk));
            unused_.reserve(made_ + 1); // so that release does not throw
            unused_.push_back(made_++);
        }
        const place which = unused_.back();
        unused_.pop_back();
        entry& made = slot(which);
        made.id = id;
        made.linked = true;
        made.chain = std::exchange(buckets_[bucket_of(id)], which);
        ++linked_;
        return which;
    }
    /// It is not found by its id any more.
    void unlink(place which) noexcept {
        entry& gone = slot(which);
        if (!std::exchange(gone.linked, false))
            return;
        place* link = &buckets_[bucket_of(gone.id)];
        while (*link != which)
            link = &slot(*link).chain;
        *link = gone.chain;
        --linked_;
    }
    void release(place which) noexcept {
        unlink(which);
        ++slot(which).generation;
        unused_.push_back(which);
    }

    [[nodiscard]] Value& at(place which) noexcept { return slot(which).value; }
    [[nodiscard]] const request_id& id(place which) const noexcept { return slot(which).id; }
    [[nodiscard]] bool linked(place which) const noexcept { return slot(which).linked; }
    [[nodiscard]] std::size_t size() const noexcept { return made_ - unused_.size(); }

    /// Names a slot until it is released.
    [[nodiscard]] std::uint64_t token(place which) const noexcept {
        return (std::uint64_t{slot(which).generation} << 32) | which;
    }
    [[nodiscard]] place by_token(std::uint64_t token) const noexcept {
        const auto which = static_cast<place>(token);
        return which < made_ && slot(which).generation == token >> 32 ? which : none;
    }

private:
    static constexpr std::size_t chunk = 64;

    struct entry {
        request_id id{};
        place chain = none;
        std::uint32_t generation = 1;
        bool linked = false;
        Value value{};
    };

    [[nodiscard]] entry& slot(place which) noexcept {
        return chunks_[which / chunk][which % chunk];
    }
    [[nodiscard]] const entry& slot(place which) const noexcept {
        return chunks_[which / chunk][which % chunk];
    }
    [[nodiscard]] std::size_t bucket_of(const request_id& id) const noexcept {
        const auto low = get<std::uint64_t>(id.data());
        const auto high = get<std::uint64_t>(id.data() + 8);
        return static_cast<std::size_t>(patterns::mix(low ^ patterns::mix(high + seed_))) &
               (buckets_.size() - 1);
    }
    void grow() {
        buckets_.assign(std::max<std::size_t>(2 * buckets_.size(), 64), none);
        for (place which = 0; which < made_; ++which)
            if (slot(which).linked)
                slot(which).chain = std::exchange(buckets_[bucket_of(slot(which).id)], which);
    }

    std::uint64_t seed_;
    std::vector<place> buckets_; // a power of two, or none
    std::vector<std::unique_ptr<entry[]>> chunks_;
    std::vector<place> unused_;
    place made_ = 0;
    std::size_t linked_ = 0;
};

} // namespace mizzen::titanic
