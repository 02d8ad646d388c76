// At which octet of its stream a peer broke a rule: for every reason there is, however the stream
// is cut.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/plain.hpp>

#include <set>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

struct fault {
    errc why;
    std::string_view before; // is in order
    std::string_view from;   // the frame, property or octet that is not; all of it, or its start
    limits limit{};
};

constexpr std::string_view greeting = "FF 00*8 7F 03 01 'NULL' 00*16 00 00*31";
constexpr std::string_view push_ready = "04 1A 05 'READY' 0B 'Socket-Type' 00000004 'PUSH'";
const plain_security plain_for_server;

void check_fault(const config& cfg, const fault& f) {
    CAPTURE(f.before);
    CAPTURE(f.from);
    const bytes before = wire(f.before);
    const bytes stream = before + wire(f.from);
    for (const auto& pieces : every_cut(stream)) {
        lone_end end{cfg};
        for (const octets piece : pieces) {
            end.hear(piece);
            if (!end.c.credentials().empty()) {
                std::error_code ec;
                end.c.authenticate(verdict::refused, end.now, ec);
                drain(end.c, end.got);
            }
        }
        REQUIRE(end.got.closed == f.why);
        REQUIRE(end.got.failed_at == before.size());
    }
}

std::vector<fault> faults_in_greeting() {
    return {
        {errc::not_zmtp, "", "'GE'"},
        {errc::not_zmtp, "", "00"},
        {errc::not_zmtp, "FF 00*8", "7E"},
        {errc::zmtp_1_peer, "", "01 00"},
        {errc::zmtp_1_peer, "FF 00*7 04", "00"},
        {errc::zmtp_2_peer, "FF 00*8 7F", "01"},
        {errc::mechanism_mismatch, "FF 00*8 7F 03 01 'NUL'", "'X'"},
        {errc::mechanism_mismatch, "FF 00*8 7F 03 01 'NULL' 00*15", "01"},
    };
}

// Behind the greeting.
std::vector<fault> faults_in_handshake() {
    return {
        {errc::unexpected_frame, "", "00 02 'hi'"},
        {errc::unexpected_frame, "04 04", "03 'FOO'"}, // of a command, its body
        {errc::malformed_command, "04 03", "09 'AB'"},
        {errc::malformed_command, "04 06 05 'ERROR'", ""},
        {errc::malformed_command, "04 09 05 'ERROR'", "09 '40'"},
        {errc::refused_by_peer, "04 0A 05 'ERROR'", "03 '400'"},
        {errc::malformed_metadata, "04 09 05 'READY'", "02 'X-'"},
        {errc::missing_socket_type, "04 0C 05 'READY'", "01 'x' 00000000"},
        {errc::incompatible_socket_type, "04 1F 05 'READY' 01 'x' 00000000",
         "0B 'Socket-Type' 00000003 'SUB'"},
        {errc::duplicate_property, "04 2E 05 'READY' 0B 'Socket-Type' 00000004 'PUSH'",
         "0B 'Socket-Type' 00000004 'PUSH'"},
        {errc::invalid_routing_id, "04 28 05 'READY' 0B 'Socket-Type' 00000004 'PUSH'",
         "08 'Identity' 00000001 00"},
        {errc::too_many_properties,
         "04 26 05 'READY' 0B 'Socket-Type' 00000004 'PUSH' "
         "01 'x' 00000000",
         "01 'y' 00000000",
         {.max_properties = 2}},
        {errc::metadata_too_large,
         "04 21 05 'READY' 0B 'Socket-Type' 00000004 'PUSH'",
         "01 'x' 00000001 'v'",
         {.max_metadata_size = 4}},
        {errc::command_too_large, "", "06 0000000000004001"},
        {errc::frame_size_out_of_range, "", "06 8000000000000000"},
    };
}

// Behind READY.
std::vector<fault> faults_in_traffic() {
    return {
        {errc::frame_size_out_of_range, "00 02 'hi'", "02 FFFFFFFFFFFFFFFF"},
        {errc::message_too_large, "00 02 'hi'", "00 03", {.max_message_size = 2}},
        {errc::message_too_large, "01 01 'a' 01 01 'b'", "00 01", {.max_message_size = 2}},
        {errc::too_many_parts, "01 00 01 00", "00 00", {.max_parts = 2}},
        {errc::command_too_large, "01 01 'a'", "04 25 03 'FOO'", {.max_command_size = 36}},
        {errc::malformed_command, "04 05 04 'PING'", ""}, // what is missing would stand here
        {errc::malformed_command, "00 02 'hi' 04 06 04 'PING'", "00"},
    };
}

std::vector<fault> all_faults() {
    std::vector<fault> all = faults_in_greeting();
    static std::vector<std::string> texts; // what `before` refers to
    texts.clear();
    texts.reserve(100);
    const auto add = [&all](const std::string& where, const std::vector<fault>& some) {
        for (fault f : some) {
            f.before = texts.emplace_back(where + " " + std::string{f.before});
            all.push_back(f);
        }
    };
    add(std::string{greeting}, faults_in_handshake());
    add(std::string{greeting} + " " + std::string{push_ready}, faults_in_traffic());
    return all;
}

} // namespace

TEST_CASE("a connection says at which octet of the peer's stream a rule was broken") {
    std::set<errc> shown;
    for (const fault& f : all_faults()) {
        check_fault({.type = socket_type::pull, .limit = f.limit}, f);
        shown.insert(f.why);
    }
    const fault wrong_password{errc::authentication_failed,
                               "FF 00*8 7F 03 01 'PLAIN' 00*15 00 00*31 04 13",
                               "05 'HELLO' 05 'admin' 06 'secret'"};
    check_fault({.type = socket_type::pull, .mechanism = &plain_for_server}, wrong_password);
    shown.insert(wrong_password.why);
    shown.insert(errc::protection_failed);   // zmtp_security_test.cpp shows that
    shown.insert(errc::invalid_credentials); // our own
    for (int code = 1; code <= static_cast<int>(errc::invalid_credentials); ++code) {
        const auto why = static_cast<errc>(code);
        const std::error_code ec = why;
        const bool by_the_peer = ec == condition::broken_peer || ec == condition::refused;
        CAPTURE(ec.message());
        CHECK(shown.contains(why) == by_the_peer);
    }
}

TEST_CASE("where no octet is wrong a connection says how many had come") {
    lone_end ended;
    ended.hear("FF 00*8 7F 03");
    ended.c.end_of_stream();
    drain(ended.c, ended.got);
    CHECK(ended.got.failed_at == 11);

    lone_end slow;
    slow.hear("FF 00*8 7F 03").wait(30s);
    CHECK(slow.got.closed == errc::handshake_timeout);
    CHECK(slow.got.failed_at == 11);

    const std::size_t before = greeting_size + ready_of("PUSH").size();
    lone_end asked;
    asked.shake().hear("04 07 04 'PING' 0005 00 05 'half'").wait(1s);
    CHECK(asked.got.closed == errc::ttl_expired);
    CHECK(asked.got.failed_at == before + 9 + 6);

    lone_end asking{{.type = socket_type::pull, .beat = {.interval = 1s}}};
    asking.shake().hear("00 02 'hi'").wait(2s);
    CHECK(asking.got.closed == errc::heartbeat_timeout);
    CHECK(asking.got.failed_at == before + 4);
}
