// What a core wants done, for its shell to take.
#pragma once

#include "ring_queue.hpp"

#include <utility>

namespace mizzen::patterns {

template <class Action> class action_queue {
public:
    void add(Action&& what) { items_.push_back() = std::move(what); }

    /// The oldest. False when there is none; `out` is then unchanged.
    [[nodiscard]] bool next(Action& out) noexcept {
        if (items_.empty())
            return false;
        out = items_.pop_front();
        return true;
    }

private:
    ring_queue<Action> items_;
};

} // namespace mizzen::patterns
