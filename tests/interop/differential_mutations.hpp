// Valid sessions with each of the listeners, broken in a place or two.
#pragma once

#include "differential.hpp"
#include "differential_cases.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::testing::differential {

struct valid_session {
    std::vector<bytes> pieces; // the greeting, then frames
    std::size_t metadata;      // which piece is READY or INITIATE,
    std::size_t at_properties; // and where in it they begin
};

inline bool has(std::byte flags, std::uint8_t flag) {
    return (std::to_integer<unsigned>(flags) & flag) != 0;
}

inline valid_session session_with(const listener& to) {
    valid_session out{.pieces = {greeting_to(to)}, .metadata = 1, .at_properties = 2 + 6};
    if (to.plain) {
        out.pieces.push_back(hello());
        out.metadata = 2;
        out.at_properties = 2 + 9;
    }
    out.pieces.push_back(
        metadata_to(to, "08 'Identity' 00 00 00 02 'id' | 06 'X-Zone' 00 00 00 03 'abc'", 4));
    constexpr std::string_view traffic[] = {
        "00 05 'first'",
        "01 01 'a'",
        "00 02 'bc'",
        "04 07 04 'PING' 00 00",
        "01 00",
        "03 00*6 01 2C 61*300",
        "00 03 'end'",
        "04 07 03 'FOO123'",
        "04 0A 04 'PING' 00 00 'ctx'",
        "02 00*7 04 'long'",
        "00 00",
    };
    constexpr std::string_view subscriptions[] = {
        "04 0B 09 'SUBSCRIBE' 'A'",    "00 03 01 'AB'",
        "04 0A 09 'SUBSCRIBE'",        "00 01 01",
        "04 0E 09 'SUBSCRIBE' 'zone'", "04 08 06 'CANCEL' 'A'",
        "02 00*7 03 00 'AB'",          "06 00*7 07 06 'CANCEL'",
    };
    const auto* next = std::begin(subscriptions);
    for (const std::string_view text : traffic) {
        out.pieces.push_back(wire(text));
        const bool whole = !has(out.pieces.back()[0], zmtp::frame_flag::more);
        if (to.type == socket_type::xpub && whole && next != std::end(subscriptions))
            out.pieces.push_back(wire(*next++));
    }
    out.pieces.push_back(wire("00 04 'last'"));
    return out;
}

class mutator {
public:
    explicit mutator(std::uint32_t seed) : random_{seed} {}

    trial make(std::size_t number) {
        constexpr std::array listeners{pull, router, xpub, plain_pull, plain_xpub};
        trial out{.name = "mutation " + std::to_string(number),
                  .stream = {},
                  .to = listeners[below(listeners.size())]};
        valid_session from = session_with(out.to);
        constexpr std::array<std::size_t, 8> often{1, 1, 1, 1, 1, 2, 2, 3};
        for (std::size_t left = often[below(often.size())]; left != 0; --left)
            mutate(from);
        if (below(8) == 0)
            reorder(from.pieces);
        for (const bytes& piece : from.pieces)
            out.stream = out.stream + piece;
        if (below(8) == 0)
            out.stream.resize(below(out.stream.size()));
        return out;
    }

private:
    std::size_t below(std::size_t end) { return random_() % end; }
    std::byte octet() {
        constexpr std::array<unsigned, 12> telling{0,    1,    2,    4,    5,    6,
                                                   0x0A, 0x7F, 0x80, 0xFE, 0xFF, 'R'};
        return static_cast<std::byte>(below(2) == 0 ? below(256) : telling[below(telling.size())]);
    }
    // Often near the front, where the meaning is.
    std::size_t place(const bytes& in) {
        return std::min(below(3) == 0 ? below(in.size()) : below(10), in.size() - 1);
    }
    void mutate(valid_session& in) {
        const std::size_t which = below(3) == 0 ? below(in.metadata + 1) : below(in.pieces.size());
        bytes& piece = in.pieces[which];
        const std::size_t before = piece.size();
        if (which != 0 && below(5) == 0)
            return change_header(piece);
        if (which == in.metadata && below(2) == 0)
            add_property(piece, in.at_properties);
        else
            change(piece, in.pieces[below(in.pieces.size())]);
        // A size that is right again lets both look at what is in the frame.
        const bool is_long = !piece.empty() && has(piece[0], zmtp::frame_flag::long_size);
        const std::size_t at_size = is_long ? 8 : 1;
        if (which != 0 && piece.size() > at_size && below(3) != 0)
            piece[at_size] = plus(piece[at_size], piece.size() - before);
    }
    static std::byte plus(std::byte size, std::size_t more) {
        return static_cast<std::byte>(std::to_integer<std::size_t>(size) + more);
    }

    // In front of the other properties, or behind them.
    void add_property(bytes& ready, std::size_t front) {
        constexpr std::array<std::string_view, 10> some{
            "08 'Identity' 00 00 00 01 00",
            "08 'identity' 00 00 00 01 'x'",
            "0B 'Socket-Type' 00 00 00 03 'PUB'",
            "0B 'SOCKET-TYPE' 00 00 00 03 'PUB'",
            "0B 'socket-type' 00 00 00 06 'DEALER'",
            "00 00 00 00 00",
            "00 00 00 00 03 'abc'",
            "03 'X-a' 00 00 00 02",
            "03 'X-a'",
            "03 'X-a' 00 00 00 00",
        };
        const bytes property = wire(some[below(some.size())]);
        insert(ready, below(2) == 0 ? std::min(front, ready.size()) : ready.size(), property);
    }
    void change_header(bytes& frame) {
        if (frame.size() < 2)
            return;
        if (below(2) == 0)
            frame[0] = static_cast<std::byte>(below(16));
        else
            frame[1] = below(2) == 0 ? octet() : plus(frame[1], below(2) == 0 ? 1 : 255);
    }
    void change(bytes& in, bytes other) {
        if (in.empty() || other.empty())
            return;
        const std::size_t at = place(in);
        const std::size_t from = place(other);
        const std::size_t behind = at + below(2);
        switch (below(5)) {
        case 0: in[at] ^= static_cast<std::byte>(1U << below(8)); break;
        case 1: in[at] = octet(); break;
        case 2: insert(in, behind, {octet()}); break;
        case 3: {
            const auto here = in.begin() + static_cast<std::ptrdiff_t>(at);
            in.erase(here,
                     here + static_cast<std::ptrdiff_t>(std::min(1 + below(12), in.size() - at)));
            break;
        }
        default: {
            const octets piece = octets{other}.subspan(from);
            const octets some = piece.first(std::min(1 + below(12), piece.size()));
            insert(in, behind, {some.begin(), some.end()});
        }
        }
    }
    static void insert(bytes& in, std::size_t at, const bytes& what) {
        in.insert(in.begin() + static_cast<std::ptrdiff_t>(at), what.begin(), what.end());
    }
    // A frame again, earlier or later than it should be, or not at all.
    void reorder(std::vector<bytes>& pieces) {
        const std::size_t from = 1 + below(pieces.size() - 1);
        const bytes frame = pieces[from];
        if (below(2) == 0)
            pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(from));
        if (below(3) != 0)
            pieces.insert(pieces.begin() + 1 +
                              static_cast<std::ptrdiff_t>(below(below(2) == 0 ? 3 : pieces.size())),
                          frame);
    }

    std::mt19937 random_;
};

inline std::vector<trial> mutations(std::size_t count, std::uint32_t seed) {
    mutator from{seed};
    std::vector<trial> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        out.push_back(from.make(i));
    return out;
}

} // namespace mizzen::testing::differential
