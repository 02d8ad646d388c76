// Both ends of CURVE made by hand out of libsodium, after 26/CurveZMQ: what ours is held against.
#pragma once

#include "../../lib/src/curve/security.hpp"
#include "wire_helpers.hpp"

#include <sodium.h>

#include <array>
#include <optional>
#include <string_view>

namespace mizzen::curve::testing {

using namespace mizzen::zmtp::testing;
using zmtp::octets;
using key = std::array<std::byte, 32>;

inline const unsigned char* raw(const std::byte* from) {
    return reinterpret_cast<const unsigned char*>(from);
}
inline unsigned char* raw(std::byte* from) { return reinterpret_cast<unsigned char*>(from); }

struct key_pair {
    key open;
    key secret;
    /// Of a secret key that is one octet over and over; by chance without it.
    explicit key_pair(std::optional<unsigned> octet = {}) {
        if (octet) {
            secret.fill(static_cast<std::byte>(*octet));
            crypto_scalarmult_base(raw(open.data()), raw(secret.data()));
        } else {
            crypto_box_keypair(raw(open.data()), raw(secret.data()));
        }
    }
};

inline bytes to_bytes(octets from) { return {from.begin(), from.end()}; }
inline bytes count_of(std::uint64_t count) {
    bytes out;
    for (int shift = 56; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::byte>(count >> shift));
    return out;
}
inline bytes text(std::string_view from) { return to_bytes(zmtp::as_octets(from)); }
inline bytes random_bytes(std::size_t size) {
    bytes out(size);
    randombytes_buf(out.data(), size);
    return out;
}

inline bytes sealed(const bytes& plain, const bytes& nonce, const key& theirs, const key& own) {
    bytes out(plain.size() + 16);
    CHECK(nonce.size() == 24);
    CHECK(crypto_box_easy(raw(out.data()), raw(plain.data()), plain.size(), raw(nonce.data()),
                          raw(theirs.data()), raw(own.data())) == 0);
    return out;
}
/// Nothing when it does not open.
inline bytes opened(octets box, const bytes& nonce, const key& theirs, const key& own) {
    bytes out(box.size() < 16 ? 0 : box.size() - 16);
    if (crypto_box_open_easy(raw(out.data()), raw(box.data()), box.size(), raw(nonce.data()),
                             raw(theirs.data()), raw(own.data())) != 0)
        return {};
    return out;
}

inline key key_at(octets from, std::size_t at) {
    key out;
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(at), 32, out.begin());
    return out;
}

/// A frame with a body of that many octets or more.
inline bytes frame(unsigned flags, const bytes& body) {
    bytes out;
    if (body.size() > 255) {
        out.push_back(static_cast<std::byte>(flags | 2));
        out = out + count_of(body.size());
    } else {
        out = {static_cast<std::byte>(flags), static_cast<std::byte>(body.size())};
    }
    return out + body;
}

inline bytes metadata_of(std::string_view type) {
    return wire("0B 'Socket-Type' 000000") + bytes{static_cast<std::byte>(type.size())} +
           text(type);
}
inline const bytes& curve_greeting() {
    static const bytes all = wire("FF 00*8 7F 03 01 'CURVE' 00*15 00 00*31");
    return all;
}

/// What a client may do wrong.
struct client_script {
    key_pair permanent{};
    key_pair transient{};
    key server;
    key transient_server{};
    bytes cookie{};
    std::string_view type = "DEALER";

    bytes hello_body(std::uint64_t count = 1, const bytes& plain = bytes(64)) const {
        return wire("05 'HELLO' 01 00 00*72") + to_bytes(transient.open) + count_of(count) +
               sealed(plain, text("CurveZMQHELLO---") + count_of(count), server, transient.secret);
    }
    void read_welcome(octets body) {
        REQUIRE(body.size() == 168);
        CHECK(hex(body.first(8)) == hex("07 'WELCOME'"));
        const bytes plain =
            opened(body.subspan(24), text("WELCOME-") + to_bytes(body.subspan(8, 16)), server,
                   transient.secret);
        REQUIRE(plain.size() == 128);
        transient_server = key_at(plain, 0);
        cookie = to_bytes(octets{plain}.subspan(32));
    }
    bytes vouch(const key& vouched, const key& to, const key& by) const {
        const bytes number = random_bytes(16);
        return number + sealed(to_bytes(vouched) + to_bytes(to), text("VOUCH---") + number,
                               transient_server, by);
    }
    bytes vouch() const { return vouch(transient.open, server, permanent.secret); }
    bytes initiate_body(const bytes& vouching, std::uint64_t count = 2) const {
        return wire("08 'INITIATE'") + cookie + count_of(count) +
               sealed(to_bytes(permanent.open) + vouching + metadata_of(type),
                      text("CurveZMQINITIATE") + count_of(count), transient_server,
                      transient.secret);
    }
    bytes message_body(std::uint64_t count, const bytes& flags_and_payload) const {
        return wire("07 'MESSAGE'") + count_of(count) +
               sealed(flags_and_payload, text("CurveZMQMESSAGEC") + count_of(count),
                      transient_server, transient.secret);
    }
    bytes open_from_server(std::string_view start, octets nonce_and_box) const {
        return opened(nonce_and_box.subspan(8), text(start) + to_bytes(nonce_and_box.first(8)),
                      transient_server, transient.secret);
    }
};

inline const key_pair& server_pair() {
    static const key_pair one{2};
    return one;
}

} // namespace mizzen::curve::testing
