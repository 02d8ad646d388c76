// From octets to messages and commands, however the octets are cut.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/frame_decoder.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

// What a stream amounts to: messages, commands (as one part with "command:" in front), the error.
struct decoded {
    std::vector<parts> all;
    std::error_code ec;
    friend bool operator==(const decoded&, const decoded&) = default;
};

void decode_some(frame_decoder& decoder, octets data, const limits& limit, decoded& out) {
    while (!data.empty() && !out.ec) {
        const auto room = decoder.prepare();
        if (room.empty()) {
            out.ec = errc::not_enough_memory;
            return;
        }
        std::size_t size = 0;
        for (const std::span<std::byte> piece : room) {
            const std::size_t take = std::min(piece.size(), data.size());
            std::copy_n(data.begin(), take, piece.begin());
            data = data.subspan(take);
            size += take;
        }
        REQUIRE(size != 0);
        decoder.commit(size);
        for (bool more = true; more;) {
            message m;
            std::error_code ec;
            switch (decoder.next(m, limit, ec)) {
            case frame_decoder::result::need_input: more = false; break;
            case frame_decoder::result::message: out.all.push_back(parts_of(m)); break;
            case frame_decoder::result::command:
                out.all.push_back({"command:" + as_string(decoder.command())});
                break;
            case frame_decoder::result::failed:
                out.ec = ec;
                CHECK(ec);
                more = false;
                break;
            }
        }
    }
}

decoded decode(const std::vector<octets>& pieces, const limits& limit = {},
               std::size_t read_block = 64 * 1024) {
    counting_allocator memory;
    decoded out;
    {
        frame_decoder decoder{memory, read_block};
        decoder.allow_commands(limit.max_command_size);
        for (const octets piece : pieces)
            decode_some(decoder, piece, limit, out);
    }
    return out;
}
decoded decode(const bytes& data, const limits& limit = {}) {
    return decode(std::vector<octets>{data}, limit);
}
decoded decode(std::string_view text, const limits& limit = {}) {
    return decode(wire(text), limit);
}

std::vector<octets> pieces_of(octets data, std::size_t step) {
    std::vector<octets> out;
    for (; !data.empty(); data = data.subspan(std::min(step, data.size())))
        out.push_back(data.first(std::min(step, data.size())));
    return out;
}

using all = std::vector<parts>;

} // namespace

TEST_CASE("check 18: an empty frame is a message of one empty part") {
    CHECK(decode("00 00").all == all{{""}});
    CHECK(decode("00 00 00 00").all == all{{""}, {""}});
}

TEST_CASE("check 20: the long form of a short body is understood") {
    CHECK(decode("02 0000000000000002 'lf'").all == all{{"lf"}});
    CHECK(decode("02 0000000000000000").all == all{{""}});
    CHECK(decode("03 0000000000000001 'a' 02 0000000000000001 'b'").all == all{{"a", "b"}});
}

TEST_CASE("a frame in the long form leaves as a canonical part") {
    counting_allocator memory;
    frame_decoder decoder{memory, 0};
    const bytes data = wire("02 0000000000000002 'lf'");
    std::copy(data.begin(), data.end(), decoder.prepare()[0].begin());
    decoder.commit(data.size());
    message m;
    std::error_code ec;
    REQUIRE(decoder.next(m, {}, ec) == frame_decoder::result::message);
    CHECK(m.encoded_size() == 4);
}

TEST_CASE("check 21: frames with MORE make one message") {
    CHECK(decode("01 01 'a' 01 01 'b' 00 01 'c'").all == all{{"a", "b", "c"}});
    CHECK(decode("01 00 01 00 00 00").all == all{{"", "", ""}});
}

TEST_CASE("check 22: the frames of a message that never ends are not delivered") {
    CHECK(decode("01 01 'a' 01 01 'b'") == decoded{});
    CHECK(decode("01 01 'a' 00 05 'b'") == decoded{});
}

TEST_CASE("check 23: a message gives the same parts however its octets are cut") {
    const std::string long_body = as_string(filled(300));
    const bytes stream =
        wire("01 01 'a' 03 000000000000012C") + filled(300) +
        wire("00 02 'hi' 00 00 04 04 03 'FOO' 01 00 00 01 'z' 00 0A 'ten octets'") +
        wire("01 03 'id1' 01 00 01 09 'delimited' 00 50") + filled(80, 3);
    const all expected{{"a", long_body, "hi"}, {""},
                       {"command:\3FOO"},      {"", "z"},
                       {"ten octets"},         {"id1", "", "delimited", as_string(filled(80, 3))}};
    for (const auto& pieces : every_cut(stream)) {
        const decoded got = decode(pieces);
        REQUIRE_FALSE(got.ec);
        REQUIRE(got.all == expected);
    }
}

TEST_CASE("check 24: ten thousand small messages in one burst come in order") {
    bytes stream;
    all expected;
    for (unsigned i = 0; i < 10'000; ++i) {
        stream.insert(stream.end(), {std::byte{0}, std::byte{1}, static_cast<std::byte>(i * 7)});
        expected.push_back({std::string(1, static_cast<char>(i * 7))});
    }
    for (const std::size_t step : {std::size_t{1 << 20}, std::size_t{65'536}, std::size_t{1000},
                                   std::size_t{7}, std::size_t{1}})
        CHECK(decode(pieces_of(stream, step)).all == expected);
}

TEST_CASE("check 25: reserved flags are ignored") {
    CHECK(decode("F8 02 'hi'").all == all{{"hi"}});
    CHECK(decode("F9 01 'a' 08 01 'b'").all == all{{"a", "b"}});
    CHECK(decode("FA 0000000000000002 'hi'").all == all{{"hi"}});
    CHECK(decode("FC 04 03 'FOO'").all == all{{"command:\3FOO"}});
}

TEST_CASE("check 26: a size above 2^63-1 is refused without memory for it") {
    for (const char* header : {"02 8000000000000000", "02 FFFFFFFFFFFFFFFF", "06 8000000000000000",
                               "01 01 'a' 03 FFFFFFFFFFFFFFF6"}) {
        CAPTURE(header);
        for (const std::uint64_t max_size : {std::uint64_t{1} << 30, ~std::uint64_t{0}}) {
            counting_allocator memory;
            frame_decoder decoder{memory, 32 * 1024};
            decoded got;
            decode_some(decoder, wire(header), {.max_message_size = max_size}, got);
            CHECK(got.all.empty());
            CHECK(got.ec == errc::frame_size_out_of_range);
            CHECK(memory.asked == 1); // the read block
        }
    }
}

TEST_CASE("the largest sizes that the protocol has cost no memory ahead of the data") {
    for (const char* header : {"02 7FFFFFFFFFFFFFFF 'abc'", "02 4000000000000000 'abc'"}) {
        counting_allocator memory;
        frame_decoder decoder{memory, 32 * 1024};
        decoded got;
        decode_some(decoder, wire(header), {.max_message_size = ~std::uint64_t{0}}, got);
        CHECK(got.all.empty());
        CHECK(memory.peak < 128 * 1024);
    }
}

TEST_CASE("check 27: memory is not reserved ahead of the data that a size announces") {
    counting_allocator memory;
    frame_decoder decoder{memory, 64 * 1024};
    const limits unlimited{.max_message_size = std::uint64_t{1} << 62};
    decoded got;
    decode_some(decoder, wire("02 0000010000000000 '0123456789'"), unlimited, got); // 2^40
    CHECK_FALSE(got.ec);
    CHECK(memory.peak < 192 * 1024);
    const bytes some = filled(1 << 20);
    decode_some(decoder, some, unlimited, got);
    CHECK_FALSE(got.ec);
    CHECK(memory.in_use < 3 * some.size()); // it doubles as the data comes
    CHECK(got.all.empty());
}

TEST_CASE("check 28: a body at the limit is delivered and one above it refused by its header") {
    const limits limit{.max_message_size = 100};
    CHECK(decode(wire("00 64") + filled(100), limit).all.size() == 1);
    CHECK(decode("00 65", limit).ec == errc::message_too_large);
    CHECK(decode("02 0000000000000065", limit).ec == errc::message_too_large);
    CHECK(decode("02 0000000000000000 00 65", limit).ec == errc::message_too_large);
    CHECK(decode("00 01 'a'", {.max_message_size = 0}).ec == errc::message_too_large);
    CHECK(decode("00 00", {.max_message_size = 0}).all == all{{""}});
}

TEST_CASE("check 29: the limit of a message counts all of its bodies together") {
    const limits limit{.max_message_size = 100};
    CHECK(decode(wire("01 32") + filled(50) + wire("00 32") + filled(50), limit).all.size() == 1);
    for (const std::size_t step : {std::size_t{1000}, std::size_t{1}}) {
        const bytes over = wire("01 32") + filled(50) + wire("00 33") + filled(51);
        const decoded got = decode(pieces_of(over, step), limit);
        CHECK(got.all.empty());
        CHECK(got.ec == errc::message_too_large);
    }
    // The count starts again with each message.
    const bytes one = wire("01 32") + filled(50) + wire("00 32") + filled(50);
    CHECK(decode(pieces_of(one + one + one, 3), limit).all.size() == 3);
    // Sizes that would wrap round when added are refused too.
    CHECK(decode("01 01 'a' 02 7FFFFFFFFFFFFFFF", {.max_message_size = INT64_MAX}).ec ==
          errc::message_too_large);
}

TEST_CASE("check 30: a message may have just so many parts") {
    const limits limit{.max_parts = 3};
    CHECK(decode("01 00 01 00 00 01 'c'", limit).all == all{{"", "", "c"}});
    for (const std::size_t step : {std::size_t{100}, std::size_t{1}}) {
        const bytes four = wire("01 00 01 00 01 00 00 00");
        CHECK(decode(pieces_of(four, step), limit).ec == errc::too_many_parts);
    }
    counting_allocator memory;
    frame_decoder decoder{memory, 64 * 1024};
    decoded got;
    const bytes some = wire("01 00*1"); // a million of them
    bytes endless;
    for (int i = 0; i < 1000; ++i)
        endless = endless + some;
    for (int i = 0; i < 1000 && !got.ec; ++i)
        decode_some(decoder, endless, {}, got);
    CHECK(got.ec == errc::too_many_parts);
    CHECK(memory.peak < 1 << 20);
}

TEST_CASE("check 31, rule 9: a command between the frames of a message does not disturb it") {
    const all expected{{"command:\3FOO"}, {"a", "b"}};
    const bytes small = wire("01 01 'a' 04 04 03 'FOO' 00 01 'b'");
    for (const auto& pieces : every_cut(small))
        CHECK(decode(pieces).all == expected);

    const bytes large = wire("03 0000000000005000") + filled(0x5000) +
                        wire("04 04 03 'FOO' 02 0000000000006000") + filled(0x6000);
    for (const std::size_t step : {std::size_t{1 << 20}, std::size_t{1000}, std::size_t{1}})
        CHECK(decode(pieces_of(large, step)).all ==
              all{{"command:\3FOO"}, {as_string(filled(0x5000)), as_string(filled(0x6000))}});
}

TEST_CASE("MORE on a command is ignored") {
    CHECK(decode("05 04 03 'FOO' 00 01 'b'").all == all{{"command:\3FOO"}, {"b"}});
    CHECK(decode("07 0000000000000004 03 'FOO' 01 00 05 04 03 'BAR' 00 00").all ==
          all{{"command:\3FOO"}, {"command:\3BAR"}, {"", ""}});
}

TEST_CASE("a command over the limit is refused by its header") {
    const limits limit{.max_command_size = 10};
    CHECK(decode(wire("04 0A") + filled(10), limit).all.size() == 1);
    CHECK(decode("04 0B", limit).ec == errc::command_too_large);
    CHECK(decode("06 7FFFFFFFFFFFFFFF").ec == errc::command_too_large);
    CHECK(decode("06 0000000000004001").ec == errc::command_too_large);
    CHECK(decode(wire("06 0000000000004000") + filled(16 * 1024)).all.size() == 1);
    // It is no message, so the limit of messages does not count.
    CHECK(decode("04 04 03 'FOO'", {.max_message_size = 1}).all.size() == 1);
}

TEST_CASE("a command larger than what is buffered comes whole, in whatever pieces it is read") {
    const limits limit{.max_command_size = 100'000};
    for (const std::size_t size : {16'385U, 65'536U, 70'000U, 100'000U}) {
        bytes stream = wire("00 01 61 06 00000000");
        for (const unsigned shift : {24U, 16U, 8U, 0U})
            stream.push_back(static_cast<std::byte>(size >> shift));
        const bytes body = filled(size);
        stream = stream + body + wire("00 01 62");
        const all expected{{"a"}, {"command:" + as_string(body)}, {"b"}};
        for (const std::size_t step : {std::size_t{1'000}, std::size_t{40'000}, stream.size()})
            CHECK(decode(pieces_of(stream, step), limit).all == expected);
    }
    CHECK(decode("06 00000000000186A1", limit).ec == errc::command_too_large);
}

TEST_CASE("octets may be read on before a large body that is whole has been taken") {
    frame_decoder decoder{default_allocator(), 32 * 1024};
    const bytes stream = wire("02 0000000000012000") + filled(0x12000) + wire("00 01 61 00 01 62");
    for (octets rest{stream}; !rest.empty();) {
        std::size_t size = 0;
        for (const std::span<std::byte> room : decoder.prepare()) {
            CHECK_FALSE(room.empty());
            const std::size_t take = std::min({room.size(), rest.size(), std::size_t{3}});
            std::copy_n(rest.begin(), take, room.begin());
            rest = rest.subspan(take);
            size += take;
            if (take < room.size())
                break;
        }
        decoder.commit(size);
        message m;
        std::error_code ec;
        if (rest.size() > 6) // then read the rest without a look at what has come
            CHECK(decoder.next(m, {}, ec) == frame_decoder::result::need_input);
    }
    std::vector<std::size_t> sizes;
    std::error_code ec;
    for (message m; decoder.next(m, {}, ec) == frame_decoder::result::message;)
        sizes.push_back(m.front().size());
    CHECK(sizes == std::vector<std::size_t>{0x12000, 1, 1});
}

TEST_CASE("the position in the stream is where the next frame starts, however it is cut") {
    const bytes stream = wire("00 01 61 | 04 04 03 'FOO' | 02 0000000000005000") + filled(0x5000) +
                         wire("00 01 62 | 06 8000000000000000");
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, stream.size()}) {
        frame_decoder decoder{default_allocator(), 32 * 1024};
        std::vector<std::uint64_t> ends;
        std::error_code ec;
        for (const octets piece : pieces_of(stream, step)) {
            for (octets rest = piece; !rest.empty();) {
                const std::span<std::byte> room = decoder.prepare()[0];
                const std::size_t take = std::min(room.size(), rest.size());
                std::copy_n(rest.begin(), take, room.begin());
                rest = rest.subspan(take);
                decoder.commit(take);
                for (message m;;) {
                    const auto got = decoder.next(m, {}, ec);
                    if (got == frame_decoder::result::command)
                        CHECK(decoder.command_position() == 5);
                    if (got == frame_decoder::result::need_input ||
                        got == frame_decoder::result::failed)
                        break;
                    ends.push_back(decoder.position());
                }
            }
        }
        CHECK(ec == errc::frame_size_out_of_range);
        CHECK(ends == std::vector<std::uint64_t>{3, 9, 9 + 9 + 0x5000, 9 + 9 + 0x5000 + 3});
        CHECK(decoder.position() == stream.size() - 9); // the frame that is wrong
        CHECK(decoder.received() == stream.size());
    }
}

TEST_CASE("bodies of every kind of size come whole, in whatever pieces they are read") {
    for (const std::size_t size :
         {std::size_t{255}, std::size_t{256}, std::size_t{16 * 1024 - 1}, std::size_t{16 * 1024},
          std::size_t{16 * 1024 + 1}, std::size_t{64 * 1024 - 1}, std::size_t{64 * 1024},
          std::size_t{64 * 1024 + 1}, std::size_t{200'000}}) {
        CAPTURE(size);
        const bytes body = filled(size);
        bytes stream = wire("01 02 'id'");
        for (const unsigned flags : {3U, 2U, 2U}) { // a message [id, body, body], then [body]
            stream.push_back(static_cast<std::byte>(size > 255 ? flags : flags & 1U));
            for (int shift = size > 255 ? 56 : 0; shift >= 0; shift -= 8)
                stream.push_back(static_cast<std::byte>(size >> shift));
            stream = std::move(stream) + body;
        }
        stream = std::move(stream) + wire("00 04 'next'");
        const std::string text = as_string(body);
        const all expected{{"id", text, text}, {text}, {"next"}};
        for (const std::size_t step :
             {std::size_t{1}, std::size_t{2}, std::size_t{1023}, std::size_t{16 * 1024 - 9},
              std::size_t{16 * 1024}, std::size_t{65'537}, std::size_t{1 << 24}})
            for (const std::size_t block :
                 {std::size_t{0}, std::size_t{65'536}, std::size_t{1 << 20}}) {
                if (step <= 2 && (size > 20'000 || block != 0))
                    continue;
                const decoded got = decode(pieces_of(stream, step), {}, block);
                REQUIRE_FALSE(got.ec);
                REQUIRE(got.all == expected);
            }
    }
}

TEST_CASE("a body of 10 MB comes whole, in memory that grows as it comes") {
    const bytes body = filled(10'000'000);
    const bytes stream = wire("02 0000000000989680") + body + wire("00 01 'x'");
    for (const std::size_t step : {std::size_t{1000}, std::size_t{100'000}, std::size_t{1 << 24}}) {
        counting_allocator memory;
        decoded got;
        {
            frame_decoder decoder{memory, 64 * 1024};
            for (const octets piece : pieces_of(stream, step))
                decode_some(decoder, piece, {}, got);
        }
        CHECK(got.all == all{{as_string(body)}, {"x"}});
        CHECK(memory.peak < 3 * body.size());
    }
}

TEST_CASE("a large body lies where it was read to, whether it was announced or came whole") {
    counting_allocator memory;
    frame_decoder decoder{memory, 128 * 1024};
    message m;
    std::error_code ec;
    const bytes body = filled(60'000);
    // Only the header is there when the rest is asked for.
    const bytes header = wire("02 000000000000EA60");
    std::copy(header.begin(), header.end(), decoder.prepare()[0].begin());
    decoder.commit(header.size());
    REQUIRE(decoder.next(m, {}, ec) == frame_decoder::result::need_input);
    const std::span<std::byte> room = decoder.prepare()[0];
    REQUIRE(room.size() == body.size());
    std::copy(body.begin(), body.end(), room.begin());
    decoder.commit(body.size());
    REQUIRE(decoder.next(m, {}, ec) == frame_decoder::result::message);
    CHECK(m.front().data() == room.data());
    // All of it is in the read block, behind a small message.
    const bytes stream = wire("00 02 'hi'") + header + body;
    const std::span<std::byte> block = decoder.prepare()[0];
    std::copy(stream.begin(), stream.end(), block.begin());
    decoder.commit(stream.size());
    REQUIRE(decoder.next(m, {}, ec) == frame_decoder::result::message);
    REQUIRE(decoder.next(m, {}, ec) == frame_decoder::result::message);
    CHECK(m.front().data() == block.data() + 4 + header.size());
    CHECK(hex(m.front()) == hex(octets{body}));
}

TEST_CASE("more octets than there was room for are not believed") {
    counting_allocator memory;
    frame_decoder decoder{memory, 32 * 1024};
    message m;
    std::error_code ec;
    decoder.commit(100); // nothing was prepared
    CHECK(decoder.received() == 0);
    const bytes header = wire("02 0000000000010000");
    std::copy(header.begin(), header.end(), decoder.prepare()[0].begin());
    decoder.commit(header.size());
    REQUIRE(decoder.next(m, {}, ec) == frame_decoder::result::need_input);
    const auto room = decoder.prepare();
    std::size_t size = 0;
    for (const std::span<std::byte> piece : room) {
        std::fill(piece.begin(), piece.end(), std::byte{0});
        size += piece.size();
    }
    decoder.commit(SIZE_MAX);
    CHECK(decoder.received() == header.size() + size);
    decoder.commit(1);
    CHECK(decoder.received() == header.size() + size);
    CHECK(decoder.next(m, {}, ec) == frame_decoder::result::message);
    CHECK(m.front().size() == 65'536);
}

TEST_CASE("a message takes nothing from what its variable held before") {
    counting_allocator memory;
    frame_decoder decoder{memory, 0};
    const bytes data = wire("00 01 'a' 01 01 'b' 00 01 'c' 00 5A") + filled(90) +
                       wire("02 0000000000005000") + filled(0x5000);
    message m{std::string(5000, 'x')};
    std::vector<parts> got;
    for (octets rest{data}; !rest.empty();) {
        const auto room = decoder.prepare();
        std::size_t size = 0;
        for (const auto piece : room) {
            const std::size_t take = std::min(piece.size(), rest.size());
            std::copy_n(rest.begin(), take, piece.begin());
            rest = rest.subspan(take);
            size += take;
        }
        decoder.commit(size);
        std::error_code ec;
        while (decoder.next(m, {}, ec) == frame_decoder::result::message) {
            got.push_back(parts_of(m));
            CHECK(m.peer() == 0);
            CHECK(m.peer_notice() == notice::none);
            m = message{std::string(5000, 'x')}; // each form of a message once over a large one
            m.set_peer(9);
            m.set_peer_notice(notice::peer_up);
        }
        CHECK(m.size() == 1);
        CHECK(m.peer() == 9);
    }
    CHECK(got == all{{"a"}, {"b", "c"}, {as_string(filled(90))}, {as_string(filled(0x5000))}});
}

TEST_CASE("no memory is held while nothing is buffered") {
    counting_allocator memory;
    frame_decoder decoder{memory, 64 * 1024};
    decoded got;
    decode_some(decoder, wire("00 01 'a' 01 01 'b' 00 01 'c' 04 04 03 'FOO'"), {}, got);
    CHECK(got.all.size() == 3);
    CHECK(memory.in_use == 0);
    decode_some(decoder, wire("02 0000000000005000") + filled(0x5000), {}, got);
    CHECK(got.all.size() == 4);
    CHECK(memory.in_use == 0);
    decode_some(decoder, wire("00"), {}, got);
    CHECK(memory.in_use != 0);
    decode_some(decoder, wire("00"), {}, got);
    CHECK(memory.in_use == 0);
}

TEST_CASE("small messages take no memory but the read block") {
    bytes stream;
    for (int i = 0; i < 1000; ++i)
        stream = std::move(stream) + wire("00 10") + filled(16) +
                 wire("01 05 'route' 01 00 00 14") + filled(20);
    counting_allocator memory;
    frame_decoder decoder{memory, 64 * 1024};
    decoded got;
    decode_some(decoder, stream, {}, got);
    CHECK(got.all.size() == 2000);
    CHECK(memory.asked == 1);
}

TEST_CASE("memory that is refused ends the stream, whichever request it was") {
    const bytes stream = wire("00 01 'a' 01 5A") + filled(90) + wire("00 5A") + filled(90) +
                         wire("03 0000000000030000") + filled(0x30000) +
                         wire("01 01 'b' 02 0000000000005000") + filled(0x5000);
    for (const std::size_t step : {std::size_t{1 << 20}, std::size_t{5000}}) {
        bool refused = true;
        for (std::size_t nth = 1; refused; ++nth) {
            REQUIRE(nth < 200);
            counting_allocator memory;
            memory.refuse_at = nth;
            decoded got;
            {
                frame_decoder decoder{memory, 32 * 1024};
                for (const octets piece : pieces_of(stream, step))
                    decode_some(decoder, piece, {}, got);
            }
            refused = memory.asked >= nth;
            if (got.ec)
                CHECK(got.ec == errc::not_enough_memory);
            else
                CHECK(got.all.size() == 3);
        }
    }
}
