// The streams that both listeners are told, as far as they are written by hand.
#pragma once

#include "differential.hpp"
#include <mizzen/zmtp/frame_header.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::testing::differential {

enum class after : std::uint8_t { nothing, greeting, hello, ready };

struct written_case {
    std::string_view name;
    after begins;
    std::string_view octets; // as wire() has them
};

// 37/ZMTP by the sentence, to listeners by NULL. A PUB is nobody's peer here.
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
     "04 19 05 'READY' 0B 'Socket-Type' 00 00 00 03 'PUB'"},
    {"type in lower case", after::greeting, "04 1A 05 'READY' 0B 'Socket-Type' 00 00 00 04 'push'"},
    {"type empty", after::greeting, "04 16 05 'READY' 0B 'Socket-Type' 00 00 00 00"},
    {"no properties", after::greeting, "04 06 05 'READY'"},
    {"only an Identity", after::greeting, "04 15 05 'READY' 08 'Identity' 00 00 00 02 'id'"},
    {"name in lower case", after::greeting, "04 19 05 'READY' 0B 'socket-type' 00 00 00 03 'PUB'"},
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
    {"Socket-Type twice", after::greeting, "04 X+ 0B 'Socket-Type' 00 00 00 03 'PUB'"},
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
    {"ERROR", after::greeting, "04 0A 05 'ERROR' 03 '400' | RD"},
    {"ERROR, then part of a command", after::greeting, "04 0A 05 'ERROR' 03 '400' | 04 FF"},
    {"ERROR beyond the end", after::greeting, "04 0A 05 'ERROR' 09 '400' | RD"},
    {"ERROR without a length", after::greeting, "04 06 05 'ERROR' | RD"},
    {"large message before READY, cut short", after::greeting, "02 00*5 04 00 00 'abc'"},
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
    {"PING with a TTL of 65.6 s, then silence", after::ready, "04 07 04 'PING' 02 90 | 00 FF"},
    {"ping in lower case", after::ready, "04 07 04 'ping' 00 00"},
    {"PONG", after::ready, "04 05 04 'PONG'"},
    {"PONG with a context", after::ready, "04 08 04 'PONG' 'abc'"},
    {"SUBSCRIBE", after::ready, "04 0B 09 'SUBSCRIBE' 'A'"},
    {"SUBSCRIBE with MORE", after::ready, "05 0B 09 'SUBSCRIBE' 'A'"},
    {"SUBSCRIBE between parts", after::ready, "01 01 'a' | 04 0B 09 'SUBSCRIBE' 'A' | 00 01 'b'"},
    {"CANCEL", after::ready, "04 08 06 'CANCEL' 'A'"},
    {"subscription as a message", after::ready, "00 02 01 'A'"},
};

// 24/ZMTP-PLAIN, and that nothing gets around it. "RD" is INITIATE; it follows, so that a HELLO
// that should not have been taken shows.
inline constexpr written_case plain_cases[] = {
    {"NULL", after::nothing, "FF 00*8 7F 03 01 'NULL' 00*16 00 00*31 | RD"},
    {"as-server 1", after::nothing,
     "FF 00*8 7F 03 01 'PLAIN' 00*15 01 00*31 | 04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"3.0", after::nothing,
     "FF 00*8 7F 03 00 'PLAIN' 00*15 00 00*31 | 04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"ZMTP 2.0", after::nothing, "FF 00*8 7F 01 08 00 00 00 02 'hi'"},
    {"ZMTP 1.0", after::nothing, "01 00 | 03 00 'hi'"},
    {"HTTP", after::nothing, "'GET / HTTP/1.1' 0D 0A 'Host: x' 0D 0A 0D 0A 20*300"},

    {"HELLO without a name", after::greeting, "04 06 05 'HELLO' | RD"},
    {"HELLO, name beyond the end", after::greeting, "04 0C 05 'HELLO' 06 'admin' | RD"},
    {"HELLO without a password", after::greeting, "04 0C 05 'HELLO' 05 'admin' | RD"},
    {"HELLO, password beyond the end", after::greeting,
     "04 12 05 'HELLO' 05 'admin' 06 'secre' | RD"},
    {"HELLO and an octet", after::greeting, "04 14 05 'HELLO' 05 'admin' 06 'secret' 00 | RD"},
    {"HELLO, nothing in it", after::greeting, "04 08 05 'HELLO' 00 00 | RD"},
    {"HELLO, 255 octets each", after::greeting,
     "06 00*6 02 06 05 'HELLO' FF 61*255 FF 62*255 | RD"},
    {"HELLO, wrong password", after::greeting, "04 12 05 'HELLO' 05 'admin' 05 'guess' | RD"},
    {"HELLO, wrong password, then silence", after::greeting,
     "04 12 05 'HELLO' 05 'admin' 05 'guess' | 04 FF"},
    {"HELLO in a long frame", after::greeting, "06 00*7 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"HELLO, all flags", after::greeting, "FD 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"HELLO, no command", after::greeting, "00 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"hello in lower case", after::greeting, "04 13 05 'hello' 05 'admin' 06 'secret' | RD"},
    {"HELLO cut short", after::greeting, "04 FF 05 'HELLO' 05 'admin'"},
    {"INITIATE first", after::greeting, "RD"},
    {"READY first", after::greeting, "04 1A 05 'READY' 0B 'Socket-Type' 00 00 00 04 'PUSH'"},
    {"WELCOME first", after::greeting,
     "04 08 07 'WELCOME' | 04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"ERROR first", after::greeting,
     "04 0A 05 'ERROR' 03 '400' | 04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"message first", after::greeting, "00 02 'hi' | 04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"PING first", after::greeting,
     "04 07 04 'PING' 00 00 | 04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"empty command first", after::greeting,
     "04 00 | 04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},

    {"HELLO again", after::hello, "04 13 05 'HELLO' 05 'admin' 06 'secret' | RD"},
    {"ERROR for INITIATE", after::hello, "04 0A 05 'ERROR' 03 '400' | RD"},
    {"message for INITIATE", after::hello, "00 02 'hi' | RD"},
    {"READY for INITIATE", after::hello, "04 1A 05 'READY' 0B 'Socket-Type' 00 00 00 04 'PUSH'"},
    {"INITIATE, another type", after::hello,
     "04 1C 08 'INITIATE' 0B 'Socket-Type' 00 00 00 03 'PUB'"},
    {"INITIATE without properties", after::hello, "04 09 08 'INITIATE'"},
    {"INITIATE, lone octet", after::hello, "04 X+ 01"},
    {"INITIATE, value beyond the end", after::hello, "04 X+ 01 'a' 00 00 00 05 'abc'"},
    {"INITIATE, Socket-Type twice", after::hello, "04 X+ 0B 'Socket-Type' 00 00 00 03 'PUB'"},
    {"INITIATE, Identity with zero", after::hello, "04 X+ 08 'Identity' 00 00 00 02 00 'a'"},
    {"INITIATE, all flags", after::hello, "FD X+"},
    {"INITIATE, no command", after::hello, "00 X+"},

    {"HELLO once in", after::ready, "04 13 05 'HELLO' 05 'admin' 06 'secret'"},
    {"INITIATE once in", after::ready, "RD"},
    {"ERROR once in", after::ready, "04 0A 05 'ERROR' 03 '400'"},
    {"three parts", after::ready, "01 01 'a' | 01 01 'b' | 00 01 'c'"},
    {"PING", after::ready, "04 0A 04 'PING' 00 00 'abc'"},
    {"2^63", after::ready, "02 80 00*7"},
    {"SUBSCRIBE", after::ready, "04 0B 09 'SUBSCRIBE' 'A'"},
};

// 29/PUBSUB, as far as an XPUB's connection has a say in it.
inline constexpr written_case publisher_cases[] = {
    {"two SUBSCRIBEs, one CANCEL", after::ready,
     "04 0B 09 'SUBSCRIBE' 'A' | 04 0B 09 'SUBSCRIBE' 'A' | 04 08 06 'CANCEL' 'A'"},
    {"two forms", after::ready,
     "00 02 01 'A' | 04 0B 09 'SUBSCRIBE' 'B' | 00 02 00 'B' | 04 08 06 'CANCEL' 'A'"},
    {"CANCEL of nothing", after::ready, "00 02 00 'A' | 04 08 06 'CANCEL' 'B'"},
    {"the empty topic", after::ready,
     "04 0A 09 'SUBSCRIBE' | 04 07 06 'CANCEL' | 00 01 01 | 00 01 00"},
    {"topics of 245 and 246", after::ready,
     "04 FF 09 'SUBSCRIBE' 61*245 | 06 00*6 01 00 09 'SUBSCRIBE' 61*246"},
    {"topics of 254 and 255", after::ready, "00 FF 01 61*254 | 02 00*6 01 00 01 61*255"},
    {"a topic of 1000", after::ready, "06 00*6 03 F2 09 'SUBSCRIBE' 61*1000"},
    {"a topic over 64 KiB", after::ready, "06 00*5 01 00 0B 09 'SUBSCRIBE' 61*65537"},
    {"subscriptions in several parts", after::ready, "01 02 01 'A' | 01 02 'xy' | 00 02 00 'A'"},
    {"SUBSCRIBE with MORE, then the end", after::ready,
     "04 0B 09 'SUBSCRIBE' 'A' | 05 0B 09 'SUBSCRIBE' 'B' | 02 80 00*7"},
    {"SUBSCRIBE between parts, then the end", after::ready,
     "01 01 'a' | 04 0B 09 'SUBSCRIBE' 'A' | 02 80 00*7"},
    {"subscribe in lower case", after::ready, "04 0B 09 'subscribe' 'A'"},
    {"JOIN", after::ready, "04 06 04 'JOIN' 'A'"},
    {"a subscription, then the end", after::ready,
     "04 0B 09 'SUBSCRIBE' 'A' | 00 02 01 'B' | 00 02 01 'A' | 02 80 00*7"},
};

// All in one segment, before libzmq has said a word.
inline constexpr written_case at_once[] = {
    {"greeting, READY and message", after::ready, "00 02 'hi'"},
    {"greeting and ERROR", after::greeting, "04 0A 05 'ERROR' 03 '400' | 04 FF"},
};

inline bytes greeting_to(const listener& to) {
    static const bytes plain = wire("FF 00*8 7F 03 01 'PLAIN' 00*15 00 00*31");
    return to.plain ? plain : zmtp::testing::greeting_3_1();
}
inline bytes hello() { return wire("04 13 05 'HELLO' 05 'admin' 06 'secret'"); }

inline bytes metadata_to(const listener& to, std::string_view properties, unsigned flags) {
    const bytes type = zmtp::testing::ready_of(to.peer);
    const bytes name = wire(to.plain ? "08 'INITIATE'" : "05 'READY'");
    const bytes body = name + bytes(type.begin() + 8, type.end()) + wire(properties);
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
inline bytes octets_of(const listener& to, std::string_view text) {
    if (const auto at = text.find("X+"); at != std::string_view::npos)
        return metadata_to(to, text.substr(at + 2),
                           std::to_integer<unsigned>(wire(text.substr(0, at))[0]));
    if (const auto at = text.find("RD"); at != std::string_view::npos)
        return wire(text.substr(0, at)) + metadata_to(to, "", zmtp::frame_flag::command);
    return wire(text);
}

inline trial made_of(const written_case& from, const listener& to) {
    trial made{.name = std::string{from.name}, .stream = {}, .to = to};
    if (from.begins != after::nothing)
        made.stream = greeting_to(to);
    if (to.plain && (from.begins == after::hello || from.begins == after::ready))
        made.stream = made.stream + hello();
    if (from.begins == after::ready)
        made.stream = made.stream + octets_of(to, "RD");
    made.stream = made.stream + octets_of(to, from.octets);
    return made;
}

// Limits of ours that libzmq does not have.
inline std::vector<trial> beyond_limits() {
    std::string properties = "06 X+";
    for (int i = 0; i < 64; ++i)
        properties += " 01 'x' 00 00 00 00";
    return {
        made_of({"65 properties", after::greeting, properties}, pull),
        made_of({"65537 parts", after::ready, "01*196611"}, pull),
        made_of({"two parts over the limit", after::ready,
                 "03 00*5 09 27 C0 61*600000 | 02 00*5 09 27 C0 61*600000"},
                pull),
    };
}

inline std::vector<trial> hand_written() {
    std::vector<trial> out = beyond_limits();
    for (const listener& to : {pull, router, xpub})
        for (const written_case& from : cases)
            out.push_back(made_of(from, to));
    for (const listener& to : {plain_pull, plain_xpub})
        for (const written_case& from : plain_cases)
            out.push_back(made_of(from, to));
    for (const listener& to : {xpub, plain_xpub})
        for (const written_case& from : publisher_cases)
            out.push_back(made_of(from, to));
    for (const written_case& from : at_once) {
        out.push_back(made_of(from, pull));
        out.back().at_once = true;
    }
    return out;
}

} // namespace mizzen::testing::differential
