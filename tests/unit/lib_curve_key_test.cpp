// Keys as text, and certificate files as CZMQ has them.
#include "wire_helpers.hpp"
#include <mizzen/curve_certificate.hpp>
#include <mizzen/curve_key.hpp>
#include <mizzen/error.hpp>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string_view>

using namespace mizzen;
using mizzen::zmtp::as_octets;
using mizzen::zmtp::testing::hex;
using mizzen::zmtp::testing::wire;

namespace {

// Published with libzmq's manual.
constexpr std::string_view public_text = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
constexpr std::string_view secret_text = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

std::error_code decoding(std::string_view text) {
    std::error_code ec;
    const std::string octets = z85_decode(text, ec);
    CHECK(octets.empty() == (ec || text.empty()));
    return ec;
}

struct folder {
    std::filesystem::path path;
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "mizzen-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path); }
};

std::string file_text(const std::filesystem::path& path) {
    std::ostringstream out;
    out << std::ifstream{path}.rdbuf();
    return out.str();
}
mode_t mode_of(const std::filesystem::path& path) {
    struct stat about{};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    return about.st_mode & 07777;
}

std::string key_line(std::string_view name, std::string_view key) {
    return "    " + std::string{name} + " = \"" + std::string{key} + "\"\n";
}

} // namespace

TEST_CASE("Z85: 32/Z85's vector, and back") {
    std::error_code ec;
    CHECK(z85_encode(wire("864FD26FB559F75B"), ec) == "HelloWorld");
    CHECK(hex(as_octets(z85_decode("HelloWorld", ec))) == "864FD26FB559F75B");
    CHECK(z85_encode(wire("FFFFFFFF"), ec) == "%nSc0");
    CHECK(hex(as_octets(z85_decode("%nSc0", ec))) == "FFFFFFFF");
    CHECK(z85_encode({}, ec).empty());
    CHECK_FALSE(ec);
    CHECK(z85_encode(wire("864FD2"), ec).empty());
    CHECK(ec == errc::malformed_key);
}

TEST_CASE("Z85: text that no octets have is refused") {
    CHECK_FALSE(decoding(""));
    CHECK_FALSE(decoding("00000"));
    CHECK(decoding("%nSc1") == errc::malformed_key); // 2^32
    CHECK(decoding("#####") == errc::malformed_key);
    CHECK(decoding("0000") == errc::malformed_key);
    CHECK(decoding("000000") == errc::malformed_key);
    for (int c = 0; c < 256; ++c) {
        const std::string text = std::string{"000"} + static_cast<char>(c) + "0";
        const bool known =
            std::string_view{"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
                             "TUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"}
                .find(static_cast<char>(c)) != std::string_view::npos;
        CHECK(decoding(text) == (known ? std::error_code{} : make_error_code(errc::malformed_key)));
    }
}

TEST_CASE("a key is 32 octets or 40 characters, and nothing else") {
    std::error_code ec;
    const curve_key from_text = make_curve_key(public_text, ec);
    CHECK_FALSE(ec);
    CHECK(to_z85(from_text) == public_text);
    const std::string octets{mizzen::zmtp::as_text(from_text.octets)};
    CHECK(make_curve_key(octets, ec) == from_text);
    CHECK_FALSE(ec);
    for (std::size_t size = 0; size < 50; ++size) {
        CHECK(make_curve_key(std::string(size, '0'), ec) ==
              (size == 32 ? make_curve_key(std::string(32, '0')) : curve_key{}));
        CHECK((ec == errc::malformed_key) == (size != 32 && size != 40));
    }
    CHECK(make_curve_key(std::string(39, '0') + " ", ec) == curve_key{});
    CHECK(ec == errc::malformed_key);
    CHECK_THROWS_AS(static_cast<void>(make_curve_key("short")), std::system_error);
}

TEST_CASE("keys are wiped when they go") {
    alignas(curve_key) std::array<std::byte, sizeof(curve_key)> room;
    auto* key = new (room.data()) curve_key{make_curve_key(public_text)};
    key->~curve_key();
    CHECK(hex(room) == hex("00*32"));
}

TEST_CASE("what is left of a certificate half saved has a name that key folders pass over") {
    const folder in;
    const int told = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    REQUIRE(::inotify_add_watch(told, in.path.c_str(), IN_CREATE) >= 0);
    save_curve_certificate({make_curve_key(public_text), make_curve_key(secret_text), {}},
                           in.path / "key");
    alignas(inotify_event) std::array<char, 4096> events;
    const ssize_t size = ::read(told, events.data(), events.size());
    ::close(told);
    int made = 0;
    for (ssize_t at = 0; at < size; ++made) {
        const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
        CHECK(std::string_view{event->name}.starts_with(".key"));
        at += static_cast<ssize_t>(sizeof *event + event->len);
    }
    CHECK(made == 2);
}

TEST_CASE("a certificate is saved as CZMQ does, the secret for its owner only, and loaded") {
    const folder in;
    const auto path = in.path / "key";
    const curve_certificate saved{
        make_curve_key(public_text), make_curve_key(secret_text), {{"name", "a b"}, {"x", ""}}};
    std::ofstream{in.path / "key_secret"} << "old, and readable to all";
    save_curve_certificate(saved, path);
    CHECK(mode_of(in.path / "key_secret") == 0600);
    CHECK(mode_of(path) == 0644);
    CHECK(file_text(path).find("secret-key") == std::string::npos);
    const auto open = load_curve_certificate(path);
    CHECK(open.public_key == saved.public_key);
    CHECK_FALSE(open.secret_key);
    CHECK(open.metadata == saved.metadata);
    const auto secret = load_curve_certificate(in.path / "key_secret");
    CHECK(secret.public_key == saved.public_key);
    CHECK(secret.secret_key == saved.secret_key);
    CHECK(std::distance(std::filesystem::directory_iterator{in.path}, {}) == 2);
}

TEST_CASE("what cannot be written or read back is an error, with nothing written") {
    const folder in;
    std::error_code ec;
    for (const auto& property : std::vector<std::pair<std::string, std::string>>{
             {"", "x"}, {"a b", "x"}, {"a", "\""}, {"a", "x\ny"}, {"a\n", ""}}) {
        save_curve_certificate({make_curve_key(public_text), {}, {property}}, in.path / "key", ec);
        CHECK(ec == errc::malformed_certificate);
    }
    CHECK(std::filesystem::is_empty(in.path));
    save_curve_certificate({make_curve_key(public_text), {}, {}}, in.path / "no" / "key", ec);
    CHECK(ec == std::errc::no_such_file_or_directory);
    std::ignore = load_curve_certificate(in.path / "none", ec);
    CHECK(ec == std::errc::no_such_file_or_directory);
    std::ignore = load_curve_certificate(in.path, ec);
    CHECK(ec == std::errc::is_a_directory);
    std::ofstream{in.path / "large"} << "curve\n"
                                     << key_line("public-key", public_text)
                                     << std::string(70'000, '\n');
    std::ignore = load_curve_certificate(in.path / "large", ec);
    CHECK(ec == errc::malformed_certificate);
}

TEST_CASE("a certificate's text is taken as CZMQ writes it, or with comments and more sections") {
    const std::string open = key_line("public-key", public_text);
    for (const std::string& text : std::vector<std::string>{
             "curve\n" + open,
             "#   ****  Generated by CZMQ  ****\n\nmetadata\n    name = \"x\"\ncurve\n" + open,
             "curve\r\n    public-key = '" + std::string{public_text} + "' # ours\r\n",
             "other\n    deep\n        deeper = 1\ncurve\n" + open + "more = 2\n",
             "curve # keys\n    unknown = 1\n" + open}) {
        std::error_code ec;
        CHECK(parse_curve_certificate(text, ec).public_key == make_curve_key(public_text));
        CHECK_FALSE(ec);
    }
    std::error_code ec;
    const auto both =
        parse_curve_certificate("curve\n" + open + key_line("secret-key", secret_text), ec);
    CHECK_FALSE(ec);
    CHECK(both.secret_key == make_curve_key(secret_text));
}

TEST_CASE("a certificate that is not whole is refused") {
    const std::string open = key_line("public-key", public_text);
    const std::string secret = key_line("secret-key", secret_text);
    std::string doubled = open;
    doubled += open;
    std::string secret_twice = "curve\n" + open;
    secret_twice += secret;
    secret_twice += secret;
    for (const std::string& text : std::vector<std::string>{
             "", "curve\n", open, "metadata\n" + open, "curve\n" + secret, "curve\n" + doubled,
             secret_twice, "curve\n    public-key = \"" + std::string{public_text} + "\n",
             "curve\n    public-key = \"" + std::string{public_text} + "\" x\n",
             "curve\n    public-key = \"" + std::string{public_text.substr(1)} + "\"\n",
             "curve\n    public-key = \"" + std::string{public_text.substr(1)} + "~\"\n",
             "curve\n    public-key\n",
             "curve\n  public-key = \"" + std::string{public_text} + "\"\n", "curve\n    " + open,
             "curve\n" + open + "    = 1\n", "curve\n" + open + "    a b = 1\n",
             "curve\n" + open + "    secret-key = 1\n"}) {
        CAPTURE(text);
        std::error_code ec;
        const auto read = parse_curve_certificate(text, ec);
        CHECK(ec == errc::malformed_certificate);
        CHECK(read.public_key == curve_key{});
        CHECK_FALSE(read.secret_key);
    }
}

TEST_CASE("new pairs differ, and are saved and loaded again") {
    std::error_code ec;
    const auto pair = make_curve_key_pair(ec);
    if (ec == errc::no_curve)
        return; // so be it in a build without
    CHECK_FALSE(ec);
    CHECK(pair.public_key != make_curve_key_pair().public_key);
    const folder in;
    save_curve_certificate({pair.public_key, pair.secret_key, {}}, in.path / "key");
    CHECK(load_curve_certificate(in.path / "key_secret").secret_key == pair.secret_key);
    // Halves of two pairs are none.
    save_curve_certificate({pair.public_key, make_curve_key_pair().secret_key, {}},
                           in.path / "odd");
    std::ignore = load_curve_certificate(in.path / "odd_secret", ec);
    CHECK(ec == errc::malformed_certificate);
}

TEST_CASE("no certificate text does harm, however it is broken") {
    const std::string whole = "metadata\n    name = \"x\"\ncurve\n" +
                              key_line("public-key", public_text) +
                              key_line("secret-key", secret_text);
    std::error_code built;
    static_cast<void>(make_curve_key_pair(built));
    const bool fits = built != errc::no_curve; // without OpenSSL nobody can tell
    std::mt19937 random{1};
    for (int i = 0; i < 20'000; ++i) {
        std::string text = whole;
        for (auto changes = 1 + random() % 3; changes != 0 && !text.empty(); --changes) {
            const std::size_t at = random() % text.size();
            if (random() % 3 == 0)
                text.erase(at, 1 + random() % 5);
            else
                text[at] = static_cast<char>(random() % 4 == 0 ? '\n' : random());
        }
        std::error_code ec;
        const auto read = parse_curve_certificate(text, ec);
        if (ec)
            CHECK(read.public_key == curve_key{});
        else if (read.secret_key && fits) // only the one
            CHECK(read.public_key == make_curve_key(public_text));
    }
}
