// Messages in short for the tests of Majordomo.
#pragma once

#include "pattern_helpers.hpp"
#include <mizzen/patterns/majordomo/wire.hpp>

#include <string>

namespace mizzen::majordomo::test {

using namespace std::chrono_literals;
using namespace std::string_literals;
using patterns::test::frames;
using patterns::test::frames_of;
using patterns::test::message_of;
using patterns::test::messages;
using patterns::test::pass_time;
using patterns::test::start;
using patterns::test::tag_frame;
using patterns::test::operator+;

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

} // namespace mizzen::majordomo::test
