// The frames of Majordomo 0.2, against RFC 18's tables, and what ours adds to either version.
#include "majordomo_helpers.hpp"

#include <doctest/doctest.h>

namespace mizzen::majordomo::test::wire_02 {
namespace {

// From RFC 18, by hand.
const frames ready_02{"MDPW02", "\x01", "echo"};
const frames request_02{"MDPW02", "\x02", "address", "", "a", "b"};
const frames partial_02{"MDPW02", "\x03", "address", "", "a", "b"};
const frames final_02{"MDPW02", "\x04", "address", "", "a", "b"};
const frames heartbeat_02{"MDPW02", "\x05"};
const frames disconnect_02{"MDPW02", "\x06"};
const frames client_request_02{"MDPC02", "\x01", "echo", "a", "b"};
const frames client_partial_02{"MDPC02", "\x02", "echo", "a", "b"};
const frames client_final_02{"MDPC02", "\x03", "echo", "a", "b"};

frames with_delimiter(const frames& strict) { return frames{""} + strict; }

to_broker::kind kind_at_broker(const frames& parts) {
    return parse_to_broker(message_of(parts), 8).what;
}

template <class Frame, class... What> frames framed(Frame frame, What... what) {
    message m{"a", "b"};
    frame(m, what...);
    return frames_of(m);
}

TEST_CASE("majordomo 0.2: what is sent has RFC 18's frames") {
    const octets address = zmtp::as_octets("address");
    CHECK(frames_of(make_ready("echo", mdp02)) == ready_02);
    CHECK(frames_of(make_heartbeat(mdp02)) == heartbeat_02);
    CHECK(frames_of(make_disconnect(mdp02)) == disconnect_02);
    CHECK(framed(frame_worker_request, address, mdp02) == request_02);
    CHECK(framed(frame_worker_partial, address, mdp02) == partial_02);
    CHECK(framed(frame_worker_reply, address, mdp02) == final_02);
    CHECK(framed(frame_client_request, "echo", mdp02) == client_request_02);
    CHECK(framed(frame_client_partial, "echo", mdp02) == client_partial_02);
    CHECK(framed(frame_client_reply, "echo", mdp02) == client_final_02);
}

TEST_CASE("majordomo 0.2: with a delimiter the same frames stand behind an empty one") {
    const octets address = zmtp::as_octets("address");
    CHECK(frames_of(make_ready("echo", mdp02_delimited)) == with_delimiter(ready_02));
    CHECK(frames_of(make_heartbeat(mdp02_delimited)) == with_delimiter(heartbeat_02));
    CHECK(framed(frame_worker_request, address, mdp02_delimited) == with_delimiter(request_02));
    CHECK(framed(frame_client_reply, "echo", mdp02_delimited) == with_delimiter(client_final_02));
}

TEST_CASE("majordomo 0.2: a broker tells every command apart, with and without a delimiter") {
    using kind = to_broker::kind;
    const std::pair<frames, kind> commands[] = {
        {client_request_02, kind::client_request},
        {ready_02, kind::ready},
        {partial_02, kind::partial},
        {final_02, kind::reply},
        {heartbeat_02, kind::heartbeat},
        {disconnect_02, kind::disconnect},
        {request_02, kind::unknown_command},
        {{"MDPW02", "\x07"}, kind::unknown_command},
        {{"MDPW02", ""}, kind::unknown_command},
        {{"MDPW02", "\x05\x05"}, kind::unknown_command},
    };
    for (const auto& [parts, expected] : commands) {
        CAPTURE(parts[1]);
        const message strict = message_of(parts);
        CHECK(parse_to_broker(strict, 8).what == expected);
        CHECK(parse_to_broker(strict, 8).spoken == mdp02);
        const message lenient = message_of(with_delimiter(parts));
        CHECK(parse_to_broker(lenient, 8).what == expected);
        CHECK(parse_to_broker(lenient, 8).spoken == mdp02_delimited);
    }
}

TEST_CASE("majordomo: an octet is a command of the version that its header names") {
    using kind = to_broker::kind;
    CHECK(kind_at_broker({"", "MDPW01", "\x03", "12345678", "", "a"}) == kind::reply);
    CHECK(kind_at_broker({"", "MDPW02", "\x03", "12345678", "", "a"}) == kind::partial);
    CHECK(kind_at_broker({"", "MDPW01", "\x04", "12345678", "", "a"}) == kind::heartbeat);
    CHECK(kind_at_broker({"", "MDPW02", "\x04", "12345678", "", "a"}) == kind::reply);
    CHECK(kind_at_broker({"", "MDPW01", "\x05"}) == kind::disconnect);
    CHECK(kind_at_broker({"", "MDPW02", "\x05"}) == kind::heartbeat);
    CHECK(kind_at_broker({"", "MDPW01", "\x06"}) == kind::unknown_command);
    CHECK(kind_at_broker({"", "MDPW02", "\x06"}) == kind::disconnect);
}

TEST_CASE("majordomo 0.2: a broker is told where the body starts") {
    const message request = message_of(client_request_02);
    CHECK(parse_to_broker(request, 8).head == 3);
    CHECK(parse_to_broker(request, 8).service == "echo");
    CHECK(parse_to_broker(message_of(with_delimiter(client_request_02)), 8).head == 4);
    const message reply = message_of(final_02);
    CHECK(parse_to_broker(reply, 8).head == 4);
    CHECK(zmtp::as_text(parse_to_broker(reply, 8).handle) == "address");
    CHECK(parse_to_broker(message_of(with_delimiter(partial_02)), 8).head == 5);
    CHECK(parse_to_broker(message_of(client_frames("echo", {"a"})), 8).head == 3);
    CHECK(parse_to_broker(message_of(reply_frames("address", {"a"})), 8).head == 5);
}

TEST_CASE("majordomo 0.2: what is cut short or of another dialect is malformed to a broker") {
    const std::vector<frames> bad{
        {"MDPC02"},
        {"MDPC02", "\x01"},
        {"MDPC02", "\x01", "echo"},
        {"MDPC02", "\x02", "echo", "a"},
        {"MDPC02", "\x03", "echo", "a"},
        {"MDPC02", "", "echo", "a"},
        {"MDPC02", "\x01\x01", "echo", "a"},
        {"MDPC02", "echo", "a", "b"},
        {"", "MDPC02", "echo", "a", "b"}, // 0.1's layout with 0.2's header
        {"MDPW02"},
        {"MDPW02", "\x01"},
        {"MDPW02", "\x03"},
        {"MDPW02", "\x03", "address"},
        {"MDPW02", "\x04", "address", "x", "a"},
        {"hop", "", "MDPW02", "\x05"},
        {"", "", "MDPC02", "\x01", "echo", "a"},
        {"MDPC0X", "\x01", "echo", "a"},
        {"", "MDPC0X", "echo", "a"},
        {"MDPC03", "\x01", "echo", "a"},
        {"MDPC021", "\x01", "echo", "a"},
    };
    for (const frames& parts : bad) {
        CAPTURE(parts.size());
        CAPTURE(parts.front());
        CHECK(kind_at_broker(parts) == to_broker::kind::malformed);
    }
}

TEST_CASE("majordomo 0.2: an envelope and a tag stand before the delimiter") {
    const frames request = with_delimiter(client_request_02);
    const to_broker in =
        parse_to_broker(message_of(frames{"hop", tag_frame('i', 500)} + request), 8);
    CHECK(in.what == to_broker::kind::client_request);
    CHECK(in.spoken == mdp02_delimited);
    CHECK(in.envelope == 2);
    CHECK(in.head == 6);
    REQUIRE(in.tag);
    CHECK(in.tag->deadline_ms == 500);
    CHECK(kind_at_broker(frames(9, "hop") + request) == to_broker::kind::malformed);
}

TEST_CASE("majordomo 0.2: a worker tells every command apart, and refuses the other version") {
    using kind = to_worker::kind;
    for (const dialect spoken : {mdp02, mdp02_delimited}) {
        const auto kind_of = [&](const frames& parts) {
            return parse_to_worker(message_of(parts), spoken).what;
        };
        for (const auto& shape : {+[](const frames& f) { return f; }, with_delimiter}) {
            CHECK(kind_of(shape(request_02)) == kind::request);
            CHECK(kind_of(shape(heartbeat_02)) == kind::heartbeat);
            CHECK(kind_of(shape(disconnect_02)) == kind::disconnect);
            CHECK(kind_of(shape(ready_02)) == kind::unknown_command);
            CHECK(kind_of(shape(final_02)) == kind::unknown_command);
            CHECK(kind_of(shape({"MDPW02"})) == kind::malformed);
            CHECK(kind_of(shape({"MDPW02", "\x02", "address"})) == kind::malformed);
        }
        CHECK(kind_of(heartbeat_frames) == kind::malformed);
        CHECK(kind_of({"x", "MDPW02", "\x05"}) == kind::malformed);
        CHECK(kind_of({"", "", "MDPW02", "\x05"}) == kind::malformed);
    }
    CHECK(parse_to_worker(message_of(with_delimiter(heartbeat_02)), mdp01).what == kind::malformed);
    CHECK(parse_to_worker(message_of({"MDPW01", "\x04"}), mdp01).what == kind::malformed);
    const message request = message_of(request_02);
    CHECK(parse_to_worker(request, mdp02).head == 4);
    CHECK(zmtp::as_text(parse_to_worker(request, mdp02).address) == "address");
    CHECK(parse_to_worker(message_of(request_frames("address", {"a"}))).head == 5);
}

TEST_CASE("majordomo 0.2: a client tells partial replies from final ones") {
    using kind = to_client::kind;
    const message partial = message_of(client_partial_02);
    CHECK(parse_to_client(partial, mdp02).what == kind::partial);
    CHECK(parse_to_client(partial, mdp02).head == 3);
    CHECK(parse_to_client(partial, mdp02).service == "echo");
    CHECK(parse_to_client(message_of(client_final_02), mdp02).what == kind::reply);
    const message tagged =
        message_of(frames{tag_frame('i', 7, '\x01')} + with_delimiter(client_final_02));
    CHECK(parse_to_client(tagged, mdp02).what == kind::reply);
    CHECK(parse_to_client(tagged, mdp02).head == 5);
    CHECK(parse_to_client(tagged, mdp02).outcome == status::handler_failed);
    for (const frames& parts :
         std::vector<frames>{{"MDPC02"},
                             {"MDPC02", "\x03"},
                             {"MDPC02", "\x03", "echo"},
                             {"MDPC02", "\x01", "echo", "a"},
                             {"MDPC02", "\x04", "echo", "a"},
                             {"MDPC02", "", "echo", "a"},
                             {"MDPW02", "\x03", "echo", "a"},
                             {"x", "MDPC02", "\x03", "echo", "a"},
                             frames{tag_frame('i', 0, '\0')} + client_final_02,
                             client_frames("echo", {"a"})})
        CHECK(parse_to_client(message_of(parts), mdp02).what == kind::malformed);
    CHECK(parse_to_client(message_of(with_delimiter(client_final_02)), mdp01).what ==
          kind::malformed);
}

TEST_CASE("majordomo: a worker says its credit in a frame behind the service") {
    CHECK(frames_of(make_ready("echo", mdp01, 10)) == ready_frames("echo") + frames{"credit=10"});
    CHECK(frames_of(make_ready("echo", mdp02, 10)) == ready_02 + frames{"credit=10"});
    CHECK(frames_of(make_ready("echo", mdp01, 1)) == ready_frames("echo"));
}

TEST_CASE("majordomo: a credit that is none counts as one, and a huge one as the most") {
    const auto credit = [](const std::string& words) {
        return parse_to_broker(message_of(ready_frames("echo") + frames{words}), 8).credit;
    };
    CHECK(credit("credit=1") == 1);
    CHECK(credit("credit=64") == 64);
    CHECK(credit("credit=1000001") == max_credit);
    for (const char* none : {"", "credit", "credit=", "credit=0", "credit=-1", "credit=1x",
                             "credit= 1", "credit=99999999999", "Credit=5", "anything"})
        CHECK(credit(none) == 1);
    CHECK(parse_to_broker(message_of(ready_frames("echo")), 8).credit == 1);
    const message more = message_of(ready_frames("echo") + frames{"credit=5", "of later versions"});
    CHECK(parse_to_broker(more, 8).what == to_broker::kind::ready);
    CHECK(parse_to_broker(more, 8).credit == 5);
}

} // namespace
} // namespace mizzen::majordomo::test::wire_02
