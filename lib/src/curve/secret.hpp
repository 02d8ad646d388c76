// Octets that leave no trace in memory.
#pragma once

#include <mizzen/zmtp/octets.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace mizzen::curve {

/// Makes them zero, also where nothing reads them afterwards: the compiler has to take it that the
/// assembler does.
inline void wipe(void* octets, std::size_t size) noexcept {
    std::memset(octets, 0, size);
    __asm__ volatile("" : : "r"(octets) : "memory");
}

/// Some octets, zero at first, wiped when they go.
template <std::size_t Size> class secret {
public:
    secret() noexcept = default;
    explicit secret(std::span<const std::byte, Size> from) noexcept {
        std::memcpy(octets_.data(), from.data(), Size);
    }
    secret(const secret& other) noexcept = default;
    secret& operator=(const secret& other) noexcept = default;
    ~secret() { wipe(); }

    void wipe() noexcept { curve::wipe(octets_.data(), Size); }
    [[nodiscard]] std::byte* data() noexcept { return octets_.data(); }
    [[nodiscard]] const std::byte* data() const noexcept { return octets_.data(); }
    [[nodiscard]] static constexpr std::size_t size() noexcept { return Size; }
    [[nodiscard]] std::span<std::byte, Size> span() noexcept { return octets_; }
    [[nodiscard]] std::span<const std::byte, Size> span() const noexcept { return octets_; }

private:
    std::array<std::byte, Size> octets_{};
};

} // namespace mizzen::curve
