// Titanic's store against crashes and failures, at every operation and at random ones: what was
// released is there, what was closed stays closed, nothing is invented.
#include "titanic_helpers.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace mizzen::titanic::test {
namespace {

/// What a request was at some time.
struct version {
    ticket since = 0;
    bool exists = false;
    request_state state = request_state::open;
    std::uint32_t attempts = 0;
    std::string body;

    friend bool operator==(const version& a, const version& b) {
        return a.exists == b.exists &&
               (!a.exists || (a.state == b.state && a.body == b.body && a.attempts == b.attempts));
    }
};

/// Does things to a store, and knows what recovery may find.
class player {
public:
    keeper k;

    explicit player(std::uint64_t seed) : random_{seed} {
        k.options.segment_octets = 4096;
        k.options.max_body_octets = 900;
        k.options.max_group_octets = 512;
        k.options.seed = seed;
    }

    bool open() { return k.open(); }

    void step() {
        const std::uint64_t id = random_.next() % 24;
        k.now += milliseconds{random_.next() % 20};
        switch (random_.next() % 12) {
        case 0:
        case 1:
        case 2:
        case 3: request(id); break;
        case 4:
        case 5: reply(id); break;
        case 6:
        case 7: close(id); break;
        case 8:
            change(id, k.kept->count_attempt(id_of(id), k.ec), [](version& v) { ++v.attempts; });
            break;
        case 9: aside(id); break;
        default: commit(); break;
        }
        if (random_.next() % 64 == 0)
            settle();
    }

    /// Whatever the store says now is the truth from here on, if it is one that may be.
    void check_recovered(bool released_counts = true) {
        CHECK(k.report.damages == 0);
        std::size_t there = 0;
        for (std::uint64_t id = 0; id < 24; ++id) {
            const version found = seen(id);
            there += found.exists ? 1U : 0U;
            std::vector<version>& past = past_[id];
            if (past.empty())
                past.emplace_back();
            std::size_t first = 0;
            for (std::size_t i = 0; released_counts && i < past.size(); ++i)
                if (past[i].since <= released_)
                    first = i;
            bool known = false;
            for (std::size_t i = first; i < past.size(); ++i)
                known = known || past[i] == found;
            INFO("request ", id, " is ", k.state(id), " with ", found.body);
            CHECK(known);
            past.assign(1, found);
        }
        const store_stats now = k.kept->stats();
        CHECK(now.open + now.done + now.set_aside == there);
        released_ = k.kept->released();
        under_way_ = nullptr;
    }

    void finish_commit() {
        if (under_way_ == nullptr)
            return;
        under_way_->run();
        k.kept->end_commit(k.now);
        under_way_ = nullptr;
        released_ = k.kept->released();
    }
    void settle() {
        finish_commit();
        for (int i = 0; i < 100; ++i) {
            under_way_ = k.kept->begin_commit(k.now);
            if (under_way_ == nullptr)
                return;
            finish_commit();
        }
        FAIL("commits do not come to an end");
    }
    [[nodiscard]] bool failed() const { return static_cast<bool>(k.kept->failure()); }
    std::uint64_t random() { return random_.next(); }
    void crash() {
        const auto how = static_cast<loss>(random() % 3);
        k.disk.crash(how, random());
    }

private:
    template <class Change> void change(std::uint64_t id, ticket when, Change what) {
        if (when == 0)
            return;
        std::vector<version>& past = past_[id];
        if (past.empty())
            past.emplace_back();
        version next = past.back();
        what(next);
        next.since = when;
        past.push_back(std::move(next));
    }
    [[nodiscard]] std::string text() {
        std::string body = "body " + std::to_string(++bodies_) + ' ';
        const std::uint64_t most = random_.next() % 8 == 0 ? 800 : 60;
        body.resize(body.size() + random_.next() % most, '.');
        return body;
    }
    void request(std::uint64_t id) {
        const std::string body = text();
        change(id, k.request(id, body, id % 2 == 0 ? "even" : "odd"), [&](version& v) {
            v = {.exists = true, .state = request_state::open, .attempts = 0, .body = body};
        });
    }
    void reply(std::uint64_t id) {
        const std::string body = text();
        change(id, k.reply(id, body), [&](version& v) {
            v.state = request_state::done;
            v.body = body;
        });
    }
    void close(std::uint64_t id) {
        change(id, k.close(id), [](version& v) { v.exists = false; });
    }
    void aside(std::uint64_t id) {
        if (k.state(id) == "set aside")
            change(id, k.kept->reopen(id_of(id), k.ec), [](version& v) {
                v.state = request_state::open;
                v.attempts = 0;
            });
        else
            change(id, k.kept->set_aside(id_of(id), k.ec),
                   [](version& v) { v.state = request_state::set_aside; });
    }
    void commit() {
        if (under_way_ != nullptr)
            finish_commit();
        else
            under_way_ = k.kept->begin_commit(k.now);
    }
    [[nodiscard]] version seen(std::uint64_t id) {
        const auto found = k.kept->find(id_of(id));
        if (!found)
            return {};
        CHECK(found->service == (id % 2 == 0 ? "even" : "odd"));
        return {
            .exists = true, .state = found->state, .attempts = found->attempts, .body = k.body(id)};
    }

    patterns::random_numbers random_;
    std::map<std::uint64_t, std::vector<version>> past_;
    ticket released_ = 0;
    commit_job* under_way_ = nullptr;
    std::uint64_t bodies_ = 0;
};

struct witnessed {
    std::uint64_t torn = 0;
    std::uint64_t dropped = 0;
    std::uint64_t moved = 0;
    std::uint64_t interrupted = 0; ///< Recoveries.
};

/// A life of several crashes.
void live(std::uint64_t seed, witnessed& all) {
    player p{seed};
    REQUIRE(p.open());
    for (int lives = 0; lives < 3; ++lives) {
        const std::uint64_t steps = 20 + p.random() % 300;
        if (p.random() % 4 != 0)
            p.k.disk.power_ends = p.k.disk.operations + p.random() % 120;
        if (p.random() % 2 == 0)
            p.k.disk.tear = p.random() % 700;
        for (std::uint64_t i = 0; i < steps && !p.failed(); ++i)
            p.step();
        all.dropped += p.k.kept->stats().dropped;
        all.moved += p.k.kept->stats().moved;
        p.crash();
        // Recovery is interrupted as well.
        while (p.random() % 3 == 0) {
            p.k.disk.power_ends = p.random() % 12;
            p.k.disk.tear = p.random() % 700;
            if (p.open())
                break; // the power ends a little later then
            ++all.interrupted;
            p.crash();
        }
        p.crash();
        REQUIRE(p.open());
        all.torn += p.k.report.torn.has_value() ? 1U : 0U;
        p.check_recovered();
    }
    p.settle();
    const store_stats now = p.k.kept->stats();
    CHECK(now.disk_octets <= 2 * now.live_octets + 4096);
}

TEST_CASE("titanic crash: whenever it comes and whatever it tears, what was released is there") {
    witnessed all;
    for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
        INFO("seed ", seed);
        live(seed, all);
    }
    CHECK(all.torn > 100); // it does happen, all of it
    CHECK(all.dropped > 1000);
    CHECK(all.moved > 1000);
    CHECK(all.interrupted > 1000);
}

TEST_CASE("titanic crash: a process that dies as a segment begins leaves none that could vanish") {
    for (std::size_t at = 0; at < 14; ++at) {
        INFO("at ", at);
        keeper k;
        REQUIRE(k.open());
        for (std::uint64_t i = 0; k.kept->stats().segments < 2; ++i)
            while (k.request(i) == 0)
                k.commit();
        commit_job* const job = k.kept->begin_commit(k.now);
        k.disk.power_ends = k.disk.operations + at;
        job->run();
        k.reopen_after(loss::none);
        while (k.request(100'000) == 0)
            k.commit();
        k.settle();
        k.reopen_after(loss::all);
        CHECK(k.state(100'000) == "open");
        CHECK(k.report.damages == 0);
    }
}

/// The same load each time, with something that goes wrong at one operation.
template <class Prepare> std::size_t play(Prepare prepare, loss how, std::uint64_t seed) {
    player p{5};
    REQUIRE(p.open());
    p.k.disk.operations = 0;
    prepare(p.k.disk);
    for (int i = 0; i < 400 && !p.failed(); ++i)
        p.step();
    p.finish_commit();
    const std::size_t operations = p.k.disk.operations;
    p.k.disk.crash(how, seed);
    REQUIRE(p.open());
    p.check_recovered();
    return operations;
}

TEST_CASE("titanic crash: at every operation of a load, with every kind of loss") {
    const std::size_t operations = play([](pretended_disk&) {}, loss::all, 1);
    CHECK(operations > 100);
    for (std::size_t at = 0; at < operations; ++at)
        for (std::uint64_t kind = 0; kind < 12; ++kind) {
            INFO("at ", at, " in the way ", kind);
            play([&](pretended_disk& disk) { disk.power_ends = at; },
                 static_cast<loss>(std::min<std::uint64_t>(kind, 2)), kind);
        }
}

TEST_CASE("titanic crash: a write that is torn at every octet") {
    // All operations would be many: these are spread over them.
    for (std::size_t at = 3; at < 140; at += 17)
        for (std::size_t tear = 0; tear < 600; tear += tear < 80 ? 1 : 7) {
            INFO("at ", at, ", torn behind ", tear);
            play(
                [&](pretended_disk& disk) {
                    disk.power_ends = at;
                    disk.tear = tear;
                },
                loss::none, 1);
        }
}

TEST_CASE("titanic crash: each operation fails once, for want of room or with an I/O error") {
    const std::size_t operations = play([](pretended_disk&) {}, loss::all, 1);
    for (const auto error : {std::errc::io_error, std::errc::no_space_on_device})
        for (std::size_t at = 0; at < operations; ++at)
            for (const loss how : {loss::all, loss::none, loss::random}) {
                INFO("at ", at, " with ", std::make_error_code(error).message());
                play(
                    [&](pretended_disk& disk) {
                        disk.fail_at = at;
                        disk.failure = std::make_error_code(error);
                    },
                    how, at);
            }
}

TEST_CASE("titanic crash: a store opens or says why not, whichever operation of that fails") {
    player p{11};
    REQUIRE(p.open());
    for (int i = 0; i < 100; ++i)
        p.step();
    p.settle();
    for (std::size_t at = 0;; ++at) {
        p.k.disk.crash(loss::none, 1);
        p.k.disk.fail_at = at;
        const bool opened = p.open();
        const bool reached = p.k.disk.operations > at;
        CHECK(opened == !p.k.ec);
        if (!reached) {
            CHECK(opened);
            break;
        }
    }
    p.k.disk.fail_at = pretended_disk::never;
    p.check_recovered();
}

TEST_CASE("titanic crash: without syncs, what is released survives the process at any operation") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        INFO("seed ", seed);
        player p{seed};
        p.k.options.sync = seed % 2 == 0 ? sync_mode::never : sync_mode::interval;
        REQUIRE(p.open());
        p.k.disk.power_ends = p.k.disk.operations + p.random() % 60;
        p.k.disk.tear = p.random() % 700;
        for (int i = 0; i < 200 && !p.failed(); ++i)
            p.step();
        p.k.disk.crash(loss::none, 1);
        REQUIRE(p.open());
        p.check_recovered();
        // And after a loss of power there is nothing that never was, and no damage.
        for (int i = 0; i < 100 && !p.failed(); ++i)
            p.step();
        p.k.disk.crash(loss::random, p.random());
        REQUIRE(p.open());
        p.check_recovered(false);
    }
}

} // namespace
} // namespace mizzen::titanic::test
