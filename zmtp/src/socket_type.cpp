// The tables behind socket_type.hpp.
#include <mizzen/zmtp/socket_type.hpp>

#include <array>
#include <cstddef>

namespace mizzen::zmtp {
namespace {

constexpr std::array<std::string_view, 11> names{"PAIR",   "PUB",  "SUB",  "REQ",  "REP", "DEALER",
                                                 "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"};

constexpr std::uint32_t bit(socket_type type) noexcept {
    return std::uint32_t{1} << static_cast<unsigned>(type);
}

constexpr std::uint32_t peers_of(socket_type type) noexcept {
    using enum socket_type;
    switch (type) {
    case pair: return bit(pair);
    case pub:
    case xpub: return bit(sub) | bit(xsub);
    case sub:
    case xsub: return bit(pub) | bit(xpub);
    case req: return bit(rep) | bit(router);
    case rep: return bit(req) | bit(dealer);
    case dealer: return bit(rep) | bit(dealer) | bit(router);
    case router: return bit(req) | bit(dealer) | bit(router);
    case pull: return bit(push);
    case push: return bit(pull);
    }
    return 0;
}

} // namespace

std::string_view name_of(socket_type type) noexcept {
    return names[static_cast<std::size_t>(type)];
}

std::optional<socket_type> socket_type_named(std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name)
            return static_cast<socket_type>(i);
    return std::nullopt;
}

bool compatible(socket_type ours, socket_type theirs) noexcept {
    return (peers_of(ours) & bit(theirs)) != 0;
}

bool announces_identity(socket_type type) noexcept {
    return type == socket_type::req || type == socket_type::dealer || type == socket_type::router;
}

} // namespace mizzen::zmtp
