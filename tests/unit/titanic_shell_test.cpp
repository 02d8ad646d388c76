// Titanic inside a broker and behind one, with workers and clients of Majordomo, over loopback. The
// store is on a pretended disk or in memory.
#include "pattern_helpers.hpp"
#include "titanic_helpers.hpp"
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/majordomo/client.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>
#include <mizzen/patterns/titanic/embedded.hpp>
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/memory_directory.hpp>
#include <mizzen/patterns/titanic/paired.hpp>
#include <mizzen/patterns/titanic/server.hpp>
#include <mizzen/patterns/titanic/wire.hpp>
#include <mizzen/router.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::titanic::test {
namespace {

using namespace std::chrono_literals;
using majordomo::broker;
using majordomo::broker_options;
using majordomo::responder;
using majordomo::worker;
using patterns::test::frames;
using patterns::test::frames_of;
using patterns::test::message_of;
using patterns::test::outcome;

std::unique_ptr<store> open_store(std::unique_ptr<directory> where) {
    recovery_report found;
    std::error_code ec;
    journal_options options;
    options.segment_octets = 1 << 20;
    options.max_body_octets = 1 << 17;
    auto kept = open_journal(std::move(where), options, start_of_time, found, ec);
    REQUIRE(kept);
    return kept;
}
std::unique_ptr<store> open_store(pretended_disk& disk) {
    return open_store(std::make_unique<pretended_directory>(disk));
}

service_options quick() {
    service_options options;
    options.retry = options.service_retry = 5ms;
    options.retry_max = options.service_retry_max = 20ms;
    return options;
}

/// A disk in memory whose syncs can be held up.
class held_disk {
public:
    void hold(bool on) {
        {
            const std::lock_guard changing{mutex_};
            held_ = on;
        }
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock waiting{mutex_};
        changed_.wait(waiting, [this] { return !held_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
};

class held_file final : public file {
public:
    held_file(held_disk& by, std::shared_ptr<file> of) : by_{by}, of_{std::move(of)} {}
    std::size_t read_some(std::uint64_t at, std::span<std::byte> into,
                          std::error_code& ec) noexcept override {
        return of_->read_some(at, into, ec);
    }
    std::size_t write_some(std::uint64_t at, octets from, std::error_code& ec) noexcept override {
        return of_->write_some(at, from, ec);
    }
    void sync(std::error_code& ec) noexcept override {
        by_.wait();
        of_->sync(ec);
    }
    void preallocate(std::uint64_t size, std::error_code& ec) noexcept override {
        of_->preallocate(size, ec);
    }
    std::uint64_t size(std::error_code& ec) noexcept override { return of_->size(ec); }

private:
    held_disk& by_;
    std::shared_ptr<file> of_;
};

class held_directory final : public directory {
public:
    explicit held_directory(held_disk& by) : by_{by} {}
    void lock(std::error_code& ec) override { in_->lock(ec); }
    std::shared_ptr<file> open(const std::string& name, open_for use,
                               std::error_code& ec) override {
        auto opened = in_->open(name, use, ec);
        return opened ? std::make_shared<held_file>(by_, std::move(opened)) : nullptr;
    }
    void rename(const std::string& from, const std::string& to, std::error_code& ec) override {
        in_->rename(from, to, ec);
    }
    void remove(const std::string& name, std::error_code& ec) override { in_->remove(name, ec); }
    std::vector<std::string> list(std::error_code& ec) override { return in_->list(ec); }
    void sync(std::error_code& ec) noexcept override { in_->sync(ec); }

private:
    held_disk& by_;
    std::unique_ptr<directory> in_ = make_memory_directory();
};

/// A broker with workers and a client of RFC 7.
struct stage {
    asio::io_context io{1};
    pretended_disk disk;
    broker node;
    std::string endpoint = node.bind("tcp://127.0.0.1:*");
    majordomo::client client{io, patient()};

    explicit stage(broker_options options = {}) : node{io, fast(std::move(options))} {
        client.connect(endpoint);
    }

    static broker_options fast(broker_options options = {}) {
        options.heartbeat = 50ms;
        return options;
    }
    static majordomo::client_options patient() {
        majordomo::client_options options;
        options.timeout = 10s;
        return options;
    }
    worker serve(const std::string& service, worker::handler handler) {
        majordomo::worker_options options;
        options.service = service;
        options.heartbeat = 50ms;
        options.reconnect = 20ms;
        worker made{io, options, std::move(handler)};
        made.connect(endpoint);
        return made;
    }
    template <class Condition> bool until(Condition condition) {
        return patterns::test::run_until(io, condition);
    }
    frames call(const std::string& service, const frames& body) {
        outcome o;
        client.async_request(service, message_of(body), o.handler());
        REQUIRE(until([&] { return o.ends == 1; }));
        INFO(o.ec.message());
        CHECK_FALSE(o.ec);
        return o.reply;
    }
    std::string request(const frames& body) {
        const frames got = call("titanic.request", body);
        REQUIRE(got.size() == 2);
        CHECK(got[0] == "200");
        return got[1];
    }
    /// Asks until there is one.
    frames reply(const std::string& id) {
        for (int i = 0; i < 10'000; ++i) {
            const frames got = call("titanic.reply", {id});
            if (got != frames{"300"})
                return got;
        }
        return {};
    }
};

void double_it(const message& body, responder answer) {
    message twice;
    for (const octets part : body)
        twice.push_back(std::string{zmtp::as_text(part)} + std::string{zmtp::as_text(part)});
    answer.reply(std::move(twice));
}

TEST_CASE("titanic inside a broker: request, reply and close, with a worker that comes later") {
    stage s;
    embedded titanic{s.node, open_store(s.disk), quick()};
    const std::string id = s.request({"double", "a", ""});
    CHECK(s.call("titanic.reply", {id}) == frames{"300"});
    const worker w = s.serve("double", double_it);
    CHECK(s.reply(id) == frames{"200", "aa", ""});
    CHECK(s.call("titanic.close", {id}) == frames{"200"});
    CHECK(s.call("titanic.reply", {id}) == frames{"400"});
    CHECK(s.call("titanic.submit", {"x"}).at(0) == "400");
    CHECK(titanic.stats().answered == 1);
}

TEST_CASE("titanic inside a broker: mmi.service knows its services") {
    stage s;
    const embedded titanic{s.node, open_store(s.disk), quick()};
    CHECK(s.call("mmi.service", {"titanic.submit"}) == frames{"200"});
    CHECK(s.call("mmi.service", {"titanic.other"}) == frames{"404"});
}

TEST_CASE("titanic inside a broker: what was acknowledged is answered after a loss of power") {
    pretended_disk disk;
    std::vector<std::string> ids;
    {
        stage s;
        embedded titanic{s.node, open_store(disk), quick()};
        for (int i = 0; i < 20; ++i)
            ids.push_back(s.request({"double", std::to_string(i)}));
    }
    disk.crash(loss::all, 1);
    stage s;
    const embedded titanic{s.node, open_store(disk), quick()};
    const worker w = s.serve("double", double_it);
    for (int i = 0; i < 20; ++i)
        CHECK(s.reply(ids[static_cast<std::size_t>(i)]) ==
              frames{"200", std::to_string(i) + std::to_string(i)});
}

TEST_CASE("titanic inside a broker: an attempt that takes too long has failed, and is made again") {
    stage s;
    service_options options = quick();
    options.attempt_timeout = 20ms;
    options.max_attempts = 2;
    embedded titanic{s.node, open_store(s.disk), options};
    std::vector<responder> held;
    const worker w = s.serve(
        "slow", [&](const message&, responder answer) { held.push_back(std::move(answer)); });
    const std::string id = s.request({"slow", "a"});
    REQUIRE(s.until([&] { return held.size() == 1; }));
    REQUIRE(s.until([&] { return titanic.stats().failed_attempts == 1; }));
    held[0].reply(message{"too late"});
    REQUIRE(s.until([&] { return titanic.stats().set_aside == 1; }));
    CHECK(s.reply(id).at(0) == "500");
}

TEST_CASE("titanic inside a broker: a handler that fails is asked again until it does not") {
    stage s;
    embedded titanic{s.node, open_store(s.disk), quick()};
    int runs = 0;
    const worker w = s.serve("flaky", [&](message body, responder answer) {
        if (++runs < 3)
            answer.fail("not yet");
        else
            answer.reply(std::move(body));
    });
    // A plain worker cannot say that it failed; ours with a handle can.
    CHECK(s.reply(s.request({"flaky", "a"})) == frames{"200", "a"});
    CHECK(runs == 3);
    CHECK(titanic.stats().failed_attempts == 2);
}

TEST_CASE("titanic inside a broker: told to stop, it takes the last replies and closes the store") {
    stage s;
    std::optional<embedded> titanic{std::in_place, s.node, open_store(s.disk), quick()};
    std::vector<responder> held;
    const worker w = s.serve(
        "slow", [&](const message&, responder answer) { held.push_back(std::move(answer)); });
    s.request({"slow", "a"});
    REQUIRE(s.until([&] { return held.size() == 1; }));
    bool stopped = false;
    titanic->drain();
    s.node.drain(0ms, [&] { stopped = true; });
    held[0].reply(message{"done"});
    REQUIRE(s.until([&] { return stopped; }));
    std::error_code ec;
    titanic->close(ec);
    CHECK_FALSE(ec);
    titanic.reset();
    const auto kept = open_store(s.disk);
    CHECK(kept->stats().done == 1);
    CHECK(kept->stats().open == 0);
}

TEST_CASE("titanic inside a broker: closing takes over the commit that was under way") {
    held_disk disk;
    stage s;
    embedded titanic{s.node, open_store(std::make_unique<held_directory>(disk)), quick()};
    disk.hold(true);
    s.client.async_request("titanic.request", message_of({"double", "a"}),
                           [](auto, const auto&) {});
    REQUIRE(s.until([&] { return titanic.stats().calls == 1; }));
    s.io.poll(); // it is given to the store's thread
    std::thread soon{[&] { disk.hold(false); }};
    std::error_code ec;
    titanic.close(ec);
    soon.join();
    CHECK_FALSE(ec);
    CHECK(titanic.stats().accepted == 1);
    CHECK(titanic.kept().open == 1);
}

TEST_CASE("titanic inside a broker: the loop looks for a commit's end, but seldom in vain") {
    for (const auto busy_poll : {0us, 2000us}) {
        CAPTURE(busy_poll.count());
        held_disk disk;
        broker_options sleepy;
        sleepy.busy_poll = 0us;
        stage s{sleepy};
        service_options options = quick();
        options.busy_poll = busy_poll;
        embedded titanic{s.node, open_store(std::make_unique<held_directory>(disk)), options};
        int looks = 0;
        for (std::uint64_t i = 1; i <= 32; ++i) {
            disk.hold(true);
            s.client.async_request("titanic.request", message_of({"double", "a"}),
                                   [](auto, const auto&) {});
            REQUIRE(s.until([&] { return titanic.stats().calls == i; }));
            int turns = 0;
            while (s.io.run_one_for(5ms) == 1) // until it sleeps
                ++turns;
            looks += turns > 100 ? 1 : 0;
            disk.hold(false);
            REQUIRE(s.until([&] { return titanic.stats().accepted == i; }));
        }
        CHECK(looks >= (busy_poll == 0us ? 0 : 1));
        CHECK(looks <= (busy_poll == 0us ? 0 : 6)); // after 0, 1, 3, 7 and 15 more
    }
}

TEST_CASE("titanic inside a broker: a disk that fails ends neither the broker nor old replies") {
    stage s;
    const embedded titanic{s.node, open_store(s.disk), quick()};
    const worker w = s.serve("double", double_it);
    const std::string id = s.request({"double", "a"});
    CHECK(s.reply(id) == frames{"200", "aa"});
    s.disk.fail_from = 0;
    CHECK(s.call("titanic.request", {"double", "b"}).at(0) == "500");
    CHECK(s.call("titanic.request", {"double", "b"}).at(0) == "500");
    CHECK(titanic.failure());
    CHECK(s.call("titanic.reply", {id}) == frames{"200", "aa"});
    CHECK(s.call("double", {"x"}) == frames{"xx"});
}

TEST_CASE("titanic inside a broker: many requests at once, each with its own reply") {
    stage s;
    const embedded titanic{s.node, open_store(make_memory_directory()), quick()};
    const worker first = s.serve("double", double_it);
    const worker second = s.serve("double", double_it);
    std::vector<outcome> accepted(500);
    for (std::size_t i = 0; i < accepted.size(); ++i)
        s.client.async_request("titanic.request", message_of({"double", std::to_string(i)}),
                               accepted[i].handler());
    REQUIRE(s.until([&] { return titanic.stats().answered == accepted.size(); }));
    for (std::size_t i = 0; i < accepted.size(); ++i) {
        REQUIRE(accepted[i].reply.size() == 2);
        CHECK(s.reply(accepted[i].reply[1]) ==
              frames{"200", std::to_string(i) + std::to_string(i)});
    }
}

// --- In a half of a pair ---

/// Titanic's store as two halves have it, on one disk; the other half's process may have the lock.
struct half_with_store {
    stage s;
    std::atomic<int> opened{0}; ///< Attempts.
    std::atomic<bool> other_has_it{false};
    paired titanic{s.node,
                   [this](std::error_code& ec) -> std::unique_ptr<store> {
                       ++opened;
                       asio::post(s.io, [] {}); // whoever waits for that looks
                       if (other_has_it) {
                           ec = make_error_code(errc::locked);
                           return nullptr;
                       }
                       return open_store(s.disk);
                   },
                   {.services = quick(), .lock_wait = 20'000ms, .lock_retry = 10ms}};

    void go_active() {
        std::optional<std::error_code> over;
        titanic.open([&](std::error_code ec) {
            over = ec;
            titanic.begin();
        });
        REQUIRE(s.until([&] { return over.has_value(); }));
        CHECK_FALSE(*over);
    }
    void go_passive() {
        std::error_code ec;
        titanic.close(ec);
        CHECK_FALSE(ec);
    }
};

TEST_CASE("titanic in a half of a pair: the store is open from begin to close, and again later") {
    half_with_store half;
    std::string id;
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(half.titanic.is_open());
        CHECK_FALSE(half.s.disk.locked);
        half.go_active();
        CHECK(half.titanic.is_open());
        CHECK(half.s.disk.locked);
        if (i == 0)
            id = half.s.request({"double", "a"});
        CHECK(half.s.call("titanic.reply", {id}) == frames{"300"});
        CHECK(half.titanic.kept().open == 1);
        half.go_passive();
    }
    half.go_active();
    const worker w = half.s.serve("double", double_it);
    CHECK(half.s.reply(id) == frames{"200", "aa"});
}

TEST_CASE("titanic in a half of a pair: a store that the other half has is waited for") {
    half_with_store half;
    half.other_has_it = true;
    std::optional<std::error_code> over;
    half.titanic.open([&](std::error_code ec) {
        over = ec;
        half.titanic.begin();
    });
    REQUIRE(half.s.until([&] { return half.opened >= 3; }));
    CHECK_FALSE(over);
    half.other_has_it = false;
    REQUIRE(half.s.until([&] { return over.has_value(); }));
    CHECK_FALSE(*over);
    CHECK(half.titanic.is_open());
}

TEST_CASE("titanic in a half of a pair: what cannot be opened is told, a lock after its time") {
    stage s;
    std::error_code trouble = make_error_code(errc::locked);
    paired titanic{s.node,
                   [&trouble](std::error_code& ec) {
                       ec = trouble;
                       return nullptr;
                   },
                   {.services = quick(), .lock_wait = 5ms, .lock_retry = 1ms}};
    for (const std::error_code each :
         {make_error_code(errc::locked), make_error_code(errc::unknown_version)}) {
        trouble = each;
        std::optional<std::error_code> over;
        titanic.open([&](std::error_code ec) { over = ec; });
        REQUIRE(s.until([&] { return over.has_value(); }));
        CHECK(*over == each);
        titanic.begin(); // of nothing
        CHECK_FALSE(titanic.is_open());
    }
}

TEST_CASE("titanic in a half of a pair: a take-over that was called off leaves the store closed") {
    half_with_store half;
    bool over = false;
    half.titanic.open([&](std::error_code) { over = true; }); // and no begin()
    REQUIRE(half.s.until([&] { return over; }));
    CHECK_FALSE(half.titanic.is_open());
    CHECK_FALSE(half.s.disk.locked);

    half.other_has_it = true;
    half.titanic.open([&](std::error_code) { FAIL_CHECK("it was called off"); });
    REQUIRE(half.s.until([&] { return half.opened >= 2; }));
    half.go_passive();
    half.other_has_it = false;
    half.go_active(); // while the thread of the former may be there
    CHECK(half.titanic.is_open());
}

TEST_CASE("titanic in a half of a pair: a call that is not answered when the store closes ends") {
    half_with_store half;
    half.go_active();
    majordomo::client_options options = stage::patient();
    options.retries = 0;
    majordomo::client c{half.s.io, options};
    c.connect(half.s.endpoint);
    outcome first; // after which the client knows what this broker can say
    c.async_request("titanic.reply", message_of({"x"}), first.handler());
    REQUIRE(half.s.until([&] { return first.ends == 1; }));
    outcome o;
    c.async_request("titanic.request", message_of({"later", "x"}), o.handler());
    const auto calls = half.s.node.stats().internal_calls;
    REQUIRE(half.s.until([&] { return half.s.node.stats().internal_calls > calls; }));
    half.go_passive(); // the commit is under way or ended, and nobody was told
    REQUIRE(half.s.until([&] { return o.ends == 1; }));
    CHECK(half.s.node.stats().dispatched == 0);
    half.go_active();
    CHECK(half.titanic.kept().open == 1);
}

TEST_CASE("titanic in a half of a pair: a hand-over that came to nothing has it serve again") {
    half_with_store half;
    half.go_active();
    const std::string id = half.s.request({"double", "a"});
    half.titanic.drain();
    CHECK(half.s.call("titanic.request", {"double", "b"}).at(0) == "500");
    half.titanic.reopen();
    REQUIRE(half.s.until([&] { return half.titanic.is_open(); }));
    const worker w = half.s.serve("double", double_it);
    CHECK(half.s.reply(id) == frames{"200", "aa"});
    CHECK(half.s.reply(half.s.request({"double", "b"})) == frames{"200", "bb"});
}

TEST_CASE("titanic behind a broker: request, reply and close, with a worker that comes later") {
    stage s;
    server_options options;
    options.services = quick();
    options.heartbeat = 50ms;
    server titanic{s.io, open_store(s.disk), options};
    std::error_code ec;
    titanic.connect(s.endpoint, ec);
    REQUIRE_FALSE(ec);
    const std::string id = s.request({"double", "a", ""});
    CHECK(s.call("titanic.reply", {id}) == frames{"300"});
    REQUIRE(s.until([&] { return titanic.stats().not_tried >= 2; }));
    const worker w = s.serve("double", double_it);
    CHECK(s.reply(id) == frames{"200", "aa", ""});
    CHECK(s.call("titanic.close", {id}) == frames{"200"});
    CHECK(s.call("titanic.reply", {id}) == frames{"400"});
    CHECK(titanic.stats().failed_attempts == 0);

    bool drained = false;
    titanic.drain([&] { drained = true; });
    REQUIRE(s.until([&] { return drained; }));
    titanic.stop(ec);
    CHECK_FALSE(ec);
}

TEST_CASE("titanic behind a broker: it waits for a broker, and comes back to one that returns") {
    stage s;
    server_options options;
    options.services = quick();
    options.heartbeat = options.reconnect = 20ms;
    options.reconnect_max = 50ms;
    options.probe_timeout = 50ms;
    server titanic{s.io, open_store(s.disk), options};
    std::error_code ec;
    titanic.connect(s.endpoint, ec);
    const std::string id = s.request({"double", "a"});
    s.node.stop();
    REQUIRE(s.until([&] { return s.node.stopped(); }));
    REQUIRE(s.until([&] {
        s.node = broker{s.io, stage::fast()};
        s.node.bind(s.endpoint, ec); // what had it may still be closing
        return !ec;
    }));
    const worker w = s.serve("double", double_it);
    REQUIRE(s.until([&] { return titanic.stats().answered == 1; }));
    CHECK(s.reply(id) == frames{"200", "aa"});
}

TEST_CASE("titanic behind a broker with credit: many calls wait for one commit") {
    held_disk disk;
    stage s;
    server_options options;
    options.services = quick();
    options.heartbeat = 50ms;
    server titanic{s.io, open_store(std::make_unique<held_directory>(disk)), options};
    std::error_code ec;
    titanic.connect(s.endpoint, ec);
    const worker w = s.serve("double", double_it);
    disk.hold(true);
    std::vector<outcome> accepted(300);
    for (std::size_t i = 0; i < accepted.size(); ++i)
        s.client.async_request("titanic.request", message_of({"double", std::to_string(i)}),
                               accepted[i].handler());
    REQUIRE(s.until([&] { return titanic.stats().calls == accepted.size(); }));
    CHECK(titanic.stats().accepted == 0);
    CHECK(titanic.kept().open == 300);
    disk.hold(false);
    REQUIRE(s.until([&] { return titanic.stats().answered == accepted.size(); }));
    CHECK(s.reply(accepted[299].reply.at(1)) == frames{"200", "299299"});
}

TEST_CASE("titanic behind a plain broker: each service registers several times") {
    asio::io_context io{1};
    router plain{io};
    const std::string endpoint = plain.bind("tcp://127.0.0.1:*");
    server_options options;
    options.registrations = 5;
    server titanic{io, open_store(make_memory_directory()), options};
    std::error_code ec;
    titanic.connect(endpoint, ec);
    std::map<std::string, int> ready;
    const auto take = [&] {
        message m;
        while (plain.try_receive(m, ec)) {
            const frames got = frames_of(m);
            if (got.size() == 5 && got[2] == "MDPW01" && got[3] == "\x01")
                ++ready[got[4].substr(0, got[4].find('\0'))];
            if (got.size() >= 4 && got[2] == "MDPC01" && got[3] == "mmi.broker") {
                message answer = message_of({got[0], "", "MDPC01", "mmi.broker", "501"});
                static_cast<void>(plain.try_send(answer, ec));
            }
        }
        return ready["titanic.request"] >= 4 && ready["titanic.submit"] >= 4 &&
               ready["titanic.reply"] >= 4 && ready["titanic.close"] >= 4;
    };
    CHECK(patterns::test::run_until(io, take));
}

TEST_CASE("titanic behind a broker that knows credit: each service registers once") {
    asio::io_context io{1};
    router aware{io};
    const std::string endpoint = aware.bind("tcp://127.0.0.1:*");
    server_options options;
    options.registrations = 5;
    options.heartbeat = 20ms;
    options.liveness = 1000; // the script is silent
    server titanic{io, open_store(make_memory_directory()), options};
    std::error_code ec;
    titanic.connect(endpoint, ec);
    bool told = false;
    int ready = 0;
    std::map<std::string, int> heartbeats; // since it was told, by worker
    const auto take = [&] {
        message m;
        while (aware.try_receive(m, ec)) {
            const frames got = frames_of(m);
            if (got.size() >= 4 && got[2] == "MDPC01" && got[3] == "mmi.broker") {
                message answer =
                    message_of({got[0], "", "MDPC01", "mmi.broker", "200", "credit=9"});
                REQUIRE(aware.try_send(answer, ec));
                told = true;
            } else if (got.size() >= 4 && got[2] == "MDPW01") {
                ready += got[3] == "\x01" ? 1 : 0;
                heartbeats[got[0]] += told && got[3] == "\x04" ? 1 : 0;
            }
        }
        return std::count_if(heartbeats.begin(), heartbeats.end(),
                             [](const auto& each) { return each.second > 2; }) == 4;
    };
    CHECK(patterns::test::run_until(io, take));
    CHECK(ready == 4);
}

TEST_CASE("files in memory: what was not written reads as zeros, and names are as on a disk") {
    const auto folder = make_memory_directory();
    std::error_code ec;
    const auto made = folder->open("a", open_for::creating, ec);
    REQUIRE(made);
    CHECK(folder->open("a", open_for::creating, ec) == nullptr);
    CHECK(ec == std::errc::file_exists);
    CHECK(folder->open("b", open_for::reading, ec) == nullptr);
    made->preallocate(200'000, ec);
    CHECK(made->size(ec) == 200'000);
    const std::string data(100'000, 'x');
    write_all(*made, 65'000, zmtp::as_octets(data), ec);
    CHECK_FALSE(ec);
    bytes back(200'001);
    CHECK(read_all(*made, 0, back, ec) == 200'000);
    const std::string_view text = zmtp::as_text(back);
    CHECK(text.substr(0, 65'000) == std::string(65'000, '\0'));
    CHECK(text.substr(65'000, 100'000) == data);
    CHECK(text.substr(165'000, 35'000) == std::string(35'000, '\0'));
    folder->rename("a", "b", ec);
    CHECK(folder->list(ec) == std::vector<std::string>{"b"});
    folder->rename("a", "c", ec);
    CHECK(ec == std::errc::no_such_file_or_directory);
    folder->remove("b", ec);
    CHECK_FALSE(ec);
    CHECK(folder->list(ec).empty());
}

} // namespace
} // namespace mizzen::titanic::test
