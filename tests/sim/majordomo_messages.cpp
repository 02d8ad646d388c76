// Messages of Majordomo, valid and broken in one place.
#include "majordomo_input.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mizzen::sim {
namespace {

using namespace std::string_literals;

// 7/MDP and 18/MDP. S is a service, A an address, B a body.
const std::vector<frames>& valid_messages(bound_for to) {
    static const std::array<std::vector<frames>, 3> all{{
        {
            {"", "MDPC01", "S", "B"},
            {"T", "", "MDPC01", "S", "B"},
            {"", "MDPC01", "mmi.service", "S"},
            {"", "MDPW01", "\x01", "S"},
            {"", "MDPW01", "\x01", "S", "credit=3"},
            {"", "MDPW01", "\x03", "A", "", "B"},
            {"", "MDPW01", "\x04"},
            {"", "MDPW01", "\x05"},
            {"MDPC02", "\x01", "S", "B"},
            {"", "MDPC02", "\x01", "S", "B"},
            {"T", "", "MDPC02", "\x01", "S", "B"},
            {"MDPW02", "\x01", "S"},
            {"MDPW02", "\x01", "S", "credit=3"},
            {"MDPW02", "\x03", "A", "", "B"},
            {"MDPW02", "\x04", "A", "", "B"},
            {"MDPW02", "\x05"},
            {"MDPW02", "\x06"},
        },
        {
            {"", "MDPW01", "\x02", "A", "", "B"},
            {"", "MDPW01", "\x02", "A", "", "B", "B"},
            {"", "MDPW01", "\x04"},
            {"", "MDPW01", "\x05"},
            {"MDPW02", "\x02", "A", "", "B"},
            {"MDPW02", "\x05"},
            {"MDPW02", "\x06"},
        },
        {
            {"", "MDPC01", "S", "B"},
            {"", "MDPC01", "S", "B", "B"},
            {"T", "", "MDPC01", "S", "B"},
            {"MDPC02", "\x02", "S", "B"},
            {"MDPC02", "\x03", "S", "B"},
            {"", "MDPC02", "\x03", "S", "B"},
        },
    }};
    return all[static_cast<std::size_t>(to)];
}

const std::string& one_of(const frames& all, std::size_t which) { return all[which % all.size()]; }

// A client's replies have the tags of its requests, and a status.
std::string tag_of(script_reader& from, bound_for to, const frames& addresses) {
    if (to == bound_for::client)
        return one_of(addresses, from.octet()) + static_cast<char>(from.octet() % 9);
    std::string tag = "M1" + std::string(16, static_cast<char>('a' + from.octet() % 4));
    return tag + std::string(3, '\0') + static_cast<char>(from.octet());
}

void fill_in(frames& m, script_reader& from, bound_for to, const frames& addresses,
             const frames& services) {
    for (std::string& frame : m) {
        if (frame == "S")
            frame = one_of(services, from.octet());
        else if (frame == "A")
            frame = one_of(addresses, from.octet());
        else if (frame == "T")
            frame = tag_of(from, to, addresses);
        else if (frame == "B")
            frame = std::string(from.octet() % 100, 'b');
    }
}

// Any frames at all.
frames read_frames(script_reader& from) {
    frames m(1 + from.octet() % 8);
    for (std::string& frame : m)
        for (std::size_t size = from.octet() % 16; size != 0; --size)
            frame.push_back(static_cast<char>(from.octet()));
    return m;
}

void break_it(frames& m, script_reader& from) {
    static const frames headers{"MDPC01", "MDPW01", "MDPC02", "MDPW02", "MDPC03",
                                "mdpc01", "MDPW0X", "MDP",    ""};
    const std::size_t how = from.octet() % 12;
    const std::size_t i = from.octet() % m.size();
    const auto at = m.begin() + static_cast<std::ptrdiff_t>(i);
    const std::size_t much = from.octet();
    switch (how) {
    case 0: m.erase(at); break;
    case 1: m.insert(at, m[i]); break;
    case 2: at->clear(); break;
    case 3: *at += std::string(1 + much * 4, 'x'); break;
    case 4: m.resize(i); break;
    case 5:
        if (!at->empty())
            (*at)[much % at->size()] ^= static_cast<char>(1 << (much % 8));
        break;
    case 6: std::swap(*at, m[much % m.size()]); break;
    case 7: m.insert(m.end(), much % 16, "more"); break;
    case 8: m.insert(m.begin(), much % 16, "front"); break;
    case 9:
        for (std::string& frame : m)
            if (frame.starts_with("MDP"))
                frame = one_of(headers, much);
        break;
    case 10:
        for (std::string& frame : m)
            if (frame.size() == 1)
                frame[0] = static_cast<char>(much % 16 == 0 ? much : much % 8);
        break;
    default: std::reverse(at, m.end()); break;
    }
    if (m.empty())
        m.emplace_back(); // no message is without frames
}

} // namespace

message message_of(const frames& parts) {
    message m;
    for (const std::string& part : parts)
        m.push_back(part);
    return m;
}

frames frames_of(const message& m) {
    frames parts;
    for (const octets part : m)
        parts.emplace_back(zmtp::as_text(part));
    return parts;
}

frames read_message(script_reader& from, bound_for to, const frames& addresses,
                    const frames& services) {
    const auto& all = valid_messages(to);
    const std::size_t what = from.octet();
    if (what == 0xff)
        return read_frames(from);
    frames m = all[what / 4 % all.size()];
    fill_in(m, from, to, addresses, services);
    if (what % 4 != 0)
        break_it(m, from);
    return m;
}

} // namespace mizzen::sim
