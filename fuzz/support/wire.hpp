// ZMTP's octets as a peer would write them, without the product's own encoders.
#pragma once

#include "choices.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mizzen::fuzz {

using stream = std::vector<std::byte>;

inline void put(stream& out, std::size_t octet) { out.push_back(static_cast<std::byte>(octet)); }
inline void put(stream& out, octets data) { out.insert(out.end(), data.begin(), data.end()); }
inline void put(stream& out, std::string_view text) { put(out, as_octets(text)); }
inline void put_number(stream& out, std::uint64_t number, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
        put(out, static_cast<std::size_t>(number >> shift & 0xff));
}

inline void put_greeting(stream& out, std::string_view mechanism, std::uint8_t minor,
                         bool as_server) {
    put(out, 0xff);
    out.resize(out.size() + 8);
    put(out, 0x7f);
    put(out, 3);
    put(out, minor);
    put(out, mechanism);
    out.resize(out.size() + (20 - mechanism.size()));
    put(out, std::size_t{as_server});
    out.resize(out.size() + 31);
}

/// The header of a frame; the size has eight octets when it needs them, or when `flags` say LONG.
inline void put_header(stream& out, std::size_t flags, std::size_t body) {
    const bool wide = body > 255 || (flags & 2) != 0;
    put(out, wide ? flags | 2 : flags);
    put_number(out, body, wide ? 8 : 1);
}
inline void put_frame(stream& out, std::size_t flags, octets body) {
    put_header(out, flags, body.size());
    put(out, body);
}
inline void put_command(stream& out, std::string_view name, octets data) {
    put_header(out, 4, 1 + name.size() + data.size());
    put(out, name.size());
    put(out, name);
    put(out, data);
}
inline void put_property(stream& out, std::string_view name, octets value) {
    put(out, name.size());
    put(out, name);
    put_number(out, value.size(), 4);
    put(out, value);
}

} // namespace mizzen::fuzz
