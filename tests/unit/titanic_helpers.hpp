// A store on a pretended disk, in pretended time.
#pragma once

#include "../support/titanic_disk.hpp"
#include <mizzen/patterns/titanic/journal.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace mizzen::titanic::test {

inline constexpr wall_time start_of_time{milliseconds{1'000'000'000'000}};

[[nodiscard]] inline request_id id_of(std::uint64_t number) {
    request_id id{};
    for (std::size_t i = 0; i < 8; ++i)
        id[i] = static_cast<std::byte>(number >> (8 * i));
    id[15] = std::byte{0x77};
    return id;
}

[[nodiscard]] inline journal_options small_segments() {
    journal_options options;
    options.segment_octets = 8192;
    options.max_body_octets = 1024;
    options.max_group_octets = 1024;
    return options;
}

class keeper {
public:
    pretended_disk disk;
    journal_options options = small_segments();
    recovery_report report;
    wall_time now = start_of_time;
    std::unique_ptr<store> kept;
    std::error_code ec;

    keeper() = default;
    explicit keeper(const journal_options& with) : options{with} {}
    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;
    ~keeper() { kept.reset(); }

    bool open() {
        kept.reset();
        kept = open_journal(std::make_unique<pretended_directory>(disk), options, now, report, ec);
        return kept != nullptr;
    }
    void reopen_after(loss how, std::uint64_t seed = 1) {
        disk.crash(how, seed);
        REQUIRE(open());
    }

    ticket request(std::uint64_t id, std::string_view body = "body", std::string_view to = "echo") {
        const octets piece = zmtp::as_octets(body);
        return kept->append_request(id_of(id), to, {&piece, 1}, now, ec);
    }
    ticket reply(std::uint64_t id, std::string_view body = "reply") {
        const octets piece = zmtp::as_octets(body);
        return kept->append_reply(id_of(id), {&piece, 1}, now, ec);
    }
    ticket close(std::uint64_t id) { return kept->close_request(id_of(id), ec); }

    /// One commit; false when there was nothing to do.
    bool commit() const {
        commit_job* const job = kept->begin_commit(now);
        if (job == nullptr)
            return false;
        job->run();
        kept->end_commit(now);
        return true;
    }
    /// Until there is nothing more to do.
    std::size_t settle() const {
        std::size_t commits = 0;
        while (commit()) {
            ++commits;
            REQUIRE(commits < 1000);
        }
        return commits;
    }

    [[nodiscard]] std::string body(std::uint64_t id) {
        bytes out;
        const body_reader from = kept->reader(id_of(id), ec);
        if (!ec)
            from.read(out, ec);
        return ec ? "(" + ec.message() + ")" : std::string{zmtp::as_text(out)};
    }
    [[nodiscard]] std::string state(std::uint64_t id) const {
        const auto found = kept->find(id_of(id));
        if (!found)
            return "unknown";
        switch (found->state) {
        case request_state::open: return "open";
        case request_state::done: return "done";
        case request_state::set_aside: return "set aside";
        }
        return "?";
    }
};

} // namespace mizzen::titanic::test
