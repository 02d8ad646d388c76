// Decisions read from the octets of a script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mizzen::sim {

/// Zeros once it is used up, so that every script means something.
class script_reader {
public:
    explicit script_reader(std::span<const std::uint8_t> script) : rest_{script} {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    std::size_t octet() {
        if (rest_.empty())
            return 0;
        const std::size_t taken = rest_.front();
        rest_ = rest_.subspan(1);
        return taken;
    }

private:
    std::span<const std::uint8_t> rest_;
};

} // namespace mizzen::sim
