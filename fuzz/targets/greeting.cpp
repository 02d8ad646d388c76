// Holds: a greeting is judged the same octet by octet as all at once, as 37/ZMTP says, and no
// sooner or later than the octet that decides; our own greeting is one.
#include "support/choices.hpp"
#include "support/must.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/greeting.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace mizzen::fuzz {
namespace {

using zmtp::errc;

struct answer {
    bool whole = false;
    std::uint8_t minor = 0xee;
    std::size_t at = 0;
    std::error_code ec;

    friend bool operator==(const answer&, const answer&) = default;
};

answer answer_to(octets input, std::string_view mechanism) {
    answer out;
    out.ec = errc::empty_message; // to be cleared
    out.whole = zmtp::check_greeting(input, mechanism, out.minor, out.at, out.ec);
    return out;
}

bool accepted(octets input, std::string_view mechanism) {
    if (input.size() < 64 || input[0] != std::byte{0xff} ||
        (input[9] & std::byte{1}) == std::byte{0} || input[10] < std::byte{3})
        return false;
    std::array<std::byte, 20> name{};
    std::ranges::copy(as_octets(mechanism), name.begin());
    return std::ranges::equal(input.subspan(12, 20), name);
}

void run(choices from) {
    constexpr std::array<std::string_view, 4> names{"NULL", "PLAIN", "CURVE",
                                                    "TWENTY-CHARS_.+-NAME"};
    const std::uint8_t kind = from.octet();
    const std::string_view mechanism = names[kind & 3];
    const octets input = from.rest();
    const answer whole = answer_to(input, mechanism);

    answer first; // that is not "wait for more"
    std::size_t size = 0;
    for (; size <= input.size(); ++size) {
        first = answer_to(input.first(size), mechanism);
        if (first.whole || first.ec)
            break;
        must(first.minor == 0xee, "the minor version is not told before it is known");
    }
    must(first == whole, "octet by octet and all at once are the same");
    must(whole.whole == accepted(input, mechanism), "accepted is what 37/ZMTP accepts");
    must(!(whole.whole && whole.ec), "an accepted greeting has no error");
    if (whole.ec) {
        // The length that opens ZMTP 1.0 says nothing without the flags behind it.
        const bool takes_two = whole.at == 0 && input[0] != std::byte{0};
        must(size == whole.at + (takes_two ? 2 : 1),
             "a wrong octet is told as soon as it is there");
    }
    if (whole.whole)
        must(size == 64 &&
                 whole.minor ==
                     (input[10] > std::byte{3} ? 1 : std::to_integer<std::uint8_t>(input[11])),
             "a greeting has 64 octets and its minor version");

    const auto ours = zmtp::encode_greeting({.minor = kind, .mechanism = mechanism});
    must(answer_to(ours, mechanism) == answer{true, kind, 0, {}}, "our own greeting is accepted");
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
