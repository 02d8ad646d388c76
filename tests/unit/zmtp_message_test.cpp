// Messages: parts at both ends, inline and in blocks, against a plain model.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/message.hpp>

#include <deque>
#include <optional>
#include <random>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

using model = std::deque<std::string>;

void check_same(const message& m, const model& expected) {
    REQUIRE(m.size() == expected.size());
    CHECK(m.empty() == expected.empty());
    std::size_t index = 0;
    std::size_t encoded = 0;
    for (const octets part : m) {
        REQUIRE(as_text(part) == expected[index]);
        encoded += (part.size() <= 255 ? 2 : 9) + part.size();
        ++index;
    }
    REQUIRE(index == expected.size());
    REQUIRE(m.encoded_size() == encoded);
    if (!expected.empty()) {
        CHECK(as_text(m.front()) == expected.front());
        CHECK(m.text(expected.size() - 1) == expected.back());
        CHECK(as_text(m[expected.size() / 2]) == expected[expected.size() / 2]);
    }
}

} // namespace

TEST_CASE("a new message is empty") {
    const message m;
    CHECK(m.empty());
    CHECK(m.size() == 0);
    CHECK(m.encoded_size() == 0);
    CHECK(m.begin() == m.end());
    CHECK(m.peer() == 0);
    CHECK(m.peer_notice() == notice::none);
}

TEST_CASE("a message is made of one part or of several") {
    check_same(message{"hello"}, {"hello"});
    check_same(message{as_octets("hello")}, {"hello"});
    check_same(message{"a", "", "ccc"}, {"a", "", "ccc"});
    check_same(message{std::string(100'000, 'x')}, {std::string(100'000, 'x')});
}

TEST_CASE("parts of every size around the inline store and the long header come back") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{65}, std::size_t{66},
          std::size_t{67}, std::size_t{76}, std::size_t{77}, std::size_t{78}, std::size_t{79},
          std::size_t{80}, std::size_t{81}, std::size_t{253}, std::size_t{254}, std::size_t{255},
          std::size_t{256}, std::size_t{257}, std::size_t{65'536}, std::size_t{1 << 20}}) {
        CAPTURE(size);
        const std::string body = as_string(filled(size));
        message back;
        back.push_back(body);
        check_same(back, {body});
        message front;
        front.push_front(body);
        check_same(front, {body});
        back.push_front("x").push_back("y").push_front(body);
        check_same(back, {body, "x", body, "y"});
    }
}

TEST_CASE("up to 80 octets of frames need no memory of their own") {
    counting_allocator memory;
    message m;
    CHECK(m.try_push_back(as_octets(std::string(78, 'a')), memory)); // 2 + 78
    CHECK(memory.asked == 0);
    CHECK(m.try_push_back(as_octets("b"), memory));
    CHECK(memory.asked == 1);
    check_same(m, {std::string(78, 'a'), "b"});

    message four;
    for (const char* part : {"routing", "", "header", "body of a common size"})
        CHECK(four.try_push_back(as_octets(part), memory));
    CHECK(memory.asked == 1);
    CHECK(four.try_push_front(as_octets("12345"), memory));
    CHECK(memory.asked == 1);
    check_same(four, {"12345", "routing", "", "header", "body of a common size"});
}

TEST_CASE("a routing id goes in front of a large body without moving it") {
    message m{std::string(5000, 'x')};
    const std::byte* before = m[0].data();
    m.push_front("").push_front("id-45");
    CHECK(m[2].data() == before);
    m.pop_front();
    m.pop_front();
    CHECK(m[0].data() == before);
}

TEST_CASE("room that is added can be written in place") {
    message m;
    std::memcpy(m.extend_back(3), "abc", 3);
    std::memset(m.extend_back(300), 'z', 300);
    std::memcpy(m.extend_front(2), "hi", 2);
    check_same(m, {"hi", "abc", std::string(300, 'z')});
}

TEST_CASE("a size that no memory can hold is refused") {
    message m{"a"};
    for (const std::size_t size :
         {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 8, SIZE_MAX - 9, SIZE_MAX / 2 + 1}) {
        CHECK(m.extend_back(size) == nullptr);
        CHECK(m.extend_front(size) == nullptr);
    }
    check_same(m, {"a"});
}

TEST_CASE("a moved-from message is empty and can be used again") {
    for (const std::size_t size : {std::size_t{5}, std::size_t{500}}) {
        const std::string body(size, 'q');
        message a;
        a.push_back(body).push_back("tail");
        a.set_peer(7);
        message b{std::move(a)};
        CHECK(a.empty()); // NOLINT(bugprone-use-after-move): that is what is tested
        check_same(a, {});
        check_same(b, {body, "tail"});
        CHECK(b.peer() == 7);
        a.push_back("again");
        check_same(a, {"again"});
        a = std::move(b);
        check_same(a, {body, "tail"});
        message& same = a;
        a = std::move(same);
        check_same(a, {body, "tail"});
        b.push_front(body); // NOLINT(bugprone-use-after-move): so can this one
        check_same(b, {body});
    }
}

TEST_CASE("clear leaves nothing behind") {
    counting_allocator memory;
    message m;
    CHECK(m.try_push_back(filled(1000), memory));
    m.set_peer(3);
    m.set_peer_notice(notice::peer_up);
    m.clear();
    check_same(m, {});
    CHECK(m.peer() == 0);
    CHECK(m.peer_notice() == notice::none);
    CHECK(memory.in_use == 0);
    m.push_back("next");
    check_same(m, {"next"});
}

TEST_CASE("a shared message sees the same octets and none of the later changes") {
    message a{std::string(300, 'a')};
    a.push_front("id");
    message b = a.share();
    CHECK(b[1].data() == a[1].data());
    a.push_back("behind");
    b.push_back("other");
    b.push_front("before");
    check_same(a, {"id", std::string(300, 'a'), "behind"});
    check_same(b, {"before", "id", std::string(300, 'a'), "other"});
    a.pop_front();
    a.pop_front();
    check_same(b, {"before", "id", std::string(300, 'a'), "other"});
    check_same(a, {"behind"});
    a.clear();
    b.push_back("last");
    check_same(b, {"before", "id", std::string(300, 'a'), "other", "last"});
}

TEST_CASE("parts in front of a shared block do not reach into it") {
    message a;
    for (int i = 0; i < 20; ++i)
        a.push_front(std::string(30, static_cast<char>('a' + i)));
    message b = a.share();
    for (int i = 0; i < 5; ++i) {
        a.pop_front();
        b.pop_front();
    }
    model expected;
    for (int i = 0; i < 15; ++i)
        expected.push_front(std::string(30, static_cast<char>('a' + i)));
    model of_b = expected;
    for (int i = 0; i < 10; ++i) {
        a.push_front(std::string(40, 'A'));
        expected.push_front(std::string(40, 'A'));
        b.push_front(std::string(40, 'B'));
        of_b.push_front(std::string(40, 'B'));
    }
    check_same(a, expected);
    check_same(b, of_b);
}

TEST_CASE("sharing that is refused memory gives an empty message") {
    counting_allocator memory;
    message a;
    for (int i = 0; i < 9; ++i) {
        message filler = a.share(memory); // each keeps the last block from growing
        CHECK(a.try_push_back(filled(300), memory));
    }
    memory.refuse_all = true;
    CHECK(a.share(memory).empty());
    memory.refuse_all = false;
    CHECK(parts_of(a.share(memory)) == parts_of(a));
}

TEST_CASE("messages behave like a queue of strings, whatever is done to them in which order") {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
        counting_allocator memory;
        message m;
        model expected;
        std::vector<std::pair<message, model>> kept;
        for (int step = 0; step < 300; ++step) {
            static constexpr std::size_t sizes[] = {4, 20, 70, 90, 300, 3000};
            const std::string body =
                as_string(filled(below(sizes[below(6)]), static_cast<unsigned>(step)));
            memory.refuse_at = below(8) == 0 ? memory.asked + 1 : 0;
            switch (below(8)) {
            case 0:
            case 1:
                if (m.try_push_back(as_octets(body), memory))
                    expected.push_back(body);
                break;
            case 2:
            case 3:
                if (m.try_push_front(as_octets(body), memory))
                    expected.push_front(body);
                break;
            case 4:
            case 5:
                if (!expected.empty()) {
                    m.pop_front();
                    expected.pop_front();
                }
                break;
            case 6:
                if (message copy = m.share(memory); copy.size() == m.size())
                    kept.emplace_back(std::move(copy), expected);
                else
                    CHECK(copy.empty());
                break;
            default:
                if (!kept.empty()) { // go on with a shared one, drop or keep the other
                    auto& other = kept[below(kept.size())];
                    std::swap(m, other.first);
                    std::swap(expected, other.second);
                    if (below(2) == 0)
                        kept.erase(kept.begin());
                } else {
                    message moved{std::move(m)};
                    m = std::move(moved);
                }
                break;
            }
            check_same(m, expected);
        }
        for (const auto& [copy, its_model] : kept)
            check_same(copy, its_model);
    }
}
