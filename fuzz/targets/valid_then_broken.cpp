// Holds: of a peer that speaks flawless ZMTP until one thing is wrong with it, all that came before
// is delivered as it was sent, and what is told of the fault is neither before it nor beyond what
// has come; of a peer without a fault, everything is delivered; of one that is cut off, everything
// up to there.
#include "support/choices.hpp"
#include "support/script.hpp"
#include "support/watched_connection.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mizzen::fuzz {
namespace {

enum class fault : std::uint8_t {
    none,
    flipped_bit,
    one_octet_more,
    one_octet_less,
    cut_off,
    longer_size,
    another_octet,
    said_twice,
};

// Breaks what is said and tells where: what is in front of that is as it was.
std::size_t break_it(script& said, fault what, std::size_t where, std::uint8_t how) {
    stream& wire = said.wire;
    const std::size_t at = where % wire.size();
    const auto here = wire.begin() + static_cast<std::ptrdiff_t>(at);
    switch (what) {
    case fault::none: return wire.size();
    case fault::flipped_bit: *here ^= static_cast<std::byte>(1U << (how & 7)); return at;
    case fault::one_octet_more: wire.insert(here, static_cast<std::byte>(how)); return at;
    case fault::one_octet_less: wire.erase(here); return at;
    case fault::cut_off: wire.resize(at); return at;
    case fault::another_octet: *here = static_cast<std::byte>(how); return at;
    case fault::longer_size: {
        const std::size_t header = said.headers[where % said.headers.size()];
        const bool wide = (wire[header] & std::byte{2}) != std::byte{0};
        const std::size_t octet = header + 1 + (wide ? how % 8U : 0U);
        wire[octet] = static_cast<std::byte>(std::to_integer<unsigned>(wire[octet]) + 1 + how / 8);
        return octet;
    }
    case fault::said_twice: {
        const script::unit& unit = said.units[where % said.units.size()];
        static stream again; // kept for its memory
        again.assign(wire.begin() + static_cast<std::ptrdiff_t>(unit.start),
                     wire.begin() + static_cast<std::ptrdiff_t>(unit.end));
        wire.insert(wire.begin() + static_cast<std::ptrdiff_t>(unit.end), again.begin(),
                    again.end());
        return unit.end;
    }
    }
    return at;
}

// Compares what comes out with the script, up to the fault.
class witness : public listener {
public:
    witness(const script& said, std::size_t broken_at) noexcept
        : said_{said}, broken_at_{broken_at} {
        skip_silent();
    }

    void on_handshake(const connection&) noexcept { expect(script::kind::handshake); }
    void on_message(const message& m) noexcept {
        const script::unit* const unit = expect(script::kind::message);
        if (unit == nullptr)
            return;
        must(m.size() == unit->parts, "a message comes with its parts");
        std::size_t index = unit->first_part;
        for (const octets part : m)
            must(same(part, sent(index++)), "a part comes as it was sent");
    }
    void on_topic(bool subscribed, octets topic) noexcept {
        const script::unit* const unit =
            expect(subscribed ? script::kind::subscribe : script::kind::cancel);
        must(unit == nullptr || same(topic, sent(unit->first_part)),
             "a topic comes as it was sent");
    }

    [[nodiscard]] bool all_delivered() const noexcept {
        return next_ == said_.units.size() || said_.units[next_].end > broken_at_;
    }

private:
    // The unit that is due; null behind the fault, where anything may come.
    const script::unit* expect(script::kind what) noexcept {
        if (all_delivered())
            return nullptr;
        const script::unit& unit = said_.units[next_++];
        must(unit.what == what, "what comes is what was sent, in its order");
        skip_silent();
        return &unit;
    }
    void skip_silent() noexcept {
        while (next_ != said_.units.size() && said_.units[next_].what == script::kind::silent)
            ++next_;
    }
    [[nodiscard]] octets sent(std::size_t part) const noexcept {
        return octets{said_.wire}.subspan(said_.parts[part].at, said_.parts[part].size);
    }

    const script& said_;
    std::size_t broken_at_;
    std::size_t next_ = 0;
};

// A greeting without a fault comes at once, and a handshake too: in pieces other targets have them.
std::size_t whole_until(const script& said, std::size_t broken_at) noexcept {
    constexpr std::size_t greeting = 64;
    if (broken_at >= said.handshake_end)
        return said.handshake_end;
    return broken_at >= greeting ? greeting : 0;
}

void run(choices from) {
    watched_memory memory;
    settings s = read_settings(from, memory);
    s.judge = judging::fairly;
    s.wrong_password = false;
    if (check(s.cfg))
        return; // closed from the start
    const std::uint8_t first = from.octet();
    const auto what = static_cast<fault>(first & 7);
    const std::size_t where = from.wide() * 7 + (first >> 3);
    const std::uint8_t how = from.octet();
    const std::uint8_t cut = from.octet();

    static script said; // kept for its memory
    said.write(from, s);
    const std::size_t broken_at = break_it(said, what, where, how);
    const octets heard{said.wire};

    witness judge{said, broken_at};
    watched_connection link{s, memory, judge};
    cuts pieces{cut, heard.size(), 24};
    octets rest = heard;
    octets piece = rest.first(whole_until(said, broken_at));
    rest = rest.subspan(piece.size());
    for (;;) {
        link.hear(piece);
        link.answer_if_asked();
        link.write();
        if (rest.empty() || !link.link().is_open())
            break;
        piece = pieces.next(rest);
    }

    must(judge.all_delivered(), "what came before the fault is delivered");
    const auto unit =
        std::ranges::find_if(said.units, [&](const script::unit& u) { return u.end > broken_at; });
    if (unit != said.units.end() && !link.link().is_open())
        must(link.link().failed_at() >= unit->start, "what fails is not what came before");
    if (what == fault::none || what == fault::cut_off) {
        must(link.link().is_open(), "a peer that did nothing wrong is not closed");
        constexpr std::size_t most_at_once = 30; // of more, only the newest is answered
        if (what == fault::none && said.pings <= most_at_once)
            must(link.output().pongs() == said.pings, "every PING is answered");
        link.finish();
        link.end_of_stream();
        must(link.closed() == errc::end_of_stream && link.link().failed_at() == heard.size(),
             "a stream ends where it ends");
    }
    link.finish();
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
