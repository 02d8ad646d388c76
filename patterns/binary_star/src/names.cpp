// Words for states, reasons and what happened.
#include <mizzen/patterns/binary_star/star_core.hpp>

namespace mizzen::binary_star {

std::string_view name_of(role half) noexcept {
    return half == role::primary ? "primary" : "backup";
}

std::string_view name_of(state in) noexcept {
    switch (in) {
    case state::primary: return "primary";
    case state::backup: return "backup";
    case state::active: return "active";
    case state::passive: return "passive";
    }
    return "unknown";
}

std::string_view name_of(reason why) noexcept {
    switch (why) {
    case reason::started: return "started";
    case reason::peer_started: return "peer-started";
    case reason::peer_silent: return "peer-silent";
    case reason::peer_active: return "peer-active";
    case reason::both_active: return "both-active";
    case reason::both_passive: return "both-passive";
    case reason::handed_over: return "handed-over";
    case reason::fell_behind: return "fell-behind";
    }
    return "unknown";
}

std::string_view name_of(happening what) noexcept {
    switch (what) {
    case happening::activated: return "activated";
    case happening::deactivated: return "deactivated";
    case happening::peer_lost: return "peer-lost";
    case happening::peer_back: return "peer-back";
    case happening::split_brain: return "split-brain";
    case happening::both_passive: return "both-passive";
    case happening::same_role: return "same-role";
    case happening::fence_failed: return "fence-failed";
    }
    return "unknown";
}

} // namespace mizzen::binary_star
