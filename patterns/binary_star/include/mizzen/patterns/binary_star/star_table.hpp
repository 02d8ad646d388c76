// The table of Binary Star: what each state makes of each thing that happens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mizzen::binary_star {

enum class role : std::uint8_t { primary = 1, backup = 2 };

/// What a half is. Its number is the digit that goes to the peer.
enum class state : std::uint8_t {
    primary = 1, ///< Started, or handed over, as the primary; has not heard what the peer is.
    backup = 2,  ///< Likewise as the backup.
    active = 3,  ///< Serves clients.
    passive = 4, ///< Ready to take over.
};

/// What happens to a half: its peer says what it is, or a client asks for service, which is a vote.
enum class input : std::uint8_t {
    peer_primary,
    peer_backup,
    peer_active,
    peer_passive,
    vote,        ///< While the peer is heard.
    vote_silent, ///< While it is not, for as long as the option peer_timeout says.
};

enum class rule : std::uint8_t {
    nothing,
    same_role,       ///< Both halves were told to be the same: say so, and change nothing.
    activate,        ///< Go active.
    stand_by,        ///< Go passive.
    both_active,     ///< Split brain: the backup goes passive, the primary stays.
    both_passive,    ///< To be mended by the primary, with the next vote.
    serve,           ///< The client is served.
    refuse,          ///< The client gets silence.
    refuse_or_mend,  ///< If both are passive the primary goes active and serves, else silence.
    activate_serve,  ///< Fail-over: go active, and serve.
    alone_or_refuse, ///< As above if it may serve alone or has handed over, else silence.
};

namespace detail {

using row = std::array<rule, 6>;
inline constexpr std::array<row, 4> table = [] {
    using enum rule;
    return std::array<row, 4>{{
        // peer: primary  backup     active       passive       vote            vote, peer silent
        /* primary */ {same_role, activate, stand_by, nothing, refuse, activate_serve},
        /* backup  */ {nothing, same_role, stand_by, nothing, refuse, alone_or_refuse},
        /* active  */ {nothing, nothing, both_active, nothing, serve, serve},
        /* passive */ {activate, activate, nothing, both_passive, refuse_or_mend, activate_serve},
    }};
}();

} // namespace detail

[[nodiscard]] constexpr rule rule_for(state in, input what) noexcept {
    return detail::table[static_cast<std::size_t>(in) - 1][static_cast<std::size_t>(what)];
}

[[nodiscard]] constexpr state start_of(role half) noexcept {
    return half == role::primary ? state::primary : state::backup;
}

} // namespace mizzen::binary_star
