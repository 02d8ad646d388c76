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

// In front of what is queued.
void socket_core::send_first(session& s, message&& m) {
    std::error_code ec;
    if (s.link) {
        s.link->send(std::move(m), ec);
        return;
    }
    mail_bag one;
    m.set_peer(0);
    one.push(std::move(m));
    count(s, &traffic_stats::octets_out, one.octets());
    static_cast<void>(s.pipe->put(s.end, one, unlimited));
}

// What was queued goes into the bag, and what follows at once.
void socket_core::fill_post(session& s) const {
    for (; !s.out.empty(); s.out.pop_front()) {
        ++s.streamed;
        s.streamed_octets += s.out.front().encoded_size();
        s.post.push(std::move(s.out.front()));
    }
    s.out_octets = 0;
    s.streaming = !options.conflate;
}

// The pipe is no more: what was not put into it waits for the next one.
void socket_core::put_back_post(session& s) {
    if (s.post.empty())
        return;
    message_ring later;
    later.swap(s.out);
    while (!s.post.empty()) {
        message m;
        if (!s.post.pop(m))
            break;
        s.out.emplace_back() = std::move(m);
    }
    count(s, &traffic_stats::dropped_disconnect, s.post.size()); // for want of memory
    s.streamed_octets -= s.post.octets();
    s.post.clear();
    s.out.append(later);
    s.out_octets += s.streamed_octets;
}

void socket_core::hand_over(session& s, bool at_any_rate) {
    if (s.phase != session_phase::attached && !at_any_rate)
        return;
    if (!s.out.empty())
        fill_post(s);
    if (s.post.empty())
        return;
    const inproc_pipe::room most{options.send_mark, options.mark_octets};
    const std::size_t octets = s.post.octets();
    if (!s.pipe->put(s.end, s.post, at_any_rate ? unlimited : most))
        return;
    count(s, &traffic_stats::octets_out, octets);
    forget_streamed(s);
    reopen_out(s);
}

bool socket_core::take_mail(session& s, time_point now) {
    now_ = now;
    if (s.phase == session_phase::attached)
        decode_some(s, decode_batch);
    return !s.undecoded;
}

void socket_core::open_mail(session& s, std::size_t most, bool ignore_marks) {
    for (std::size_t looked_at = 0;; ++looked_at) {
        if (looked_at == most || (!ignore_marks && in_full(s))) {
            s.undecoded = true;
            break;
        }
        if (s.mail.empty() && !s.in.empty() && !ignore_marks) {
            s.undecoded = s.undecoded || looked_at == 0; // perhaps: seen once these are taken
            break;
        }
        if (s.mail.empty() && !fetch_mail(s, ignore_marks))
            break;
        message& slot = s.in.emplace_back();
        if (!s.mail.pop(slot)) {
            s.in.pop_back();
            fail(s, zmtp::errc::not_enough_memory);
            break;
        }
        sort_mail(s, slot);
    }
    if (!s.in.empty())
        readable_.add(s);
}

// False if there is none.
bool socket_core::fetch_mail(session& s, bool ignore_marks) {
    s.undecoded = s.pipe->take(s.end, s.mail, ignore_marks ? 0 : options.receive_mark);
    count(s, &traffic_stats::octets_in, s.mail.octets());
    return !s.mail.empty();
}

// What stands in the queue's last place; it stays if it goes to the program.
void socket_core::sort_mail(session& s, message& slot) {
    const peer_id tag = slot.peer();
    if (tag == subscribing || tag == cancelling) {
        message told;
        heard_subscription(s, slot.front(), tag == subscribing, &told);
        slot = std::move(told);
    } else if (!takes_in(s, slot)) {
        slot.clear();
    }
    if (slot.empty() || abandoned_) {
        slot.clear();
        return s.in.pop_back();
    }
    slot.set_peer(s.peer);
    s.in_octets += slot.encoded_size();
    if (options.conflate && s.in.size() > 1)
        drop_oldest_received(s);
}

} // namespace mizzen::detail
