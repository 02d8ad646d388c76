// The socket types' names and the table of who may talk to whom.
#include <mizzen/zmtp/socket_type.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

using namespace mizzen::zmtp;

namespace {
constexpr std::array<std::string_view, 11> names{"REQ", "REP",  "DEALER", "ROUTER", "PUB", "XPUB",
                                                 "SUB", "XSUB", "PUSH",   "PULL",   "PAIR"};
// 37/ZMTP, "The Socket-Type Property": a row and a column for each of the names above.
constexpr std::array<std::string_view, 11> table{
    ".x.x.......", // REQ
    "x.x........", // REP
    ".xxx.......", // DEALER
    "x.xx.......", // ROUTER
    "......xx...", // PUB
    "......xx...", // XPUB
    "....xx.....", // SUB
    "....xx.....", // XSUB
    ".........x.", // PUSH
    "........x..", // PULL
    "..........x", // PAIR
};
} // namespace

TEST_CASE("all 121 pairs of socket types are compatible exactly where the table says so") {
    for (std::size_t row = 0; row < names.size(); ++row)
        for (std::size_t column = 0; column < names.size(); ++column) {
            CAPTURE(names[row]);
            CAPTURE(names[column]);
            const auto ours = socket_type_named(names[row]);
            const auto theirs = socket_type_named(names[column]);
            REQUIRE(ours.has_value());
            REQUIRE(theirs.has_value());
            CHECK(compatible(*ours, *theirs) == (table[row][column] == 'x'));
        }
}

TEST_CASE("a socket type's name leads back to it") {
    for (const std::string_view name : names)
        CHECK(name_of(socket_type_named(name).value()) == name);
}

TEST_CASE("the names of socket types are case-sensitive and whole") {
    for (const std::string_view name : {"push", "Push", "PUS", "PUSHX", "", "STREAM", "PUSH "})
        CHECK_FALSE(socket_type_named(name).has_value());
}

TEST_CASE("REQ, DEALER and ROUTER announce an identity and no other type does") {
    for (const std::string_view name : names)
        CHECK(announces_identity(socket_type_named(name).value()) ==
              (name == "REQ" || name == "DEALER" || name == "ROUTER"));
}
