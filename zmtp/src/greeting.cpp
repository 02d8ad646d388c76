// Writing our greeting and checking the peer's.
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/greeting.hpp>

#include <cstring>

namespace mizzen::zmtp {
namespace {

// Offsets, 37/ZMTP "Greeting".
constexpr std::size_t at_signature_end = 9;
constexpr std::size_t at_major = 10;
constexpr std::size_t at_minor = 11;
constexpr std::size_t at_mechanism = 12;
constexpr std::size_t mechanism_size = 20;
constexpr std::size_t at_as_server = 32;

} // namespace

std::array<std::byte, greeting_size> encode_greeting(const greeting& g) noexcept {
    std::array<std::byte, greeting_size> out{};
    out[0] = std::byte{0xff};
    out[at_signature_end] = std::byte{0x7f};
    out[at_major] = std::byte{g.major};
    out[at_minor] = std::byte{g.minor};
    std::memcpy(out.data() + at_mechanism, g.mechanism.data(),
                g.mechanism.size() < mechanism_size ? g.mechanism.size() : mechanism_size);
    out[at_as_server] = std::byte{g.as_server};
    return out;
}

bool check_greeting(octets input, std::string_view mechanism, std::uint8_t& minor, std::size_t& at,
                    std::error_code& ec) noexcept {
    ec.clear();
    const auto octet = [&](std::size_t i) { return std::to_integer<std::uint8_t>(input[i]); };
    const auto refuse = [&](errc why, std::size_t where) {
        ec = why;
        at = where;
        return false;
    };
    // ZMTP 1.0 opens with a frame: a length of 1 to 254 and an octet of flags, or FF, a length of
    // eight octets and the flags, of which only bit 0 means something. 13/ZMTP, "Framing".
    if (!input.empty() && octet(0) != 0xff) {
        if (octet(0) == 0)
            return refuse(errc::not_zmtp, 0);
        if (input.size() < 2)
            return false;
        return octet(1) <= 1 ? refuse(errc::zmtp_1_peer, 0) : refuse(errc::not_zmtp, 0);
    }
    // libzmq tests this one bit only.
    if (input.size() > at_signature_end && (octet(at_signature_end) & 1) == 0)
        return refuse(octet(at_signature_end) == 0 ? errc::zmtp_1_peer : errc::not_zmtp,
                      at_signature_end);
    // 37/ZMTP calls 1 and 2 so; 0 is the version ZMTP 2.0 drafts sent.
    if (input.size() > at_major && octet(at_major) < 3)
        return refuse(errc::zmtp_2_peer, at_major);
    for (std::size_t i = 0; i < mechanism_size && at_mechanism + i < input.size(); ++i) {
        const auto expected = i < mechanism.size() ? static_cast<std::uint8_t>(mechanism[i]) : 0;
        if (octet(at_mechanism + i) != expected)
            return refuse(errc::mechanism_mismatch, at_mechanism + i);
    }
    if (input.size() < greeting_size)
        return false;
    // 4.0 and later speak at least what 3.1 does.
    minor = octet(at_major) > 3 ? std::uint8_t{1} : octet(at_minor);
    return true;
}

} // namespace mizzen::zmtp
