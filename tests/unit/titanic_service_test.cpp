// Titanic's services: what is acknowledged when, what a reply is, what a close does.
#include "titanic_service_helpers.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace mizzen::titanic::test {
namespace {

const std::string unknown_id(32, 'f');
const std::string chosen_id = "00112233445566778899aabbccddeeff";

TEST_CASE("titanic: a request is acknowledged once it is on the disk, and no sooner") {
    services t;
    const auto call = t.ask("titanic.request", {"echo", "a"});
    CHECK(t.answer(call).empty());
    CHECK(t.attempts.empty());
    t.job = t.core->next_commit(t.moment());
    REQUIRE(t.job != nullptr);
    CHECK(t.answer(call).empty());
    const auto behind = t.ask("titanic.request", {"echo", "b"});
    t.commit();
    REQUIRE(t.answer(call).size() == 2);
    CHECK(t.answer(call)[0] == "200");
    CHECK(parse_request_id(t.answer(call)[1]).has_value());
    CHECK(t.answer(behind).empty());
    t.commit();
    CHECK(t.answer(behind).size() == 2);
    CHECK(t.answer(behind) != t.answer(call));
}

TEST_CASE("titanic: an acknowledged request survives, and is sent to its service") {
    services t;
    const std::string id = t.request({"a", "", "b"});
    CHECK(t.take_attempt().body == frames{"a", "", "b"});
    t.crash();
    t.settle();
    CHECK(t.fetch(id) == frames{"300"});
    const services::attempt again = t.serve();
    CHECK(again.service == "echo");
    CHECK(again.body == frames{"a", "", "b"});
    t.settle();
    CHECK(t.fetch(id) == frames{"200", "got", "a", "", "b"});
}

TEST_CASE("titanic: a reply is shown once it is on the disk, as often as it is asked for") {
    services t;
    const std::string id = t.request({"a"});
    CHECK(t.fetch(id) == frames{"300"});
    t.serve();
    const auto call = t.ask("titanic.reply", {id});
    CHECK(t.answer(call) == frames{"300"});
    t.settle();
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    t.crash();
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    CHECK(t.attempts.empty());
    CHECK(t.stats().reads == 1);
}

TEST_CASE("titanic: ids are read in either case, and unknown or impossible ones get 400") {
    services t;
    CHECK(t.fetch(unknown_id) == frames{"400"});
    CHECK(t.fetch("../../etc/passwd")[0] == "400");
    CHECK(t.call("titanic.submit", {"AABBCCDDEEFF00112233445566778899", "echo", "a"}) ==
          frames{"200", "aabbccddeeff00112233445566778899"});
    t.serve();
    t.settle();
    CHECK(t.fetch("aabbCCddeeff00112233445566778899") == frames{"200", "got", "a"});
}

TEST_CASE("titanic: what makes no sense is refused with 400 and words") {
    services t;
    CHECK(t.call("titanic.request", {"echo"}).at(0) == "400");
    CHECK(t.call("titanic.request", {}).at(0) == "400");
    CHECK(t.call("titanic.request", {"", "a"}).at(0) == "400");
    CHECK(t.call("titanic.request", {"titanic.close", "a"}).at(0) == "400");
    CHECK(t.call("titanic.submit", {"x", "echo", "a"}).at(0) == "400");
    CHECK(t.call("titanic.nonsense", {"x"}).size() == 2);
    CHECK(t.stats().malformed == 6);
    CHECK(t.k.kept->stats().open == 0);
}

TEST_CASE("titanic: close makes request and reply vanish, for ever") {
    services t;
    const std::string id = t.request({"a"});
    t.serve();
    t.settle();
    const auto call = t.ask("titanic.close", {id});
    CHECK(t.answer(call).empty());
    t.settle();
    CHECK(t.answer(call) == frames{"200"});
    CHECK(t.fetch(id) == frames{"400"});
    t.crash();
    CHECK(t.fetch(id) == frames{"400"});
    CHECK(t.attempts.empty());
}

TEST_CASE("titanic: close of what is not there is 200, but not before that is certain") {
    services t;
    CHECK(t.call("titanic.close", {unknown_id}) == frames{"200"});
    const std::string id = t.request({"a"});
    const auto first = t.ask("titanic.close", {id});
    const auto second = t.ask("titanic.close", {id});
    CHECK(t.answer(second).empty());
    t.settle();
    CHECK(t.answer(first) == frames{"200"});
    CHECK(t.answer(second) == frames{"200"});
}

TEST_CASE("titanic: the reply to a request that was closed meanwhile is dropped and counted") {
    services t;
    const std::string id = t.request({"a"});
    CHECK(t.call("titanic.close", {id}) == frames{"200"});
    t.serve();
    t.settle();
    CHECK(t.fetch(id) == frames{"400"});
    CHECK(t.stats().late_replies == 1);
    CHECK(t.stats().running == 0);
}

TEST_CASE("titanic: a late reply is not taken for that of another request with the same id") {
    services t;
    CHECK(t.call("titanic.submit", {chosen_id, "echo", "first"}).at(0) == "200");
    const services::attempt first = t.take_attempt();
    t.call("titanic.close", {chosen_id});
    CHECK(t.call("titanic.submit", {chosen_id, "echo", "second"}).at(0) == "200");
    t.end(first, attempt_end::answered, {"the first one's"});
    t.settle();
    CHECK(t.fetch(chosen_id) == frames{"300"});
    CHECK(t.serve().body == frames{"second"});
    t.settle();
    CHECK(t.fetch(chosen_id) == frames{"200", "got", "second"});
}

TEST_CASE("titanic: a request that is closed before it was sent is not sent") {
    service_options options;
    options.window = 1;
    services t{options};
    t.request({"a"});
    const std::string second = t.request({"b"});
    t.call("titanic.close", {second});
    t.request({"c"});
    t.serve();
    t.settle();
    CHECK(t.serve().body == frames{"c"});
}

TEST_CASE("titanic: the same id with the same content is one request") {
    services t;
    const frames submit{chosen_id, "echo", "a"};
    const auto first = t.ask("titanic.submit", submit);
    const auto second = t.ask("titanic.submit", submit);
    CHECK(t.answer(second).empty()); // it is not certain yet
    t.settle();
    CHECK(t.answer(first) == frames{"200", chosen_id});
    CHECK(t.answer(second) == frames{"200", chosen_id});
    CHECK(t.attempts.size() == 1);
    t.serve();
    CHECK(t.call("titanic.submit", submit) == frames{"200", chosen_id});
    CHECK(t.attempts.empty());
    CHECK(t.stats().duplicates == 2);
    CHECK(t.fetch(chosen_id) == frames{"200", "got", "a"});
}

TEST_CASE("titanic: the same id with other content, or another service, is refused with 400") {
    services t;
    t.call("titanic.submit", {chosen_id, "echo", "a"});
    CHECK(t.call("titanic.submit", {chosen_id, "echo", "b"}).at(0) == "400");
    CHECK(t.call("titanic.submit", {chosen_id, "other", "a"}).at(0) == "400");
    CHECK(t.call("titanic.submit", {chosen_id, "echo", "a", ""}).at(0) == "400");
    t.serve();
    t.settle();
    CHECK(t.fetch(chosen_id) == frames{"200", "got", "a"});
}

TEST_CASE("titanic: a submit again after a crash finds the request that was there") {
    services t;
    t.call("titanic.submit", {chosen_id, "echo", "a"});
    t.crash();
    CHECK(t.call("titanic.submit", {chosen_id, "echo", "a"}) == frames{"200", chosen_id});
    CHECK(t.k.kept->stats().open == 1);
}

TEST_CASE("titanic: a body over the limit is refused with 400") {
    services t;
    CHECK(t.call("titanic.request", {"echo", std::string(16 << 10, 'x')}).at(0) == "400");
    service_options options;
    options.max_body_octets = 1000;
    services small{options};
    CHECK(small.call("titanic.request", frames{"echo"} + frames(250)).at(0) == "400");
    CHECK(small.call("titanic.request", frames{"echo"} + frames(200)).at(0) == "200");
}

TEST_CASE("titanic: a full store refuses requests with 500 at once, and goes on serving the rest") {
    journal_options limits = service_segments();
    limits.max_requests = 2;
    services t{{}, limits};
    const std::string id = t.request({"a"});
    t.request({"b"});
    const auto call = t.ask("titanic.request", {"echo", "c"});
    CHECK(t.answer(call).at(0) == "500");
    CHECK(t.answer(call).size() == 2);
    t.serve();
    t.settle();
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    t.call("titanic.close", {id});
    t.request({"d"});
}

TEST_CASE("titanic: what one commit cannot take waits for the next, within bounds") {
    service_options options;
    options.max_waiting = 3;
    services t{options};
    const std::string large(14 << 10, 'x');
    std::vector<std::uint64_t> calls;
    calls.reserve(8);
    for (int i = 0; i < 8; ++i) // of which a group takes four
        calls.push_back(t.ask("titanic.request", {"echo", large}));
    CHECK(t.stats().waiting == 3);
    CHECK(t.answer(calls[7]).at(0) == "500");
    t.settle();
    for (int i = 0; i < 7; ++i)
        CHECK(t.answer(calls[static_cast<std::size_t>(i)]).at(0) == "200");
    CHECK(t.stats().waiting == 0);
    t.request({"small"});
}

TEST_CASE("titanic: the octets of what waits for a commit are bounded, of more than one call") {
    for (const std::size_t limit : {std::size_t{20} << 10, std::size_t{1}}) {
        service_options options;
        options.max_waiting_octets = limit;
        services t{options};
        std::vector<std::uint64_t> calls;
        calls.reserve(6);
        for (int i = 0; i < 6; ++i) // of which a group takes four
            calls.push_back(t.ask("titanic.request", {"echo", std::string(14 << 10, 'x')}));
        CHECK(t.stats().waiting == 1);
        CHECK(t.answer(calls[5]) == frames{"500", "the store is busy"});
        t.settle();
        CHECK(t.answer(calls[4]).at(0) == "200");
    }
}

TEST_CASE("titanic: replies that are read for clients at once are bounded") {
    service_options options;
    options.recent_octets = 0;
    options.max_reads = 2;
    services t{options};
    const std::string id = t.request({"a"});
    t.serve();
    t.settle();
    const auto first = t.ask("titanic.reply", {id});
    const auto second = t.ask("titanic.reply", {id});
    const auto third = t.ask("titanic.reply", {id});
    CHECK(t.answer(third) == frames{"500", "busy"});
    t.read_all();
    CHECK(t.answer(first) == frames{"200", "got", "a"});
    CHECK(t.answer(second) == frames{"200", "got", "a"});
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
}

TEST_CASE("titanic: an id of random bits that is taken is not used again") {
    services t;
    const std::string first = t.request({"a"});
    t.ids -= 1; // once more the same one
    const std::string second = t.request({"b"});
    CHECK(first != second);
    CHECK(t.k.kept->stats().open == 2);
}

TEST_CASE("titanic: when the disk fails, what waits for the next commit gets 500 as well") {
    services t;
    std::vector<std::uint64_t> calls;
    calls.reserve(6);
    for (int i = 0; i < 6; ++i) // of which a group takes four
        calls.push_back(t.ask("titanic.request", {"echo", std::string(14 << 10, 'x')}));
    CHECK(t.stats().waiting == 2);
    t.k.disk.fail_from = 0;
    t.k.disk.fail_until = pretended_disk::never;
    t.commit();
    for (const std::uint64_t each : calls)
        CHECK(t.answer(each).at(0) == "500");
    CHECK(t.stats().waiting == 0);
    CHECK(t.core->idle());
}

TEST_CASE("titanic: the body of a closed request takes no room from others in memory") {
    service_options options;
    options.recent_octets = 12'000;
    services t{options};
    const std::string large(5000, 'x');
    t.request({"first"});
    t.request({large}); // waits for the first, as the service was not seen to work
    t.call("titanic.close", {t.request({large})});
    t.request({large});
    t.serve();
    t.settle();
    CHECK(t.attempts.size() == 2);
    CHECK(t.stats().reads == 0);
}

TEST_CASE("titanic: when the disk fails, requests get 500 and replies are still served") {
    services t;
    const std::string id = t.request({"a"});
    t.serve();
    t.settle();
    const std::string open = t.request({"b"});
    t.k.disk.fail_from = 0;
    t.k.disk.fail_until = pretended_disk::never;
    const auto call = t.ask("titanic.request", {"echo", "c"});
    t.serve(); // the reply to "b"
    t.settle();
    CHECK(t.answer(call).at(0) == "500");
    CHECK(t.call("titanic.request", {"echo", "d"}).at(0) == "500");
    CHECK(t.call("titanic.close", {id}).at(0) == "500");
    t.k.disk.fail_until = 0;
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    CHECK(t.fetch(open) == frames{"300"});
    t.attempts.clear();
    t.advance(10min);
    CHECK(t.attempts.empty()); // whose reply could not be kept
    t.crash();
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    CHECK(t.serve().body == frames{"b"});
}

TEST_CASE("titanic: a store that is damaged serves replies, and nothing else") {
    services t;
    const std::string id = t.request({"a"});
    t.serve();
    t.settle();
    t.request({"b"});
    t.request({"c"});
    t.core.reset();
    t.k.kept.reset();
    auto& segment = t.k.disk.files.at("journal-0000000000000001")->now;
    const auto body = zmtp::as_octets({"\1\0\0\0b", 5}); // in the middle of what was synced
    const auto at = std::search(segment.begin(), segment.end(), body.begin(), body.end());
    REQUIRE(at != segment.end());
    *at = std::byte{'x'};
    t.k.disk.write_back();
    REQUIRE(t.k.open());
    REQUIRE(t.k.report.damages != 0);
    t.start();
    CHECK(t.attempts.empty());
    CHECK(t.fetch(id) == frames{"200", "got", "a"});
    CHECK(t.call("titanic.request", {"echo", "d"}).at(0) == "500");
    CHECK(t.call("titanic.close", {id}).at(0) == "500");
}

TEST_CASE("titanic: replies that nobody closes expire") {
    journal_options limits = service_segments();
    limits.retention = 1h;
    services t{{}, limits};
    const std::string id = t.request({"a"});
    t.serve();
    t.settle();
    t.advance(59min);
    CHECK(t.fetch(id).at(0) == "200");
    t.advance(2min);
    CHECK(t.fetch(id) == frames{"400"});
}

} // namespace
} // namespace mizzen::titanic::test
