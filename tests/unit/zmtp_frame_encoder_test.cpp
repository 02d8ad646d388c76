// From messages to octets, however few of them are written at a time.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/frame_encoder.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

bytes take(frame_encoder& encoder, std::size_t step = SIZE_MAX) {
    bytes out;
    while (!encoder.output().empty()) {
        std::size_t left = step;
        for (const octets span : encoder.output()) {
            const octets piece = span.first(std::min(span.size(), left));
            CHECK_FALSE(span.empty());
            out.insert(out.end(), piece.begin(), piece.end());
            left -= piece.size();
        }
        REQUIRE(encoder.consume(step - left));
    }
    CHECK(encoder.empty());
    return out;
}

bool send(frame_encoder& encoder, const parts& from) {
    REQUIRE(encoder.can_send());
    return encoder.send(message_of(from));
}

bytes framed(const char* header, const bytes& body) { return wire(header) + body; }

} // namespace

TEST_CASE("check 19: bodies of 0, 1, 255, 256 and 70000 octets have the specified headers") {
    const std::pair<std::size_t, const char*> expected[] = {{0, "00 00"},
                                                            {1, "00 01"},
                                                            {255, "00 FF"},
                                                            {256, "02 0000000000000100"},
                                                            {70'000, "02 0000000000011170"}};
    for (const auto& [size, header] : expected) {
        CAPTURE(size);
        frame_encoder encoder{default_allocator(), 64 * 1024};
        CHECK(send(encoder, {as_string(filled(size))}));
        CHECK(hex(take(encoder)) == hex(framed(header, filled(size))));
    }
}

TEST_CASE("every part but the last says MORE, whatever the parts said before") {
    frame_encoder encoder{default_allocator(), 64 * 1024};
    CHECK(send(encoder, {"a", "", "c"}));
    message m = message_of({"x", "y", "z"});
    m.pop_front();
    m.push_front("w");
    CHECK(encoder.send(std::move(m)));
    message long_one = message_of({"1", as_string(filled(300)), "3"});
    message copy = long_one.share();
    copy.push_back("4");
    CHECK(encoder.send(std::move(long_one)));
    CHECK(encoder.send(std::move(copy)));
    const bytes middle = wire("01 01 '1' 03 000000000000012C") + filled(300);
    CHECK(hex(take(encoder)) ==
          hex(wire("01 01 'a' 01 00 00 01 'c' 01 01 'w' 01 01 'y' 00 01 'z'") + middle +
              wire("00 01 '3'") + middle + wire("01 01 '3' 00 01 '4'")));
}

TEST_CASE("small messages are gathered into one span") {
    frame_encoder encoder{default_allocator(), 64 * 1024};
    bytes expected;
    for (int i = 0; i < 100; ++i) {
        CHECK(send(encoder, {"hi", "there"}));
        expected = std::move(expected) + wire("01 02 'hi' 00 05 'there'");
    }
    CHECK(encoder.output().size() == 1);
    CHECK(hex(take(encoder)) == hex(expected));
}

TEST_CASE("a large body is written from where it lies") {
    frame_encoder encoder{default_allocator(), 64 * 1024};
    message m{std::string(100'000, 'L')};
    m.push_front("id");
    const octets body = m[1];
    CHECK(encoder.send(std::move(m)));
    CHECK(send(encoder, {"next"}));
    const auto spans = encoder.output();
    REQUIRE(spans.size() == 3);
    CHECK(hex(spans[0]) == hex("01 02 'id' 02 00000000000186A0"));
    CHECK(spans[1].data() == body.data());
    CHECK(spans[1].size() == body.size());
    CHECK(hex(spans[2]) == hex("00 04 'next'"));
    take(encoder);
}

TEST_CASE("a large body that others share stays theirs") {
    counting_allocator memory;
    message kept;
    CHECK(kept.try_push_back(filled(5000), memory));
    {
        frame_encoder encoder{memory, 64 * 1024};
        CHECK(encoder.send(kept.share(memory)));
        CHECK(hex(take(encoder, 999)) == hex(framed("02 0000000000001388", filled(5000))));
        CHECK(encoder.send(kept.share(memory)));
        REQUIRE(encoder.consume(10)); // and the rest is dropped with the encoder
    }
    CHECK(as_text(kept[0]) == as_string(filled(5000)));
}

TEST_CASE("the same octets come out however few are written at a time") {
    bytes expected;
    for (std::size_t step = 1; step < 40; ++step) {
        CAPTURE(step);
        counting_allocator memory;
        frame_encoder encoder{memory, 0};
        CHECK(encoder.put(wire("04 04 03 'FOO'")));
        CHECK(send(encoder, {"a"}));
        CHECK(send(encoder, {as_string(filled(3000)), "b", as_string(filled(300)), ""}));
        expected = wire("04 04 03 'FOO' 00 01 'a' 03 0000000000000BB8") + filled(3000) +
                   wire("01 01 'b' 03 000000000000012C") + filled(300) + wire("00 00");
        REQUIRE(hex(take(encoder, step)) == hex(expected));
        CHECK(memory.in_use == 0);
    }
    for (std::size_t first = 0; first <= expected.size(); ++first) { // one cut at every octet
        frame_encoder encoder{default_allocator(), 0};
        CHECK(encoder.put(wire("04 04 03 'FOO'")));
        CHECK(send(encoder, {"a"}));
        CHECK(send(encoder, {as_string(filled(3000)), "b", as_string(filled(300)), ""}));
        REQUIRE(encoder.consume(first));
        REQUIRE(hex(take(encoder)) == hex(octets{expected}.subspan(first)));
    }
}

TEST_CASE("messages handed over while an earlier one is half written follow it") {
    frame_encoder encoder{default_allocator(), 0};
    bytes expected;
    bytes got;
    for (int i = 0; i < 2000; ++i) {
        const std::string body = as_string(filled(static_cast<std::size_t>(i % 70)));
        if (encoder.can_send()) {
            CHECK(encoder.send(message{body}));
            expected.push_back(std::byte{0});
            expected.push_back(static_cast<std::byte>(body.size()));
            const octets data = as_octets(body);
            expected.insert(expected.end(), data.begin(), data.end());
        }
        if (!encoder.output().empty()) {
            const octets piece = encoder.output()[0].first(std::min<std::size_t>(
                encoder.output()[0].size(), static_cast<std::size_t>(i % 61)));
            got.insert(got.end(), piece.begin(), piece.end());
            REQUIRE(encoder.consume(piece.size()));
        }
    }
    got = std::move(got) + take(encoder);
    CHECK(hex(got) == hex(expected));
}

TEST_CASE("a batch that is full takes no more until it is written") {
    frame_encoder encoder{default_allocator(), 4096};
    std::size_t count = 0;
    while (encoder.can_send()) {
        CHECK(send(encoder, {std::string(70, 'x')}));
        ++count;
    }
    CHECK(count > 4096 / 72 - 4);
    CHECK(count < 4096 / 72);
    CHECK(encoder.put(wire("04 05 04 'PONG'"))); // there is room left for commands
    CHECK(encoder.put(wire("04 07 04 'PING' 0000")));
    CHECK(take(encoder).size() == count * 72 + 16);
    CHECK(encoder.can_send());
}

TEST_CASE("a message of more parts than one write holds goes out in several") {
    for (const std::size_t size :
         {std::size_t{10}, std::size_t{2048}, std::size_t{2049}, std::size_t{20'000}}) {
        CAPTURE(size);
        counting_allocator memory;
        message m;
        bytes expected;
        constexpr int count = 400;
        for (int i = 0; i < count; ++i) {
            const bytes body = filled(size, static_cast<unsigned>(i));
            CHECK(m.try_push_back(body, memory));
            expected.push_back(
                static_cast<std::byte>((i + 1 < count ? 1 : 0) + (size > 255 ? 2 : 0)));
            for (int shift = size > 255 ? 56 : 0; shift >= 0; shift -= 8)
                expected.push_back(static_cast<std::byte>(size >> shift));
            expected = std::move(expected) + body;
        }
        frame_encoder encoder{memory, 4096};
        CHECK(encoder.send(std::move(m)));
        CHECK_FALSE(encoder.can_send());
        CHECK(encoder.output().size() <= 64);
        CHECK((take(encoder, size > 10 ? SIZE_MAX : 7) == expected));
        CHECK(encoder.can_send());
        CHECK(memory.in_use == 0);
    }
}

TEST_CASE("rule 9: commands may go between the frames of a message") {
    frame_encoder encoder{default_allocator(), 4096};
    parts many;
    for (int i = 0; i < 100; ++i)
        many.emplace_back(200, 'p');
    CHECK(send(encoder, many));
    CHECK(encoder.put(wire("04 05 04 'PONG'")));
    bytes got = take(encoder);
    CHECK(got.size() == 100 * 202 + 7);
    std::size_t frames = 0;
    std::size_t commands = 0;
    for (octets rest{got}; !rest.empty(); ++frames) {
        if (rest[0] == std::byte{4}) {
            ++commands;
            CHECK(frames != 0);
            CHECK(frames < 100);
        } else {
            CHECK((rest[0] == std::byte{1}) == (frames != 100)); // all but the last, one command
        }
        rest = rest.subspan(2 + std::to_integer<std::size_t>(rest[1]));
    }
    CHECK(commands == 1);
}

TEST_CASE("no memory is held while there is nothing to write") {
    counting_allocator memory;
    frame_encoder encoder{memory, 64 * 1024};
    CHECK(memory.in_use == 0);
    CHECK(send(encoder, {"a"}));
    CHECK(memory.in_use != 0);
    take(encoder);
    CHECK(memory.in_use == 0);
}

TEST_CASE("a thousand small messages take no memory but the batch") {
    counting_allocator memory;
    frame_encoder encoder{memory, 64 * 1024};
    for (int i = 0; i < 1000; ++i)
        CHECK(send(encoder, {"route", "", "a body of twenty one"}));
    CHECK(memory.asked == 1);
    CHECK(encoder.output().size() == 1);
    take(encoder);
}

TEST_CASE("memory that is refused is said so, and nothing leaks") {
    for (std::size_t nth = 1; nth < 12; ++nth) {
        counting_allocator memory;
        message m;
        for (int i = 0; i < 100; ++i)
            CHECK(m.try_push_back(filled(2500)));
        memory.refuse_at = nth;
        frame_encoder encoder{memory, 4096};
        bool well = encoder.put(wire("04 00")) && encoder.send(std::move(m));
        while (well && !encoder.output().empty())
            well = encoder.consume(encoder.output()[0].size());
        if (!well)
            CHECK(memory.asked == nth);
    }
}
