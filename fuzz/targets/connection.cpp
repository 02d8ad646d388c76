// Holds: whatever a peer says, in whatever pieces, and whatever the program does meanwhile, as
// server or client, by NULL or PLAIN, with any credentials, verdict and limits, with time going by
// and with memory refused: the connection stays within its limits and its memory, what it writes is
// ZMTP, and once it has closed it stays closed for the same reason.
#include "support/choices.hpp"
#include "support/filler.hpp"
#include "support/heard.hpp"
#include "support/watched_connection.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace mizzen::fuzz {
namespace {

// What the program does next, and the world to it: `step` is chosen by the input.
void act(watched_connection<listener>& link, std::uint8_t step) noexcept {
    const std::size_t how = step >> 3;
    switch (step & 7) {
    case 0: {
        constexpr std::array<int, 8> spans{0, 1, 10, 50, 100, 300, 1000, 40'000};
        return link.pass(milliseconds{spans[how & 7]});
    }
    case 1: return link.send(filler(how, how * 3), 1);
    case 2: return link.send(filler(how, how * 90), how & 3);
    case 3: return link.subscribe((how & 1) != 0, filler(how, how * 40));
    case 4: return link.write(how + 1);
    case 5: return how < 24 ? link.answer() : link.trim();
    default: return link.write();
    }
}

void run(choices from) {
    watched_memory memory;
    const settings s = read_settings(from, memory);
    const std::uint8_t refusal = from.octet();
    memory.refuse(refusal & 127, refusal > 127);
    const std::uint8_t seed = from.octet();
    const octets plan = from.take(seed & 15);
    static stream given; // both kept for their memory
    given.clear();
    put_given(given, s);
    static heard_octets kept_octets;
    const octets heard = kept_octets.lay(given, from.rest(), s.more);

    listener nobody;
    watched_connection link{s, memory, nobody};
    link.hear(heard.first(given.size()));
    cuts pieces{static_cast<std::uint8_t>(seed >> 4), heard.size(), 100};
    std::size_t waited = 0;
    for (octets rest = heard.subspan(given.size()); !rest.empty() && link.link().is_open();) {
        if (link.asked() && waited++ == s.patience)
            link.answer();
        for (const std::byte step : plan)
            act(link, std::to_integer<std::uint8_t>(step));
        if (plan.empty())
            link.write();
        link.hear(pieces.next(rest), plan.size() % 3 != 1);
    }
    link.drain();
    link.answer_if_asked();
    for (const std::byte step : plan)
        act(link, std::to_integer<std::uint8_t>(step));
    if (s.ends)
        link.end_of_stream();
    link.finish();
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
