// Who is let in: by address, by the lists of options, by an authenticator, and for how long.
#include "socket_core.hpp"
#include <mizzen/zmtp/error.hpp>

#include <new>
#include <utility>

namespace mizzen::detail {
namespace {

using zmtp::verdict;
using state = admission::state;

// Of an endpoint as text: the address by number, without port and brackets, and IPv4 as such where
// IPv6 maps it. Empty where there is none.
std::string host_of(std::string_view endpoint) {
    constexpr std::string_view scheme = "tcp://";
    const std::size_t colon = endpoint.rfind(':');
    if (!endpoint.starts_with(scheme) || colon < scheme.size())
        return {};
    std::string_view host = endpoint.substr(scheme.size(), colon - scheme.size());
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    constexpr std::string_view mapped = "::ffff:";
    if (host.starts_with(mapped) && host.find('.') != std::string_view::npos)
        host.remove_prefix(mapped.size());
    return std::string{host};
}

std::string_view words_for(verdict v) noexcept {
    switch (v) {
    case verdict::accepted: break;
    case verdict::try_later: return "the authenticator cannot say now";
    case verdict::refused: return "the authenticator refused";
    case verdict::server_error: return "the authenticator failed";
    }
    return {};
}

// What a program's rules say. If they throw, nobody may do anything.
template <class Rules> bool allowed(std::string& reason, const Rules& rules) {
    try {
        return rules(reason);
    } catch (...) {
        reason = "its rules threw"; // short enough to need no memory, which may be what is wanting
        return false;
    }
}

bool allows(authenticator& who, const std::string& address, std::string& reason) {
    return allowed(reason, [&](std::string& why) { return who.may_come(host_of(address), why); });
}

bool stays(const session& s, std::string& reason) {
    return allowed(
        reason, [&](std::string& why) { return s.policy->who->may_stay(s.asked->request, why); });
}

// Which command of a client's CURVE handshake did not open, by where it stands (26/CurveZMQ).
std::string_view unopened_by_server(std::uint64_t at) noexcept {
    constexpr std::uint64_t end_of_hello = 64 + 2 + 200;               // greeting, header, body
    constexpr std::uint64_t cookie_of_initiate = end_of_hello + 9 + 9; // at most: header, name
    if (at < end_of_hello)
        return "HELLO: for another server key, or broken";
    if (at <= cookie_of_initiate)
        return "INITIATE: not with the cookie that this connection was given, or too late";
    return "INITIATE: the client does not have the key that it shows, or it is broken";
}
std::string_view unopened_by_client(std::uint64_t at) noexcept {
    constexpr std::uint64_t end_of_welcome = 64 + 2 + 168;
    return at < end_of_welcome ? "WELCOME: not of the server whose key was configured, or broken"
                               : "READY: not of the server that said WELCOME, or broken";
}

} // namespace

const policy_ptr& socket_core::policy() {
    if (!policy_)
        policy_ = std::make_shared<const security_policy>(
            security_policy{options.security, options.who, options.domain});
    return policy_;
}

bool socket_core::may_accept(const policy_ptr& rules, const std::string& endpoint,
                             const std::string& address, time_point now) {
    std::string reason;
    if (!rules->who)
        return true;
    if (address.empty())
        return false; // it has gone already
    if (allows(*rules->who, address, reason))
        return true;
    now_ = now;
    ++stats.handshakes_failed;
    if (!events.watched())
        return false;
    try {
        connection_event event;
        event.at = now;
        event.endpoint = endpoint;
        event.peer.address = address;
        event.kind = event_kind::accepted;
        events.put(event);
        event.kind = event_kind::handshake_failed;
        event.reason = errc::address_denied;
        event.detail = std::move(reason);
        events.put(event);
    } catch (const std::bad_alloc&) {
        events.lose();
    }
    return false;
}

void socket_core::may_reach(session& s, const std::string& address, std::error_code& ec) {
    std::string reason;
    ec.clear();
    if (!s.policy->who)
        return;
    if (address.empty()) { // it has gone already
        ec = std::make_error_code(std::errc::not_connected);
        return;
    }
    if (allows(*s.policy->who, address, reason))
        return;
    ec = errc::address_denied;
    s.address = address;
    s.asked = std::make_unique<admission>();
    s.asked->answer.reason = std::move(reason);
}

// A peer has said who it is.
void socket_core::judge(session& s) {
    const verdict listed = s.policy->by_list(s.link->credentials());
    if (listed == verdict::accepted && s.policy->who) {
        s.asked = std::make_unique<admission>();
        questions_.push_back(&s);
        return;
    }
    std::error_code never;
    s.link->authenticate(listed, now_, never);
}

session* socket_core::next_question() noexcept { return take_last(questions_); }

std::optional<authentication_request> socket_core::question(peer_id key, peer_id peer) const {
    session* const s = find(key);
    if (s == nullptr || s->peer != peer || !s->asked || s->asked->now != state::to_ask)
        return std::nullopt;
    std::optional<authentication_request> asked{std::in_place};
    asked->domain = s->policy->domain;
    asked->address = host_of(s->address);
    asked->endpoint = s->endpoint;
    asked->routing_id = options.routing_id;
    asked->mechanism = s->config->mechanism->name();
    s->asked->request = *asked;
    const auto said = s->link->credentials();
    asked->credentials.reserve(said.size()); // so that nothing secret is moved about
    for (const octets text : said)
        asked->credentials.emplace_back(as_text(text));
    if (!said.empty())
        s->asked->request.credentials.emplace_back(as_text(said[0]));
    s->asked->now = state::waiting;
    return asked;
}

void socket_core::answer(peer_id key, peer_id peer, authentication_answer what, time_point now) {
    session* const s = find(key);
    if (s == nullptr || s->peer != peer || !s->asked || s->asked->now != state::waiting)
        return;
    now_ = now;
    // The rules may have changed since the answer was thought of.
    if (what.verdict == verdict::accepted && !stays(*s, what.reason))
        what.verdict = verdict::refused;
    const bool granted = what.verdict == verdict::accepted;
    if (!granted && what.reason.empty())
        what.reason = words_for(what.verdict);
    s->asked->now = granted ? state::granted : state::refused;
    s->asked->answer = std::move(what);
    std::error_code never;
    s->link->authenticate(s->asked->answer.verdict, now, never);
    decode_some(*s, decode_batch);
    if (!s->link->output().empty())
        mark_dirty(*s);
    update_alarm(*s);
    resumed_.push_back(s); // its stream may have been left alone
}

void socket_core::review(time_point now) {
    now_ = now;
    for_each_session([this](session& s) {
        if (!s.policy->who || !s.link)
            return;
        std::string reason;
        const bool granted = s.asked && s.asked->now == state::granted;
        if (granted ? stays(s, reason) : allows(*s.policy->who, s.address, reason))
            return;
        if (!s.asked)
            s.asked = std::make_unique<admission>();
        s.asked->answer.reason = std::move(reason);
        fail(s, errc::revoked);
    });
}

// What there is to say beside the error.
std::string socket_core::detail_of(const session& s, std::error_code why) {
    if (why == zmtp::errc::handshake_timeout && s.asked && s.asked->now <= state::waiting)
        return "the authenticator has not answered";
    if (why == zmtp::errc::authentication_failed && !s.asked)
        return "none of those that the socket's option lists";
    if (s.asked && (why == zmtp::errc::authentication_failed || why == errc::revoked ||
                    why == errc::address_denied))
        return s.asked->answer.reason;
    if (why == zmtp::errc::protection_failed && s.phase == session_phase::handshaking && s.link) {
        const std::uint64_t at = s.link->failed_at();
        return std::string{s.policy->how->side() == zmtp::role::server ? unopened_by_server(at)
                                                                       : unopened_by_client(at)};
    }
    return {};
}

} // namespace mizzen::detail
