// Checks of the greeting that belong together: what a peer may open with, and what becomes of it.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

constexpr std::string_view message_of_two = "00 02 'hi'";

// A PULL that has heard an opening, READY and a message.
bool served(std::string_view opening) {
    lone_end end;
    end.hear(wire(opening) + ready_of("PUSH") + wire(message_of_two));
    return end.got.messages == std::vector<parts>{{"hi"}};
}
std::error_code closed_by_opening(std::string_view opening) {
    lone_end end;
    end.hear(wire(opening) + ready_of("PUSH") + wire(message_of_two));
    CHECK(end.got.messages.empty());
    CHECK(end.got.handshakes == 0);
    return end.got.closed;
}

} // namespace

TEST_CASE(
    "checks 1, 2 and 3: the whole greeting is there for a peer that says nothing, or a little") {
    for (const std::string_view said : {"", "FF 00*8 7F", "FF 00*8 7F 03"}) {
        lone_end end;
        end.hear(said);
        const bytes ours = written(end.c);
        REQUIRE(ours.size() == greeting_size);
        CHECK(ours[0] == std::byte{0xFF});
        CHECK((ours[9] & std::byte{1}) == std::byte{1});
        CHECK(ours[10] == std::byte{3});
        CHECK(hex(octets{ours}.subspan(12)) == hex("'NULL' 00*16 00 00*31"));
    }
}

TEST_CASE("check 5: padding is not looked at") { CHECK(served("FF AA*8 7F 03 01 'NULL' 00*48")); }

TEST_CASE("check 6: versions 3.9, 4.0 and 255.0 are spoken to as 3.1") {
    for (const std::string_view version : {"03 09", "04 00", "FF 00"}) {
        CAPTURE(version);
        CHECK(served("FF 00*8 7F " + std::string{version} + " 'NULL' 00*48"));
    }
}

TEST_CASE("check 7: version octet 2 is taken for ZMTP 2.0, and closed") {
    CHECK(closed_by_opening("FF 00*8 7F 02 01 'NULL' 00*48") == errc::zmtp_2_peer);
}

TEST_CASE("check 8: as-server and filler are not looked at") {
    CHECK(served("FF 00*8 7F 03 01 'NULL' 00*16 01 55*31"));
}

TEST_CASE("check 10: a mechanism that is almost NULL is not NULL") {
    CHECK(closed_by_opening("FF 00*8 7F 03 01 'null' 00*48") == errc::mechanism_mismatch);
    CHECK(closed_by_opening("FF 00*8 7F 03 01 'NULL' 20 00*47") == errc::mechanism_mismatch);
}

TEST_CASE("check 11: HTTP and TLS are closed, and nothing of them is delivered") {
    CHECK(closed_by_opening("'POST / HTTP/1.1' 0D 0A 'Content-Length: 4' 0D 0A 0D 0A 41*300") ==
          errc::not_zmtp);
    CHECK(closed_by_opening("16 03 01 02 00 01 00 01 FC 03 03 41*300") == errc::not_zmtp);
}

TEST_CASE("check 12, D6: a peer of ZMTP 2.0 is closed, and nothing of it is delivered") {
    CHECK(closed_by_opening("FF 00*8 7F 01 08 00 00 00 02 'hi'") == errc::zmtp_2_peer);
}

TEST_CASE("check 13: a peer of ZMTP 1.0 is closed, and nothing of it is delivered") {
    CHECK(closed_by_opening("01 00 03 00 'hi'") == errc::zmtp_1_peer);
    CHECK(closed_by_opening("FF 0000000000000004 00 'XYZ'") == errc::zmtp_1_peer);
}
