// Bodies that were stored not long ago, so that most need not be read again.
#pragma once

#include "id_table.hpp"
#include <mizzen/patterns/titanic/wire.hpp>

#include <intrusive_list.hpp>

#include <cstddef>
#include <cstdint>

namespace mizzen::titanic {

/// One body for each id, its request or its reply. Beyond a limit the oldest replies go, and then
/// no further request is kept: the one that came last is also the last to be sent to its service.
class recent_bodies {
public:
    enum class kind : std::uint8_t { request, reply };

    recent_bodies(std::size_t max_octets, std::uint64_t seed) noexcept
        : max_octets_{max_octets}, bodies_{seed} {}

    /// Takes the place of what was kept for `id`. A request is new: what there may be of one that
    /// had its id before is behind it, and goes with it.
    void put(const request_id& id, kind what, message&& body) {
        if (what == kind::reply)
            drop(id);
        const std::size_t size = overhead + body.encoded_size();
        while (octets_ + size > max_octets_ && !replies_.empty())
            remove(*replies_.front());
        if (octets_ + size > max_octets_)
            return;
        const place which = bodies_.add(id);
        entry& made = bodies_.at(which);
        made.self = which;
        made.what = what;
        made.size = size;
        made.body = std::move(body);
        if (what == kind::reply)
            replies_.push_back(made);
        octets_ += size;
    }
    /// Null if it is not here, or of the other kind.
    [[nodiscard]] const message* find(const request_id& id, kind what) noexcept {
        const place which = bodies_.find(id);
        if (which == table::none || bodies_.at(which).what != what)
            return nullptr;
        return &bodies_.at(which).body;
    }
    void drop(const request_id& id) noexcept {
        for (place which = bodies_.find(id); which != table::none; which = bodies_.find(id))
            remove(bodies_.at(which));
    }

private:
    struct entry {
        std::uint32_t self = 0;
        kind what = kind::request;
        std::size_t size = 0;
        message body;
        patterns::list_links<entry> links;
    };
    using table = id_table<entry>;
    using place = table::place;
    static constexpr std::size_t overhead = sizeof(entry) + 48; // of the table

    void remove(entry& gone) noexcept {
        replies_.remove(gone);
        octets_ -= gone.size;
        gone.body.clear();
        bodies_.release(gone.self);
    }

    std::size_t max_octets_;
    std::size_t octets_ = 0;
    table bodies_;
    patterns::intrusive_list<entry, &entry::links> replies_; // the oldest first
};

} // namespace mizzen::titanic
