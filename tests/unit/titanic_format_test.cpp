// What Titanic's journal looks like on the disk, and the real disk that it is on.
#include "titanic_helpers.hpp"
#include <mizzen/patterns/titanic/crc32c.hpp>
#include <mizzen/patterns/titanic/journal_format.hpp>
#include <mizzen/patterns/titanic/segment_reader.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace mizzen::titanic::test {
namespace {

std::string hex(octets data) {
    std::string out;
    for (const std::byte each : data) {
        out += "0123456789abcdef"[std::to_integer<unsigned>(each >> 4)];
        out += "0123456789abcdef"[std::to_integer<unsigned>(each & std::byte{15})];
    }
    return out;
}

TEST_CASE("titanic format: the checksum is that of RFC 3720's examples, in both ways") {
    std::array<std::byte, 32> data{};
    for (const auto way : {&crc32c, &crc32c_plain}) {
        data.fill(std::byte{0});
        CHECK(way(data, 0) == 0x8a9136aa);
        data.fill(std::byte{0xff});
        CHECK(way(data, 0) == 0x62a8ab43);
        for (std::size_t i = 0; i < 32; ++i)
            data[i] = static_cast<std::byte>(i);
        CHECK(way(data, 0) == 0x46dd794e);
        CHECK(way(zmtp::as_octets("123456789"), 0) == 0xe3069283);
        CHECK(way({}, 0) == 0);
    }
}

TEST_CASE(
    "titanic format: both ways to the checksum agree, wherever data begins, ends and is cut") {
    patterns::random_numbers random{1};
    bytes data(200);
    for (std::byte& each : data)
        each = static_cast<std::byte>(random.next());
    for (std::size_t begin = 0; begin < 9; ++begin)
        for (std::size_t size = 0; size < 180; ++size) {
            const octets part = octets{data}.subspan(begin, size);
            const std::size_t cut = size == 0 ? 0 : random.next() % size;
            REQUIRE(crc32c(part) == crc32c_plain(part));
            REQUIRE(crc32c(part.subspan(cut), crc32c(part.first(cut))) == crc32c(part));
        }
}

TEST_CASE("titanic format: a request id is 32 hexadecimal digits, and nothing else is one") {
    const std::string text = "00112233445566778899aabbccddeeff";
    const auto id = parse_request_id(text);
    REQUIRE(id.has_value());
    CHECK((*id)[1] == std::byte{0x11});
    CHECK(to_text(*id) == text);
    CHECK(parse_request_id("00112233445566778899AABBCCDDEEFF") == id);
    for (const char* wrong :
         {"", "00112233445566778899aabbccddeef", "../../etc/passwd",
          "00112233445566778899aabbccddeeff0", "0011223344556677-899aabbccddeeff",
          "00112233445566778899aabbccddeefg", "00112233445566778899aabbccddeef/",
          "00112233445566778899aabbccddeef:", "00112233445566778899aabbccddeef@",
          "00112233445566778899aabbccddeef`", "00112233445566778899aabbccddeefG"})
        CHECK_FALSE(parse_request_id(wrong));
}

TEST_CASE("titanic format: a segment's header is as documented, octet by octet") {
    const segment_header header{
        .number = 0x0102, .previous = 0x0304, .first = 0x0305, .octets = 0x4000};
    const segment_header_octets out = encode_segment_header(header);
    const std::string text = hex(out);
    CHECK(text.substr(0, 24) == "4d5a544954414e0a01000000");
    CHECK(text.substr(32) == "0201000000000000"
                             "0403000000000000"
                             "0503000000000000"
                             "0040000000000000"
                             "00000000000000000000000000000000");
    CHECK(text.substr(24, 8) == "579e9681");
    segment_header read;
    CHECK(decode_segment_header(out, read) == header_state::good);
    CHECK(read == header);
    CHECK(decode_segment_header(octets{out}.first(63), read) == header_state::damaged);
}

TEST_CASE("titanic format: a record is as documented, octet by octet") {
    record r;
    r.type = record_type::request;
    r.aside = true;
    r.attempts = 0x0203;
    r.sequence = 0x0405060708;
    r.time = 0x0900;
    r.unsynced = 0x0a;
    r.digest = 0x0b0c;
    r.service_size = 4;
    for (std::size_t i = 0; i < 16; ++i)
        r.id[i] = static_cast<std::byte>(0xa0 + i);
    const std::string_view body = "echobody!";
    r.body_crc = crc32c(zmtp::as_octets(body));
    bytes out(record_size(body.size()));
    REQUIRE(out.size() == 80);
    encode_record_header(r, body.size(), out.data());
    std::copy_n(zmtp::as_octets(body).begin(), body.size(), out.begin() + 64);
    const std::string text = hex(out);
    CHECK(text.substr(8, 8) == "09000000");
    CHECK(text.substr(24) == "01"
                             "01"
                             "0302"
                             "0807060504000000"
                             "0009000000000000"
                             "0a000000"
                             "0c0b0000"
                             "0400"
                             "0000"
                             "00000000"
                             "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                             "6563686f626f64792100000000000000");
    record read;
    REQUIRE(decode_record(out, read));
    CHECK(read.service() == "echo");
    CHECK(zmtp::as_text(read.content()) == "body!");
    CHECK(read.aside);
    CHECK(read.attempts == 0x0203);
    CHECK(read.sequence == 0x0405060708);
    CHECK(read.unsynced == 0x0a);
    CHECK_FALSE(decode_record(octets{out}.first(79), read));
}

TEST_CASE("titanic format: a record that contradicts itself is none") {
    const auto decodes = [](auto change, std::size_t body = 8) {
        record r;
        r.type = record_type::request;
        r.sequence = 5;
        r.service_size = 4;
        bytes out(record_size(body));
        r.body_crc = crc32c(octets{out}.subspan(64, body));
        change(r);
        encode_record_header(r, body, out.data());
        record read;
        return decode_record(out, read);
    };
    CHECK(decodes([](record&) {}));
    CHECK_FALSE(decodes([](record& r) { r.type = static_cast<record_type>(0); }));
    CHECK_FALSE(decodes([](record& r) { r.type = static_cast<record_type>(9); }));
    CHECK_FALSE(decodes([](record& r) { r.sequence = 0; }));
    CHECK_FALSE(decodes([](record& r) { r.sequence = std::uint64_t{1} << 63; }));
    CHECK_FALSE(decodes([](record& r) { r.time = std::uint64_t{1} << 62; }));
    CHECK_FALSE(decodes([](record& r) { r.unsynced = 5; }));
    CHECK(decodes([](record& r) { r.unsynced = 4; }));
    CHECK_FALSE(decodes([](record& r) { r.service_size = 9; }));
    CHECK_FALSE(decodes([](record& r) { ++r.body_crc; }));
    CHECK_FALSE(decodes([](record& r) { r.type = record_type::gap; })); // to before its beginning
}

/// The steps of reading a segment with records of these sequences, each of them valid by itself.
std::string steps_of(std::initializer_list<std::uint64_t> sequences, segment_reader::place where) {
    bytes segment(1024);
    std::size_t end = segment_header::size;
    for (const std::uint64_t each : sequences) {
        record r;
        r.sequence = each;
        encode_record_header(r, 0, segment.data() + end);
        end += record_size(0);
    }
    segment_reader reader{segment, 1, where};
    std::string out;
    for (record read;;)
        switch (reader.next(read)) {
        case segment_reader::step::record: out += std::to_string(read.sequence) + ' '; break;
        case segment_reader::step::damage: out += "damage "; break;
        case segment_reader::step::torn: out += "torn "; break;
        case segment_reader::step::done: return out;
        }
}

TEST_CASE("titanic format: a valid record is none where another one's turn is") {
    constexpr auto last = segment_reader::place::last;
    constexpr auto middle = segment_reader::place::middle;
    CHECK(steps_of({1, 2, 3}, last) == "1 2 3 ");
    CHECK(steps_of({1, 2, 2}, last) == "1 2 torn ");
    CHECK(steps_of({1, 2, 1, 2}, middle) == "1 2 damage ");
    CHECK(steps_of({1, 3, 4, 5}, last) == "1 damage 4 5 ");
    CHECK(steps_of({2}, last) == "torn ");
}

/// A folder of its own, gone in the end.
class temporary_folder {
public:
    temporary_folder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "mizzen-titanic-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

TEST_CASE("titanic format: on a real disk, all of it") {
    const temporary_folder folder;
    const std::string path = (folder.path() / "store").string();
    const journal_options options = small_segments();
    recovery_report report;
    std::error_code ec;
    CHECK(open_directory(path, false, ec) == nullptr);
    CHECK(ec == std::errc::no_such_file_or_directory);
    for (std::uint64_t round = 0; round < 3; ++round) {
        auto where = open_directory(path, true, ec);
        REQUIRE(where != nullptr);
        const auto kept = open_journal(std::move(where), options, start_of_time, report, ec);
        REQUIRE(kept != nullptr);
        CHECK(report.records == round * 201);
        CHECK(kept->stats().open == 100 * round);
        CHECK(open_journal(open_directory(path, false, ec), options, start_of_time, report, ec) ==
              nullptr);
        CHECK(ec == errc::locked);
        const auto commit = [&] {
            while (commit_job* job = kept->begin_commit(start_of_time)) {
                job->run();
                kept->end_commit(start_of_time);
            }
        };
        const octets body = zmtp::as_octets("some body");
        for (std::uint64_t i = 0; i < 100; ++i) {
            const request_id id = id_of(1000 * round + i);
            while (kept->append_request(id, "echo", {&body, 1}, start_of_time, ec) == 0)
                commit();
            while (kept->count_attempt(id, ec) == 0)
                commit();
        }
        commit();
        bytes out;
        kept->reader(id_of(1000 * round + 99), ec).read(out, ec);
        CHECK(zmtp::as_text(out) == "some body");
        if (round == 0)
            CHECK(std::filesystem::file_size(path + "/journal-0000000000000001") == 8192);
        kept->close(start_of_time, ec);
        CHECK_FALSE(ec);
        CHECK_FALSE(std::filesystem::exists(path + "/spare"));
    }
}

TEST_CASE("titanic format: another process that has the store locks it, until it dies") {
    const temporary_folder folder;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    const auto open = [&](recovery_report& report, std::error_code& ec) {
        return open_journal(open_directory(folder.path().string(), true, ec), small_segments(),
                            start_of_time, report, ec);
    };
    recovery_report report;
    std::error_code ec;
    if (child == 0) {
        const auto kept = open(report, ec);
        const char said = kept != nullptr ? 'y' : 'n';
        if (::write(pipe[1], &said, 1) == 1)
            for (;;)
                ::pause();
        ::_exit(1);
    }
    char said = '?';
    CHECK(::read(pipe[0], &said, 1) == 1);
    CHECK(said == 'y');
    CHECK(open(report, ec) == nullptr);
    CHECK(ec == errc::locked);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK(open(report, ec) != nullptr);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

} // namespace
} // namespace mizzen::titanic::test
