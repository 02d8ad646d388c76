// The streams that both listeners are told: by hand, and mutations of a valid session.
#pragma once

#include "differential.hpp"
#include <mizzen/zmtp/frame_header.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::testing::differential {

enum class after : std::uint8_t { nothing, greeting, ready };

struct written_case {
    std::string_view name;
    after begins;
    std::string_view octets; // as wire() has them
};

// 37/ZMTP by the sentence. PUSH is a peer of both PULL and, refused, of ROUTER; see hand_written.
inline constexpr written_case cases[] = {
    {"3.0", after::nothing, "FF 00*8 7F 03 00 'NULL' 00*16 00 00*31 | RD"},
    {"padding AA", after::nothing, "FF AA*8 7F 03 01 'NULL' 00*16 00 00*31 | RD"},
    {"octet 9 is 01", after::nothing, "FF 00*8 01 03 01 'NULL' 00*16 00 00*31 | RD"},
    {"octet 9 is FF", after::nothing, "FF 00*8 FF 03 01 'NULL' 00*16 00 00*31 | RD"},
    {"octet 9 is 7E", after::nothing, "FF 00*8 7E 03 01 'NULL' 00*16 00 00*31 | RD"},
    {"3.9", after::nothing, "FF 00*8 7F 03 09 'NULL' 00*16 00 00*31 | RD"},
    {"4.0", after::nothing, "FF 00*8 7F 04 00 'NULL' 00*16 00 00*31 | RD"},
    {"255.0", after::nothing, "FF 00*8 7F FF 00 'NULL' 00*16 00 00*31 | RD"},
    {"version 2", after::nothing, "FF 00*8 7F 02 00 'NULL' 00*16 00 00*31 | RD"},
    {"version 1", after::nothing, "FF 00*8 7F 01 08 00 00 00 02 'hi'"},
    {"version 0", after::nothing, "FF 00*8 7F 00 08 00 00 00 02 'hi'"},
    {"as-server 1", after::nothing, "FF 00*8 7F 03 01 'NULL' 00*16 01 00*31 | RD"},
    {"filler 55", after::nothing, "FF 00*8 7F 03 01 'NULL' 00*16 00 55*31 | RD"},
    {"CURVE", after::nothing, "FF 00*8 7F 03 01 'CURVE' 00*15 00 00*31 | RD"},
    {"PLAIN", after::nothing, "FF 00*8 7F 03 01 'PLAIN' 00*15 00 00*31 | RD"},
    {"null", after::nothing, "FF 00*8 7F 03 01 'null' 00*16 00 00*31 | RD"},
    {"NULL and more", after::nothing, "FF 00*8 7F 03 01 'NULL' 00*15 58 00 00*31 | RD"},
    {"NULLX", after::nothing, "FF 00*8 7F 03 01 'NULLX' 00*15 00 00*31 | RD"},
    {"no mechanism", after::nothing, "FF 00*8 7F 03 01 00*20 00 00*31 | RD"},
    {"greeting cut short", after::nothing, "FF 00*8 7F 03 01 'NULL' 00*10"},
    {"HTTP", after::nothing, "'GET / HTTP/1.1' 0D 0A 'Host: x' 0D 0A 0D 0A 20*300"},
    {"TLS", after::nothing, "16 03 01 02 00 01 00 01 FC 03 03 5A*300"},
    {"ZMTP 1.0", after::nothing, "01 00 | 03 00 'hi'"},
    {"ZMTP 1.0, long identity", after::nothing, "FF 00*7 04 00 'XYZ' | 03 00 'hi'"},
    {"nothing", after::nothing, ""},

    {"READY of any other type", after::greeting,
     "04 19 05 'READY' 0B 'Socket-Type' 00 00 00 03 'SUB'"},
    {"type in lower case", after::greeting, "04 1A 05 'READY' 0B 'Socket-Type' 00 00 00 04 'push'"},
    {"type empty", after::greeting, "04 16 05 'READY' 0B 'Socket-Type' 00 00 00 00"},
    {"no properties", after::greeting, "04 06 05 'READY'"},
    {"only an Identity", after::greeting, "04 15 05 'READY' 08 'Identity' 00 00 00 02 'id'"},
    {"name in lower case", after::greeting, "04 19 05 'READY' 0B 'socket-type' 00 00 00 03 'SUB'"},
    {"ready in lower case", after::greeting, "04 06 05 'ready'"},
    {"lone octet", after::greeting, "04 X+ 01"},
    {"lone zero", after::greeting, "04 X+ 00"},
    {"name beyond the end", after::greeting, "04 X+ 05 'ab'"},
    {"three octets of size", after::greeting, "04 X+ 01 'a' 00 00 00"},
    {"value beyond the end", after::greeting, "04 X+ 01 'a' 00 00 00 05 'abc'"},
    {"property cut behind its name", after::greeting, "04 X+ 01 'a'"},
    {"property cut behind a size", after::greeting, "04 X+ 01 'a' 00 00 00 05"},
    {"two zeros", after::greeting, "04 X+ 00 00"},
    {"four zeros", after::greeting, "04 X+ 00 00 00 00"},
    {"empty name", after::greeting, "04 X+ 00 00 00 00 00"},
    {"empty name with a value", after::greeting, "04 X+ 00 00 00 00 02 'ab'"},
    {"value of FFFFFFFF", after::greeting, "04 X+ 01 'a' FF FF FF FF"},
    {"value of 80000000", after::greeting, "04 X+ 01 'a' 80 00 00 00"},
    {"odd names", after::greeting, "04 X+ 01 00 00 00 00 00 | 02 FF FE 00 00 00 01 00"},
    {"empty value", after::greeting, "04 X+ 03 'X-a' 00 00 00 00"},
    {"the same X- twice", after::greeting, "04 X+ 03 'X-a' 00*4 | 03 'X-a' 00*4"},
    {"Socket-Type twice", after::greeting, "04 X+ 0B 'Socket-Type' 00 00 00 03 'SUB'"},
    {"Identity twice", after::greeting,
     "04 X+ 08 'Identity' 00 00 00 01 'a' | 08 'Identity' 00 00 00 01 'b'"},
    {"Identity with zero", after::greeting, "04 X+ 08 'Identity' 00 00 00 02 00 'a'"},
    {"Identity of 255", after::greeting, "06 X+ 08 'Identity' 00 00 00 FF 'i' 61*254"},
    {"Identity of 256", after::greeting, "06 X+ 08 'Identity' 00 00 01 00 'i' 61*255"},
    {"identity with zero", after::greeting, "04 X+ 08 'identity' 00 00 00 02 00 'a'"},
    {"READY of 430 octets", after::greeting, "06 X+ 03 'X-a' 00 00 01 90 61*400"},
    {"READY in a long frame", after::greeting, "06 X+"},
    {"READY, reserved flags", after::greeting, "FC X+"},
    {"READY, MORE", after::greeting, "05 X+"},
    {"READY without flags", after::greeting, "00 X+"},
    {"READY, MORE, no command", after::greeting, "01 X+"},
    {"message before READY", after::greeting, "00 02 'hi' | RD"},
    {"unknown command before READY", after::greeting, "04 04 03 'FOO' | RD"},
    {"empty command before READY", after::greeting, "04 00 | RD"},
    {"PING before READY", after::greeting, "04 07 04 'PING' 00 00 | RD"},
    {"ERROR", after::greeting, "04 0A 05 'ERROR' 03 '400'"},
    {"ERROR beyond the end", after::greeting, "04 0A 05 'ERROR' 09 '400'"},
    {"ERROR without a length", after::greeting, "04 06 05 'ERROR'"},
    {"command of 2^63", after::greeting, "06 80 00*7"},
    {"READY cut short", after::greeting, "04 FF 05 'READY'"},

    {"empty message", after::ready, "00 00"},
    {"long form", after::ready, "02 00*7 02 'lf'"},
    {"three parts", after::ready, "01 01 'a' | 01 01 'b' | 00 01 'c'"},
    {"reserved flags", after::ready, "F8 01 'a' | F9 01 'b' | FA 00*7 01 'c'"},
    {"2^63", after::ready, "02 80 00*7"},
    {"2^64-1", after::ready, "02 FF*8"},
    {"the limit", after::ready, "02 00*5 10 00 00"},
    {"over the limit", after::ready, "02 00*5 10 00 01"},
    {"a command over the limit", after::ready, "06 00*5 10 00 01"},
    {"message cut short", after::ready, "00 FF 'abc'"},
    {"command between parts", after::ready, "01 01 'a' | 04 04 03 'FOO' | 00 01 'b'"},
    {"READY again", after::ready, "RD"},
    {"ERROR later", after::ready, "04 0A 05 'ERROR' 03 '400'"},
    {"ERROR beyond the end later", after::ready, "04 0A 05 'ERROR' 09 '400'"},
    {"unknown command", after::ready, "04 07 03 'FOO123'"},
    {"unknown command, MORE", after::ready, "05 07 03 'FOO123'"},
    {"unknown command, all flags", after::ready, "FF 00*7 07 03 'FOO123'"},
    {"empty command", after::ready, "04 00"},
    {"command without a name", after::ready, "04 04 00 'abc'"},
    {"command cut short", after::ready, "04 03 09 'AB'"},
    {"PING", after::ready, "04 07 04 'PING' 00 00"},
    {"PING with a context", after::ready, "04 0A 04 'PING' 00 00 'abc'"},
    {"PING with 17 octets", after::ready, "04 18 04 'PING' 00 00 61*17"},
    {"PING between parts", after::ready, "01 01 'a' | 04 07 04 'PING' 00 00 | 00 01 'b'"},
    {"PING, no TTL", after::ready, "04 05 04 'PING'"},
    {"PING, half a TTL", after::ready, "04 06 04 'PING' 00"},
    {"PING with a TTL, then silence", after::ready, "04 07 04 'PING' 00 01 | 00 FF"},
    {"ping in lower case", after::ready, "04 07 04 'ping' 00 00"},
    {"PONG", after::ready, "04 05 04 'PONG'"},
    {"PONG with a context", after::ready, "04 08 04 'PONG' 'abc'"},
    {"SUBSCRIBE", after::ready, "04 0B 09 'SUBSCRIBE' 'A'"},
    {"CANCEL", after::ready, "04 08 06 'CANCEL' 'A'"},
    {"subscription as a message", after::ready, "00 02 01 'A'"},
};

inline bytes ready_with(const trial& what, std::string_view properties, unsigned flags) {
    const bytes type = zmtp::testing::ready_of(what.router ? "DEALER" : "PUSH");
    const bytes body = bytes(type.begin() + 2, type.end()) + wire(properties);
    bytes out(zmtp::max_frame_header);
    const bool is_long = (flags & zmtp::frame_flag::long_size) != 0;
    out[0] = static_cast<std::byte>(flags);
    if (is_long) {
        out[7] = static_cast<std::byte>(body.size() >> 8);
        out[8] = static_cast<std::byte>(body.size());
    } else {
        out.resize(2);
        out[1] = static_cast<std::byte>(body.size());
    }
    return out + body;
}

// "RD" is the READY that fits; "<flags> X+" is one in such a frame, and with more properties.
inline bytes octets_of(const trial& what, std::string_view text) {
    if (const auto at = text.find("X+"); at != std::string_view::npos)
        return ready_with(what, text.substr(at + 2),
                          std::to_integer<unsigned>(wire(text.substr(0, at))[0]));
    if (const auto at = text.find("RD"); at != std::string_view::npos)
        return wire(text.substr(0, at)) + ready_with(what, "", zmtp::frame_flag::command);
    return wire(text);
}

inline std::vector<trial> hand_written() {
    std::vector<trial> out;
    for (const bool router : {false, true})
        for (const written_case& from : cases) {
            trial made{.name = std::string{from.name}, .stream = {}, .router = router};
            if (from.begins != after::nothing)
                made.stream = zmtp::testing::greeting_3_1();
            if (from.begins == after::ready)
                made.stream = made.stream + octets_of(made, "RD");
            made.stream = made.stream + octets_of(made, from.octets);
            out.push_back(made);
        }
    trial at_once = out.front();
    at_once.name = "all at once";
    at_once.at_once = true;
    out.push_back(at_once);
    return out;
}

// --- Mutations ---

struct valid_session {
    bytes stream;
    std::vector<std::size_t> frames; // where they begin; the greeting is the first
};

inline valid_session session_of(bool router) {
    const trial what{.name = {}, .stream = {}, .router = router};
    const bytes pieces[] = {
        zmtp::testing::greeting_3_1(),
        ready_with(what, "08 'Identity' 00 00 00 02 'id' | 06 'X-Zone' 00 00 00 03 'abc'", 4),
        wire("00 05 'first'"),
        wire("01 01 'a'"),
        wire("00 02 'bc'"),
        wire("04 07 04 'PING' 00 00"),
        wire("01 00"),
        wire("03 00*6 01 2C 61*300"),
        wire("00 03 'end'"),
        wire("04 07 03 'FOO123'"),
        wire("04 0A 04 'PING' 00 00 'ctx'"),
        wire("02 00*7 04 'long'"),
        wire("00 00"),
        wire("00 04 'last'"),
    };
    valid_session out;
    for (const bytes& piece : pieces) {
        out.frames.push_back(out.stream.size());
        out.stream = out.stream + piece;
    }
    return out;
}

class mutator {
public:
    explicit mutator(std::uint32_t seed) : random_{seed} {}

    trial make(std::size_t number) {
        trial out{
            .name = "mutation " + std::to_string(number), .stream = {}, .router = below(3) == 0};
        const valid_session from = session_of(out.router);
        out.stream = from.stream;
        for (std::size_t left = 1 + below(3) / 2 + below(8) / 7; left != 0; --left)
            mutate(out.stream, from.frames);
        return out;
    }

private:
    std::size_t below(std::size_t end) { return random_() % end; }
    std::byte octet() {
        constexpr std::array<unsigned, 12> telling{0,    1,    2,    4,    5,    6,
                                                   0x0A, 0x7F, 0x80, 0xFE, 0xFF, 'R'};
        return static_cast<std::byte>(below(2) == 0 ? below(256) : telling[below(telling.size())]);
    }
    // Often near the front of a frame, where the meaning is.
    std::size_t place(const bytes& in, const std::vector<std::size_t>& frames) {
        const std::size_t at =
            below(4) == 0 ? below(in.size()) : frames[below(frames.size())] + below(10);
        return std::min(below(4) == 0 ? greeting_size + below(65) : at, in.size() - 1);
    }
    // With the size of READY set right at times, so that its properties are looked at.
    void mutate(bytes& in, const std::vector<std::size_t>& frames) {
        const bytes before = in;
        change(in, frames);
        const std::size_t ready = frames[1] + 2;
        const auto differ = std::mismatch(before.begin(), before.end(), in.begin(), in.end()).first;
        const auto at = static_cast<std::size_t>(differ - before.begin());
        if (at >= ready && at < frames[2] && below(3) != 0)
            in[ready - 1] = static_cast<std::byte>(std::to_integer<std::size_t>(in[ready - 1]) +
                                                   in.size() - before.size());
    }
    // In front of the other properties, or behind them.
    void add_property(bytes& in, const std::vector<std::size_t>& frames) {
        constexpr std::array<std::string_view, 10> some{
            "08 'Identity' 00 00 00 01 00",
            "08 'identity' 00 00 00 01 'x'",
            "0B 'Socket-Type' 00 00 00 03 'SUB'",
            "0B 'SOCKET-TYPE' 00 00 00 03 'SUB'",
            "0B 'socket-type' 00 00 00 06 'DEALER'",
            "00 00 00 00 00",
            "00 00 00 00 03 'abc'",
            "03 'X-a' 00 00 00 02",
            "03 'X-a'",
            "03 'X-a' 00 00 00 00",
        };
        const bytes property = wire(some[below(some.size())]);
        const std::size_t at = below(2) == 0 ? frames[1] + 2 + 6 : frames[2];
        in.insert(in.begin() + static_cast<std::ptrdiff_t>(std::min(at, in.size())),
                  property.begin(), property.end());
        std::byte& size = in[std::min(frames[1] + 1, in.size() - 1)];
        size = static_cast<std::byte>(std::to_integer<std::size_t>(size) + property.size());
    }
    void change(bytes& in, const std::vector<std::size_t>& frames) {
        const std::size_t at = place(in, frames);
        const auto here = in.begin() + static_cast<std::ptrdiff_t>(at);
        const auto some = static_cast<std::ptrdiff_t>(std::min(1 + below(12), in.size() - at));
        switch (below(9)) {
        case 0: in[at] ^= static_cast<std::byte>(1U << below(8)); break;
        case 1: in[at] = octet(); break;
        case 2: in.insert(here, octet()); break;
        case 3: in.erase(here, here + some); break;
        case 4: in.resize(at + 1); break;
        case 5: {
            const bytes piece(here, here + some);
            in.insert(in.begin() + static_cast<std::ptrdiff_t>(place(in, frames)), piece.begin(),
                      piece.end());
            break;
        }
        case 6: add_property(in, frames); break;
        case 7: { // the size of a frame
            const std::size_t frame = 1 + below(frames.size() - 1);
            std::byte& size = in[std::min(frames[frame] + 1, in.size() - 1)];
            size = below(2) == 0 ? octet()
                                 : static_cast<std::byte>(std::to_integer<unsigned>(size) +
                                                          (below(2) == 0 ? 1U : 255U));
            break;
        }
        default: { // the flags of a frame
            const std::size_t frame = 1 + below(frames.size() - 1);
            in[std::min(frames[frame], in.size() - 1)] = static_cast<std::byte>(below(16));
        }
        }
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
