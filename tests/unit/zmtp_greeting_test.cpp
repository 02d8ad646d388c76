// The greeting: what goes out, and what is refused how early.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

struct opinion {
    bool whole = false;
    std::uint8_t minor = 99;
    std::size_t at = 999;
    std::error_code ec = make_error_code(errc::empty_message);
};
opinion look_at(octets input, std::string_view mechanism = "NULL") {
    opinion v;
    v.whole = check_greeting(input, mechanism, v.minor, v.at, v.ec);
    return v;
}

// All shorter inputs are fine and not whole; from `octets_needed` on the error is told, about the
// octet `at`, which is the last that was needed unless said otherwise.
void refused_from(const bytes& all, std::size_t octets_needed, errc why,
                  std::optional<std::size_t> at = std::nullopt) {
    for (std::size_t size = 0; size <= all.size(); ++size) {
        CAPTURE(size);
        const opinion v = look_at(octets{all}.first(size));
        CHECK_FALSE(v.whole);
        if (size < octets_needed) {
            CHECK_FALSE(v.ec);
        } else {
            CHECK(v.ec == why);
            CHECK(v.at == at.value_or(octets_needed - 1));
        }
    }
}

} // namespace

TEST_CASE("our greeting is the 64 octets of the specification") {
    CHECK(hex(octets{encode_greeting({})}) == hex("FF 00*8 7F 03 01 'NULL' 00*16 00 00*31"));
    CHECK(hex(octets{encode_greeting({.mechanism = "CURVE", .as_server = true})}) ==
          hex("FF 00*8 7F 03 01 'CURVE' 00*15 01 00*31"));
    CHECK(hex(octets{encode_greeting({.mechanism = "ABCDEFGHIJKLMNOPQRST"})}) ==
          hex("FF 00*8 7F 03 01 'ABCDEFGHIJKLMNOPQRST' 00 00*31"));
}

TEST_CASE("a greeting cut short anywhere is waited for without a complaint") {
    const bytes& all = greeting_3_1();
    for (std::size_t size = 0; size < all.size(); ++size) {
        const opinion v = look_at(octets{all}.first(size));
        CHECK_FALSE(v.whole);
        CHECK_FALSE(v.ec);
        CHECK(v.minor == 99);
    }
    const opinion v = look_at(all);
    CHECK(v.whole);
    CHECK_FALSE(v.ec);
    CHECK(v.minor == 1);
    CHECK(look_at(all + wire("04 1A")).whole); // and what follows is not looked at
}

TEST_CASE("versions 3.0 and above are accepted") {
    CHECK(look_at(wire("FF 00*8 7F 03 00 'NULL' 00*48")).minor == 0);
    CHECK(look_at(wire("FF 00*8 7F 03 01 'NULL' 00*48")).minor == 1);
    CHECK(look_at(wire("FF 00*8 7F 03 09 'NULL' 00*48")).minor == 9);
    for (const char* later : {"FF 00*8 7F 04 00 'NULL' 00*48", "FF 00*8 7F FF 00 'NULL' 00*48"}) {
        const opinion v = look_at(wire(later));
        CHECK(v.whole);
        CHECK_FALSE(v.ec);
        CHECK(v.minor >= 1); // so that subscriptions go as commands
    }
}

TEST_CASE("rule 2: padding, as-server and filler are ignored") {
    CHECK(look_at(wire("FF AA*8 7F 03 00 'NULL' 00*16 00 00*31")).whole);
    CHECK(look_at(wire("FF 00*7 01 7F 03 00 'NULL' 00*16 01 00*31")).whole);
    CHECK(look_at(wire("FF FF*8 7F 03 00 'NULL' 00*16 FF 55*31")).whole);
    CHECK(look_at(wire("FF 00*8 01 03 00 'NULL' 00*48")).whole); // only bit 0 of octet 9 counts
}

TEST_CASE("a peer that speaks ZMTP 1.0 is refused at its first telling octet") {
    refused_from(wire("01 00 03 00 'hi'"), 2, errc::zmtp_1_peer, 0);
    refused_from(wire("FE 01 41*253"), 2, errc::zmtp_1_peer, 0);
    refused_from(wire("FF 00*7 04 00 'XYZ'"), 10, errc::zmtp_1_peer);
}

TEST_CASE("a peer that speaks ZMTP 2.0 is refused at its version octet") {
    refused_from(wire("FF 00*8 7F 00 08 00 00"), 11, errc::zmtp_2_peer);
    refused_from(wire("FF 00*8 7F 01 08 00 00"), 11, errc::zmtp_2_peer);
    refused_from(wire("FF 00*8 7F 02 00 'NULL' 00*48"), 11, errc::zmtp_2_peer);
}

TEST_CASE("HTTP, TLS, SSH, zeros and half a signature are told from ZMTP 1.0, as early as can be") {
    refused_from(wire("'GET / HTTP/1.1' 0D 0A 'Host: localhost' 0D 0A 20*300"), 2, errc::not_zmtp,
                 0);
    refused_from(wire("16 03 01 02 00 01 00 01 FC 03 03 00*100"), 2, errc::not_zmtp, 0);
    refused_from(wire("'SSH-2.0-x' 0D 0A"), 2, errc::not_zmtp, 0);
    refused_from(wire("00*20"), 1, errc::not_zmtp);
    refused_from(wire("FF 00*7 04 7E 03 00 'NULL' 00*48"), 10, errc::not_zmtp);
}

TEST_CASE("a mechanism that is not exactly ours is refused at its first other octet") {
    refused_from(wire("FF 00*8 7F 03 01 'null' 00*48"), 13, errc::mechanism_mismatch);
    refused_from(wire("FF 00*8 7F 03 01 'CURVE' 00*47"), 13, errc::mechanism_mismatch);
    refused_from(wire("FF 00*8 7F 03 01 'NULLX' 00*47"), 17, errc::mechanism_mismatch);
    refused_from(wire("FF 00*8 7F 03 01 'NULL' 00*15 01 00*32"), 32, errc::mechanism_mismatch);
    refused_from(wire("FF 00*8 7F 03 01 'NUL' 00*49"), 16, errc::mechanism_mismatch);
    refused_from(wire("FF 00*8 7F 03 01 00*52"), 13, errc::mechanism_mismatch);
    CHECK(look_at(wire("FF 00*8 7F 03 01 'CURVE' 00*47"), "CURVE").whole);
}
