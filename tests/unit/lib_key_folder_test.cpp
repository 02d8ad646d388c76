// A folder of public keys: who is in it may come, for as long as that is so.
#include "security_helpers.hpp"
#include <mizzen/address_rules.hpp>
#include <mizzen/blocking.hpp>
#include <mizzen/curve_certificate.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/hosted_loop.hpp>
#include <mizzen/key_folder.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace mizzen::testing {
namespace {

namespace fs = std::filesystem;

/// A folder of the test's own, which goes with it.
class scratch {
public:
    scratch() {
        std::string name = (fs::temp_directory_path() / "mizzen-keys-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path path;
};

curve_key some_key(char filler) { return make_curve_key(std::string(curve_key::size, filler)); }

void put_key(const fs::path& file, const curve_key& key, const std::string& user_id = {}) {
    curve_certificate certificate;
    certificate.public_key = key;
    certificate.metadata.emplace_back("name", file.filename().string());
    if (!user_id.empty())
        certificate.metadata.emplace_back("user-id", user_id);
    save_curve_certificate(certificate, file);
}
void write(const fs::path& file, std::string_view text) { std::ofstream{file} << text; }

/// A folder that is watched, and what it says of keys.
struct watched {
    explicit watched(const fs::path& path)
        : folder{std::make_shared<key_folder>(run.io.get_executor(), path,
                                              [this](const key_folder_report&) { ++readings; })} {}

    std::optional<authentication_answer> ask(const curve_key& key) const {
        std::optional<authentication_answer> said;
        authentication_request request;
        request.mechanism = "CURVE";
        request.credentials.emplace_back(zmtp::as_text(key.octets));
        folder->authenticate(request, [&](authentication_answer what) { said = std::move(what); });
        return said;
    }
    bool has(const curve_key& key) const {
        const auto said = ask(key);
        return said && said->verdict == zmtp::verdict::accepted;
    }
    bool gets(const curve_key& key) {
        return run.until([&] { return has(key); });
    }
    bool loses(const curve_key& key) {
        return run.until([&] { return !has(key); });
    }

    loop run;
    int readings = 0;
    std::shared_ptr<key_folder> folder;
};

} // namespace

TEST_CASE("who has a key in the folder may come, as whom its certificate says") {
    const scratch keys;
    put_key(keys.path / "ann", some_key('a'), "ann of accounts");
    put_key(keys.path / "bob", some_key('b'));
    const watched here{keys.path};
    CHECK(here.folder->report().keys == 2);
    const auto ann = here.ask(some_key('a')).value_or(authentication_answer{});
    CHECK(ann.verdict == zmtp::verdict::accepted);
    CHECK(ann.user_id == "ann of accounts");
    REQUIRE(ann.metadata.size() == 2);
    CHECK(ann.metadata[0].name == "name");
    CHECK(ann.metadata[0].value == "ann");
    CHECK(here.ask(some_key('b')).value_or(authentication_answer{}).user_id == "");
    const auto stranger = here.ask(some_key('c')).value_or(authentication_answer{});
    CHECK(stranger.verdict == zmtp::verdict::refused);
    CHECK(stranger.reason == "no file in the folder of keys has the peer's");
}

TEST_CASE("peers of other mechanisms than CURVE have no key, and are refused") {
    const scratch keys;
    put_key(keys.path / "ann", some_key('a'));
    const watched here{keys.path};
    for (const std::string mechanism : {"NULL", "PLAIN", "CURVE"}) {
        authentication_request request;
        request.mechanism = mechanism;
        if (mechanism == "PLAIN")
            request.credentials = {std::string(curve_key::size, 'a'), ""};
        std::optional<authentication_answer> said;
        here.folder->authenticate(request, [&](const authentication_answer& what) { said = what; });
        CHECK(said.value_or(authentication_answer{.verdict = zmtp::verdict::accepted}).verdict ==
              zmtp::verdict::refused);
    }
}

TEST_CASE("files that are no certificates are skipped and reported, others not looked at") {
    const scratch keys;
    put_key(keys.path / "ann", some_key('a'));
    write(keys.path / "broken", "curve\n    public-key = \"short\"\n");
    write(keys.path / "empty", "");
    write(keys.path / "large", std::string(70'000, '#'));
    write(keys.path / "bob_secret", "not looked at");
    write(keys.path / ".hidden", "not looked at");
    fs::create_directory(keys.path / "deeper");
    put_key(keys.path / "deeper" / "bob", some_key('b'));
    fs::create_symlink(keys.path / "nowhere", keys.path / "dangling");
    REQUIRE(::mkfifo((keys.path / "pipe").c_str(), 0600) == 0);
    put_key(keys.path / ".elsewhere", some_key('c'));
    fs::create_symlink(".elsewhere", keys.path / "linked");
    watched here{keys.path};
    const auto report = here.folder->report();
    CHECK(report.keys == 2);
    CHECK(report.skipped == 3);
    REQUIRE(report.problems.size() == 3);
    for (const auto& [path, why] : report.problems)
        CHECK(why == errc::malformed_certificate);
    CHECK(here.has(some_key('a')));
    CHECK(here.has(some_key('c')));
    CHECK_FALSE(here.has(some_key('b')));
    put_key(keys.path / "broken", some_key('b'));
    CHECK(here.gets(some_key('b')));
    CHECK(here.folder->report().skipped == 2);
    CHECK(here.readings > 0);
}

TEST_CASE("what is wrong is counted to the end and named up to a limit") {
    const scratch keys;
    for (std::size_t i = 0; i < key_folder::most_problems + 6; ++i)
        write(keys.path / std::to_string(i), "broken");
    const watched here{keys.path};
    CHECK(here.folder->report().skipped == key_folder::most_problems + 6);
    CHECK(here.folder->report().problems.size() == key_folder::most_problems);
}

TEST_CASE("keys come and go with their files, however those change") {
    const scratch keys;
    put_key(keys.path / "ann", some_key('a'));
    watched here{keys.path};
    SUBCASE("a file comes and goes") {
        put_key(keys.path / "bob", some_key('b'));
        CHECK(here.gets(some_key('b')));
        fs::remove(keys.path / "ann");
        CHECK(here.loses(some_key('a')));
        CHECK(here.has(some_key('b')));
    }
    SUBCASE("a file is written over in place, with as many octets") {
        curve_certificate other;
        other.public_key = some_key('z');
        other.metadata.emplace_back("name", "ann");
        const scratch beside;
        save_curve_certificate(other, beside.path / "ann");
        std::ofstream{keys.path / "ann"} << std::ifstream{beside.path / "ann"}.rdbuf();
        CHECK(here.gets(some_key('z')));
        CHECK_FALSE(here.has(some_key('a')));
    }
    SUBCASE("a file is moved out and in") {
        const scratch beside;
        fs::rename(keys.path / "ann", beside.path / "ann");
        CHECK(here.loses(some_key('a')));
        fs::rename(beside.path / "ann", keys.path / "ann");
        CHECK(here.gets(some_key('a')));
    }
    SUBCASE("one of two files with the same key goes") {
        put_key(keys.path / "again", some_key('a'));
        REQUIRE(here.run.until([&] { return here.readings > 0; }));
        fs::remove(keys.path / "ann");
        put_key(keys.path / "bob", some_key('b'));
        CHECK(here.gets(some_key('b')));
        CHECK(here.has(some_key('a')));
    }
}

TEST_CASE("the folder may be replaced, go, and come again; nobody may come meanwhile") {
    const scratch around;
    const fs::path path = around.path / "etc" / "keys";
    fs::create_directories(path);
    put_key(path / "ann", some_key('a'));
    watched here{path.string() + "/"};
    CHECK(here.has(some_key('a')));
    SUBCASE("replaced by a rename") {
        const fs::path other = around.path / "other";
        fs::create_directory(other);
        put_key(other / "bob", some_key('b'));
        fs::rename(path, around.path / "old");
        fs::rename(other, path);
        CHECK(here.gets(some_key('b')));
        CHECK_FALSE(here.has(some_key('a')));
        put_key(path / "carl", some_key('c')); // and the new one is watched
        CHECK(here.gets(some_key('c')));
    }
    SUBCASE("removed, and made again") {
        fs::remove_all(path);
        CHECK(here.loses(some_key('a')));
        REQUIRE(here.run.until([&] { return !!here.folder->report().folder; }));
        fs::create_directory(path);
        put_key(path / "bob", some_key('b'));
        CHECK(here.gets(some_key('b')));
        CHECK_FALSE(here.folder->report().folder);
    }
    SUBCASE("removed with what is around it") {
        fs::remove_all(around.path / "etc");
        CHECK(here.loses(some_key('a')));
        fs::create_directories(path);
        put_key(path / "bob", some_key('b'));
        CHECK(here.gets(some_key('b')));
    }
    SUBCASE("a link that points elsewhere from now on") {
        const fs::path link = around.path / "link";
        fs::create_directory_symlink(path, link);
        watched by_link{link};
        CHECK(by_link.has(some_key('a')));
        const fs::path other = around.path / "other";
        fs::create_directory(other);
        put_key(other / "bob", some_key('b'));
        fs::create_directory_symlink(other, around.path / "new");
        fs::rename(around.path / "new", link);
        CHECK(by_link.gets(some_key('b')));
        CHECK_FALSE(by_link.has(some_key('a')));
    }
}

TEST_CASE("more changes at once than the system keeps word of are seen all the same") {
    std::size_t most = 0;
    std::ifstream{"/proc/sys/fs/inotify/max_queued_events"} >> most;
    if (most == 0 || most > 100'000)
        return; // it would take too long to fill
    const scratch around;
    const fs::path path = around.path / "keys";
    fs::create_directory(path);
    put_key(path / "ann", some_key('a'));
    watched here{path};
    const fs::path one = around.path / "one"; // beside the folder, so that nothing is told of that
    const fs::path other = around.path / "other";
    write(one, "");
    for (std::size_t i = 0; i < most; ++i) { // two events each
        fs::rename(one, other);
        fs::rename(other, one);
    }
    put_key(path / "bob", some_key('b'));
    fs::remove(path / "ann");
    CHECK(here.gets(some_key('b')));
    CHECK(here.loses(some_key('a')));
    put_key(path / "carl", some_key('c')); // and watched as before
    CHECK(here.gets(some_key('c')));
}

TEST_CASE("a folder that is not there from the start is an error") {
    const scratch keys;
    loop run;
    CHECK_THROWS_AS((key_folder{run.io.get_executor(), keys.path / "missing"}), std::system_error);
    write(keys.path / "file", "");
    CHECK_THROWS_AS((key_folder{run.io.get_executor(), keys.path / "file"}), std::system_error);
}

TEST_CASE("a key that is removed cuts its living connection, and only that") {
    if (!curve_is_built())
        return;
    const auto server_keys = make_curve_key_pair();
    const auto ann = make_curve_key_pair();
    const auto bob = make_curve_key_pair();
    const scratch keys;
    put_key(keys.path / "ann", ann.public_key, "ann");
    put_key(keys.path / "bob", bob.public_key, "bob");
    loop run;
    std::shared_ptr<authenticator> who =
        std::make_shared<key_folder>(run.io.get_executor(), keys.path);
    SUBCASE("alone") {}
    SUBCASE("behind rules for addresses") {
        who = std::make_shared<address_rules>(address_rules::lists{}, who);
    }
    dealer server{run.io};
    monitor watch{server};
    server.set(option::curve_server{server_keys.secret_key});
    server.set(option::authentication{who});
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    dealer first{run.io};
    dealer second{run.io};
    first.set(option::curve_client{server_keys.public_key, ann.secret_key});
    second.set(option::curve_client{server_keys.public_key, bob.secret_key});
    first.connect(endpoint);
    second.connect(endpoint);
    await_connections(run, server, 2);
    fs::remove(keys.path / "ann");
    const auto event = await_event(run, watch, event_kind::disconnected);
    CHECK(event.reason == errc::revoked);
    CHECK(event.detail == "the peer's key has gone from the folder of keys");
    CHECK(event.peer.user_id == "ann");
    CHECK(event.peer.public_key == ann.public_key);
    // It comes again, and is refused like anybody else.
    CHECK(await_event(run, watch, event_kind::handshake_failed).detail ==
          "no file in the folder of keys has the peer's");
    send(run, second, "still here");
    CHECK(receive(run, server) == "still here");
}

TEST_CASE("a folder serves blocking sockets, and is watched by a loop of its own") {
    if (!curve_is_built())
        return;
    const auto server_keys = make_curve_key_pair();
    const auto ann = make_curve_key_pair();
    const scratch keys;
    put_key(keys.path / "ann", ann.public_key);
    const hosted_loop own;
    const auto who = std::make_shared<key_folder>(own.get_executor(), keys.path);
    blocking::dealer server;
    blocking::dealer client;
    server.set(option::curve_server{server_keys.secret_key});
    server.set(option::authentication{who});
    client.set(option::curve_client{server_keys.public_key, ann.secret_key});
    client.connect(server.bind("tcp://127.0.0.1:*"));
    client.send(message{"hello"});
    message m;
    std::error_code ec;
    REQUIRE(server.receive(m, 20s, ec));
    fs::remove(keys.path / "ann");
    loop patience;
    CHECK(patience.until([&] { return server.stats().disconnects == 1; }));
}

} // namespace mizzen::testing
