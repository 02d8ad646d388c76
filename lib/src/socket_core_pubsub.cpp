// Publishers and subscribers (29/PUBSUB): who hears what, and who is told of it.
#include "socket_core.hpp"

#include <algorithm>

namespace mizzen::detail {

using zmtp::socket_type;
using reports = option::xpub_reports::which;

// --- What comes in ---

bool socket_core::passes_filter(session& s, message& m) {
    switch (type_) {
    case socket_type::req:
        // From the peer that was asked, while its reply is waited for; others are stale.
        if (waiting_ && s.key == conversation_)
            return true;
        break;
    case socket_type::sub:
        if (topics_.matches(m.front()))
            return true;
        count(s,
              &traffic_stats::dropped_unwanted); // it was on its way when the topic was cancelled
        return false;
    case socket_type::pub:
    case socket_type::xpub: {
        const octets first = m.front();
        // The form of ZMTP 3.0, which libzmq's XSUB uses with 3.1 peers as well.
        if (m.size() == 1 && !first.empty() && first[0] <= std::byte{1}) {
            message told;
            heard_subscription(s, first.subspan(1), first[0] == std::byte{1}, &told);
            m = std::move(told);
            return !m.empty();
        }
        if (type_ == socket_type::xpub)
            return true;
        break;
    }
    default: break; // a PUSH has no use for messages
    }
    count(s, &traffic_stats::dropped_unexpected);
    return false;
}

// --- A publisher's peers and their topics ---

void socket_core::heard_subscription(session& s, octets topic, bool wanted, message* told) {
    const bool changed = options.xpub_manual || apply_subscription(s, topic, wanted);
    if (type_ != socket_type::xpub || !changed)
        return;
    std::byte* const room = told->extend_back(1 + topic.size());
    if (room == nullptr)
        return fail(s, zmtp::errc::not_enough_memory);
    room[0] = wanted ? std::byte{1} : std::byte{0};
    std::copy(topic.begin(), topic.end(), room + 1);
}

// Whether the program is to be told. Subscriptions of a peer are a set, as in libzmq, whose SUB
// repeats subscriptions but cancels once.
bool socket_core::apply_subscription(session& s, octets topic, bool wanted) {
    if (wanted) {
        bool first = false;
        topics_.add(topic, &s, first);
        return first || options.reports != reports::changes;
    }
    bool last = false;
    topics_.remove(topic, &s, last);
    return last || options.reports == reports::all;
}

// As if the peer had cancelled all.
void socket_core::forget_topics(session& s) {
    if (type_ != socket_type::pub && type_ != socket_type::xpub)
        return;
    topics_.remove_all(&s, [&](const std::string& topic, bool last) {
        if (type_ != socket_type::xpub || abandoned_ || !(last || options.reports == reports::all))
            return;
        message& told = s.in.emplace_back();
        std::byte* const room = told.extend_back(1 + topic.size());
        if (room == nullptr)
            return s.in.pop_back();
        room[0] = std::byte{0};
        const octets text = as_octets(topic);
        std::copy(text.begin(), text.end(), room + 1);
        told.set_peer(s.peer);
        s.in_octets += told.encoded_size();
        readable_.add(s);
    });
}

void socket_core::greet_subscriber(session& s) {
    if (options.welcome.empty())
        return;
    message welcome;
    if (welcome.try_push_back(as_octets(options.welcome)))
        push_out(s, std::move(welcome));
}

// --- Publishing ---

void socket_core::find_subscribers(octets subject) {
    targets_.clear();
    ++publication_;
    topics_.match(subject, [&](session* s) {
        if (s->publication == publication_)
            return;
        s->publication = publication_;
        if (only_to_ == 0 || s->peer == only_to_)
            targets_.push_back(s);
    });
    only_to_ = 0;
}

void socket_core::publish(message& m, std::error_code& ec) {
    find_subscribers(m.front());
    if (options.publish_no_drop) {
        for (const session* s : targets_) {
            if (out_full(*s)) {
                ec = errc::would_block;
                return;
            }
        }
    }
    send_copies(m);
}

void socket_core::send_copies(message& m) {
    std::erase_if(targets_, [&](session* s) {
        if (out_full(*s)) {
            count(*s, &traffic_stats::dropped_full);
            return true;
        }
        return false;
    });
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        const bool last = i + 1 == targets_.size();
        message copy = last ? std::move(m) : m.share(); // NOLINT(bugprone-use-after-move): once
        if (copy.empty())
            fail(*targets_[i], zmtp::errc::not_enough_memory);
        else
            push_out(*targets_[i], std::move(copy));
    }
    m.clear(); // also when nobody wanted it
}

// --- A subscriber's own topics ---

void socket_core::subscribe(octets topic, std::error_code& ec) {
    ec.clear();
    if (type_ == socket_type::xpub)
        return subscribe_peer(topic, true, ec);
    ++wanted_[std::string{as_text(topic)}];
    bool first = false;
    topics_.add(topic, nullptr, first);
    for (const auto& [peer, s] : peers_)
        queue_subscription(*s, topic, true); // each time, as libzmq does: peers keep a set
}

void socket_core::unsubscribe(octets topic, std::error_code& ec) {
    ec.clear();
    if (type_ == socket_type::xpub)
        return subscribe_peer(topic, false, ec);
    const auto found = wanted_.find(as_text(topic));
    if (found == wanted_.end() || --found->second != 0)
        return;
    wanted_.erase(found);
    bool last = false;
    topics_.remove(topic, nullptr, last);
    for (const auto& [peer, s] : peers_)
        queue_subscription(*s, topic, false);
}

void socket_core::subscribe_peer(octets topic, bool wanted, std::error_code& ec) {
    session* const s = find_peer(requester_);
    if (s == nullptr) {
        ec = errc::no_route;
        return;
    }
    static_cast<void>(apply_subscription(*s, topic, wanted));
    if (wanted && options.xpub_last_value)
        only_to_ = s->peer;
}

void socket_core::queue_subscription(session& s, octets topic, bool wanted) {
    message m;
    if (!m.try_push_back(topic))
        return fail(s, zmtp::errc::not_enough_memory);
    s.out_octets += m.encoded_size();
    m.set_peer(wanted ? subscribing : cancelling);
    s.out.emplace_back() = std::move(m);
    mark_dirty(s);
}

// A new connection knows nothing yet; what was queued for the last one is old.
void socket_core::tell_topics(session& s) {
    if (type_ != socket_type::sub && type_ != socket_type::xsub)
        return;
    for (std::size_t left = s.out.size(); left != 0; --left) {
        message m = std::move(s.out.front());
        s.out.pop_front();
        if (m.peer() != subscribing && m.peer() != cancelling)
            s.out.emplace_back() = std::move(m);
        else
            s.out_octets -= m.encoded_size();
    }
    for (const auto& [topic, times] : wanted_)
        queue_subscription(s, as_octets(topic), true);
}

// An XSUB's own subscriptions come as messages; others go to every publisher.
void socket_core::send_upstream(message& m) {
    const octets first = m.front();
    if (m.size() == 1 && !first.empty() && first[0] <= std::byte{1}) {
        const bool wanted = first[0] == std::byte{1};
        std::error_code none;
        const std::string topic{as_text(first.subspan(1))};
        m.clear();
        return wanted ? subscribe(as_octets(topic), none) : unsubscribe(as_octets(topic), none);
    }
    targets_.clear();
    for (const auto& [key, s] : sessions_)
        if (!s->given_up && !s->removed &&
            ((s->connects && !options.immediate) || s->phase == session_phase::attached))
            targets_.push_back(s.get());
    send_copies(m);
}

} // namespace mizzen::detail
