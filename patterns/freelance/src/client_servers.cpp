// The client's servers: who is there, and who is taken for dead.
#include "client_state.hpp"

#include <algorithm>
#include <utility>

namespace mizzen::freelance {

client_core::server_id client_core::state::add_server() {
    const server_id id = ++last_server_;
    servers_.try_emplace(id);
    stats.servers = servers_.size();
    actions_.add({step::open, id, 0, {}, {}});
    return id;
}

void client_core::state::remove_server(server_id id, time_point now) {
    guard_.saw(now);
    const auto at = servers_.find(id);
    if (at == servers_.end())
        return;
    leave_connection(at, now);
    servers_.erase(at);
    stats.servers = servers_.size();
    actions_.add({step::close, id, 0, {}, {}});
}

void client_core::state::up(server_id id, time_point now) {
    guard_.saw(now);
    const auto at = servers_.find(id);
    if (at == servers_.end() || at->second.is_up)
        return;
    server& s = at->second;
    s.is_up = true;
    ++s.connection;
    s.heard = now;
    ++stats.alive;
    if (complex())
        send_ping(at, now); // how far it is away
    servers_due_ = std::min(servers_due_, due_of(s));
    // Those that nobody has; where all servers are asked, also those that others have.
    std::vector<std::uint64_t> wanting{stranded_.begin(), stranded_.end()};
    if (!complex()) {
        wanting.clear();
        for (const auto& [number, c] : calls_)
            wanting.push_back(number);
        std::sort(wanting.begin(), wanting.end());
    }
    for (const std::uint64_t number : wanting)
        ask(calls_.find(number), now);
}

void client_core::state::down(server_id id, time_point now) {
    guard_.saw(now);
    if (const auto at = servers_.find(id); at != servers_.end())
        leave_connection(at, now);
}

/// What it had is sent to others.
void client_core::state::leave_connection(servers::iterator at, time_point now) {
    server& s = at->second;
    if (!std::exchange(s.is_up, false))
        return;
    --stats.alive;
    look_when_due();
    for (const std::uint64_t number : std::exchange(s.in_hand, {})) {
        const auto lost = calls_.find(number);
        if (--lost->second.on_their_way == 0)
            ask(lost, now);
    }
}

void client_core::state::receive(server_id id, message&& m, time_point now) {
    guard_.saw(now);
    const auto at = servers_.find(id);
    if (at == servers_.end() || !at->second.is_up)
        return;
    server& s = at->second;
    if (complex() && is_word(m, pong)) {
        if (std::exchange(s.is_pinged, false) && s.latency.count() == 0)
            note_latency(s, now - s.pinged);
        s.heard = now;
        return;
    }
    const call_number which = complex() ? parse_complex_reply(m, seed_) : parse_shotgun_reply(m);
    if (which.number == 0) {
        ++stats.malformed;
        return;
    }
    s.heard = now;
    s.is_pinged = false;
    take_reply(at, which, std::move(m), now);
}

// --- PING and PONG ---

/// When it is to be asked whether it lives, or else is dead.
time_point client_core::state::due_of(const server& s) const noexcept {
    if (!complex() || !s.is_up)
        return time_point::max();
    const time_point death = guard_.postponed(s.heard + options_.ttl);
    return std::min(std::max(s.heard, s.pinged) + options_.ping, death);
}

void client_core::state::send_ping(servers::iterator at, time_point now) {
    at->second.pinged = now;
    at->second.is_pinged = true;
    ++stats.pings;
    actions_.add({step::send, at->first, 0, message{ping}, {}});
}

void client_core::state::tend_servers(time_point now) {
    if (now < servers_due_)
        return;
    for (auto at = servers_.begin(); at != servers_.end(); ++at) {
        server& s = at->second;
        if (now < due_of(s))
            continue;
        if (guard_.postponed(s.heard + options_.ttl) <= now) {
            ++stats.expired;
            actions_.add({step::reset, at->first, 0, {}, {}});
            leave_connection(at, now);
            continue;
        }
        send_ping(at, now);
    }
    look_when_due();
}

void client_core::state::look_when_due() noexcept {
    servers_due_ = time_point::max();
    for (const auto& [id, s] : servers_)
        servers_due_ = std::min(servers_due_, due_of(s));
}

} // namespace mizzen::freelance
