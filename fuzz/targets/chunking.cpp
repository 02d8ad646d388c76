// Holds: however a peer's octets are cut, the same events come out with the same contents, or the
// same errc at the same position.
#include "support/choices.hpp"
#include "support/heard.hpp"
#include "support/watched_connection.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace mizzen::fuzz {
namespace {

// Of parts one after the other; by eight octets, since a large body has many.
std::uint64_t sum_of(std::uint64_t sum, octets data) noexcept {
    sum = sum * 0x9e3779b97f4a7c15 + data.size();
    for (; data.size() >= 8; data = data.subspan(8)) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, data.data(), 8);
        sum = (sum ^ eight) * 0x9e3779b97f4a7c15;
        sum ^= sum >> 29;
    }
    for (const std::byte octet : data)
        sum = sum * 31 + std::to_integer<std::uint64_t>(octet);
    return sum;
}

// What came out: one number for each event, another for what it holds.
struct record : listener {
    struct entry {
        std::size_t kind;
        std::uint64_t sum;
        friend bool operator==(const entry&, const entry&) = default;
    };
    std::vector<entry>& entries;

    explicit record(std::vector<entry>& kept) noexcept : entries{kept} { entries.clear(); }

    void on_handshake(const connection& link) {
        entries.push_back({link.peer_minor(), sum_of(0, link.peer_metadata())});
        entries.push_back(
            {static_cast<std::size_t>(link.peer_type()), sum_of(0, link.peer_routing_id())});
    }
    void on_message(const message& m) {
        std::uint64_t sum = 0;
        for (const octets part : m)
            sum = sum_of(sum, part);
        entries.push_back({200 + m.size(), sum});
    }
    void on_topic(bool subscribed, octets topic) {
        entries.push_back({subscribed ? 102U : 103U, sum_of(0, topic)});
    }
};

void hear(watched_connection<record>& link, octets heard) {
    link.hear(heard);
    link.answer_if_asked();
    link.write();
}

void run(choices from) {
    watched_memory memory;
    const settings s = read_settings(from, memory);
    const std::uint8_t cut = from.octet();
    static stream given; // as the others, kept for its memory
    given.clear();
    put_given(given, s);
    static heard_octets kept_octets;
    const octets heard = kept_octets.lay(given, from.rest(), s.more);

    static std::vector<record::entry> kept;
    record first{kept};
    watched_connection one{s, memory, first};
    hear(one, heard);

    static std::vector<record::entry> also_kept;
    watched_memory other_memory;
    settings same_settings = s;
    same_settings.cfg.memory = &other_memory;
    record second{also_kept};
    watched_connection other{same_settings, other_memory, second};
    hear(other, heard.first(given.size()));
    cuts pieces{std::max<std::uint8_t>(cut, 1), heard.size()};
    for (octets rest = heard.subspan(given.size()); !rest.empty() && other.link().is_open();)
        hear(other, pieces.next(rest));

    must(one.closed() == other.closed(), "the same errc, however the octets are cut");
    must(first.entries == second.entries, "the same events, however the octets are cut");
    must(one.link().failed_at() == other.link().failed_at(),
         "the same position, however the octets are cut");
    one.finish();
    other.finish();
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
