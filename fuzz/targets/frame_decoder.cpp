// Holds: the decoder gives the messages, the commands and the errors, each at its position, that a
// few lines say which see all of the stream at once; however the stream is cut.
#include "support/choices.hpp"
#include "support/filler.hpp"
#include "support/memory.hpp"
#include "support/must.hpp"
#include "support/wire.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/frame_decoder.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

namespace mizzen::fuzz {
namespace {

using zmtp::errc;
using zmtp::frame_decoder;
using zmtp::message;

// Reads a stream that lies there whole, and knows where each frame of it is.
class reference {
public:
    reference(octets stream, const zmtp::limits& limit, std::size_t largest_command) noexcept
        : stream_{stream}, limit_{limit}, largest_command_{largest_command} {}

    struct frame {
        std::size_t start = 0;
        octets body; ///< As much as there is of it.
        std::uint64_t size = 0;
        bool more = false;
        bool command = false;
        std::error_code wrong;

        [[nodiscard]] bool whole() const noexcept { return !wrong && body.size() == size; }
    };

    /// The next frame; false when there is not even a header.
    [[nodiscard]] bool next(frame& out) noexcept {
        const octets rest = stream_.subspan(at_);
        const bool wide = !rest.empty() && (rest[0] & std::byte{2}) != std::byte{0};
        const std::size_t head = wide ? 9 : 2;
        if (rest.size() < head)
            return false;
        out = {};
        out.start = at_;
        out.more = (rest[0] & std::byte{1}) != std::byte{0};
        out.command = (rest[0] & std::byte{4}) != std::byte{0};
        for (const std::byte octet : rest.subspan(1, head - 1))
            out.size = out.size * 256 + std::to_integer<std::uint64_t>(octet);
        out.body = rest.subspan(head);
        if (out.size < out.body.size())
            out.body = out.body.first(static_cast<std::size_t>(out.size));
        judge(out);
        at_ += head + out.body.size();
        return true;
    }

private:
    void judge(frame& f) noexcept {
        if (f.size >> 63 != 0)
            f.wrong = errc::frame_size_out_of_range;
        else if (f.command)
            f.wrong = f.size > largest_command_ ? make_error_code(errc::command_too_large)
                                                : std::error_code{};
        else if (f.size > limit_.max_message_size || bodies_ > limit_.max_message_size - f.size)
            f.wrong = errc::message_too_large;
        else if (parts_ == limit_.max_parts)
            f.wrong = errc::too_many_parts;
        if (f.command)
            return;
        parts_ = f.more ? parts_ + 1 : 0;
        bodies_ = f.more ? bodies_ + f.size : 0;
    }

    octets stream_;
    const zmtp::limits& limit_;
    std::size_t largest_command_;
    std::size_t at_ = 0;
    std::size_t parts_ = 0; // of the message that is coming
    std::uint64_t bodies_ = 0;
};

// Where a large body is announced and not there: lets it come after all.
void complete(stream& out, const zmtp::limits& limit, std::size_t largest_command) {
    reference all{out, limit, largest_command};
    reference::frame last;
    while (all.next(last))
        ;
    constexpr std::size_t most = 160 * 1024;
    if (!last.wrong && last.size - last.body.size() <= most)
        put(out, filler(0, static_cast<std::size_t>(last.size) - last.body.size()));
}

class comparison {
public:
    using result = frame_decoder::result;

    comparison(octets stream, const zmtp::limits& limit, std::size_t largest_command,
               watched_memory& memory, std::size_t read_block) noexcept
        : stream_{stream}, limit_{limit}, expected_{stream, limit, largest_command},
          memory_{memory}, decoder_{memory, read_block}, block_{read_block} {
        decoder_.allow_commands(largest_command);
        coming_parts.clear();
    }

    /// False once the stream has failed.
    [[nodiscard]] bool hear(octets piece) {
        while (!piece.empty()) {
            memory_.allow(2 * (block_ + 64) + 66 * 1024 + 4 * heard_);
            std::size_t size = 0;
            for (const std::span<std::byte> room : decoder_.prepare()) {
                const std::size_t take = std::min(room.size(), piece.size());
                std::copy_n(piece.begin(), take, room.begin());
                piece = piece.subspan(take);
                size += take;
            }
            must(size != 0, "there is room for what comes");
            heard_ += size;
            memory_.allow(2 * (block_ + 64) + 66 * 1024 + 4 * heard_);
            decoder_.commit(size);
            must(decoder_.received() == heard_, "what has come is counted");
            if (!drain())
                return false;
        }
        return true;
    }

    /// Nothing more can come of what was heard.
    void finish() { must(step() == result::need_input, "what has come whole comes out"); }

private:
    bool drain() {
        for (;;) {
            message m;
            std::error_code ec;
            const result got = decoder_.next(m, limit_, ec);
            must((got == result::failed) == bool(ec), "there is an error exactly when it failed");
            if (got == result::need_input)
                return true;
            must(got == step(), "messages, commands and errors come in the order of the stream");
            if (got == result::failed) {
                must(ec == frame_.wrong, "the error is the one that the frame has");
                must(decoder_.position() == frame_.start, "it stands where its frame does");
                return false;
            }
            if (got == result::command) {
                must(same(decoder_.command(), frame_.body), "a command is what was sent");
                must(decoder_.command_position() ==
                         static_cast<std::size_t>(frame_.body.data() - stream_.data()),
                     "a command knows where it stands");
            } else {
                compare(m);
            }
        }
    }

    void compare(const message& m) {
        must(m.size() == coming_parts.size(), "a message has all its parts and no more");
        auto expected = coming_parts.begin();
        for (const octets part : m)
            must(same(part, *expected++), "a part is what was sent");
        must(m.front().size() == coming_parts.front().size(), "the first part is in front");
        coming_parts.clear();
    }

    // What the decoder should say next, of all there is.
    result step() {
        while (expected_.next(frame_)) {
            if (frame_.wrong)
                return result::failed;
            if (!frame_.whole())
                return result::need_input;
            if (frame_.command)
                return result::command;
            coming_parts.push_back(frame_.body);
            if (!frame_.more)
                return result::message;
        }
        return result::need_input;
    }

    octets stream_;
    const zmtp::limits& limit_;
    reference expected_;
    reference::frame frame_;
    static inline std::vector<octets>
        coming_parts; // of the message that is coming; kept for its memory
    watched_memory& memory_;
    frame_decoder decoder_;
    std::size_t block_;
    std::size_t heard_ = 0;
};

void run(choices from) {
    const std::uint8_t shape = from.octet();
    zmtp::limits limit;
    constexpr std::size_t sizes[] = {std::size_t{1} << 30, 0, 16, 300, 20'000, 70'000, 150'000, 2};
    limit.max_message_size = sizes[shape & 7];
    constexpr std::size_t parts[] = {65'536, 1, 2, 5};
    limit.max_parts = parts[shape >> 3 & 3];
    constexpr std::size_t commands[] = {16'384, 8, 300, 70'000};
    const std::size_t largest_command = commands[shape >> 5 & 3];
    const std::uint8_t cut = from.octet();

    static stream heard; // kept for its memory
    heard.clear();
    put(heard, from.rest());
    if (shape > 127)
        complete(heard, limit, largest_command);
    watched_memory memory;
    comparison both{heard, limit, largest_command, memory, (cut == 0 ? 68U : 32U) * 1024U};
    cuts pieces{cut, heard.size()};
    bool good = true;
    for (octets rest{heard}; good && !rest.empty();)
        good = both.hear(pieces.next(rest));
    if (good)
        both.finish();
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
