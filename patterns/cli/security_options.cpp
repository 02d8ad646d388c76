// From options that name keys, files and folders to what a socket is told.
#include "security_options.hpp"

#include "commands.hpp"
#include "console.hpp"
#include <mizzen/address_rules.hpp>
#include <mizzen/blocking_monitor.hpp>
#include <mizzen/curve_certificate.hpp>
#include <mizzen/curve_key.hpp>
#include <mizzen/error.hpp>
#include <mizzen/key_folder.hpp>
#include <mizzen/zap_client.hpp>
#include <mizzen/zmtp/error.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace mizzen::cli {
namespace {

constexpr const char* password_variable = "MIZZEN_PLAIN_PASSWORD";
constexpr std::size_t z85_size = 40;

/// What is wrong with the options: caught where they were to be read.
struct wrong_option : std::runtime_error {
    using runtime_error::runtime_error;
};

[[noreturn]] void wrong(const std::string& option, const std::string& what) {
    throw wrong_option{option + ": " + what};
}

std::string read_file_of(const std::string& option, const std::string& path) {
    std::string text;
    if (!read_file(path, text))
        wrong(option, path + " cannot be read, or is empty");
    return text;
}

curve_certificate read_certificate(const std::string& option, const std::string& path) {
    std::error_code ec;
    curve_certificate out = load_curve_certificate(path, ec);
    if (ec)
        wrong(option, path + ": " + ec.message());
    return out;
}

curve_key read_secret_key(const std::string& path) {
    const curve_certificate mine = read_certificate("--curve-key", path);
    if (!mine.secret_key)
        wrong("--curve-key", path + " has no secret key; the file that has is " + path +
                                 "_secret, if it is of `mizzen keygen`");
    return *mine.secret_key;
}

/// A key, or a certificate's.
curve_key read_public_key(const std::string& given) {
    std::error_code ec;
    const curve_key key = make_curve_key(given, ec);
    if (!ec && given.size() == z85_size)
        return key;
    return read_certificate("--curve-server-key", given).public_key;
}

/// What the environment said.
std::optional<std::string>& hidden_password() {
    static std::optional<std::string> password;
    return password;
}

/// The first line of the file, or what the environment said.
std::string read_password(const security_options& given) {
    if (given.password_file.empty()) {
        if (const auto& password = hidden_password())
            return *password;
        wrong("--plain-user",
              std::string{"wants --plain-password-file, or a password in "} + password_variable);
    }
    std::string text = read_file_of("--plain-password-file", given.password_file);
    text.erase(std::min(text.find_first_of("\r\n"), text.size()));
    return text;
}

/// Lines NAME=PASSWORD, as CZMQ's zauth has them.
option::plain_server read_users(const std::string& path) {
    option::plain_server out;
    std::istringstream lines{read_file_of("--plain-users", path)};
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.ends_with('\r'))
            line.pop_back();
        if (line.empty() || line.starts_with('#'))
            continue;
        const std::size_t at = line.find('=');
        if (at == 0 || at == std::string::npos || at > 255 || line.size() - at > 256)
            wrong("--plain-users", path + ":" + std::to_string(number) +
                                       ": a line is NAME=PASSWORD, each of 255 octets at most");
        for (const auto& user : out.users) {
            if (user.name == line.substr(0, at))
                wrong("--plain-users",
                      path + ":" + std::to_string(number) + ": " + user.name + " is there already");
        }
        out.users.push_back({line.substr(0, at), line.substr(at + 1)});
    }
    return out;
}

void check_client(const security_options& given) {
    if (!given.server_key.empty() && !given.plain_user.empty())
        wrong("--plain-user", "not with --curve-server-key: a connection has one mechanism");
    if (given.plain_user.empty() && !given.password_file.empty())
        wrong("--plain-password-file", "is for --plain-user");
}

option::security make_client(const security_options& given) {
    option::security out;
    if (!given.server_key.empty()) {
        option::curve_client mechanism{read_public_key(given.server_key)};
        if (!given.curve_key.empty())
            mechanism.secret_key = read_secret_key(given.curve_key);
        out.mechanism = mechanism;
    } else if (!given.plain_user.empty()) {
        out.mechanism = option::plain_client{given.plain_user, read_password(given)};
    }
    return out;
}

void check_server(const security_options& given) {
    if (given.curve_any && !given.curve_clients.empty())
        wrong("--curve-any", "not with --curve-clients: it lets in everybody");
    if (given.curve_server_given() && given.curve_key.empty())
        wrong(given.curve_any ? "--curve-any" : "--curve-clients",
              "wants --curve-key with this server's own keys");
    if (given.curve_server_given() && given.plain_server_given())
        wrong(given.plain_any ? "--plain-any" : "--plain-users",
              "not with CURVE: a listener has one mechanism");
    if (given.plain_any && !given.plain_users.empty())
        wrong("--plain-any", "not with --plain-users: it has no list");
    if (given.plain_any && given.zap.empty())
        wrong("--plain-any", "wants --zap, whose handler knows the passwords");
    if (!given.zap.empty() && !given.curve_clients.empty())
        wrong("--zap", "not with --curve-clients: one of them says who may come");
    if (given.zap.empty() && !given.zap_domain.empty())
        wrong("--zap-domain", "is for --zap");
}

void tell_of_folder(const std::string& name, const key_folder_report& found) {
    if (found.folder)
        return log(name,
                   "the folder of keys cannot be read: nobody may come: " + found.folder.message());
    for (const auto& [path, why] : found.problems)
        log(name, "no key: " + path.string() + ": " + why.message());
}

/// A judge that waits for something as long as it lives, which would keep the sub-command's own
/// loop from ending with its sockets: it has a loop, and a thread, of its own.
template <class Judge> class judge_thread {
public:
    template <class... Args>
    explicit judge_thread(Args&&... args)
        : judge_{io_.get_executor(), std::forward<Args>(args)...}, thread_{[this] { io_.run(); }} {}
    judge_thread(const judge_thread&) = delete;
    judge_thread& operator=(const judge_thread&) = delete;
    ~judge_thread() {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] Judge& judge() noexcept { return judge_; }

private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> busy_{io_.get_executor()};
    Judge judge_;
    std::thread thread_;
};

std::shared_ptr<authenticator> watch_folder(std::string_view name, const std::string& folder) {
    try {
        const auto tell = [name = std::string{name}](const key_folder_report& found) {
            tell_of_folder(name, found);
        };
        const auto watched = std::make_shared<judge_thread<key_folder>>(folder, tell);
        tell(watched->judge().report());
        return {watched, &watched->judge()};
    } catch (const std::system_error& error) {
        wrong("--curve-clients", folder + ": " + error.code().message());
    }
}

std::shared_ptr<authenticator> ask_handler(const std::string& endpoint) {
    try {
        const auto asking = std::make_shared<judge_thread<zap_client>>(endpoint);
        return {asking, &asking->judge()};
    } catch (const std::system_error& error) {
        wrong("--zap", endpoint + ": " + error.code().message());
    }
}

option::security make_server(std::string_view name, const security_options& given) {
    option::security out;
    if (given.curve_server_given())
        out.mechanism = option::curve_server{read_secret_key(given.curve_key)};
    else if (given.plain_server_given())
        out.mechanism = given.plain_any ? option::plain_server{} : read_users(given.plain_users);
    if (!given.curve_clients.empty())
        out.who = watch_folder(name, given.curve_clients);
    if (!given.zap.empty()) {
        out.who = ask_handler(given.zap);
        out.domain = given.zap_domain;
    }
    if (given.allow.empty() && given.deny.empty())
        return out;
    try {
        out.who =
            std::make_shared<address_rules>(address_rules::lists{given.allow, given.deny}, out.who);
    } catch (const std::system_error& error) {
        wrong("--allow, --deny", error.what());
    }
    return out;
}

void check_both(const security_options& given) {
    check_client(given);
    check_server(given);
    const bool curve = !given.server_key.empty() || given.curve_server_given();
    if (!given.curve_key.empty() && !curve)
        wrong("--curve-key", "alone secures nothing: a client wants --curve-server-key too, a "
                             "server --curve-clients, or --curve-any to let in everybody");
#ifndef MIZZEN_HAVE_OPENSSL
    if (curve)
        wrong("--curve-...", "this build has no CURVE, which wants OpenSSL");
#endif
}

void add_client_options(CLI::App& sub, security_options& options) {
    sub.add_option("--curve-server-key", options.server_key,
                   "Connect by CURVE, to the server with this public key: in Z85, or of a "
                   "certificate")
        ->type_name("KEY|FILE");
    sub.add_option("--plain-user", options.plain_user,
                   "Connect by PLAIN under this name; the password is in clear on the way")
        ->type_name("NAME");
    sub.add_option("--plain-password-file", options.password_file,
                   std::string{"Its password is the first line of this; without it, what is in "} +
                       password_variable)
        ->type_name("FILE");
}

void add_server_options(CLI::App& sub, security_options& options) {
    sub.add_option("--curve-clients", options.curve_clients,
                   "Listen by CURVE, for clients with a certificate in this folder; it is watched, "
                   "and whose certificate goes is cut off")
        ->type_name("FOLDER");
    sub.add_flag("--curve-any", options.curve_any,
                 "Listen by CURVE, for whoever knows this server's public key (and --zap lets in)");
    sub.add_option("--plain-users", options.plain_users,
                   "Listen by PLAIN, for the users of this file: lines NAME=PASSWORD")
        ->type_name("FILE");
    sub.add_flag("--plain-any", options.plain_any, "Listen by PLAIN, for whoever --zap lets in");
    sub.add_option("--zap", options.zap,
                   "A ZAP handler, over ipc or tcp, that is asked who may come (27/ZAP)")
        ->type_name("ENDPOINT");
    sub.add_option("--zap-domain", options.zap_domain, "The domain that it is told")
        ->type_name("TEXT");
    sub.add_option("--allow", options.allow,
                   "Let in peers from this net or address only, `ipc` for ipc's; may be given "
                   "several times")
        ->type_name("NET")
        ->allow_extra_args(false);
    sub.add_option("--deny", options.deny, "Turn away peers from there; may be given several times")
        ->type_name("NET")
        ->allow_extra_args(false);
}

} // namespace

void hide_password() {
    char* const password = std::getenv(password_variable);
    if (password == nullptr)
        return;
    hidden_password() = password;
    // A child of the same user can also read what this process was started with.
    std::fill_n(password, std::strlen(password), '\0');
    ::unsetenv(password_variable);
}

void add_security(CLI::App& sub, security_options& options, security_ends ends) {
    sub.add_option("--curve-key", options.curve_key,
                   "Own keys for CURVE: a certificate with the secret one, of `mizzen keygen`")
        ->type_name("FILE");
    if (ends != security_ends::server)
        add_client_options(sub, options);
    if (ends != security_ends::client)
        add_server_options(sub, options);
}

int make_secured(std::string_view name, const security_options& options, secured_ends& out) {
    try {
        check_both(options);
        out.client = make_client(options);
        out.server = make_server(name, options);
        return done;
    } catch (const wrong_option& error) {
        log(name, error.what());
        return usage;
    }
}

int make_secured(std::string_view name, const security_options& options, option::security& out) {
    if (options.client_given() && options.server_given()) {
        log(name,
            "--curve-server-key and --plain-user are a client's, --curve-clients, "
            "--curve-any, --plain-users, --plain-any, --zap, --allow and --deny a server's: a "
            "socket is one");
        return usage;
    }
    secured_ends ends;
    const int trouble = make_secured(name, options, ends);
    out = options.client_given() ? ends.client : ends.server;
    return trouble;
}

int make_secured_pair(std::string_view name, const security_options& options, secured_ends& out) {
    if (options.curve_server_given() == options.server_key.empty() ||
        options.plain_server_given() == options.plain_user.empty()) {
        log(name, "half of a pair listens for the other one and connects to it: "
                  "--curve-clients or --curve-any go with --curve-server-key, which is the other "
                  "half's, and --plain-users with --plain-user");
        return usage;
    }
    return make_secured(name, options, out);
}

std::string words_of_handshake(const connection_event& event, bool dialled) {
    if (event.kind != event_kind::handshake_failed && event.kind != event_kind::ended)
        return {};
    std::string out = event.kind == event_kind::ended ? "gave up " : "no handshake with ";
    const std::string& peer = event.peer.address.empty() ? event.endpoint : event.peer.address;
    out += event.kind == event_kind::ended ? event.endpoint : peer;
    if (event.reason)
        out += ": " + event.reason.message();
    if (!event.detail.empty())
        out += ": " + event.detail;
    if (!event.refusal.empty())
        out += " (" + printable(event.refusal) + ")";
    // A server that cannot open what was said under its key has nothing to answer.
    if (dialled && event.reason == zmtp::errc::end_of_stream && event.peer.mechanism == "CURVE")
        out += ": the server's key may be another than was given";
    return out;
}

std::function<void(const connection_event&)>
tell_failed_handshakes(std::string_view name, const security_options& options) {
    using clock = std::chrono::steady_clock;
    struct memory {
        std::string last;
        std::optional<clock::time_point> at;
    };
    return [name = std::string{name}, secured = options.given(), dialled = options.client_given(),
            known = std::make_shared<memory>()](const connection_event& event) {
        if (!secured && event.reason != zmtp::errc::mechanism_mismatch)
            return;
        const std::string text = words_of_handshake(event, dialled);
        const auto now = clock::now();
        const bool often = known->at && now - *known->at < std::chrono::seconds{1};
        if (text.empty() || text == known->last || (often && event.kind != event_kind::ended))
            return;
        *known = {text, now};
        log(name, text);
    };
}

void tell_of(blocking::monitor& events, std::string_view name, const security_options& options) {
    const auto tell = tell_failed_handshakes(name, options);
    connection_event event;
    for (std::error_code ec; events.try_receive_event(event, ec);)
        tell(event);
}

} // namespace mizzen::cli
