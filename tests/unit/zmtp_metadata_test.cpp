// Reading and writing metadata, property by property.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/metadata.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

struct reading {
    std::vector<std::pair<std::string, std::string>> properties;
    std::error_code ec;
};
// From a copy of just that size, so that a sanitizer sees every look beyond the end.
reading read_all(const bytes& data) {
    reading out;
    octets rest{data};
    while (const auto found = next_property(rest, out.ec))
        out.properties.emplace_back(found->name, as_string(found->value));
    return out;
}

} // namespace

TEST_CASE("metadata is read property by property, up to its exact end") {
    const auto [properties, ec] =
        read_all(wire("0B 'Socket-Type' 00000004 'PUSH' 03 'X-a' 00000000 01 'b' 00000002 00 FF"));
    CHECK_FALSE(ec);
    REQUIRE(properties.size() == 3);
    CHECK(properties[0] == std::pair<std::string, std::string>{"Socket-Type", "PUSH"});
    CHECK(properties[1] == std::pair<std::string, std::string>{"X-a", ""});
    CHECK(properties[2].second == std::string("\0\xff", 2));
    CHECK(read_all({}).properties.empty());
    CHECK_FALSE(read_all({}).ec);
}

TEST_CASE("check 38: metadata that is cut short anywhere is malformed") {
    const bytes all = wire("0B 'Socket-Type' 00000004 'PUSH'");
    for (std::size_t size = 1; size < all.size(); ++size) {
        CAPTURE(size);
        CHECK(read_all({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size)}).ec ==
              errc::malformed_metadata);
    }
    for (const char* leftover : {"00", "00*2", "00*3", "00*4", "00*5", "01", "01 'a'", "FF"}) {
        CAPTURE(leftover);
        CHECK(read_all(all + wire(leftover)).ec == errc::malformed_metadata);
    }
}

TEST_CASE("check 39: a value size of 2^31 and above is malformed") {
    CHECK(read_all(wire("01 'a' FFFFFFFF")).ec == errc::malformed_metadata);
    CHECK(read_all(wire("01 'a' 80000000")).ec == errc::malformed_metadata);
    CHECK(read_all(wire("01 'a' 80000001 'b'")).ec == errc::malformed_metadata);
    CHECK(read_all(wire("01 'a' 00000002 'b'")).ec == errc::malformed_metadata);
    // Also where there are as many octets; only those in front of the value are looked at.
    for (const char* sizes : {"01 'a' 7FFFFFFF", "01 'a' 80000000", "01 'a' FFFFFFFF"}) {
        const bytes front = wire(sizes);
        octets rest{front.data(), std::size_t{1} << 33};
        std::error_code ec;
        const auto found = next_property(rest, ec);
        CHECK(found.has_value() == (sizes[7] == '7'));
        CHECK(ec == (found ? std::error_code{} : errc::malformed_metadata));
    }
}

TEST_CASE("check 40: a property without a name is malformed") {
    CHECK(read_all(wire("00 00000000")).ec == errc::malformed_metadata);
    CHECK(read_all(wire("00 00000001 'x'")).ec == errc::malformed_metadata);
}

TEST_CASE("a property name may have 255 characters") {
    const auto [properties, ec] = read_all(wire("FF 'n' 6E*254 00000001 'v'"));
    CHECK_FALSE(ec);
    REQUIRE(properties.size() == 1);
    CHECK(properties[0].first.size() == 255);
}

TEST_CASE("a property is written as the specification has it") {
    const property p{"Identity", as_octets("abc")};
    bytes out(encoded_property_size(p));
    CHECK(encode_property(out.data(), p) == out.data() + out.size());
    CHECK(hex(out) == hex("08 'Identity' 00000003 'abc'"));

    const bytes large = filled(0x12345);
    bytes second(encoded_property_size({"X", large}));
    encode_property(second.data(), {"X", large});
    CHECK(hex(octets{second}.first(6)) == hex("01 'X' 00012345"));
}

TEST_CASE("property names are compared without regard to case") {
    CHECK(same_property("Socket-Type", "socket-type"));
    CHECK(same_property("Socket-Type", "SOCKET-TYPE"));
    CHECK_FALSE(same_property("Socket-Type", "Socket-Typ"));
    CHECK_FALSE(same_property("Socket-Type", "Socket_Type"));
    CHECK_FALSE(same_property("@", "`")); // 32 apart, and no letters
    CHECK_FALSE(same_property("[", "{"));
}
