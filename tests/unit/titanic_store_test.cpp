// Titanic's store: what each change does, what a commit is, and what bounds it keeps to.
#include "titanic_helpers.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace mizzen::titanic::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("titanic store: a request is released by the commit that it is in, and no sooner") {
    keeper k;
    REQUIRE(k.open());
    const ticket first = k.request(1, "one");
    const ticket second = k.request(2, "two");
    CHECK(first < second);
    CHECK(k.kept->released() < first);
    CHECK_FALSE(k.kept->find(id_of(1))->durable);
    CHECK(k.body(1) == "(not committed yet)");

    commit_job* const job = k.kept->begin_commit(k.now);
    REQUIRE(job != nullptr);
    const ticket third = k.request(3, "three"); // gathers for the next one
    CHECK(k.kept->begin_commit(k.now) == nullptr);
    job->run();
    CHECK(k.kept->released() < first);
    k.kept->end_commit(k.now);
    CHECK(k.kept->released() == second);
    CHECK(k.kept->find(id_of(2))->durable);
    CHECK(k.body(2) == "two");
    CHECK(k.body(3) == "(not committed yet)");
    CHECK(k.commit());
    CHECK(k.kept->released() == third);
    CHECK_FALSE(k.commit());
}

TEST_CASE("titanic store: a commit of thousands of requests is one write and one sync") {
    journal_options options;
    options.segment_octets = 8 << 20;
    options.max_body_octets = 1 << 20;
    keeper k{options};
    REQUIRE(k.open());
    const std::size_t writes = k.disk.writes;
    const std::size_t syncs = k.disk.syncs;
    for (std::uint64_t i = 0; i < 4000; ++i)
        REQUIRE(k.request(i, std::string(128, 'x')) != 0);
    CHECK(k.commit());
    CHECK(k.disk.writes == writes + 1);
    CHECK(k.disk.syncs == syncs + 1);
    CHECK(k.kept->find(id_of(3999))->durable);
}

TEST_CASE("titanic store: a request goes from open to done to closed, and survives each time") {
    keeper k;
    REQUIRE(k.open());
    k.request(1, "body", "upper");
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
    CHECK(k.body(1) == "body");
    CHECK(k.kept->find(id_of(1))->service == "upper");
    CHECK(k.kept->find(id_of(1))->at == start_of_time);
    CHECK(k.kept->find(id_of(1))->octets == 4);

    k.now += 5s;
    k.reply(1, "BODY!");
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "done");
    CHECK(k.body(1) == "BODY!");
    CHECK(k.kept->find(id_of(1))->at == start_of_time + 5s);
    CHECK(k.kept->find(id_of(1))->octets == 5);
    CHECK(k.kept->find(id_of(1))->service == "upper");

    k.close(1);
    k.settle();
    CHECK(k.state(1) == "unknown");
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "unknown");
    CHECK(k.kept->stats().live_octets == 0);
}

TEST_CASE("titanic store: what was not committed is lost with the power, and the rest is not") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    k.settle();
    k.request(2);
    k.reply(1);
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
    CHECK(k.state(2) == "unknown");
    CHECK(k.kept->stats().open == 1);
}

TEST_CASE("titanic store: what is recovered is on the disk, whoever wrote it and did not live to "
          "sync it") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    commit_job* const job = k.kept->begin_commit(k.now);
    k.disk.power_ends = k.disk.operations + 1; // behind the write
    job->run();
    k.reopen_after(loss::none);
    CHECK(k.kept->find(id_of(1))->durable);
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
}

TEST_CASE("titanic store: bodies may be empty, in pieces, or of any octets") {
    keeper k;
    REQUIRE(k.open());
    k.request(1, "");
    const std::array<octets, 3> pieces{zmtp::as_octets("a"), octets{}, zmtp::as_octets("bc")};
    CHECK(k.kept->append_request(id_of(2), "echo", pieces, k.now, k.ec) != 0);
    k.request(3, std::string_view{"\0\0\xff\0", 4});
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.body(1).empty());
    CHECK(k.state(1) == "open");
    CHECK(k.body(2) == "abc");
    CHECK(k.body(3) == std::string_view{"\0\0\xff\0", 4});
}

TEST_CASE("titanic store: the same id twice is the same request, or refused") {
    keeper k;
    REQUIRE(k.open());
    k.request(1, "body");
    for (int round = 0; round < 3; ++round) {
        CHECK(k.request(1, "body") == 0);
        CHECK(k.ec == errc::already_stored);
        CHECK(k.request(1, "other") == 0);
        CHECK(k.ec == errc::id_in_use);
        CHECK(k.request(1, "body", "elsewhere") == 0);
        CHECK(k.ec == errc::id_in_use);
        CHECK(k.request(1, "obody", "ech") == 0); // the same octets, cut elsewhere
        CHECK(k.ec == errc::id_in_use);
        k.settle();
        k.reopen_after(loss::all);
        if (round == 1) { // also once only the reply is there
            k.reply(1);
            k.settle();
        }
    }
    k.close(1);
    CHECK(k.request(1, "other") != 0); // forgotten, and so a new one
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.body(1) == "other");
}

TEST_CASE("titanic store: changes that do not fit a request's state are refused") {
    keeper k;
    REQUIRE(k.open());
    CHECK(k.reply(1) == 0);
    CHECK(k.ec == errc::unknown_request);
    CHECK(k.close(1) == 0);
    CHECK(k.ec == errc::unknown_request);
    CHECK(k.kept->count_attempt(id_of(1), k.ec) == 0);
    CHECK(k.ec == errc::unknown_request);
    static_cast<void>(k.kept->reader(id_of(1), k.ec));
    CHECK(k.ec == errc::unknown_request);
    k.request(1);
    CHECK(k.kept->reopen(id_of(1), k.ec) == 0);
    CHECK(k.ec == errc::wrong_state);
    k.reply(1);
    CHECK(k.reply(1, "again") == 0);
    CHECK(k.ec == errc::wrong_state);
    CHECK(k.kept->count_attempt(id_of(1), k.ec) == 0);
    CHECK(k.ec == errc::wrong_state);
    CHECK(k.kept->set_aside(id_of(1), k.ec) == 0);
    CHECK(k.ec == errc::wrong_state);
    CHECK(k.request(2, "x", "") == 0);
    CHECK(k.ec == errc::bad_service);
    CHECK(k.request(2, "x", std::string(256, 's')) == 0);
    CHECK(k.ec == errc::bad_service);
    CHECK(k.request(2, "x", std::string(255, 's')) != 0);
}

TEST_CASE("titanic store: attempts are counted, and what is set aside can be opened again") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    k.kept->count_attempt(id_of(1), k.ec);
    k.settle();
    k.kept->count_attempt(id_of(1), k.ec);
    CHECK(k.body(1) == "body"); // which is there, whatever else is not
    k.kept->set_aside(id_of(1), k.ec);
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "set aside");
    CHECK(k.kept->find(id_of(1))->attempts == 2);
    CHECK(k.kept->stats().set_aside == 1);
    k.kept->reopen(id_of(1), k.ec);
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
    CHECK(k.kept->find(id_of(1))->attempts == 0);
    k.kept->set_aside(id_of(1), k.ec);
    k.reply(1, "late"); // is a reply
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "done");
    CHECK(k.body(1) == "late");
}

TEST_CASE("titanic store: attempts stop to count where their number ends") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    for (int i = 0; i < 65'600; ++i)
        while (k.kept->count_attempt(id_of(1), k.ec) == 0)
            REQUIRE(k.commit());
    CHECK(k.kept->find(id_of(1))->attempts == 65'535);
    CHECK(k.kept->stats().segments <= 3);
}

TEST_CASE("titanic store: all in one state are told in the order in which they came to it") {
    keeper k;
    REQUIRE(k.open());
    for (std::uint64_t i = 1; i <= 5; ++i)
        k.request(i);
    k.reply(4);
    k.now += 1s;
    k.reply(2);
    const auto told = [&k](request_state which) {
        std::vector<request_id> ids;
        k.kept->for_each(which, [&](const request_info& each) {
            ids.push_back(each.id);
            return ids.size() < 3;
        });
        return ids;
    };
    for (int i = 0; i < 2; ++i) {
        CHECK(told(request_state::open) == std::vector{id_of(1), id_of(3), id_of(5)});
        CHECK(told(request_state::done) == std::vector{id_of(4), id_of(2)});
        CHECK(told(request_state::set_aside).empty());
        k.settle();
        k.reopen_after(loss::all);
    }
}

TEST_CASE("titanic store: a reply that nobody closes expires, the oldest first") {
    keeper k;
    k.options.retention = 10s;
    REQUIRE(k.open());
    k.request(1);
    k.request(2);
    k.request(3);
    k.reply(2);
    k.now += 4s;
    k.reply(1);
    k.settle();
    CHECK(k.kept->deadline() == start_of_time + 10s);
    k.now = start_of_time + 9999ms;
    CHECK(k.kept->expire(k.now) == 0);
    k.now += 1ms;
    CHECK(k.kept->expire(k.now) == 1);
    CHECK(k.state(2) == "unknown");
    k.settle();
    k.now += 4s;
    k.reopen_after(loss::all);
    CHECK(k.kept->expire(k.now) == 1);
    CHECK(k.kept->stats().expired == 1);
    CHECK(k.state(1) == "unknown");
    CHECK(k.state(3) == "open"); // what has no reply does not expire
    CHECK(k.kept->deadline() == std::nullopt);
}

TEST_CASE(
    "titanic store: replies expire by their time, also if they were not stored in its order") {
    keeper k;
    k.options.retention = 10s;
    REQUIRE(k.open());
    k.request(1);
    k.request(2);
    k.reply(1);
    k.now -= 5s; // somebody put the clock right
    k.reply(2);
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.kept->deadline() == start_of_time + 5s);
    CHECK(k.kept->expire(start_of_time + 5s) == 1);
    CHECK(k.state(1) == "done");
}

TEST_CASE("titanic store: no retention keeps replies for ever") {
    keeper k;
    k.options.retention = 0s;
    REQUIRE(k.open());
    k.request(1);
    k.reply(1);
    CHECK(k.kept->expire(k.now + 100'000h) == 0);
    CHECK(k.kept->deadline() == std::nullopt);
}

TEST_CASE("titanic store: sizes and counts are bounded, and a full store refuses requests alone") {
    keeper k;
    k.options.max_requests = 3;
    REQUIRE(k.open());
    CHECK(k.request(1, std::string(1021, 'x')) == 0); // with the service's name
    CHECK(k.ec == errc::too_large);
    CHECK(k.request(1, std::string(1020, 'x')) != 0);
    k.settle();
    k.request(2);
    k.request(3);
    CHECK(k.request(4) == 0);
    CHECK(k.ec == errc::store_full);
    CHECK(k.kept->stats().refused == 1);
    CHECK(k.reply(1, std::string(1021, 'x')) == 0);
    CHECK(k.ec == errc::too_large);
    CHECK(k.reply(2) != 0);
    CHECK(k.close(2) != 0);
    CHECK(k.request(4) != 0);

    keeper octets_bound;
    octets_bound.options.max_octets = 400;
    REQUIRE(octets_bound.open());
    CHECK(octets_bound.request(1, std::string(200, 'x')) != 0); // 64 + 4 + 200: 272
    CHECK(octets_bound.request(2, std::string(61, 'x')) == 0);  // 136
    CHECK(octets_bound.ec == errc::store_full);
    CHECK(octets_bound.request(2, std::string(60, 'x')) != 0); // 128
    CHECK(octets_bound.kept->stats().live_octets == 400);
}

TEST_CASE("titanic store: what one commit may hold is bounded; then it is busy until it ends") {
    keeper k;
    REQUIRE(k.open());
    std::uint64_t taken = 0;
    while (k.request(taken, std::string(128, 'x')) != 0)
        ++taken;
    CHECK(k.ec == errc::busy);
    CHECK(k.ec == std::errc::resource_unavailable_try_again);
    CHECK(taken == 5); // of 200 octets, in 1024
    CHECK(k.close(0) == 0);
    CHECK(k.ec != std::error_code{});
    CHECK(k.state(0) == "open");
    k.commit();
    CHECK(k.close(0) != 0);
    CHECK(k.kept->stats().refused == 0);
}

TEST_CASE("titanic store: options that contradict each other are refused") {
    const auto refused = [](auto change) {
        keeper k;
        change(k.options);
        return !k.open() && k.ec == errc::bad_options && k.disk.operations == 0;
    };
    CHECK(refused([](auto& o) { o.segment_octets = 4088; }));
    CHECK(refused([](auto& o) { o.segment_octets = 8193; }));
    CHECK(refused([](auto& o) { o.segment_octets = (1 << 30) + 8; }));
    CHECK(refused([](auto& o) { o.max_body_octets = 8192 / 4; }));
    CHECK(refused([](auto& o) { o.max_body_octets = 255; }));
    CHECK(refused([](auto& o) { o.max_requests = 0; }));
    CHECK(refused([](auto& o) { o.retention = -1ms; }));
    CHECK_FALSE(refused([](auto&) {}));
}

TEST_CASE("titanic store: syncs at intervals release at once, and sync when the interval is over") {
    keeper k;
    k.options.sync = sync_mode::interval;
    REQUIRE(k.open());
    const std::size_t syncs = k.disk.syncs;
    const ticket first = k.request(1);
    k.commit();
    CHECK(k.kept->released() == first);
    CHECK(k.disk.syncs == syncs);
    CHECK(k.kept->deadline() == start_of_time + 100ms);
    k.now += 99ms;
    CHECK_FALSE(k.commit());
    k.now += 1ms;
    CHECK(k.commit());
    CHECK(k.disk.syncs == syncs + 1);
    CHECK_FALSE(k.commit());
    k.request(2);
    k.commit();
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
    CHECK(k.state(2) == "unknown");
    k.now -= 1h; // a clock that was put back delays nothing
    k.request(3);
    k.commit();
    k.reopen_after(loss::all);
    CHECK(k.state(3) == "open");
}

TEST_CASE("titanic store: without syncs it survives its process, and close syncs") {
    keeper k;
    k.options.sync = sync_mode::never;
    REQUIRE(k.open());
    const std::size_t syncs = k.disk.syncs;
    k.request(1);
    k.commit();
    k.now += 24h;
    CHECK_FALSE(k.commit());
    CHECK(k.disk.syncs == syncs);
    k.reopen_after(loss::none);
    CHECK(k.state(1) == "open");
    k.request(2);
    k.kept->close(k.now, k.ec);
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
    CHECK(k.state(2) == "open");
}

TEST_CASE("titanic store: close commits what is left, and nothing is taken after it") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    k.kept->close(k.now, k.ec);
    CHECK_FALSE(k.ec);
    CHECK(k.request(2) == 0);
    CHECK(k.ec == errc::read_only);
    CHECK(k.body(1) == "body");
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
    const std::uint64_t records = k.report.records;
    k.kept->close(k.now, k.ec); // nothing has changed: no second mark
    REQUIRE(k.open());
    CHECK(k.report.records == records);
}

TEST_CASE("titanic store: close leaves no spare segment behind") {
    keeper k;
    REQUIRE(k.open());
    for (std::uint64_t i = 0; k.kept->stats().spare_octets == 0; ++i)
        if (k.request(i) == 0)
            k.settle();
    CHECK(k.disk.files.contains("spare"));
    k.kept->close(k.now, k.ec);
    CHECK_FALSE(k.disk.files.contains("spare"));
}

TEST_CASE("titanic store: segments are dropped when all in them is closed") {
    keeper k;
    REQUIRE(k.open());
    for (std::uint64_t i = 0; i < 2000; ++i) {
        while (k.request(i, std::string(100, 'x')) == 0)
            REQUIRE(k.commit());
        while (k.close(i) == 0)
            REQUIRE(k.commit());
    }
    k.settle();
    CHECK(k.kept->stats().segments == 1);
    CHECK(k.kept->stats().dropped > 30);
    CHECK(k.kept->stats().moved == 0);
    CHECK(k.kept->stats().disk_octets == 8192);
    k.reopen_after(loss::all);
    CHECK(k.kept->stats().open == 0);
}

TEST_CASE("titanic store: stragglers are moved, and what they are is kept") {
    keeper k;
    REQUIRE(k.open());
    k.request(1, "straggler", "slow");
    k.kept->count_attempt(id_of(1), k.ec);
    k.request(2, "aside", "broken");
    k.kept->count_attempt(id_of(2), k.ec);
    k.kept->set_aside(id_of(2), k.ec);
    k.request(3, "replied", "fast");
    k.settle();
    k.reply(3, "the reply");
    k.settle();
    const body_reader before = k.kept->reader(id_of(1), k.ec);
    for (std::uint64_t i = 10; i < 2000; ++i) {
        while (k.request(i, std::string(100, 'x')) == 0)
            REQUIRE(k.commit());
        while (k.close(i) == 0)
            REQUIRE(k.commit());
        if (i % 50 == 0) {
            REQUIRE(k.body(1) == "straggler"); // at any time
            REQUIRE(k.body(3) == "the reply");
        }
    }
    k.settle();
    CHECK(k.kept->stats().moved > 3);
    CHECK(k.kept->stats().segments <= 2);
    bytes out;
    before.read(out, k.ec); // the file is gone, and this still has it
    CHECK(zmtp::as_text(out) == "straggler");
    for (int i = 0; i < 2; ++i) {
        CHECK(k.body(1) == "straggler");
        CHECK(k.kept->find(id_of(1))->attempts == 1);
        CHECK(k.kept->find(id_of(1))->service == "slow");
        CHECK(k.state(2) == "set aside");
        CHECK(k.body(2) == "aside");
        CHECK(k.state(3) == "done");
        CHECK(k.body(3) == "the reply");
        CHECK(k.kept->find(id_of(3))->at == start_of_time);
        CHECK(k.request(3, "replied", "fast") == 0);
        CHECK(k.ec == errc::already_stored);
        k.reopen_after(loss::all);
    }
}

TEST_CASE("titanic store: disk use is within twice the live data and one segment") {
    patterns::random_numbers random{7};
    keeper k;
    REQUIRE(k.open());
    std::vector<std::uint64_t> open;
    std::uint64_t next = 0;
    for (int i = 0; i < 20'000; ++i) {
        // It grows for a while, and shrinks for a while.
        const bool grows = random.next() % 10 < (i / 4000 % 2 == 0 ? 6U : 4U);
        if (grows || open.empty()) {
            while (k.request(next, std::string(random.next() % 1000, 'x')) == 0)
                REQUIRE(k.commit());
            open.push_back(next++);
        } else {
            std::swap(open[random.next() % open.size()], open.back());
            while (k.close(open.back()) == 0)
                REQUIRE(k.commit());
            open.pop_back();
        }
        if (i % 100 == 0) {
            k.settle();
            const store_stats now = k.kept->stats();
            REQUIRE(now.disk_octets <= std::max<std::uint64_t>(2 * now.live_octets + 8192, 8192));
            REQUIRE(k.disk.used() == now.disk_octets + now.spare_octets);
            REQUIRE(now.spare_octets <= 8192);
        }
    }
    k.reopen_after(loss::all);
    CHECK(k.kept->stats().open == open.size());
}

TEST_CASE("titanic store: a failed sync is the end: nothing is released, nothing is tried again") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    k.settle();
    const ticket lost = k.request(2);
    commit_job* const job = k.kept->begin_commit(k.now);
    k.disk.fail_at = k.disk.operations + 1; // the write, then the sync
    job->run();
    const std::size_t syncs = k.disk.syncs;
    k.kept->end_commit(k.now);
    CHECK(k.kept->failure() == std::errc::io_error);
    CHECK(k.kept->released() < lost);
    CHECK_FALSE(k.kept->find(id_of(2))->durable);
    CHECK_FALSE(k.commit());
    CHECK(k.disk.syncs == syncs);
    CHECK(k.request(3) == 0);
    CHECK(k.ec == errc::failed);
    CHECK(k.close(1) == 0);
    CHECK(k.ec == errc::failed);
    CHECK(k.kept->expire(k.now + 1000h) == 0);
    CHECK(k.body(1) == "body"); // what is there can still be fetched
    k.kept->close(k.now, k.ec);
    CHECK(k.ec == std::errc::io_error);
    k.reopen_after(loss::all);
    CHECK(k.state(1) == "open");
    CHECK(k.state(2) == "unknown");
}

TEST_CASE("titanic store: short writes are gone on with") {
    keeper k;
    REQUIRE(k.open());
    k.disk.largest_write = 7;
    k.request(1, std::string(500, 'y'));
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.body(1) == std::string(500, 'y'));
}

TEST_CASE("titanic store: a full disk refuses requests, lets others end, and is asked again") {
    keeper k;
    REQUIRE(k.open());
    k.settle();
    k.disk.room = k.disk.used() + 4096; // not enough for another segment
    std::uint64_t taken = 0;
    for (;;) {
        if (k.request(taken, std::string(100, 'x')) != 0)
            ++taken;
        else if (k.ec != errc::busy)
            break;
        else
            REQUIRE(k.commit());
    }
    CHECK(k.ec == errc::no_space);
    CHECK(k.ec == std::errc::no_space_on_device);
    CHECK_FALSE(k.kept->failure());
    CHECK(taken > 30);
    CHECK(k.kept->stats().refused == 1);
    k.settle();
    CHECK(k.kept->deadline() == start_of_time + 1s);
    CHECK(k.reply(0) != 0); // there is room for the end of others
    CHECK(k.close(1) != 0);
    k.settle();
    CHECK(k.state(0) == "done");

    k.disk.room = pretended_disk::never;
    CHECK(k.request(taken) == 0);
    k.now += 1s;
    k.settle();
    CHECK(k.request(taken) != 0);
    k.settle();
    k.reopen_after(loss::all);
    CHECK(k.kept->stats().open == taken - 1);
}

TEST_CASE("titanic store: a disk that is full for good leaves the store as it is") {
    keeper k;
    REQUIRE(k.open());
    k.settle();
    k.disk.room = k.disk.used();
    for (std::uint64_t i = 0; k.ec != errc::no_space;)
        if (k.request(i, std::string(100, 'x')) != 0)
            ++i;
        else if (k.ec == errc::busy)
            k.commit();
    std::uint64_t closed = 0;
    while (k.close(closed) != 0) { // until not even that has room
        ++closed;
        k.settle();
    }
    CHECK(k.ec == errc::no_space);
    CHECK(closed > 8);
    CHECK_FALSE(k.kept->failure());
    k.reopen_after(loss::all);
    CHECK(k.report.damages == 0);
}

TEST_CASE("titanic store: what cannot be dropped stays, and the store goes on") {
    keeper k;
    REQUIRE(k.open());
    k.disk.keeps_files = true;
    for (std::uint64_t i = 0; k.kept->stats().segments < 2; ++i) {
        while (k.request(i) == 0)
            REQUIRE(k.commit());
        while (k.close(i) == 0)
            REQUIRE(k.commit());
    }
    k.settle();
    CHECK_FALSE(k.kept->failure());
    CHECK(k.kept->stats().segments == 2);
    CHECK(k.request(1'000'000) != 0);
    k.settle();
    k.disk.keeps_files = false;
    k.reopen_after(loss::all);
    CHECK(k.state(1'000'000) == "open");
    k.settle();
    CHECK(k.kept->stats().segments == 1);
}

} // namespace
} // namespace mizzen::titanic::test
