// Messages of the pirates, and what are none.
#pragma once

#include "choices.hpp"
#include <mizzen/zmtp/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mizzen::fuzz {

/// What the protocols have frames of, and what they have not. `own` is one that means something to
/// whoever gets it: a handle, a tag.
inline std::string_view pirate_frame(choices& from, const std::string& own) {
    using namespace std::string_view_literals;
    switch (const std::uint8_t what = from.octet()) {
    case 0: return {};
    case 1: return "\x01";
    case 2: return "\x02";
    case 3: return "READY";
    case 4: return "HEARTBEAT";
    case 5: return own;
    case 6: return "M1the id of 16 oct\0\0\0\0"sv;   // a request's tag
    case 7: return "M1the id of 16 oct\0\0\0\0\0"sv; // a reply's
    default: return as_text(from.take(what % 32));
    }
}

inline zmtp::message pirate_message(choices& from, const std::string& own) {
    zmtp::message m;
    for (std::size_t left = from.octet() % 12; left != 0; --left)
        m.push_back(pirate_frame(from, own));
    return m;
}

} // namespace mizzen::fuzz
