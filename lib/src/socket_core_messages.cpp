// Messages: through the queues, in and out, as each socket type has it (28/REQREP).
#include "socket_core.hpp"

#include <utility>
#include <vector>

namespace mizzen::detail {

// --- Octets in ---

void socket_core::received(session& s, std::size_t size, time_point now) {
    now_ = now;
    count(s, &traffic_stats::octets_in, size);
    s.link->commit(size, now);
    decode_some(s, decode_batch);
    if (!s.link->output().empty())
        mark_dirty(s);
    update_alarm(s);
}

bool socket_core::decode(session& s, time_point now) {
    now_ = now;
    if (!s.link)
        return false;
    if (s.undecoded) {
        decode_some(s, ~std::size_t{0});
        if (s.link && !s.link->output().empty())
            mark_dirty(s);
    }
    s.paused = s.undecoded;
    return !s.undecoded;
}

void socket_core::decode_some(session& s, std::size_t most, bool ignore_marks) {
    if (s.pipe)
        return open_mail(s, most, ignore_marks);
    s.undecoded = false;
    for (std::size_t looked_at = 0;; ++looked_at) {
        // A handshake goes on, though the program has not taken what a connection before left.
        if (looked_at == most ||
            (!ignore_marks && in_full(s) && s.phase == session_phase::attached)) {
            s.undecoded = true;
            break;
        }
        message& slot = s.in.emplace_back();
        std::error_code ec;
        const auto got = s.link->next_event(slot, ec);
        if (got == zmtp::event::message && takes_in(s, slot)) {
            slot.set_peer(s.peer);
            s.in_octets += slot.encoded_size();
            if (options.conflate && s.in.size() > 1)
                drop_oldest_received(s);
            continue;
        }
        if (got == zmtp::event::subscribe || got == zmtp::event::cancel) {
            heard_subscription(s, s.link->topic(), got == zmtp::event::subscribe, &slot);
            if (!slot.empty()) {
                slot.set_peer(s.peer);
                s.in_octets += slot.encoded_size();
                continue;
            }
        }
        slot.clear();
        s.in.pop_back();
        if (got == zmtp::event::authenticate) {
            judge(s);
            continue;
        }
        if (got == zmtp::event::handshake_done)
            attach(s, now_);
        else if (got == zmtp::event::closed)
            fail(s, ec);
        if (got == zmtp::event::need_input || got == zmtp::event::closed ||
            s.phase != session_phase::attached)
            break;
    }
    if (!s.in.empty())
        readable_.add(s);
}

void socket_core::drop_oldest_received(session& s) {
    message_left(s, s.in.front().peer());
    s.in_octets -= s.in.front().encoded_size();
    s.in.pop_front();
    count(s, &traffic_stats::dropped_conflated);
}

// --- Sending ---

bool socket_core::round_robins() const noexcept {
    switch (type_) {
    case zmtp::socket_type::req:
    case zmtp::socket_type::dealer:
    case zmtp::socket_type::push:
    case zmtp::socket_type::pair: return true;
    default: return false;
    }
}

session* socket_core::find_peer(peer_id peer) const {
    const auto found = peers_.find(peer);
    return found == peers_.end() ? nullptr : found->second;
}

bool socket_core::sendable() const noexcept {
    switch (type_) {
    case zmtp::socket_type::req: return (!waiting_ || options.req_relaxed) && !sendable_.empty();
    case zmtp::socket_type::rep: return waiting_;
    default: return !round_robins() || !sendable_.empty();
    }
}

void socket_core::send(message& m, std::error_code& ec) {
    ec.clear();
    if (m.empty()) {
        ec = errc::empty_message;
        return;
    }
    switch (type_) {
    case zmtp::socket_type::req: return send_request(m, ec);
    case zmtp::socket_type::rep: return send_reply(m, ec);
    case zmtp::socket_type::router: return send_routed(m, ec);
    case zmtp::socket_type::pub:
    case zmtp::socket_type::xpub: return publish(m, ec);
    case zmtp::socket_type::xsub: return send_upstream(m);
    default: return send_round_robin(m, ec);
    }
}

void socket_core::send_round_robin(message& m, std::error_code& ec) {
    session* s = sendable_.current();
    if (s == nullptr) {
        ec = errc::would_block;
        return;
    }
    sendable_.advance();
    push_out(*s, std::move(m));
}

void socket_core::send_request(message& m, std::error_code& ec) {
    if (waiting_ && !options.req_relaxed) {
        ec = errc::wrong_state;
        return;
    }
    session* s = sendable_.current();
    if (s == nullptr) {
        ec = errc::would_block;
        return;
    }
    sendable_.advance();
    waiting_ = false;
    drop_stale_replies(); // to a request that was given up
    while (s->undecoded)  // what came before the request does not answer it
        decode_some(*s, decode_batch);
    m.push_front(octets{});
    if (options.req_correlate) {
        ++request_id_;
        m.push_front({reinterpret_cast<const std::byte*>(&request_id_), sizeof request_id_});
    }
    waiting_ = true;
    conversation_ = s->key;
    push_out(*s, std::move(m));
}

void socket_core::send_reply(message& m, std::error_code& ec) {
    if (!waiting_) {
        ec = errc::wrong_state;
        return;
    }
    session* s = find_peer(conversation_);
    if (s == nullptr) {
        ++stats.dropped_no_route; // the requester left; 28/REQREP: discard silently
        m.clear();
    } else if (out_full(*s)) {
        count(*s, &traffic_stats::dropped_full);
        m.clear();
    } else {
        const std::vector<octets> frames(envelope_.begin(), envelope_.end());
        for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame)
            m.push_front(*frame);
        push_out(*s, std::move(m));
    }
    waiting_ = false;
    envelope_.clear();
}

void socket_core::send_routed(message& m, std::error_code& ec) {
    if (m.size() < 2) {
        ec = errc::empty_message;
        return;
    }
    const auto found = routes_.find(as_text(m.front()));
    if (found == routes_.end() || found->second->given_up) {
        if (options.router_mandatory) {
            ec = errc::no_route;
            return;
        }
        ++stats.dropped_no_route;
        m.clear();
        return;
    }
    session& s = *found->second;
    if (out_full(s)) {
        if (options.router_mandatory) {
            ec = errc::would_block;
            return;
        }
        count(s, &traffic_stats::dropped_full);
        m.clear();
        return;
    }
    m.pop_front();
    push_out(s, std::move(m));
}

void socket_core::send_to(peer_id to, message& m, std::error_code& ec) {
    ec.clear();
    session* s = find_peer(to);
    if (m.empty()) {
        ec = errc::empty_message;
    } else if (s == nullptr) {
        ec = errc::no_route;
    } else if (out_full(*s)) {
        s->out_missed = true;
        ec = errc::would_block;
    } else {
        push_out(*s, std::move(m));
    }
}

// --- Receiving ---

bool socket_core::readable() const noexcept {
    switch (type_) {
    case zmtp::socket_type::req: return waiting_ && !readable_.empty();
    case zmtp::socket_type::rep: return !waiting_ && !readable_.empty();
    default: return !readable_.empty();
    }
}

void socket_core::receive(message& m, std::error_code& ec) {
    ec.clear();
    switch (type_) {
    case zmtp::socket_type::req: return receive_reply(m, ec);
    case zmtp::socket_type::rep: return receive_request(m, ec);
    case zmtp::socket_type::router:
        if (session* s = readable_.current())
            return take_front(*s, m, true);
        ec = errc::would_block;
        return;
    default: return receive_raw(m, ec);
    }
}

void socket_core::receive_raw(message& m, std::error_code& ec) {
    ec.clear();
    session* s = readable_.current();
    if (s == nullptr) {
        ec = errc::would_block;
        return;
    }
    take_front(*s, m);
}

void socket_core::take_front(session& s, message& m, bool name_sender) {
    m = std::move(s.in.front());
    s.in.pop_front();
    if (m.peer() == s.peer) {
        count(s, &traffic_stats::messages_received);
    } else {
        count_for(m.peer(), &traffic_stats::messages_received);
        message_left(s, m.peer());
    }
    if (options.xpub_manual)
        requester_ = m.peer();
    if (s.in.empty()) {
        s.in_octets = 0;
        if (s.undecoded)
            decode_some(s, decode_batch);
        if (s.hung_up && !s.undecoded)
            resumed_.push_back(&s);
    } else {
        const std::size_t size = m.encoded_size();
        s.in_octets -= size;
    }
    if (name_sender && m.peer_notice() == notice::none)
        m.push_front(s.routing_id);
    if (s.paused && !s.held && half_empty(s.in.size(), options.receive_mark) &&
        2 * s.in_octets <= options.mark_octets) {
        s.paused = false;
        resumed_.push_back(&s);
    }
    if (s.in.empty()) {
        readable_.remove(s);
        forget_if_done(s);
    } else {
        readable_.advance();
    }
}

void socket_core::receive_reply(message& m, std::error_code& ec) {
    if (!waiting_) {
        ec = errc::wrong_state;
        return;
    }
    while (session* s = readable_.current()) {
        const bool expected = s->key == conversation_;
        take_front(*s, m);
        if (!expected || (options.req_correlate && !strip_correlation(m))) {
            count_for(m.peer(), &traffic_stats::dropped_unexpected);
        } else if (m.size() < 2 || !m.front().empty()) {
            // libzmq would close the connection for good.
            count_for(m.peer(), &traffic_stats::dropped_malformed);
        } else {
            m.pop_front();
            waiting_ = false;
            conversation_ = 0;
            drop_stale_replies();
            return;
        }
        m.clear();
    }
    ec = errc::would_block;
}

// Whether the message begins with the id of the last request, which it then loses.
bool socket_core::strip_correlation(message& m) const {
    const octets id{reinterpret_cast<const std::byte*>(&request_id_), sizeof request_id_};
    if (m.size() < 2 || as_text(m.front()) != as_text(id))
        return false;
    m.pop_front();
    return true;
}

// What is there while no reply is waited for answers nothing.
void socket_core::drop_stale_replies() {
    while (session* stale = readable_.current()) {
        message dropped;
        take_front(*stale, dropped);
        count_for(dropped.peer(), &traffic_stats::dropped_unexpected);
    }
}

void socket_core::receive_request(message& m, std::error_code& ec) {
    if (waiting_) {
        ec = errc::wrong_state;
        return;
    }
    while (session* s = readable_.current()) {
        take_front(*s, m);
        envelope_.clear();
        bool delimited = false;
        while (!m.empty() && !delimited) {
            delimited = m.front().empty();
            envelope_.push_back(m.front());
            m.pop_front();
        }
        if (delimited && !m.empty()) {
            waiting_ = true;
            conversation_ = m.peer();
            return;
        }
        count_for(m.peer(), &traffic_stats::dropped_malformed);
        m.clear();
    }
    ec = errc::would_block;
}

} // namespace mizzen::detail
