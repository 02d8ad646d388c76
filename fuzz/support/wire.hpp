// ZMTP's octets as a peer would write them, without the product's own encoders.
#pragma once

#include "choices.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace mizzen::fuzz {

using stream = std::vector<std::byte>;

inline void put(stream& out, std::size_t octet) { out.push_back(static_cast<std::byte>(octet)); }
inline void put(stream& out, octets data) { out.insert(out.end(), data.begin(), data.end()); }
inline void put(stream& out, std::string_view text) { put(out, as_octets(text)); }
/// The same, faster where the octets are few.
inline void put_short(stream& out, octets data) {
    out.resize(out.size() + data.size());
    std::memcpy(out.data() + (out.size() - data.size()), data.data(), data.size());
}

[[nodiscard]] inline std::array<std::byte, 64>
greeting(std::string_view mechanism, std::uint8_t minor, bool as_server) noexcept {
    std::array<std::byte, 64> out{};
    out[0] = std::byte{0xff};
    out[9] = std::byte{0x7f};
    out[10] = std::byte{3};
    out[11] = std::byte{minor};
    std::memcpy(out.data() + 12, mechanism.data(), mechanism.size());
    out[32] = std::byte{as_server};
    return out;
}
inline void put_greeting(stream& out, std::string_view mechanism, std::uint8_t minor,
                         bool as_server) {
    put_short(out, greeting(mechanism, minor, as_server));
}

/// What comes before a body: put together here, it goes into a stream at once.
class front {
public:
    front& add(std::size_t octet) noexcept {
        all_[size_++] = static_cast<std::byte>(octet);
        return *this;
    }
    front& add(std::uint64_t number, int width) noexcept {
        for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
            add(static_cast<std::size_t>(number >> shift & 0xff));
        return *this;
    }
    /// With its length before it, in one octet.
    front& add(std::string_view text) noexcept {
        add(text.size());
        std::memcpy(all_.data() + size_, text.data(), text.size());
        size_ += text.size();
        return *this;
    }
    /// The header of a frame; the size has eight octets when it needs them, or when `flags` say
    /// LONG.
    front& header(std::size_t flags, std::size_t body) noexcept {
        if (body <= 255 && (flags & 2) == 0)
            return add(flags).add(body);
        return add(flags | 2).add(body, 8);
    }
    void put_into(stream& out) const { put_short(out, octets{all_}.first(size_)); }

private:
    std::array<std::byte, 9 + 1 + 255> all_;
    std::size_t size_ = 0;
};

inline void put_frame(stream& out, std::size_t flags, octets body) {
    front{}.header(flags, body.size()).put_into(out);
    put(out, body);
}
inline void put_command(stream& out, std::string_view name, octets data) {
    front{}.header(4, 1 + name.size() + data.size()).add(name).put_into(out);
    put(out, data);
}
inline void put_property(stream& out, std::string_view name, octets value) {
    front{}.add(name).add(value.size(), 4).put_into(out);
    put(out, value);
}

} // namespace mizzen::fuzz
