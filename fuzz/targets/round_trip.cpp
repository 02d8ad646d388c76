// Holds: messages and commands that go into an encoder come out of a decoder as they were, however
// they were put together, in whatever pieces they are written and read.
#include "support/choices.hpp"
#include "support/filler.hpp"
#include "support/memory.hpp"
#include "support/must.hpp"
#include "support/wire.hpp"
#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/frame_decoder.hpp>
#include <mizzen/zmtp/frame_encoder.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace mizzen::fuzz {
namespace {

using zmtp::frame_decoder;
using zmtp::frame_encoder;
using zmtp::message;

// What was sent, in order; `next` is the first that has not come.
struct expected_parts {
    struct part {
        octets body; // into the filler
        bool more;
    };
    std::vector<part> all;
    std::size_t next = 0;

    void clear() {
        all.clear();
        next = 0;
    }
    part take() {
        must(next != all.size(), "nothing comes that was not sent");
        return all[next++];
    }
};

class link {
public:
    link(watched_memory& memory, std::size_t batch, expected_parts& messages,
         expected_parts& commands)
        : memory_{memory}, messages_{messages}, commands_{commands}, encoder_{memory, batch},
          decoder_{memory, 0} {
        messages_.clear();
        commands_.clear();
    }

    void send(message&& m) {
        while (!encoder_.can_send())
            carry(SIZE_MAX);
        must(encoder_.send(std::move(m)), "a message is taken when there is room");
    }
    void command(octets body) {
        raw_command.clear();
        put_frame(raw_command, 4, body);
        if (encoder_.put(raw_command)) // else there is no room for a copy
            commands_.all.push_back({body, false});
    }
    void whole_command(octets body) {
        zmtp::block_ref raw{
            zmtp::block::create(memory_, zmtp::header_size(body.size()) + body.size())};
        must(bool(raw), "there is memory");
        const std::size_t head = zmtp::encode_frame_header(raw->data(), 4, body.size());
        std::ranges::copy(body, raw->data() + head);
        if (encoder_.put(std::move(raw)))
            commands_.all.push_back({body, false});
    }

    /// Takes octets from the one end to the other.
    void carry(std::size_t most) {
        while (most != 0 && !encoder_.output().empty()) {
            std::size_t size = 0;
            for (const octets span : encoder_.output()) {
                must(!span.empty(), "no span to write is empty");
                const octets piece = span.first(std::min(span.size(), most));
                hear(piece);
                size += piece.size();
                most -= piece.size();
            }
            must(encoder_.consume(size), "there is memory");
        }
    }
    void finish() {
        carry(SIZE_MAX);
        must(encoder_.empty() && encoder_.can_send(), "what is written is not held");
        must(messages_.next == messages_.all.size() && commands_.next == commands_.all.size(),
             "what was sent has come");
        must(!decoder_.in_message() && decoder_.buffered().empty(), "nothing else has come");
    }

private:
    void hear(octets piece) {
        while (!piece.empty()) {
            std::size_t size = 0;
            for (const std::span<std::byte> room : decoder_.prepare()) {
                const std::size_t take = std::min(room.size(), piece.size());
                std::copy_n(piece.begin(), take, room.begin());
                piece = piece.subspan(take);
                size += take;
            }
            must(size != 0, "there is room for what comes");
            decoder_.commit(size);
            drain();
        }
    }
    void drain() {
        for (;;) {
            message m;
            std::error_code ec;
            switch (decoder_.next(m, limits_, ec)) {
            case frame_decoder::result::need_input: return;
            case frame_decoder::result::failed: return must(false, "what we write can be read");
            case frame_decoder::result::command:
                must(same(decoder_.command(), commands_.take().body),
                     "a command comes as it was sent");
                break;
            case frame_decoder::result::message:
                std::size_t left = m.size();
                for (const octets part : m) {
                    const auto expected = messages_.take();
                    must(same(part, expected.body), "a part comes as it was sent");
                    must((--left != 0) == expected.more, "a message comes with its parts");
                }
            }
        }
    }

    watched_memory& memory_;
    expected_parts& messages_;
    expected_parts& commands_;
    frame_encoder encoder_;
    frame_decoder decoder_;
    zmtp::limits limits_{};
    static inline stream raw_command; // kept for its memory
};

// Bodies in sizes that the input chooses.
struct bodies {
    choices& from;
    std::size_t sent = 0;

    octets next() {
        constexpr std::array<std::size_t, 16> sizes{255,  256,  257,    2047,   2048,   2049,
                                                    4095, 4096, 16'384, 16'385, 70'000, 131'073,
                                                    300,  1000, 80,     79};
        constexpr std::size_t most_sent = 20'000; // one large body tells what many would
        const std::uint8_t code = from.octet();
        const std::size_t size = code < 240 ? code % 80U : sizes[code - 240];
        const octets body = filler(code * std::size_t{11}, sent > most_sent ? code : size);
        sent += body.size();
        return body;
    }
};

// A message put together in one of the ways there are, and the parts it then has.
message made(bodies& from, std::uint8_t shape, watched_memory& memory, expected_parts& messages) {
    message m;
    const std::size_t start = messages.all.size();
    const std::size_t parts = 1 + (shape & 7);
    const bool backwards = (shape & 8) != 0;
    for (std::size_t i = 0; i < parts; ++i) {
        const octets body = from.next();
        must(backwards ? m.try_push_front(body, memory) : m.try_push_back(body, memory),
             "there is memory");
        const auto at = backwards ? messages.all.begin() + static_cast<std::ptrdiff_t>(start)
                                  : messages.all.end();
        messages.all.insert(at, {body, true});
    }
    if ((shape & 16) != 0) { // an envelope comes off and another one on
        m.pop_front();
        messages.all.erase(messages.all.begin() + static_cast<std::ptrdiff_t>(start));
        const octets body = from.next();
        must(m.try_push_front(body, memory), "there is memory");
        messages.all.insert(messages.all.begin() + static_cast<std::ptrdiff_t>(start),
                            {body, true});
    }
    messages.all.back().more = false;
    return m;
}

void run(choices from) {
    static expected_parts messages; // both kept for their memory
    static expected_parts commands;
    watched_memory memory;
    const std::uint8_t shape = from.octet();
    link both{memory, (shape & 1) != 0 ? 64U * 1024U : 0U, messages, commands};
    bodies source{from};
    while (!from.empty()) {
        const std::uint8_t what = from.octet();
        switch (what >> 5) {
        case 0: both.carry(1 + (what & 31)); break;
        case 1: both.carry((what & 31) * std::size_t{400}); break;
        case 2: both.command(filler(what, what & 31)); break;
        case 3: {
            const octets body = source.next();
            both.whole_command(body.first(std::min<std::size_t>(body.size(), 16'384)));
            break;
        }
        case 4: {
            message m = made(source, what & 31, memory, messages);
            message shared = m.share(memory);
            both.send(std::move(m));
            both.carry(shape);
            // and once more, while the first may still be on its way
            const std::size_t parts = shared.size();
            const std::size_t first = messages.all.size() - parts;
            for (std::size_t i = 0; i < parts; ++i)
                messages.all.push_back(messages.all[first + i]);
            both.send(std::move(shared));
            break;
        }
        default: both.send(made(source, what & 31, memory, messages)); break;
        }
    }
    both.finish();
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
