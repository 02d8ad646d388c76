// What a connection under test is, and the peer that it expects, chosen by four octets.
#pragma once

#include "choices.hpp"
#include "filler.hpp"
#include "wire.hpp"
#include <mizzen/zmtp/config.hpp>
#include <mizzen/zmtp/plain.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mizzen::fuzz {

using zmtp::role;
using zmtp::socket_type;
using zmtp::verdict;

inline constexpr std::string_view user_name = "user";
inline constexpr std::string_view password = "secret";

/// How much of what the peer says is taken for granted.
enum class opening : std::uint8_t { nothing, greeting, handshake };

/// A quarter of the choices each: judge by the credentials (twice), or say this.
enum class judging : std::uint8_t { fairly, try_later, server_error };

struct settings {
    role side = role::server;
    bool plain = false;
    opening given = opening::nothing;
    std::uint8_t peer_minor = 1;
    judging judge = judging::fairly;
    bool wrong_password = false; ///< In what is given of the peer.
    socket_type peer_type = socket_type::dealer;
    std::uint8_t patience = 0; ///< Pieces until a question is answered.
    bool ends = false;         ///< The peer closes its stream behind what it says.
    std::size_t more = 0;      ///< Octets of filler behind it, for a large body.
    zmtp::config cfg;

    [[nodiscard]] std::string_view mechanism() const noexcept { return plain ? "PLAIN" : "NULL"; }
};

/// The `which`th of the types that may talk to `type`; behind the last comes the first again.
inline socket_type peer_of(socket_type type, std::size_t which) noexcept {
    constexpr std::size_t types = 11;
    static const auto all = [] {
        std::array<std::array<socket_type, 4>, types> peers{};
        for (std::size_t of = 0; of < types; ++of) {
            std::array<socket_type, types> fitting{};
            std::size_t count = 0;
            for (std::size_t i = 0; i < types; ++i)
                if (zmtp::compatible(static_cast<socket_type>(of), static_cast<socket_type>(i)))
                    fitting[count++] = static_cast<socket_type>(i);
            for (std::size_t i = 0; i < 4; ++i)
                peers[of][i] = fitting[i % count];
        }
        return peers;
    }();
    return all[static_cast<std::size_t>(type)][which & 3];
}

inline zmtp::limits limits_named(std::size_t which) noexcept {
    switch (which) {
    case 0: return {};
    case 1: return {.max_message_size = 0, .max_parts = 1, .max_topic_size = 0};
    case 2: return {.max_message_size = 64, .max_parts = 3, .max_properties = 2};
    case 3: return {.max_message_size = 300, .max_command_size = 80, .max_topic_size = 300};
    case 4: return {.max_message_size = 20'000, .max_parts = 8, .max_metadata_size = 64};
    case 5: return {.max_message_size = 100'000, .max_command_size = 40'000};
    case 6: return {.max_command_size = 300, .max_topic_size = 8, .handshake_time = {}};
    default: return {.max_command_size = 10}; // nothing fits: closed from the start
    }
}

inline zmtp::heartbeat heartbeat_named(std::size_t which) noexcept {
    using zmtp::milliseconds;
    switch (which) {
    case 0: return {};
    case 1: return {.interval = milliseconds{100}};
    case 2:
        return {
            .interval = milliseconds{100}, .timeout = milliseconds{50}, .ttl = milliseconds{300}};
    default:
        return {
            .interval = milliseconds{1}, .timeout = milliseconds{0}, .ttl = milliseconds{99'999}};
    }
}

inline settings read_settings(choices& from, zmtp::allocator& memory) noexcept {
    static const zmtp::plain_security plain_server;
    static const zmtp::plain_security plain_client{user_name, password};
    settings s;
    const std::size_t who = from.octet();
    s.side = (who & 1) != 0 ? role::client : role::server;
    s.plain = (who >> 1 & 1) != 0;
    s.given = static_cast<opening>(who >> 2 & 3);
    if (s.given > opening::handshake)
        s.given = opening::handshake;
    s.peer_minor = (who >> 4 & 1) != 0 ? 0 : 1;
    constexpr std::array judges{judging::fairly, judging::fairly, judging::try_later,
                                judging::server_error};
    s.judge = judges[who >> 5 & 3];
    s.cfg.authenticate = (who >> 7) != 0;

    const std::size_t what = from.octet();
    s.cfg.type = static_cast<socket_type>((what & 15) % 11);
    s.cfg.limit = limits_named(what >> 4 & 7);
    s.wrong_password = (what >> 7) != 0;

    const std::size_t how = from.octet();
    s.cfg.beat = heartbeat_named(how & 3);
    s.peer_type = peer_of(s.cfg.type, how >> 2 & 3);
    s.patience = static_cast<std::uint8_t>(3 * (how >> 4 & 1));
    constexpr std::array<std::size_t, 4> fillers{0, 300, 20'000, 80'000};
    s.more = fillers[how >> 5 & 3];
    s.ends = (how >> 7) != 0;

    const std::size_t who_are_we = from.octet();
    s.cfg.routing_id = as_octets(std::string_view{"us, or somebody"}.substr(0, who_are_we % 8));
    static const std::array<zmtp::property, 2> more{
        zmtp::property{"X-A", {}}, zmtp::property{"x-zone", as_octets("eu-central")}};
    s.cfg.properties = std::span{more}.first(who_are_we / 8 % 3);
    // A sanitizer sees less of memory that is kept and used again, so that mostly none is.
    constexpr std::array<std::size_t, 4> spares{0, 0, 4 * 1024, 256 * 1024};
    s.cfg.spare_memory = spares[who_are_we >> 6];

    if (s.plain)
        s.cfg.mechanism = s.side == role::server ? &plain_server : &plain_client;
    s.cfg.memory = &memory;
    s.cfg.read_block = 0; // the least there is
    s.cfg.write_batch = 0;
    return s;
}

inline verdict judge(const settings& s, std::span<const octets> credentials) noexcept {
    if (s.judge == judging::try_later)
        return verdict::try_later;
    if (s.judge == judging::server_error)
        return verdict::server_error;
    if (credentials.empty()) // NULL
        return verdict::accepted;
    const bool known = zmtp::same_secret(credentials[0], as_octets(user_name)) &&
                       zmtp::same_secret(credentials[1], as_octets(password));
    return known ? verdict::accepted : verdict::refused;
}

/// What the peer says before its metadata, and the name of the command that has these.
inline void put_opening(stream& out, const settings& s) {
    put_greeting(out, s.mechanism(), s.peer_minor, s.plain && s.side == role::client);
}
inline void put_credentials(stream& out, const settings& s) {
    if (!s.plain)
        return;
    if (s.side == role::client)
        return put_command(out, "WELCOME", {});
    const std::string_view secret = s.wrong_password ? "secreT" : password;
    const std::size_t size = 6 + 2 + user_name.size() + secret.size();
    front{}.header(4, size).add("HELLO").add(user_name).add(secret).put_into(out);
}
inline std::string_view metadata_command(const settings& s) noexcept {
    return s.plain && s.side == role::server ? "INITIATE" : "READY";
}

/// All that is given of the peer's handshake.
inline void put_given(stream& out, const settings& s) {
    if (s.given == opening::nothing)
        return;
    put_opening(out, s);
    if (s.given == opening::greeting)
        return;
    put_credentials(out, s);
    constexpr std::string_view name = "Socket-Type";
    const octets type = as_octets(name_of(s.peer_type));
    const std::string_view command = metadata_command(s);
    const std::size_t size = 1 + command.size() + 1 + name.size() + 4 + type.size();
    front{}.header(4, size).add(command).put_into(out);
    put_property(out, name, type);
}

} // namespace mizzen::fuzz
