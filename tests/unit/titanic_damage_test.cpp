// Titanic's store with files that were changed behind its back: found, told, and repaired if
// wanted.
#include "titanic_helpers.hpp"
#include <mizzen/patterns/titanic/crc32c.hpp>
#include <mizzen/patterns/titanic/journal_format.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::titanic::test {
namespace {

constexpr std::string_view first_segment = "journal-0000000000000001";

/// Three requests, each committed by itself: records of 80 octets at 64, 144 and 224. A mark behind
/// them at 304 if it was closed.
void make_small(keeper& k, bool closes) {
    REQUIRE(k.open());
    for (std::uint64_t i = 1; i <= 3; ++i) {
        k.request(i, "body " + std::to_string(i) + "....."); // 4 + 11, and an octet of padding
        k.settle();
    }
    if (closes)
        k.kept->close(k.now, k.ec);
    k.disk.crash(loss::none, 1);
    k.disk.write_back();
}

bytes& file_of(keeper& k) { return k.disk.contents(std::string{first_segment}); }

/// All that recovery says.
std::string told(const recovery_report& report) {
    std::string out;
    for (const auto& each : report.damaged)
        out += each.file + '@' + std::to_string(each.offset) + '+' + std::to_string(each.octets) +
               " lost " + std::to_string(each.first_lost) + '-' + std::to_string(each.last_lost) +
               ' ';
    if (report.torn)
        out += "torn " + report.torn->file + '@' + std::to_string(report.torn->offset) + '+' +
               std::to_string(report.torn->octets);
    return out;
}

TEST_CASE(
    "titanic damage: a record in the middle is told with its place, and the store only read") {
    keeper k;
    make_small(k, false);
    file_of(k)[144 + 70] ^= std::byte{1};
    const bytes before = file_of(k);
    REQUIRE(k.open());
    CHECK(told(k.report) == std::string{first_segment} + "@144+80 lost 2-2 ");
    CHECK(k.report.damages == 1);
    CHECK(k.body(1) == "body 1.....");
    CHECK(k.state(2) == "unknown");
    CHECK(k.body(3) == "body 3....."); // all else is there
    CHECK(k.request(4) == 0);
    CHECK(k.ec == errc::read_only);
    CHECK(k.close(1) == 0);
    CHECK(k.ec == errc::read_only);
    CHECK_FALSE(k.commit());
    k.kept->close(k.now, k.ec);
    CHECK(file_of(k) == before); // nothing was touched
    CHECK(k.disk.files.size() == 1);
}

TEST_CASE("titanic damage: a repair keeps all that can be read, and what cannot in a file") {
    keeper k;
    make_small(k, false);
    file_of(k)[144 + 70] ^= std::byte{1};
    const bytes damaged{file_of(k).begin() + 144, file_of(k).begin() + 224};
    k.options.access = journal_access::repair;
    REQUIRE(k.open());
    CHECK(k.report.repaired);
    CHECK(k.report.damages == 1);
    CHECK(told(k.report) == std::string{first_segment} + "@144+80 lost 2-2 ");
    CHECK(k.disk.contents("damaged-0000000000000001-144") == damaged);
    CHECK(k.body(3) == "body 3.....");
    CHECK(k.request(2, "again") != 0);
    k.settle();
    k.options.access = journal_access::normal;
    k.reopen_after(loss::all);
    CHECK(told(k.report).empty()); // it is not told again
    CHECK(k.body(1) == "body 1.....");
    CHECK(k.body(2) == "again");
    CHECK(k.body(3) == "body 3.....");
}

TEST_CASE("titanic damage: a repair marks several records as one gap") {
    keeper k;
    make_small(k, true);
    file_of(k)[64 + 3] ^= std::byte{1};
    file_of(k)[144 + 3] ^= std::byte{1};
    k.disk.write_back();
    k.options.access = journal_access::repair;
    REQUIRE(k.open());
    CHECK(told(k.report) == std::string{first_segment} + "@64+160 lost 1-2 ");
    k.options.access = journal_access::normal;
    k.reopen_after(loss::all);
    CHECK(told(k.report) == "");
    CHECK(k.kept->stats().open == 1);
    CHECK(k.body(3) == "body 3.....");
}

TEST_CASE("titanic damage: the last group is a torn tail, unless the store was closed") {
    for (const bool closed : {false, true}) {
        keeper k;
        make_small(k, closed);
        file_of(k)[224 + 70] ^= std::byte{1};
        REQUIRE(k.open());
        CHECK(told(k.report) == (closed ? std::string{first_segment} + "@224+80 lost 3-3 "
                                        : "torn " + std::string{first_segment} + "@224+80"));
        CHECK(k.state(2) == "open");
        CHECK(k.state(3) == "unknown");
    }
}

TEST_CASE("titanic damage: what a torn tail leaves behind is never found behind new records") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    k.settle();
    const std::uint64_t end = 64 + 72;
    k.request(2); // in one group, of which the first record is torn
    k.request(3);
    k.settle();
    k.disk.crash(loss::none, 1);
    file_of(k)[end + 3] ^= std::byte{1};
    REQUIRE(k.open());
    CHECK(k.report.torn->octets == 144);
    CHECK(k.state(3) == "unknown");
    k.request(4); // as large as 2 was: 3 would be the next one
    k.settle();
    k.reopen_after(loss::all);
    CHECK(told(k.report).empty());
    CHECK(k.state(4) == "open");
    CHECK(k.state(3) == "unknown");
}

/// Opens in each way and does what can be done. It says something, whatever was changed.
void survive(keeper& k, const bytes& changed) {
    for (const auto access :
         {journal_access::inspect, journal_access::normal, journal_access::repair}) {
        k.disk.crash(loss::none, 1); // whoever had it
        k.disk.files.clear();
        k.disk.files[std::string{first_segment}] = std::make_shared<pretended_disk::inode>();
        file_of(k) = changed;
        k.disk.write_back();
        k.options.access = access;
        const bool opened = k.open();
        CHECK((!opened || k.report.damages != 0 || k.report.torn));
        if (!opened) {
            CHECK(k.ec.category() == error_category());
            continue;
        }
        for (std::uint64_t id = 1; id <= 3; ++id)
            if (k.state(id) != "unknown")
                CHECK(k.body(id) == "body " + std::to_string(id) + ".....");
        const bool writes = access == journal_access::repair ||
                            (access == journal_access::normal && k.report.damages == 0);
        if (k.request(9) == 0 && k.ec == errc::busy) // no room left in a file that was cut
            k.settle();
        CHECK((k.request(9) != 0 || k.ec == errc::already_stored) == writes);
        if (!writes)
            continue;
        k.settle();
        k.options.access = journal_access::normal;
        k.reopen_after(loss::all);
        CHECK(k.report.damages == 0);
        CHECK_FALSE(k.report.torn);
        CHECK(k.state(9) == "open");
    }
}

TEST_CASE("titanic damage: any octet that is changed is noticed, and nothing breaks") {
    for (const bool closed : {false, true}) {
        keeper k;
        k.options.segment_octets = 4096;
        k.options.max_body_octets = 900;
        make_small(k, closed);
        const bytes whole = file_of(k);
        REQUIRE(whole.size() == 4096);
        for (std::size_t at = 0; at < 500; ++at)
            for (const std::byte flip : {std::byte{1}, std::byte{0x80}, std::byte{0xff}}) {
                INFO("octet ", at, closed ? ", closed" : "");
                bytes changed = whole;
                changed[at] ^= flip;
                survive(k, changed);
            }
        for (std::size_t at = 500; at < 4096; at += 97) { // zeros, all of them
            bytes changed = whole;
            changed[at] ^= std::byte{1};
            survive(k, changed);
        }
    }
}

TEST_CASE("titanic damage: a file that was cut at any octet is noticed, and nothing breaks") {
    keeper k;
    k.options.segment_octets = 4096;
    k.options.max_body_octets = 900;
    make_small(k, true);
    const bytes whole = file_of(k);
    for (std::size_t size = 0; size < 4096; size += size < 500 ? 1 : 97) {
        INFO("cut at ", size);
        survive(k, bytes{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    }
    bytes longer = whole;
    longer.resize(5000, std::byte{1});
    survive(k, longer);
}

TEST_CASE("titanic damage: any stretch of zeros or noise is noticed, and nothing breaks") {
    keeper k;
    k.options.segment_octets = 4096;
    k.options.max_body_octets = 900;
    make_small(k, true);
    const bytes whole = file_of(k);
    patterns::random_numbers random{3};
    for (int i = 0; i < 500; ++i) {
        bytes changed = whole;
        const std::size_t at = random.next() % 360;
        const std::size_t size = std::min<std::size_t>(1 + random.next() % 200, 4096 - at);
        for (std::size_t j = at; j < at + size; ++j)
            changed[j] = i % 2 == 0 ? std::byte{0} : static_cast<std::byte>(random.next());
        INFO(i, ": ", size, " octets at ", at);
        if (changed != whole)
            survive(k, changed);
    }
}

/// Some segments, of which each has something open.
void make_segments(keeper& k) {
    REQUIRE(k.open());
    for (std::uint64_t i = 0; k.kept->stats().segments < 4; ++i)
        while (k.request(i, std::string(100, 'x')) == 0)
            k.settle();
    k.settle();
    k.disk.crash(loss::none, 1);
}

TEST_CASE("titanic damage: a segment that is missing, cut or emptied in the middle is told") {
    struct {
        const char* what;
        void (*change)(pretended_disk&);
        const char* told_as;
    } const cases[] = {
        {"missing",
         [](pretended_disk& disk) {
             disk.change("journal-0000000000000002", {}, nullptr);
             disk.sync_names();
         },
         "journal-0000000000000003@0+0 lost 49-96 "},
        {"its last record lost",
         [](pretended_disk& disk) {
             bytes& in = disk.contents("journal-0000000000000002");
             std::fill(in.begin() + 64 + 47 * 168, in.end(), std::byte{0});
         },
         "journal-0000000000000003@0+0 lost 96-96 "},
        {"all of its records damaged",
         [](pretended_disk& disk) {
             bytes& in = disk.contents("journal-0000000000000002");
             std::fill(in.begin() + 64, in.begin() + 64 + 48 * 168, std::byte{1});
         },
         "journal-0000000000000002@64+8064 lost 49-0 "
         "journal-0000000000000003@0+0 lost 50-96 "},
        {"its header damaged",
         [](pretended_disk& disk) {
             disk.contents("journal-0000000000000002")[20] ^= std::byte{1};
         },
         "journal-0000000000000002@0+64 lost 0-0 "},
        {"in another one's place",
         [](pretended_disk& disk) {
             disk.contents("journal-0000000000000002") = disk.contents("journal-0000000000000001");
         },
         "journal-0000000000000002@0+64 lost 0-0 journal-0000000000000003@0+0 lost 49-96 "},
    };
    for (const auto& each : cases) {
        INFO(std::string{each.what});
        keeper k;
        make_segments(k);
        each.change(k.disk);
        k.disk.write_back();
        REQUIRE(k.open());
        CHECK(told(k.report) == each.told_as);
        CHECK(k.request(100'000) == 0);
        CHECK(k.ec == errc::read_only);
        const std::size_t open = k.kept->stats().open;
        k.options.access = journal_access::repair;
        const bool repaired = k.open();
        if (each.what == std::string_view{"in another one's place"}) {
            CHECK(k.ec == errc::not_repairable);
            continue;
        }
        REQUIRE(repaired);
        CHECK(k.kept->stats().open == open);
        CHECK(k.request(100'000) != 0);
        k.settle();
        k.options.access = journal_access::normal;
        k.reopen_after(loss::all);
        CHECK(told(k.report) == "");
        CHECK(k.kept->stats().open == open + 1);
    }
}

TEST_CASE("titanic damage: a repair that is interrupted can be done again") {
    for (std::size_t at = 0;; ++at) {
        keeper k;
        make_small(k, true);
        file_of(k)[20] ^= std::byte{1};
        file_of(k)[144 + 70] ^= std::byte{1};
        k.options.access = journal_access::repair;
        k.disk.power_ends = at;
        k.disk.tear = 40;
        const bool opened = k.open();
        k.disk.crash(at % 2 == 0 ? loss::all : loss::random, at);
        REQUIRE(k.open());
        k.options.access = journal_access::normal;
        k.reopen_after(loss::all);
        CHECK(k.report.damages == 0);
        CHECK(k.body(1) == "body 1.....");
        CHECK(k.body(3) == "body 3.....");
        if (opened)
            break;
        REQUIRE(at < 100);
    }
}

TEST_CASE("titanic damage: a segment of another version is refused, and left as it is") {
    keeper k;
    make_small(k, false);
    segment_header header;
    REQUIRE(decode_segment_header(file_of(k), header) == header_state::good);
    file_of(k)[8] = std::byte{2};
    REQUIRE(decode_segment_header(file_of(k), header) == header_state::damaged);
    const auto crc =
        crc32c(octets{file_of(k)}.subspan(16, 48), crc32c(octets{file_of(k)}.first(12)));
    for (std::size_t i = 0; i < 4; ++i)
        file_of(k)[12 + i] = static_cast<std::byte>(crc >> (8 * i));
    const bytes before = file_of(k);
    for (const auto access :
         {journal_access::inspect, journal_access::normal, journal_access::repair}) {
        k.options.access = access;
        CHECK_FALSE(k.open());
        CHECK(k.ec == errc::unknown_version);
    }
    CHECK(file_of(k) == before);
}

TEST_CASE("titanic damage: a body that went bad since is told to its reader, and is not moved") {
    keeper k;
    REQUIRE(k.open());
    k.request(1, "straggler");
    k.settle();
    const body_reader from = k.kept->reader(id_of(1), k.ec);
    file_of(k)[64 + 66] ^= std::byte{1};
    bytes out{std::byte{1}};
    from.read(out, k.ec);
    CHECK(k.ec == errc::damaged);
    CHECK(out.empty());
    for (std::uint64_t i = 10; i < 500; ++i) {
        while (k.request(i) == 0)
            REQUIRE(k.commit());
        while (k.close(i) == 0)
            REQUIRE(k.commit());
    }
    k.settle(); // comes to an end, and drops nothing that it could not move
    CHECK(k.kept->stats().dropped == 0);
    CHECK(k.disk.files.contains(std::string{first_segment}));
}

TEST_CASE("titanic damage: one store, one process; whoever looks needs no lock") {
    keeper k;
    REQUIRE(k.open());
    k.request(1);
    k.settle();
    recovery_report report;
    std::error_code ec;
    CHECK(open_journal(std::make_unique<pretended_directory>(k.disk), k.options, k.now, report,
                       ec) == nullptr);
    CHECK(ec == errc::locked);
    journal_options look = k.options;
    look.access = journal_access::inspect;
    const bytes before = k.disk.files.at(std::string{first_segment})->now;
    const auto seen =
        open_journal(std::make_unique<pretended_directory>(k.disk), look, k.now, report, ec);
    REQUIRE(seen != nullptr);
    CHECK(seen->find(id_of(1)).has_value());
    CHECK(seen->close_request(id_of(1), ec) == 0);
    CHECK(ec == errc::read_only);
    CHECK(seen->begin_commit(k.now) == nullptr);
    CHECK(k.disk.files.at(std::string{first_segment})->now == before);
    CHECK(k.request(2) != 0); // who has it goes on
    CHECK(k.commit());
    k.kept.reset();
    CHECK(k.open()); // and gives it back
}

TEST_CASE("titanic damage: other files in the folder are counted, and left alone") {
    keeper k;
    for (const char* name : {"notes.txt", "journal-1", "journal-000000000000000G", "lock"}) {
        k.disk.change({}, name, std::make_shared<pretended_disk::inode>());
        k.disk.sync_names();
    }
    REQUIRE(k.open());
    CHECK(k.report.foreign == 3);
    CHECK(k.disk.files.contains("notes.txt"));
}

} // namespace
} // namespace mizzen::titanic::test
