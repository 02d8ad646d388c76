// Sessions: how peers come, are lost and come again.
#include "socket_core.hpp"

#include "block_cache.hpp"

#include <algorithm>

namespace mizzen::detail {
namespace {

constexpr std::size_t least_left_behind = std::size_t{1} << 20;

} // namespace

// What connections point to; never changed once made.
struct socket_core::link_config : zmtp::config {
    std::string id;
    policy_ptr policy;
};

socket_core::socket_core(zmtp::socket_type type, std::uint64_t seed)
    : type_{type}, filters_{type == zmtp::socket_type::req || type == zmtp::socket_type::push ||
                            type == zmtp::socket_type::pub || type == zmtp::socket_type::xpub ||
                            type == zmtp::socket_type::sub},
      sends_plainly_{type == zmtp::socket_type::push || type == zmtp::socket_type::dealer ||
                     type == zmtp::socket_type::pair},
      receives_plainly_{type != zmtp::socket_type::req && type != zmtp::socket_type::rep &&
                        type != zmtp::socket_type::xpub},
      random_{static_cast<std::minstd_rand::result_type>(seed)} {
    next_generated_id_ = static_cast<std::uint32_t>(random_());
    request_id_ = static_cast<std::uint32_t>(random_());
}

socket_core::~socket_core() = default;

session& socket_core::add(std::string endpoint) {
    const peer_id key = ++last_peer_;
    auto& made = sessions_[key];
    made = std::make_unique<session>();
    made->key = key;
    made->endpoint = std::move(endpoint);
    made->policy = policy();
    return *made;
}

session& socket_core::add_connector(std::string endpoint, time_point now) {
    now_ = now;
    session& s = add(std::move(endpoint));
    s.connects = true;
    begin_attempt(s);
    update_sendable(s);
    return s;
}

void socket_core::begin_attempt(session& s) {
    s.phase = session_phase::connecting;
    due_.push_back(&s);
    tell(event_kind::connecting, s);
}

session* socket_core::add_connector(std::string endpoint, std::string routing_id, time_point now,
                                    std::error_code& ec) {
    ec.clear();
    if (routes_.contains(routing_id)) {
        ec = errc::duplicate_routing_id;
        return nullptr;
    }
    session& s = add_connector(std::move(endpoint), now);
    s.id_given = true;
    s.routing_id = std::move(routing_id);
    routes_[s.routing_id] = &s;
    return &s;
}

session& socket_core::add_accepted(std::string endpoint, std::string address,
                                   const policy_ptr& rules, time_point now) {
    session& s = add(std::move(endpoint));
    s.policy = rules;
    s.address = std::move(address);
    make_link(s, zmtp::role::server, now);
    tell(event_kind::accepted, s);
    return s;
}

void socket_core::transport_open(session& s, std::string address, time_point now) {
    s.address = std::move(address);
    make_link(s, zmtp::role::client, now);
    tell(event_kind::connected, s);
}

void socket_core::make_link(session& s, zmtp::role side, time_point now) {
    now_ = now;
    if (!config_ || config_->policy != s.policy) {
        auto made = std::make_shared<link_config>();
        made->id = options.routing_id;
        made->type = type_;
        made->routing_id = as_octets(made->id);
        made->memory = &block_cache::instance();
        made->spare_memory = 0; // the cache serves all connections
        made->limit = options.limit;
        made->beat = options.beat;
        made->policy = s.policy;
        made->authenticate = s.policy->asks_by_null();
        if (s.policy->how)
            made->mechanism = &s.policy->how->mechanism();
        config_ = std::move(made);
    }
    s.peer = ++last_peer_;
    s.why.clear();
    s.config = config_;
    if (s.policy->how)
        side = s.policy->how->side(); // whoever connected
    s.link = std::make_unique<zmtp::connection>(side, *s.config, now);
    s.phase = session_phase::handshaking;
    s.end_at.reset();
    ++handshaking_;
    mark_dirty(s);
    update_alarm(s);
}

void socket_core::attach(session& s, time_point now) {
    if (type_ == zmtp::socket_type::router && !claim_routing_id(s))
        return fail(s, errc::duplicate_routing_id);
    if (type_ == zmtp::socket_type::pair && !peers_.empty())
        return fail(s, errc::pair_is_taken);
    now_ = now;
    --handshaking_;
    ++stats.connections;
    s.phase = session_phase::attached;
    s.since = now;
    s.backoff = milliseconds::zero();
    peers_[s.peer] = &s;
    tell(event_kind::handshake_succeeded, s);
    put_notice(s, notice::peer_up);
    update_rivals();
    if (options.probe_router) {
        message probe;
        if (probe.try_push_back({}))
            send_first(s, std::move(probe));
    }
    if (type_ == zmtp::socket_type::xpub)
        greet_subscriber(s);
    tell_topics(s);
    update_sendable(s);
    mark_dirty(s); // what was queued before
}

// Of a PAIR's connections that are on their way, none is to be sent to once there is a peer.
void socket_core::update_rivals() {
    if (type_ != zmtp::socket_type::pair)
        return;
    for (const auto& [key, s] : sessions_)
        update_sendable(*s);
}

bool socket_core::owns_route(const session& s) const {
    const auto found = routes_.find(s.routing_id);
    return found != routes_.end() && found->second == &s;
}

bool socket_core::claim_routing_id(session& s) {
    if (s.id_given)
        return true;
    std::string id{s.link ? as_text(s.link->peer_routing_id()) : s.announced_id};
    const bool named = owns_route(s);
    if (id.empty()) {
        if (named)
            return true; // a connector that came back keeps its name
        const std::uint32_t number = next_generated_id_++;
        id.assign(1, '\0');
        for (int shift = 24; shift >= 0; shift -= 8)
            id.push_back(static_cast<char>(number >> shift));
    }
    if (named && id == s.routing_id)
        return true;
    if (const auto found = routes_.find(id); found != routes_.end()) {
        session& other = *found->second;
        if (!options.router_handover && other.phase == session_phase::attached)
            return false;     // the new one is closed; libzmq would keep it connected and mute
        routes_.erase(found); // other keeps the name for what it has said and nobody received yet
        if (other.phase == session_phase::attached)
            fail(other, errc::duplicate_routing_id);
    }
    if (named)
        routes_.erase(s.routing_id);
    s.routing_id = std::move(id);
    routes_[s.routing_id] = &s;
    return true;
}

void socket_core::fail(session& s, std::error_code why) {
    s.why = why;
    if (std::find(failed_.begin(), failed_.end(), &s) == failed_.end())
        failed_.push_back(&s);
}

void socket_core::detach(session& s) {
    if (s.phase == session_phase::handshaking) {
        --handshaking_;
        ++stats.handshakes_failed;
        note_end_of_stream(s);
        tell(event_kind::handshake_failed, s, s.why);
        s.traffic.octets_in = s.traffic.octets_out = 0; // no peer's
    } else if (s.phase == session_phase::attached) {
        // Whole messages that have come stay readable, but not those of one lost connection after
        // another, if nobody reads.
        const bool over = (options.receive_mark != 0 && s.in.size() > options.receive_mark) ||
                          s.in_octets > options.mark_octets;
        if (s.undecoded && !over && s.why != errc::revoked && (s.pipe || s.link->is_open()))
            decode_some(s, ~std::size_t{0}, true);
        ++stats.disconnects;
        note_end_of_stream(s);
        tell(event_kind::disconnected, s, s.why);
        remember(s);
        peers_.erase(s.peer);
        forget_topics(s);
        update_rivals();
        put_notice(s, notice::peer_down);
        gone_.hold(s.peer, waiting_of(s));
    }
    s.phase = session_phase::waiting; // end() comes here again
    std::erase(dirty_, &s);
    std::erase(resumed_, &s);
    std::erase(due_, &s);
    std::erase(failed_, &s);
    std::erase(questions_, &s);
    s.dirty = s.paused = s.undecoded = s.held = s.out_missed = false;
    put_back_post(s);
    forget_streamed(s);
    reopen_out(s);
    s.link.reset();
    s.asked.reset();
    s.identity.reset();
    s.mail.clear();
    s.pipe.reset();
    s.peer = s.peer_there = 0;
    s.announced_id.clear();
    s.announced_type.reset();
    s.address.clear();
    s.hung_up = false;
    s.transport.reset();
    s.retry_at.reset();
    s.end_at.reset();
}

void socket_core::hold(peer_id peer, bool on, std::error_code& ec) {
    ec.clear();
    session* const s = find_peer(peer);
    if (s == nullptr) {
        ec = errc::no_route;
        return;
    }
    s->held = on;
    if (!on && s->undecoded) {
        s->paused = false;
        resumed_.push_back(s);
    }
}

void socket_core::abandon_received() {
    abandoned_ = true;
    for_each_session([this](session& s) {
        readable_.remove(s);
        s.in.clear();
        s.in_octets = 0;
        forget_if_done(s);
    });
    gone_.let_go_of_all();
}

void socket_core::drop_out(session& s) {
    count(s, &traffic_stats::dropped_disconnect, s.out.size() + s.post.size());
    s.out.clear();
    s.post.clear();
    s.out_octets = 0;
    s.out_full = false;
}

void socket_core::transport_lost(session& s, std::error_code why, time_point now) {
    now_ = now;
    s.why = why;
    const bool over = !s.connects || (s.removed && s.out.empty() && s.post.empty());
    // Who was asked here may answer otherwise the next time.
    const bool by_us = why == zmtp::errc::authentication_failed && s.policy->who;
    const bool refused = why == zmtp::condition::refused && !by_us;
    if (over || refused || options.immediate)
        drop_out(s); // while it is known whose it was
    if (s.phase == session_phase::connecting)
        tell(event_kind::connect_failed, s, why);
    detach(s);
    if (over)
        return end(s, now);
    if (refused) {
        s.given_up = true; // the same configuration would be refused again
        tell(event_kind::ended, s, why);
        update_alarm(s);
    } else {
        schedule_retry(s, now);
    }
    update_sendable(s);
}

void socket_core::end(session& s, time_point now) {
    now_ = now;
    if (s.phase != session_phase::ended) {
        drop_out(s);
        detach(s);
        if (s.connects && !s.given_up)
            tell(event_kind::ended, s);
        s.phase = session_phase::ended;
        sendable_.remove(s);
        update_alarm(s);
        if (owns_route(s))
            routes_.erase(s.routing_id);
        leave_behind(s);
    }
    forget_if_done(s);
}

session* socket_core::find(peer_id key) const {
    const auto found = sessions_.find(key);
    return found == sessions_.end() ? nullptr : found->second.get();
}

void socket_core::forget_if_done(session& s) {
    if (s.phase != session_phase::ended || (!s.in.empty() && !abandoned_))
        return;
    readable_.remove(s);
    left_behind_ -= s.left_behind;
    sessions_.erase(s.key);
}

// Peers may come, say something and go, one after another, while the program does not read: what
// they leave behind is bounded as the queue of one that stays.
void socket_core::leave_behind(session& s) {
    const std::size_t size = sizeof s + s.in.size() * sizeof(message) + s.in_octets;
    if (left_behind_ + gone_.held_octets() + size >
        std::max(options.mark_octets, least_left_behind)) {
        s.in.for_each([&](const message& m) {
            count_for(m.peer(), &traffic_stats::dropped_disconnect);
            message_left(s, m.peer());
        });
        s.in.clear();
        s.in_octets = 0;
        return;
    }
    s.left_behind = size;
    left_behind_ += size;
}

session* socket_core::take_last(std::vector<session*>& from) noexcept {
    if (from.empty())
        return nullptr;
    session* taken = from.back();
    from.pop_back();
    return taken;
}

session* socket_core::next_dirty() noexcept {
    session* taken = take_last(dirty_);
    if (taken != nullptr)
        taken->dirty = false;
    return taken;
}

} // namespace mizzen::detail
