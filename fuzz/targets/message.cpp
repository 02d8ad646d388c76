// Holds: a message has the parts that were put into it and not taken out, in their order, whatever
// was shared, moved, sent off or refused meanwhile.
#include "support/choices.hpp"
#include "support/filler.hpp"
#include "support/memory.hpp"
#include "support/must.hpp"
#include <mizzen/zmtp/message.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace mizzen::fuzz {
namespace {

using zmtp::message;

// A message, and what it should hold.
struct pair {
    message real;
    std::deque<octets> model; // into the filler
};

std::size_t size_of(std::uint8_t code) {
    constexpr std::array<std::size_t, 16> sizes{255,    256, 257, 1000, 2048, 4000, 16'384, 16'385,
                                                70'000, 240, 231, 127,  128,  65,   66,     300};
    return code < 240 ? code % 90 : sizes[code - 240];
}

void compare(const pair& one) {
    must(one.real.size() == one.model.size(), "a message has as many parts as were put there");
    must(one.real.empty() == one.model.empty(), "a message without parts is empty");
    std::size_t encoded = 0;
    auto expected = one.model.begin();
    for (const octets part : one.real) {
        must(same(part, *expected), "a part is what was put there");
        encoded += zmtp::header_size(part.size()) + part.size();
        ++expected;
    }
    must(one.real.encoded_size() == encoded, "a message knows its size on the wire");
    if (one.model.empty())
        return;
    must(same(one.real.front(), one.model.front()), "the first part is in front");
    const std::size_t last = one.model.size() - 1;
    must(same(one.real[last], one.model[last]), "every part has its index");
}

void extend(pair& one, bool in_front, octets body, watched_memory& memory) {
    std::byte* const room = in_front ? one.real.extend_front(body.size(), memory)
                                     : one.real.extend_back(body.size(), memory);
    if (room == nullptr)
        return;
    std::ranges::copy(body, room);
    in_front ? one.model.push_front(body) : one.model.push_back(body);
}

void change(pair& one, pair& other, std::uint8_t what, choices& from, watched_memory& memory) {
    const auto body = [&] {
        const std::uint8_t code = from.octet();
        // One large part tells what many would.
        const std::size_t size = memory.in_use() > 100'000 ? code : size_of(code);
        return filler(code * std::size_t{7}, size);
    };
    switch (what & 15) {
    case 0:
    case 1:
    case 2: {
        const octets part = body();
        if (one.real.try_push_back(part, memory))
            one.model.push_back(part);
        return;
    }
    case 3:
    case 4: {
        const octets part = body();
        if (one.real.try_push_front(part, memory))
            one.model.push_front(part);
        return;
    }
    case 5: return extend(one, false, body(), memory);
    case 6: return extend(one, true, body(), memory);
    case 7:
    case 8:
    case 9:
        if (!one.model.empty()) {
            one.real.pop_front();
            one.model.pop_front();
        }
        return;
    case 10:
    case 11: {
        message copy = one.real.share(memory);
        if (copy.empty() && memory.refused())
            return;
        if (&one != &other)
            other.model = one.model;
        other.real = std::move(copy);
        return;
    }
    case 12:
        if (&one != &other) {
            other.real = std::move(one.real);
            other.model = std::exchange(one.model, {});
        }
        return;
    case 13: std::swap(one, other); return;
    case 14:
        one.real.clear();
        one.model.clear();
        return;
    default: {
        one.real.set_peer(what);
        message through{std::move(one.real)};
        one.real = std::move(through);
        must(one.real.peer() == what, "a message keeps its peer");
        return;
    }
    }
}

void step(std::array<pair, 3>& all, choices& from, watched_memory& memory) {
    const std::uint8_t what = from.octet();
    pair& one = all[(what >> 4) % 3];
    change(one, all[(what >> 6) % 3], what, from, memory);
    compare(one);
}

void run(choices from) {
    watched_memory memory;
    const std::uint8_t refusal = from.octet();
    memory.refuse(refusal & 63, refusal > 127);
    std::array<pair, 3> all;
    while (!from.empty())
        step(all, from, memory);
    for (const pair& one : all)
        compare(one);
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
