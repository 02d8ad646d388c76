// CURVE's arithmetic: against vectors that were published, and against libsodium, by every way that
// this processor can take.
#include "../../lib/src/curve/box.hpp"
#include "../../lib/src/curve/x25519.hpp"
#include "wire_helpers.hpp"

#include <doctest/doctest.h>
#include <sodium.h>

#include <array>
#include <random>
#include <string>
#include <vector>

using namespace mizzen::curve;
using namespace mizzen::zmtp::testing;
using mizzen::zmtp::octets;

namespace {

const unsigned char* raw(const std::byte* from) {
    return reinterpret_cast<const unsigned char*>(from);
}
unsigned char* raw(std::byte* from) { return reinterpret_cast<unsigned char*>(from); }

// Every second one of x86-64's would be for nothing if it were never taken.
std::vector<path> paths() {
    std::vector<path> out;
    for (const path each : every_path)
        if (can_take(each))
            out.push_back(each);
    return out;
}

template <std::size_t Size> std::array<std::byte, Size> array_of(const bytes& from) {
    REQUIRE(from.size() == Size);
    std::array<std::byte, Size> out;
    std::copy(from.begin(), from.end(), out.begin());
    return out;
}

std::string random_key(std::mt19937& random, std::array<std::byte, 32>& out) {
    for (std::byte& octet : out)
        octet = static_cast<std::byte>(random());
    return hex(out);
}

// "Cryptography in NaCl", sections 3 to 10.
constexpr std::string_view alice_secret =
    "77076d0a7318a57d3c16c17251b26645 df4c2f87ebc0992ab177fba51db92c2a";
constexpr std::string_view bob_public =
    "de9edb7d7b7dc1b4d35b61c2ece43537 3f8343c85b78674dadfc7e146f882b4f";
constexpr std::string_view first_key =
    "1b27556473e985d462cd51197a9a46c7 6009549eac6474f206c4ee0844f68389";
constexpr std::string_view nonce = "69696ee955b62b73cd62bda875fc73d6 8219e0036b7a0b37";
constexpr std::string_view clear_text =
    "be075fc53c81f2d5cf141316ebeb0c7b 5228c52a4c62cbd44b66849b64244ffc"
    "e5ecbaaf33bd751a1ac728d45e6c6129 6cdc3c01233561f41db66cce314adb31"
    "0e3be8250c46f06dceea3a7fa1348057 e2f6556ad6b1318a024a838f21af1fde"
    "048977eb48f59ffd4924ca1c60902e52 f0a089bc76897040e082f93776384864 5e0705";
constexpr std::string_view box = "f3ffc7703f9400e52a7dfb4b3d3305d9 8e993b9f48681273c29650ba32fc76ce"
                                 "48332ea7164d96a4476fb8c531a1186a c0dfc17c98dce87b4da7f011ec48c972"
                                 "71d2c20f9b928fe2270d6fb863d51738 b48eeee314a7cc8ab932164548e526ae"
                                 "90224368517acfeabd6bb3732bc0e9da 99832b61ca01b6de56244a9e88d5f9b3"
                                 "7973f622a43d14a6599b1f654cb45a74 e355a5";

} // namespace

TEST_CASE("CURVE: a shared key is what NaCl's paper has") {
    secret_key shared;
    REQUIRE(share_key(secret_key{array_of<32>(wire(alice_secret))}, array_of<32>(wire(bob_public)),
                      shared));
    CHECK(hex(shared.span()) == hex(first_key));
}

TEST_CASE("CURVE: a key's boxes are what NaCl's paper has") {
    const auto key = array_of<32>(wire(first_key));
    const auto number = array_of<24>(wire(nonce));
    const bytes plain = wire(clear_text);
    for (const path way : paths()) {
        boxes maker{key, number.data(), way};
        bytes sealed(plain.size() + box_overhead);
        maker.seal(number.data() + 16, {}, plain, sealed.data());
        CHECK(hex(sealed) == hex(box));
        bytes opened(plain.size());
        CHECK(maker.open(number.data() + 16, sealed, {}, opened.data()));
        CHECK(opened == plain);
    }
}

TEST_CASE("CURVE: HSalsa20's and Poly1305's steps are what NaCl's paper has") {
    std::array<std::byte, 32> second;
    hsalsa20(wire(first_key).data(), wire(nonce).data(), second.data());
    CHECK(hex(second) == hex("dc908dda0b9344a953629b733820778880f3ceb421bb61b91cbd4c3e66256ce4"));
    std::array<std::byte, 16> code;
    const bytes sealed = wire(box);
    poly1305(path::plain,
             wire("eea6a7251c1e72916d11c2cb214d3c25 2539121d8e234e652d651fa4c8cff880").data(),
             octets{sealed}.subspan(16), code.data());
    CHECK(hex(code) == hex("f3ffc7703f9400e52a7dfb4b3d3305d9"));
}

TEST_CASE("CURVE: small boxes are what other libraries make of known keys") {
    const auto key_of = [](std::byte octet) {
        std::array<std::byte, 32> key;
        key.fill(octet);
        return secret_key{key};
    };
    secret_key shared;
    public_key b;
    REQUIRE(public_of(key_of(std::byte{2}), b));
    CHECK(hex(b) == hex("ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59"));
    REQUIRE(share_key(key_of(std::byte{1}), b, shared));
    CHECK(hex(shared.span()) ==
          hex("18a99320f3488fa18a04239715d8ee738065e65c3d4b2898522d6c3d4ead588c"));
    const auto sealed = [](octets key, std::string_view number, std::string_view plain) {
        bytes out(wire(plain).size() + box_overhead);
        seal_box(key.first<32>(), array_of<24>(wire(number)), wire(plain), out.data());
        return hex(out);
    };
    CHECK(sealed(shared.span(), "'CurveZMQMESSAGEC' 0000000000000003", "00 'hello'") ==
          hex("1a8def1a40425bd3503ffccad34f779e5fee9c50a189"));
    CHECK(sealed(shared.span(), "'CurveZMQHELLO---' 0000000000000001", "00*64") ==
          hex("331fb6d435f33411de5cd78cde6c76ee4d9b8c004f1bfb5cc0c9f48cae0b9e30"
              "750a3ee2560639ed20435c9e5c5260e2065139dad12d2aeae231b0e4f8eb3a66"
              "7d4c9c903c6a03bff9a313576fcc6b62"));
    CHECK(sealed(wire("03*32"), "'COOKIE--' 04*16",
                 "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209 02*32") ==
          hex("3e56d7cf4621f1839953b91c0b44147c6850c24436159066ea9285a92df8c356"
              "331f0ae55d3587fb2f9ef1f2fef49c58a691523909ea9ac49661f41507748f2d"
              "a030c13d89c6bc7445d138788811fd79"));
}

TEST_CASE("CURVE: boxes of every size are libsodium's, by every path, in place or not") {
    REQUIRE(sodium_init() >= 0);
    std::mt19937 random{1};
    for (const path way : paths())
        for (std::size_t size = 0; size <= 4096; ++size) {
            std::array<std::byte, 32> key;
            random_key(random, key);
            const bytes number = filled(24, static_cast<unsigned>(random()));
            const bytes plain = filled(size, static_cast<unsigned>(random()));
            bytes theirs(size + box_overhead);
            crypto_secretbox_easy(raw(theirs.data()), raw(plain.data()), size, raw(number.data()),
                                  raw(key.data()));

            boxes maker{key, number.data(), way};
            const std::size_t head = std::min<std::size_t>(random() % 34, std::min(size, 32UL));
            bytes ours(size + box_overhead);
            std::copy(plain.begin(), plain.end(), ours.begin() + box_overhead);
            maker.seal(number.data() + 16, octets{plain}.first(head),
                       octets{ours}.subspan(box_overhead + head), ours.data());
            REQUIRE(ours == theirs);
            maker.seal(number.data() + 16, {}, plain, ours.data());
            REQUIRE(ours == theirs);

            bytes opened(size);
            REQUIRE(maker.open(number.data() + 16, theirs, std::span{opened}.first(head),
                               opened.data() + head));
            REQUIRE(opened == plain);
            REQUIRE(maker.open(number.data() + 16, ours, {}, ours.data() + box_overhead));
            REQUIRE(std::equal(plain.begin(), plain.end(), ours.begin() + box_overhead));
        }
}

TEST_CASE("CURVE: the key stream is libsodium's where its counter outgrows 32 bits") {
    std::mt19937 random{2};
    std::array<std::byte, 32> key;
    random_key(random, key);
    const bytes number = filled(8);
    const bytes plain = filled(64 * 40 + 5);
    salsa20_input input = make_salsa20_input(key.data());
    set_salsa20_nonce(input, number.data());
    for (const path way : paths())
        for (const std::uint64_t first :
             {0xffff'fff0ULL, 0xffff'ffffULL, 0xffff'ffff'ffff'fff0ULL}) {
            bytes ours(plain.size());
            bytes theirs(plain.size());
            salsa20_xor(way, input, first, plain.data(), ours.data(), plain.size());
            // In two pieces, since libsodium need not come round at 2^64 as we do.
            crypto_stream_salsa20_xor_ic(raw(theirs.data()), raw(plain.data()), 64,
                                         raw(number.data()), first, raw(key.data()));
            for (std::size_t i = 1; i * 64 < plain.size(); ++i)
                crypto_stream_salsa20_xor_ic(raw(theirs.data() + 64 * i),
                                             raw(plain.data() + 64 * i),
                                             std::min<std::size_t>(64, plain.size() - 64 * i),
                                             raw(number.data()), first + i, raw(key.data()));
            CHECK(ours == theirs);
        }
}

TEST_CASE("CURVE: boxes made one after another are libsodium's, whatever the counts and sizes") {
    std::mt19937 random{4};
    std::array<std::byte, 32> key;
    random_key(random, key);
    bytes number = filled(24);
    for (const path way : paths()) {
        boxes sealing{key, number.data(), way};
        boxes opening{key, number.data(), way};
        std::uint64_t count = 0xffff'ffff'ffff'f000; // and round, which nobody asks for
        std::size_t size = 0;
        for (int i = 0; i < 3000; ++i) {
            count += random() % 8 == 0 ? random() % 20 : 1;
            if (random() % 4 == 0) // else as the one before, for whose like things are prepared
                size = random() % (random() % 2 == 0 ? 200 : 1500);
            for (unsigned octet = 0; octet < 8; ++octet)
                number[16 + octet] = static_cast<std::byte>(count >> (56 - 8 * octet));
            const bytes plain = filled(size, static_cast<unsigned>(random()));
            bytes theirs(size + box_overhead);
            crypto_secretbox_easy(raw(theirs.data()), raw(plain.data()), size, raw(number.data()),
                                  raw(key.data()));
            bytes ours(size + box_overhead);
            sealing.seal(number.data() + 16, {}, plain, ours.data());
            REQUIRE(ours == theirs);
            bytes opened(size);
            REQUIRE(opening.open(number.data() + 16, theirs, {}, opened.data()));
            REQUIRE(opened == plain);
        }
    }
}

TEST_CASE("CURVE: Poly1305 carries as libsodium's does, by every path") {
    std::mt19937 random{3};
    const std::array<std::string_view, 6> halves{"00*16",    "ff*16",       "01 00*15",
                                                 "fb ff*15", "02 00*14 80", "ff*8 00*8"};
    for (int i = 0; i < 20'000; ++i) {
        const auto some = [&] { return wire(halves[random() % halves.size()]); };
        const bytes key = some() + some();
        bytes plain;
        for (auto blocks = random() % (i % 8 == 0 ? 60 : 5); blocks != 0; --blocks)
            plain = plain + some();
        plain.resize(plain.size() - std::min<std::size_t>(plain.size(), random() % 16));
        std::array<std::byte, 16> theirs;
        crypto_onetimeauth_poly1305(raw(theirs.data()), raw(plain.data()), plain.size(),
                                    raw(key.data()));
        for (const path way : paths()) {
            std::array<std::byte, 16> ours;
            poly1305(way, key.data(), plain, ours.data());
            REQUIRE(ours == theirs);
        }
    }
}

TEST_CASE("CURVE: keys and what they share are libsodium's") {
    for (int i = 0; i < 50; ++i) {
        secret_key mine;
        public_key ours;
        REQUIRE(make_key_pair(mine, ours));
        public_key again;
        crypto_scalarmult_base(raw(again.data()), raw(mine.data()));
        CHECK(again == ours);
        std::array<std::byte, 32> other_secret;
        std::array<std::byte, 32> other_public;
        crypto_box_keypair(raw(other_public.data()), raw(other_secret.data()));
        secret_key shared;
        std::array<std::byte, 32> theirs;
        REQUIRE(share_key(mine, other_public, shared));
        REQUIRE(crypto_box_beforenm(raw(theirs.data()), raw(ours.data()),
                                    raw(other_secret.data())) == 0);
        CHECK(hex(shared.span()) == hex(theirs));
        secret_key quicker;
        REQUIRE(share_key(own_keys{mine, ours}, other_public, quicker));
        CHECK(hex(quicker.span()) == hex(theirs));
    }
}

TEST_CASE("CURVE: a public key that gives everybody the same secret is refused") {
    secret_key mine;
    public_key ours;
    REQUIRE(make_key_pair(mine, ours));
    for (const std::string_view weak :
         {"00*32", "01 00*31", "ec ff*30 7f", "ed ff*30 7f", "ee ff*30 7f",
          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"}) {
        secret_key shared;
        CHECK_FALSE(share_key(mine, array_of<32>(wire(weak)), shared));
        CHECK_FALSE(share_key(own_keys{mine, ours}, array_of<32>(wire(weak)), shared));
    }
}

TEST_CASE("CURVE: a box with any bit turned does not open, and writes nothing") {
    std::array<std::byte, 32> key{};
    const bytes number = filled(24);
    const bytes plain = filled(100);
    for (const path way : paths()) {
        boxes maker{key, number.data(), way};
        bytes sealed(plain.size() + box_overhead);
        maker.seal(number.data() + 16, {}, plain, sealed.data());
        bytes opened(plain.size());
        for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
            bytes turned = sealed;
            turned[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            REQUIRE_FALSE(maker.open(number.data() + 16, turned, {}, opened.data()));
        }
        for (std::size_t size = 0; size < sealed.size(); ++size)
            REQUIRE_FALSE(
                maker.open(number.data() + 16, octets{sealed}.first(size), {}, opened.data()));
        CHECK(opened == bytes(plain.size()));
        bytes other = number;
        other[23] ^= std::byte{1};
        CHECK_FALSE(maker.open(other.data() + 16, sealed, {}, opened.data()));
        // A head that the box has not got.
        std::array<std::byte, 33> head;
        maker.seal(number.data() + 16, {}, octets{plain}.first(2), sealed.data());
        CHECK_FALSE(maker.open(number.data() + 16, octets{sealed}.first(18),
                               std::span{head}.first(3), opened.data()));
    }
}

TEST_CASE("CURVE: secrets are wiped when they go") {
    alignas(secret_key) std::array<std::byte, sizeof(secret_key)> room;
    auto* held = new (room.data()) secret_key{array_of<32>(wire("55*32"))};
    held->~secret_key();
    CHECK(hex(room) == hex("00*32"));
    alignas(boxes) std::array<std::byte, sizeof(boxes)> other;
    auto* maker = new (other.data()) boxes{array_of<32>(wire("55*32")), filled(24).data()};
    const bytes plain = filled(20);
    std::array<std::byte, 36> sealed;
    maker->seal(filled(8).data(), {}, plain, sealed.data()); // prepares key streams
    maker->~boxes();
    CHECK(hex(octets{other}.first(64 + 512)) == hex("00*576")); // the key, and the streams
}
