// A doubly linked list whose links live in its items.
#pragma once

namespace mizzen::patterns {

template <class T> struct list_links {
    T* before = nullptr;
    T* after = nullptr;
    bool linked = false;
};

/// Owns nothing. An item is in at most one list a member, and leaves it before it goes away.
template <class T, list_links<T> T::* Links> class intrusive_list {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] T* front() const noexcept { return first_; }
    [[nodiscard]] T* back() const noexcept { return last_; }

    void push_back(T& item) noexcept {
        list_links<T>& links = item.*Links;
        links = {last_, nullptr, true};
        (last_ == nullptr ? first_ : (last_->*Links).after) = &item;
        last_ = &item;
    }
    void push_front(T& item) noexcept {
        list_links<T>& links = item.*Links;
        links = {nullptr, first_, true};
        (first_ == nullptr ? last_ : (first_->*Links).before) = &item;
        first_ = &item;
    }
    /// Does nothing to an item that is not in the list.
    void remove(T& item) noexcept {
        list_links<T>& links = item.*Links;
        if (!links.linked)
            return;
        (links.before == nullptr ? first_ : (links.before->*Links).after) = links.after;
        (links.after == nullptr ? last_ : (links.after->*Links).before) = links.before;
        links = {};
    }
    void move_to_back(T& item) noexcept {
        if (last_ != &item) {
            remove(item);
            push_back(item);
        }
    }

private:
    T* first_ = nullptr;
    T* last_ = nullptr;
};

} // namespace mizzen::patterns
