// Titanic's services over a store on a pretended disk, in pretended time, with pretended workers.
#pragma once

#include "pattern_helpers.hpp"
#include "titanic_helpers.hpp"
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/service_core.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::titanic::test {

using namespace std::chrono_literals;
using patterns::test::frames;
using patterns::test::frames_of;
using patterns::test::message_of;
using patterns::test::operator+;

/// Larger segments than the store's own tests have, so that a commit takes a few hundred requests.
[[nodiscard]] inline journal_options service_segments() {
    journal_options options;
    options.segment_octets = 1 << 20;
    options.max_body_octets = 16 << 10;
    options.max_group_octets = 64 << 10;
    return options;
}

/// Nothing is committed, read or dispatched by itself: a test says when.
class services {
public:
    struct attempt {
        std::uint64_t number = 0;
        std::string service;
        frames body;
        bool unseen = false;
    };

    keeper k;
    service_options options;
    zmtp::time_point now = patterns::test::start;
    std::unique_ptr<service_core> core;
    std::map<std::uint64_t, frames> answers;
    std::vector<attempt> attempts; ///< Not ended.
    std::vector<service_core::read> reads;
    std::uint64_t last_call = 0;
    std::uint64_t ids = 0x1000;
    commit_job* job = nullptr; ///< One that has not run.

    explicit services(const service_options& with = {},
                      const journal_options& store = service_segments())
        : k{store}, options{with} {
        REQUIRE(k.open());
        start();
    }
    void start() {
        core.reset();
        job = nullptr;
        attempts.clear();
        reads.clear();
        core = std::make_unique<service_core>(
            options, *k.kept, [this] { return id_of(ids++); }, 1, moment());
        collect();
    }
    void crash(loss how = loss::all) {
        core.reset();
        k.reopen_after(how);
        start();
    }

    [[nodiscard]] service_moment moment() const { return {now, k.now}; }
    void collect() {
        for (service_core::answer a; core->next_answer(a);) {
            CHECK_FALSE(answers.contains(a.call));
            answers[a.call] = frames_of(a.body);
        }
        for (service_core::dispatch d; core->next_dispatch(d);)
            attempts.push_back({d.attempt, std::string{d.service}, frames_of(d.body), d.unseen});
        for (service_core::read r; core->next_read(r);)
            reads.push_back(std::move(r));
    }

    /// A call's number.
    std::uint64_t ask(const std::string& service, const frames& body) {
        const std::uint64_t number = ++last_call;
        core->call(number, service, message_of(body), moment());
        collect();
        return number;
    }
    /// What it was answered; nothing yet if that is empty.
    frames answer(std::uint64_t call) const {
        const auto found = answers.find(call);
        return found == answers.end() ? frames{} : found->second;
    }

    /// One commit.
    bool commit() {
        if (job == nullptr)
            job = core->next_commit(moment());
        if (job == nullptr)
            return false;
        job->run();
        job = nullptr;
        core->commit_ended(moment());
        collect();
        return true;
    }
    void read_all() {
        while (!reads.empty()) {
            const auto pending = std::exchange(reads, {});
            for (const service_core::read& each : pending) {
                bytes body;
                std::error_code ec;
                each.from.read(body, ec);
                core->read_ended(each.id, body, ec, moment());
                collect();
            }
        }
    }
    /// Until nothing is to be committed or read.
    void settle() {
        read_all();
        for (int i = 0; commit(); ++i) {
            REQUIRE(i < 1000);
            read_all();
        }
    }
    /// Asks, and settles.
    frames call(const std::string& service, const frames& body) {
        const std::uint64_t number = ask(service, body);
        settle();
        return answer(number);
    }
    /// A request's id, which was acknowledged.
    std::string request(const frames& body, const std::string& service = "echo") {
        const frames got = call("titanic.request", frames{service} + body);
        REQUIRE(got.size() == 2);
        CHECK(got[0] == "200");
        return got[1];
    }
    frames fetch(const std::string& id) { return call("titanic.reply", {id}); }

    attempt take_attempt() {
        REQUIRE_FALSE(attempts.empty());
        const attempt first = attempts.front();
        attempts.erase(attempts.begin());
        return first;
    }
    void end(const attempt& which, attempt_end how, const frames& body = {}) {
        core->attempt_ended(which.number, how, message_of(body), moment());
        collect();
    }
    /// The oldest attempt's worker replies with "got" and what it got.
    attempt serve() {
        attempt first = take_attempt();
        end(first, attempt_end::answered, frames{"got"} + first.body);
        return first;
    }
    void fail() { end(take_attempt(), attempt_end::failed); }
    void find_no_worker() { end(take_attempt(), attempt_end::not_tried); }

    void advance(std::chrono::milliseconds by) {
        const auto end_of_it = now + by;
        const wall_time wall = k.now + by;
        for (auto due = core->deadline(); due && *due <= end_of_it; due = core->deadline()) {
            const auto step = std::chrono::ceil<milliseconds>(std::max(*due - now, 0ns));
            now += step;
            k.now += step;
            core->handle_timeout(moment());
            collect();
            settle();
        }
        now = end_of_it;
        k.now = wall;
    }
    const service_stats& stats() const { return core->stats(); }
};

} // namespace mizzen::titanic::test
