// Messages in short for the tests of Majordomo.
#pragma once

#include <mizzen/patterns/majordomo/wire.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::majordomo::test {

using namespace std::chrono_literals;
using namespace std::string_literals;
using frames = std::vector<std::string>;
using messages = std::vector<frames>;

inline const time_point start{1000s};

inline frames frames_of(const message& m) {
    frames out;
    for (const octets part : m)
        out.emplace_back(zmtp::as_text(part));
    return out;
}

inline message message_of(const frames& parts) {
    message m;
    for (const std::string& part : parts)
        m.push_back(part);
    return m;
}

inline frames operator+(frames a, const frames& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// From RFC 7, by hand.
inline frames client_frames(const std::string& service, const frames& body) {
    return frames{"", "MDPC01", service} + body;
}
inline frames ready_frames(const std::string& service) { return {"", "MDPW01", "\x01", service}; }
inline frames request_frames(const std::string& address, const frames& body) {
    return frames{"", "MDPW01", "\x02", address, ""} + body;
}
inline frames reply_frames(const std::string& address, const frames& body) {
    return frames{"", "MDPW01", "\x03", address, ""} + body;
}
inline const frames heartbeat_frames{"", "MDPW01", "\x04"};
inline const frames disconnect_frames{"", "MDPW01", "\x05"};

/// "M1", sixteen times `id`, a deadline.
inline std::string tag_frame(char id, std::uint32_t deadline_ms = 0) {
    std::string tag = "M1" + std::string(16, id);
    for (int shift = 24; shift >= 0; shift -= 8)
        tag.push_back(static_cast<char>(deadline_ms >> shift));
    return tag;
}
inline std::string tag_frame(char id, std::uint32_t deadline_ms, char outcome) {
    return tag_frame(id, deadline_ms) + outcome;
}

} // namespace mizzen::majordomo::test
