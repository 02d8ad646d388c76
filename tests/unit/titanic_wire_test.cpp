// What the services of Titanic are asked and answer, as RFC 9 and patterns/titanic/README.md have
// it, and how bodies are stored.
#include "pattern_helpers.hpp"
#include "titanic_helpers.hpp"
#include <mizzen/patterns/titanic/wire.hpp>

#include <string>
#include <string_view>

namespace mizzen::titanic::test {
namespace {

using patterns::test::frames;
using patterns::test::frames_of;
using patterns::test::message_of;
using kind = service_call::kind;

const std::string some_id_text = "00112233445566778899aabbccddeeff";

kind kind_of(std::string_view service, const frames& parts) {
    return parse_call(service, message_of(parts)).what;
}

std::string stored(const message& body, std::size_t first = 0) {
    stored_pieces pieces;
    std::string out;
    for (const octets each : pieces.of(body, first))
        out += zmtp::as_text(each);
    CHECK(out.size() == stored_size(body, first));
    return out;
}

TEST_CASE("titanic wire: a request names its service, and the rest is that service's") {
    const message m = message_of({"upper", "a", "", "b"});
    const service_call call = parse_call("titanic.request", m);
    CHECK(call.what == kind::request);
    CHECK(call.target == "upper");
    CHECK(call.head == 1);
    CHECK(kind_of("titanic.request", {"upper", ""}) == kind::request);
}

TEST_CASE("titanic wire: submit has an id in front, in either case") {
    const message m = message_of({"00112233445566778899AABBCCDDeeff", "upper", "a"});
    const service_call call = parse_call("titanic.submit", m);
    CHECK(call.what == kind::submit);
    CHECK(to_text(call.id) == some_id_text);
    CHECK(call.target == "upper");
    CHECK(call.head == 2);
}

TEST_CASE("titanic wire: reply and close have an id and nothing else") {
    const message m = message_of({some_id_text});
    for (const auto& [service, what] :
         {std::pair{"titanic.reply", kind::reply}, std::pair{"titanic.close", kind::close}}) {
        const service_call call = parse_call(service, m);
        CHECK(call.what == what);
        CHECK(to_text(call.id) == some_id_text);
        CHECK(kind_of(service, {some_id_text, ""}) == kind::malformed);
        CHECK(kind_of(service, {some_id_text.substr(1)}) == kind::malformed);
        CHECK(kind_of(service, {some_id_text + "0"}) == kind::malformed);
        CHECK(kind_of(service, {"../" + some_id_text.substr(3)}) == kind::malformed);
        CHECK(kind_of(service, {""}) == kind::malformed);
        CHECK(kind_of(service, {}) == kind::malformed);
    }
}

TEST_CASE("titanic wire: what makes no sense is malformed, and says why") {
    CHECK(kind_of("titanic.request", {}) == kind::malformed);
    CHECK(kind_of("titanic.request", {"upper"}) == kind::malformed);
    CHECK(kind_of("titanic.request", {"", "a"}) == kind::malformed);
    CHECK(kind_of("titanic.request", {"up\nper", "a"}) == kind::malformed);
    CHECK(kind_of("titanic.request", {"up\x7f", "a"}) == kind::malformed);
    CHECK(kind_of("titanic.request", {"\xc3\xa4", "a"}) == kind::malformed);
    CHECK(kind_of("titanic.request", {std::string(256, 'x'), "a"}) == kind::malformed);
    CHECK(kind_of("titanic.request", {std::string(255, 'x'), "a"}) == kind::request);
    CHECK(kind_of("titanic.request", {"titanic.request", "a"}) == kind::malformed);
    CHECK(kind_of("titanic.request", {"mmi.service", "a"}) == kind::malformed);
    CHECK(kind_of("titanic.submit", {some_id_text, "upper"}) == kind::malformed);
    CHECK(kind_of("titanic.submit", {"upper", "a", "b"}) == kind::malformed);
    CHECK(kind_of("titanic.other", {some_id_text}) == kind::malformed);
    CHECK(kind_of("", {some_id_text}) == kind::malformed);
    CHECK_FALSE(parse_call("titanic.request", message_of({"upper"})).trouble.empty());
}

TEST_CASE("titanic wire: what a client builds is what the server reads") {
    message request = message_of({"a", ""});
    frame_request(request, "upper");
    CHECK(frames_of(request) == frames{"upper", "a", ""});
    message submit = message_of({"a"});
    frame_submit(submit, "upper", *parse_request_id(some_id_text));
    CHECK(frames_of(submit) == frames{some_id_text, "upper", "a"});
    CHECK(frames_of(make_inquiry(*parse_request_id(some_id_text))) == frames{some_id_text});
}

TEST_CASE("titanic wire: answers have bare digits in front") {
    CHECK(frames_of(make_answer(service_status::ok)) == frames{"200"});
    CHECK(frames_of(make_answer(service_status::pending)) == frames{"300"});
    CHECK(frames_of(make_answer(service_status::refused, "why")) == frames{"400", "why"});
    CHECK(frames_of(make_answer(service_status::failed, "why")) == frames{"500", "why"});
    CHECK(frames_of(make_answer(*parse_request_id(some_id_text))) == frames{"200", some_id_text});
    message reply = message_of({"", "b"});
    frame_answer(reply);
    CHECK(frames_of(reply) == frames{"200", "", "b"});
}

TEST_CASE("titanic wire: a client reads three digits, and the frame behind them") {
    const message accepted = message_of({"200 stored", some_id_text});
    CHECK(parse_answer(accepted).status == service_status::ok);
    REQUIRE(parse_answer(accepted).id.has_value());
    CHECK(to_text(*parse_answer(accepted).id) == some_id_text);
    CHECK_FALSE(parse_answer(message_of({"200", "a reply"})).id.has_value());
    CHECK(parse_answer(message_of({"300"})).status == service_status::pending);
    CHECK(parse_answer(message_of({"400"})).status == service_status::refused);
    const message failed = message_of({"500", "the disk is full"});
    CHECK(parse_answer(failed).status == service_status::failed);
    CHECK(parse_answer(failed).text == "the disk is full");
    CHECK(parse_answer(message_of({"501"})).status == service_status::failed);
    for (const char* const wrong : {"", "20", "2000", "abc", "100", "600", "2x0", "200x"})
        CHECK_FALSE(parse_answer(message_of({wrong})).status.has_value());
    CHECK_FALSE(parse_answer(message{}).status.has_value());
}

TEST_CASE("titanic wire: stored frames come back as they were, the empty ones too") {
    using namespace std::string_literals;
    CHECK(stored(message_of({"service", "ab", ""}), 1) == "\2\0\0\0ab\0\0\0\0"s);
    for (const frames& parts : {frames{""}, frames{"", ""},
                                frames{"a", "", std::string(70'000, 'x')}, frames(1000, "part")}) {
        message back;
        REQUIRE(restore_frames(zmtp::as_octets(stored(message_of(parts))), back));
        CHECK(frames_of(back) == parts);
    }
}

TEST_CASE("titanic wire: octets that are no stored frames are refused") {
    using namespace std::string_literals;
    for (const std::string& wrong : {""s, "\1\0\0"s, "\1\0\0\0"s, "\2\0\0\0a"s, "\1\0\0\0a\0"s,
                                     "\xff\xff\xff\xff"s, "\xff\xff\xff\xff"s + "abc"}) {
        message back;
        CHECK_FALSE(restore_frames(zmtp::as_octets(wrong), back));
    }
}

} // namespace
} // namespace mizzen::titanic::test
