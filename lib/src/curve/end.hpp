// What both ends of a CURVE handshake have in common.
#pragma once

#include "traffic.hpp"
#include "x25519.hpp"
#include <mizzen/zmtp/security.hpp>

#include <cstddef>
#include <cstdint>

namespace mizzen::curve {

inline constexpr std::size_t hello_size = 194; // behind the name
inline constexpr std::size_t vouch_box = 2 * key_size + box_overhead;

/// The traffic behind the handshake. `End` is the class that derives from this one.
template <class End> class end_of_connection : public zmtp::mechanism {
public:
    [[nodiscard]] bool protects() const noexcept final { return true; }
    [[nodiscard]] std::size_t overhead() const noexcept final { return traffic::overhead; }
    [[nodiscard]] bool seal(std::uint8_t flags, zmtp::octets payload,
                            std::byte* out) noexcept final {
        return traffic_.seal(flags, payload, out);
    }
    [[nodiscard]] bool open(zmtp::octets body, std::uint8_t& flags, std::byte* out) noexcept final {
        return traffic_.open(body, flags, out);
    }
    void destroy() noexcept final { zmtp::destroy_in(*memory_, static_cast<End*>(this)); }

private:
    friend End;

    explicit end_of_connection(zmtp::allocator& memory) noexcept : memory_{&memory} {}
    ~end_of_connection() = default;

    zmtp::allocator* memory_;
    traffic traffic_;
};

} // namespace mizzen::curve
