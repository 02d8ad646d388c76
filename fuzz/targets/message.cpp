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
#include <utility>
#include <vector>

namespace mizzen::fuzz {
namespace {

using zmtp::message;

// The parts that a message should have; memory is kept from one input to the next.
class plain_list {
public:
    [[nodiscard]] std::size_t size() const noexcept { return all_.size() - first_; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] octets operator[](std::size_t index) const noexcept {
        return all_[first_ + index];
    }
    void clear() noexcept {
        all_.clear();
        first_ = 0;
    }
    void push_back(octets part) { all_.push_back(part); }
    void push_front(octets part) {
        constexpr std::ptrdiff_t room = 16;
        if (first_ == 0) {
            all_.insert(all_.begin(), room, {});
            first_ = room;
        }
        all_[--first_] = part;
    }
    void pop_front() noexcept { ++first_; }

private:
    std::vector<octets> all_; // into the filler
    std::size_t first_ = 0;
};

// A message, and what it should hold.
struct pair {
    message real;
    plain_list model;
};

std::size_t size_of(std::uint8_t code) {
    constexpr std::array<std::size_t, 16> sizes{255,    256, 257, 1000, 2048, 4000, 16'384, 16'385,
                                                70'000, 240, 231, 127,  128,  65,   66,     300};
    return code < 240 ? code % 90 : sizes[code - 240];
}

// Of a large part, both ends.
bool looks_same(octets a, octets b) {
    constexpr std::size_t end = 32;
    if (a.size() <= 2 * end || a.size() != b.size())
        return same(a, b);
    return same(a.first(end), b.first(end)) && same(a.last(end), b.last(end));
}

// After each step. That goes fast, since parts are looked at as a whole before they are gone.
void compare(const pair& one) {
    must(one.real.size() == one.model.size(), "a message has as many parts as were put there");
    must(one.real.empty() == one.model.empty(), "a message without parts is empty");
    std::size_t encoded = 0;
    std::size_t index = 0;
    for (const octets part : one.real) {
        must(looks_same(part, one.model[index++]), "a part is what was put there");
        encoded += zmtp::header_size(part.size()) + part.size();
    }
    must(one.real.encoded_size() == encoded, "a message knows its size on the wire");
    must(one.model.empty() || looks_same(one.real.front(), one.model[0]),
         "the first part is in front");
}

// Before its parts are gone.
void compare_all(const pair& one) {
    compare(one);
    std::size_t index = 0;
    for (const octets part : one.real)
        must(same(part, one.model[index++]), "a part is what was put there, to its last octet");
    must(index == 0 || same(one.real[index - 1], one.model[index - 1]), "every part has its index");
}
void clear(pair& one) {
    compare_all(one);
    one.real.clear();
    one.model.clear();
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
            must(same(one.real.front(), one.model[0]), "the first part is in front");
            one.real.pop_front();
            one.model.pop_front();
        }
        return;
    case 10:
    case 11: {
        message copy = one.real.share(memory);
        if (copy.empty() && memory.refused())
            return;
        if (&one != &other) {
            compare_all(other);
            other.model = one.model;
        }
        other.real = std::move(copy);
        return;
    }
    case 12:
        if (&one != &other) {
            compare_all(other);
            other.real = std::move(one.real);
            std::swap(other.model, one.model);
            one.model.clear();
        }
        return;
    case 13: std::swap(one, other); return;
    case 14: clear(one); return;
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
    static std::array<pair, 3> all; // kept for its memory
    while (!from.empty())
        step(all, from, memory);
    for (pair& one : all)
        clear(one);
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
