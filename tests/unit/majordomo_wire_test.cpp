// Majordomo's frames, against RFC 7's tables.
#include "majordomo_helpers.hpp"
#include <mizzen/patterns/majordomo/error.hpp>

#include <doctest/doctest.h>

namespace mizzen::majordomo::test {
namespace {

to_broker::kind kind_at_broker(const frames& parts) {
    return parse_to_broker(message_of(parts), 8).what;
}
to_worker::kind kind_at_worker(const frames& parts) {
    return parse_to_worker(message_of(parts)).what;
}

TEST_CASE("majordomo: commands have RFC 7's frames") {
    CHECK(frames_of(make_ready("echo")) == ready_frames("echo"));
    CHECK(frames_of(make_heartbeat()) == heartbeat_frames);
    CHECK(frames_of(make_disconnect()) == disconnect_frames);
}

TEST_CASE("majordomo: requests and replies put RFC 7's frames in front of the body") {
    message m{"a", "b"};
    frame_client_request(m, "echo");
    CHECK(frames_of(m) == client_frames("echo", {"a", "b"}));
    message request{"a"};
    frame_worker_request(request, zmtp::as_octets("client"));
    CHECK(frames_of(request) == request_frames("client", {"a"}));
    message reply{"a"};
    frame_worker_reply(reply, zmtp::as_octets("client"));
    CHECK(frames_of(reply) == reply_frames("client", {"a"}));
}

TEST_CASE("majordomo: a tag goes before the delimiter, with a status only in a reply") {
    request_tag tag;
    tag.id.fill(std::byte{'x'});
    tag.deadline_ms = 0x01020304;
    message m{"", "MDPC01"};
    frame_tag(m, tag);
    CHECK(frames_of(m) == frames{"M1xxxxxxxxxxxxxxxx\x01\x02\x03\x04", "", "MDPC01"});
    message reply{""};
    frame_tag(reply, tag, status::expired);
    CHECK(frames_of(reply) == frames{"M1xxxxxxxxxxxxxxxx\x01\x02\x03\x04\x04", ""});
}

TEST_CASE("majordomo: a broker tells requests and every command apart") {
    using kind = to_broker::kind;
    CHECK(kind_at_broker(client_frames("echo", {"a"})) == kind::client_request);
    CHECK(kind_at_broker(ready_frames("echo")) == kind::ready);
    CHECK(kind_at_broker(reply_frames("12345678", {"a"})) == kind::reply);
    CHECK(kind_at_broker(reply_frames("12345678", {})) == kind::reply);
    CHECK(kind_at_broker(heartbeat_frames) == kind::heartbeat);
    CHECK(kind_at_broker(disconnect_frames) == kind::disconnect);
    CHECK(kind_at_broker(request_frames("c", {"a"})) == kind::unknown_command);
    CHECK(kind_at_broker({"", "MDPW01", "\x09"}) == kind::unknown_command);
    CHECK(kind_at_broker({"", "MDPW01", ""}) == kind::unknown_command);
    CHECK(kind_at_broker({"", "MDPW01", "\x04\x04"}) == kind::unknown_command);
}

TEST_CASE("majordomo: what is cut short or has no delimiter is malformed to a broker") {
    const std::vector<frames> bad{
        {"x"},
        {""},
        {"", ""},
        {"", "MDPC01"},
        {"", "MDPC01", "echo"},
        {"", "MDPW01"},
        {"", "MDPW01", "\x01"},
        {"", "MDPW01", "\x03"},
        {"", "MDPW01", "\x03", "12345678"},
        {"", "MDPW01", "\x03", "12345678", "x", "body"},
        {"", "MDPX01", "echo", "a"},
        {"", "", "MDPC01", "echo", "a"},
        {"x", "MDPC01", "echo", "a"},
        {"MDPC01", "echo", "a"},
        {"x", "", "MDPW01", "\x04"},
    };
    for (const frames& parts : bad) {
        CAPTURE(parts.size());
        CAPTURE(parts.back());
        CHECK(kind_at_broker(parts) == to_broker::kind::malformed);
    }
    CHECK(parse_to_broker(message{}, 8).what == to_broker::kind::malformed);
}

TEST_CASE("majordomo: an envelope may have as many frames as the limit, not one more") {
    const frames request = client_frames("echo", {"a"});
    const to_broker in = parse_to_broker(message_of(frames(8, "hop") + request), 8);
    CHECK(in.what == to_broker::kind::client_request);
    CHECK(in.envelope == 8);
    CHECK(parse_to_broker(message_of(frames(9, "hop") + request), 8).what ==
          to_broker::kind::malformed);
}

TEST_CASE("majordomo: a tag is read from the envelope's last frame, if it has a tag's size") {
    const frames request = client_frames("echo", {"a"});
    const message m = message_of(frames{"hop", tag_frame('i', 500)} + request);
    const to_broker in = parse_to_broker(m, 8);
    REQUIRE(in.tag);
    CHECK(in.tag->deadline_ms == 500);
    CHECK(in.tag->id[15] == std::byte{'i'});
    CHECK_FALSE(parse_to_broker(message_of(frames{tag_frame('i'), "hop"} + request), 8).tag);
    CHECK_FALSE(parse_to_broker(message_of(frames{"M1"} + request), 8).tag);
    CHECK_FALSE(parse_to_broker(message_of(frames{tag_frame('i', 0, '\0')} + request), 8).tag);
}

TEST_CASE("majordomo: a handle of eight octets comes back, a ninth says that the handler failed") {
    const handle_octets handle = encode_handle(0x0102030405060708);
    CHECK(zmtp::as_text(handle) == "\x01\x02\x03\x04\x05\x06\x07\x08");
    CHECK(decode_handle(handle)->handle == 0x0102030405060708);
    CHECK(decode_handle(handle)->outcome == status::ok);
    CHECK(decode_handle(zmtp::as_octets("12345678\x01"))->outcome == status::handler_failed);
    CHECK_FALSE(decode_handle(zmtp::as_octets("1234567")));
    CHECK_FALSE(decode_handle(zmtp::as_octets("1234567890")));
}

TEST_CASE("majordomo: a service name is 1 to 255 printable octets") {
    CHECK(valid_service_name("echo"));
    CHECK(valid_service_name("two words~"));
    CHECK(valid_service_name(std::string(255, 'x')));
    CHECK_FALSE(valid_service_name(std::string(256, 'x')));
    CHECK_FALSE(valid_service_name(""));
    CHECK_FALSE(valid_service_name("a\nb"));
    CHECK_FALSE(valid_service_name("a\x7f"));
    CHECK_FALSE(valid_service_name("\xc3\xa9"));
}

TEST_CASE("majordomo: a worker tells every command apart, and what is none") {
    using kind = to_worker::kind;
    CHECK(kind_at_worker(request_frames("client", {"a"})) == kind::request);
    CHECK(kind_at_worker(heartbeat_frames) == kind::heartbeat);
    CHECK(kind_at_worker(disconnect_frames) == kind::disconnect);
    CHECK(kind_at_worker(ready_frames("echo")) == kind::unknown_command);
    CHECK(kind_at_worker({"", "MDPW01", "\x09"}) == kind::unknown_command);
    for (const frames& parts : std::vector<frames>{{"x"},
                                                   {"", "MDPW01"},
                                                   {"", "MDPC01", "\x04"},
                                                   {"x", "MDPW01", "\x04"},
                                                   {"", "MDPW01", "\x02"},
                                                   {"", "MDPW01", "\x02", "client"},
                                                   {"", "MDPW01", "\x02", "client", "a"}})
        CHECK(kind_at_worker(parts) == kind::malformed);
}

TEST_CASE("majordomo: a client reads a reply with and without a tag") {
    const message plain = message_of(client_frames("echo", {"a"}));
    CHECK(parse_to_client(plain).what == to_client::kind::reply);
    CHECK(parse_to_client(plain).service == "echo");
    CHECK_FALSE(parse_to_client(plain).tag);
    const message tagged =
        message_of(frames{tag_frame('i', 7, '\x03')} + client_frames("echo", {"a"}));
    CHECK(parse_to_client(tagged).what == to_client::kind::reply);
    CHECK(parse_to_client(tagged).tag->deadline_ms == 7);
    CHECK(parse_to_client(tagged).outcome == status::queue_full);
    for (const frames& parts : std::vector<frames>{{"x"},
                                                   {""},
                                                   {"", "MDPC01", "echo"},
                                                   {"", "MDPW01", "echo", "a"},
                                                   {tag_frame('i', 0, '\0')},
                                                   {"x", "", "MDPC01", "echo", "a"}})
        CHECK(parse_to_client(message_of(parts)).what == to_client::kind::malformed);
}

TEST_CASE("majordomo: every error has words of its own") {
    std::vector<std::string> seen;
    for (int code = 1; code <= static_cast<int>(errc::interrupted); ++code) {
        const std::string words = error_category().message(code);
        CHECK(words != "unknown error");
        for (const std::string& other : seen)
            CHECK(words != other);
        seen.push_back(words);
    }
    CHECK(std::error_code{errc::timed_out} == std::errc::timed_out);
    CHECK(std::error_code{errc::cancelled} == std::errc::operation_canceled);
}

} // namespace
} // namespace mizzen::majordomo::test
