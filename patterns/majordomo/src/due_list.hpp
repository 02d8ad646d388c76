// Items in the order in which they are due: cheap where most are as far ahead as the one before.
#pragma once

#include <mizzen/zmtp/config.hpp>

#include <intrusive_list.hpp>

#include <algorithm>
#include <map>
#include <optional>

namespace mizzen::majordomo {

using patterns::list_links;

template <class T> struct due_links {
    list_links<T> list;
    zmtp::time_point due{};
    bool odd = false;
    typename std::multimap<zmtp::time_point, T*>::iterator where;
};

/// Owns nothing. An item is in it once at most, and leaves it before it goes away.
template <class T, due_links<T> T::* Links> class due_list {
public:
    /// When the first is due.
    [[nodiscard]] std::optional<zmtp::time_point> first() const noexcept {
        std::optional<zmtp::time_point> due;
        if (first_ != nullptr)
            due = (first_->*Links).due;
        if (!odd_.empty())
            due = due ? std::min(*due, odd_.begin()->first) : odd_.begin()->first;
        return due;
    }
    /// One that is due at `now`, the earliest; null when there is none.
    [[nodiscard]] T* due(zmtp::time_point now) const noexcept {
        const auto when = first();
        if (!when || now < *when)
            return nullptr;
        return first_ != nullptr && (first_->*Links).due == *when ? first_ : odd_.begin()->second;
    }

    void set(T& item, zmtp::time_point due) {
        clear(item);
        due_links<T>& links = item.*Links;
        if (last_ != nullptr && due < (last_->*Links).due) {
            links.where = odd_.emplace(due, &item);
            links.odd = true;
        } else {
            links.list = {last_, nullptr, true};
            (last_ == nullptr ? first_ : (last_->*Links).list.after) = &item;
            last_ = &item;
        }
        links.due = due;
    }
    /// Does nothing to an item that is not in it.
    void clear(T& item) noexcept {
        due_links<T>& links = item.*Links;
        if (links.odd) {
            odd_.erase(links.where);
            links.odd = false;
        } else if (links.list.linked) {
            const list_links<T> at = links.list;
            (at.before == nullptr ? first_ : (at.before->*Links).list.after) = at.after;
            (at.after == nullptr ? last_ : (at.after->*Links).list.before) = at.before;
            links.list = {};
        }
    }

private:
    T* first_ = nullptr; // sorted; what is due before the last one is among the odd ones
    T* last_ = nullptr;
    std::multimap<zmtp::time_point, T*> odd_;
};

} // namespace mizzen::majordomo
