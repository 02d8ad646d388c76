// When it is worth to look for more, instead of sleeping.
#pragma once

#include <algorithm>

namespace mizzen::detail {

/// Says whether to look for a while before sleeping, by how it went before: after each look in vain
/// more of them are left out, up to 63 in a row, since what comes seldom is not worth it.
class seldom_in_vain {
public:
    [[nodiscard]] bool begin() noexcept {
        if (to_skip_ == 0)
            return true;
        --to_skip_;
        return false;
    }
    void end(bool was_worth_it) noexcept {
        left_out_ = was_worth_it ? 0 : std::min(2 * left_out_ + 1, most_left_out);
        to_skip_ = left_out_;
    }

private:
    static constexpr unsigned most_left_out = 63;
    unsigned left_out_ = 0; // after the last look in vain
    unsigned to_skip_ = 0;
};

} // namespace mizzen::detail
