// Peers in the same process (inproc): no octets, and no handshake but an exchange of names.
#include "socket_core.hpp"
#include <mizzen/zmtp/error.hpp>

#include <limits>

namespace mizzen::detail {
namespace {

constexpr inproc_pipe::room unlimited{0, std::numeric_limits<std::size_t>::max()};

} // namespace

std::shared_ptr<inproc_pipe> socket_core::make_pipe(session& s, std::shared_ptr<doorbell> bell) {
    s.peer = ++last_peer_;
    s.end = pipe_end::connector;
    s.pipe = std::make_shared<inproc_pipe>(
        pipe_identity{type_, options.routing_id, std::move(bell), s.key, s.peer});
    return s.pipe;
}

session& socket_core::add_local(arrival from, std::shared_ptr<doorbell> bell, time_point now) {
    session& s = add(std::move(from.endpoint));
    s.pipe = std::move(from.pipe);
    s.end = pipe_end::listener;
    s.peer = ++last_peer_;
    s.pipe->accept({type_, options.routing_id, std::move(bell), s.key, s.peer});
    meet(s, s.pipe->connector(), event_kind::accepted, now);
    return s;
}

void socket_core::pipe_open(session& s, const pipe_identity& peer, time_point now) {
    meet(s, peer, event_kind::connected, now);
}

// Each end finds out for itself whether they fit, as over a network.
void socket_core::meet(session& s, const pipe_identity& peer, event_kind how, time_point now) {
    now_ = now;
    s.peer_there = peer.peer;
    s.announced_id = peer.routing_id;
    s.announced_type = peer.type;
    s.address = s.endpoint;
    s.why.clear();
    s.phase = session_phase::handshaking;
    ++handshaking_;
    tell(how, s);
    if (zmtp::compatible(type_, peer.type))
        attach(s, now);
    else
        fail(s, zmtp::errc::incompatible_socket_type);
}

// What was queued before there was a connection does not know where it goes.
void socket_core::address_queued(session& s) {
    if (s.pipe)
        s.out.for_each([&](message& m) {
            if (m.peer() != subscribing && m.peer() != cancelling)
                m.set_peer(s.peer_there);
        });
}

// In front of what is queued.
void socket_core::send_first(session& s, message&& m) {
    std::error_code ec;
    if (s.link) {
        s.link->send(std::move(m), ec);
        return;
    }
    message_ring one;
    std::size_t octets = m.encoded_size();
    m.set_peer(s.peer_there);
    one.emplace_back() = std::move(m);
    count(s, &traffic_stats::octets_out, octets);
    static_cast<void>(s.pipe->put(s.end, one, octets, unlimited));
}

void socket_core::hand_over(session& s, bool at_any_rate) {
    if (s.out.empty() || (s.phase != session_phase::attached && !at_any_rate))
        return;
    const inproc_pipe::room most{options.send_mark, options.mark_octets};
    const std::size_t octets = s.out_octets;
    if (!s.pipe->put(s.end, s.out, s.out_octets, at_any_rate ? unlimited : most))
        return;
    count(s, &traffic_stats::octets_out, octets);
    reopen_out(s);
}

bool socket_core::take_mail(session& s, time_point now) {
    now_ = now;
    if (s.phase == session_phase::attached)
        open_mail(s, false);
    return !s.undecoded;
}

void socket_core::open_mail(session& s, bool ignore_marks) {
    if (!filters_ && !options.conflate && !abandoned_ && !ignore_marks)
        return take_whole(s);
    do {
        std::size_t octets = 0;
        if (s.mail.empty())
            static_cast<void>(s.pipe->take(s.end, s.mail, octets, 0));
        count(s, &traffic_stats::octets_in, octets);
        s.undecoded = !s.mail.empty();
        while (!s.mail.empty() && (ignore_marks || !in_full(s)))
            sort_mail(s);
    } while (s.undecoded && s.mail.empty());
    if (!s.in.empty())
        readable_.add(s);
}

// As it comes, since nothing of it is to be looked at; what has come before is read first.
void socket_core::take_whole(session& s) {
    s.undecoded = true;
    if (!s.in.empty() || s.held)
        return;
    s.undecoded = s.pipe->take(s.end, s.in, s.in_octets, options.receive_mark);
    if (s.in.empty())
        return;
    count(s, &traffic_stats::octets_in, s.in_octets);
    if (s.in.front().peer() != s.peer) // put before there was a connection
        s.in.for_each([&](message& m) { m.set_peer(s.peer); });
    readable_.add(s);
}

// The next one, if it goes to the program.
void socket_core::sort_mail(session& s) {
    message m = std::move(s.mail.front());
    s.mail.pop_front();
    const peer_id tag = m.peer();
    if (tag == subscribing || tag == cancelling) {
        message told;
        heard_subscription(s, m.front(), tag == subscribing, &told);
        m = std::move(told);
        if (m.empty() || abandoned_)
            return;
    } else if (!takes_in(s, m)) {
        return;
    }
    m.set_peer(s.peer);
    if (options.conflate && !s.in.empty()) {
        s.in_octets = 0;
        s.in.clear();
        count(s, &traffic_stats::dropped_conflated);
    }
    s.in_octets += m.encoded_size();
    s.in.emplace_back() = std::move(m);
}

} // namespace mizzen::detail
