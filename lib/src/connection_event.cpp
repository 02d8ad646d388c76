// The names and libzmq's numbers of connection events.
#include <mizzen/connection_event.hpp>
#include <mizzen/error.hpp>
#include <mizzen/zmtp/error.hpp>

namespace mizzen {
namespace {

std::uint32_t failed_handshake(std::error_code reason) noexcept {
    if (reason == zmtp::errc::authentication_failed || reason == zmtp::errc::refused_by_peer ||
        reason == errc::address_denied || reason == errc::revoked)
        return 0x4000;
    const bool by_what_was_sent =
        reason == zmtp::condition::broken_peer || reason == zmtp::condition::refused;
    return by_what_was_sent ? 0x2000 : 0x0800;
}

} // namespace

std::string_view name_of(event_kind kind) noexcept {
    switch (kind) {
    case event_kind::listening: return "listening";
    case event_kind::bind_failed: return "bind_failed";
    case event_kind::listener_closed: return "listener_closed";
    case event_kind::accepted: return "accepted";
    case event_kind::accept_failed: return "accept_failed";
    case event_kind::connecting: return "connecting";
    case event_kind::connect_failed: return "connect_failed";
    case event_kind::connected: return "connected";
    case event_kind::retrying: return "retrying";
    case event_kind::handshake_succeeded: return "handshake_succeeded";
    case event_kind::handshake_failed: return "handshake_failed";
    case event_kind::disconnected: return "disconnected";
    case event_kind::ended: return "ended";
    }
    return "unknown event";
}

std::uint32_t libzmq_event(const connection_event& event) noexcept {
    switch (event.kind) {
    case event_kind::listening: return 0x0008;
    case event_kind::bind_failed: return 0x0010;
    case event_kind::accepted: return 0x0020;
    case event_kind::accept_failed: return 0x0040;
    case event_kind::listener_closed:
    case event_kind::connect_failed: return 0x0080;
    case event_kind::connecting: return 0x0002;
    case event_kind::connected: return 0x0001;
    case event_kind::retrying: return 0x0004;
    case event_kind::handshake_succeeded: return 0x1000;
    case event_kind::handshake_failed: return failed_handshake(event.reason);
    case event_kind::disconnected: return 0x0200;
    case event_kind::ended: break;
    }
    return 0;
}

} // namespace mizzen
