// The options that secure a sub-command's sockets, the same for all sub-commands.
#pragma once

#include "cli11_forward.hpp"
#include <mizzen/connection_event.hpp>
#include <mizzen/option.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::blocking {
class monitor;
}

namespace mizzen::cli {

/// Which ends of connections a sub-command has, as far as security goes.
enum class security_ends : std::uint8_t { client, server, both };

/// As they were given.
struct security_options {
    std::string curve_key; ///< This end's own secret certificate, whichever end it is.
    // Of a client:
    std::string server_key;
    std::string plain_user;
    std::string password_file;
    // Of a server:
    std::string curve_clients;
    bool curve_any = false;
    std::string plain_users;
    bool plain_any = false;
    std::string zap; ///< Where a handler is that says who may come.
    std::string zap_domain;
    std::vector<std::string> allow;
    std::vector<std::string> deny;

    [[nodiscard]] bool client_given() const { return !server_key.empty() || !plain_user.empty(); }
    [[nodiscard]] bool server_given() const {
        return curve_server_given() || plain_server_given() || !zap.empty() || !allow.empty() ||
               !deny.empty();
    }
    [[nodiscard]] bool curve_server_given() const { return curve_any || !curve_clients.empty(); }
    [[nodiscard]] bool plain_server_given() const { return plain_any || !plain_users.empty(); }
    [[nodiscard]] bool given() const {
        return client_given() || server_given() || !curve_key.empty() || !password_file.empty() ||
               !zap_domain.empty();
    }
};
/// Takes the password for `--plain-user` out of the environment, which is that of every command
/// that is run for a request. Called before there are threads.
void hide_password();

void add_security(CLI::App& sub, security_options& options, security_ends ends);

/// What they come to.
struct secured_ends {
    option::security client; ///< Where it is the client: mostly where it connects.
    option::security server;
};

/// Reads keys and passwords; a folder of keys is watched, or a ZAP handler asked, on a thread. Says
/// what is wrong, and gives the exit status: options that make no sense, also files that are not
/// there, are a matter of usage. `name` is the sub-command's.
[[nodiscard]] int make_secured(std::string_view name, const security_options& options,
                               secured_ends& out);
/// The same where all sockets of a sub-command are at the same end.
[[nodiscard]] int make_secured(std::string_view name, const security_options& options,
                               option::security& out);

/// Of half of a pair, which listens for its peer and connects to it: both ends are secured, or
/// none.
[[nodiscard]] int make_secured_pair(std::string_view name, const security_options& options,
                                    secured_ends& out);

/// Says on stderr why a handshake failed: a mechanism that is not the peer's always, everything
/// else if any of the options was given. The same twice in a row is said once, and a server says
/// one thing a second.
[[nodiscard]] std::function<void(const connection_event&)>
tell_failed_handshakes(std::string_view name, const security_options& options);

/// The same of all that happened so far.
void tell_of(blocking::monitor& events, std::string_view name, const security_options& options);

/// What such an event says, for a log; empty if it is of no handshake that failed. `dialled`: this
/// end is a client.
[[nodiscard]] std::string words_of_handshake(const connection_event& event, bool dialled);

} // namespace mizzen::cli
