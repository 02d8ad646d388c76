// What a socket tells of its peers.
#include "socket_core.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/metadata.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace mizzen::detail {
namespace {

bool is_the_application_s(std::string_view name) noexcept {
    return name.size() > 2 && zmtp::same_property(name.substr(0, 2), "X-");
}

std::vector<peer_property> application_properties(octets metadata) {
    std::vector<peer_property> found;
    std::error_code ec;
    while (const auto each = zmtp::next_property(metadata, ec))
        if (is_the_application_s(each->name))
            found.push_back({std::string{each->name}, std::string{as_text(each->value)}});
    return found;
}

// What the peer said to be let in, or who it was taken for.
void say_who(const session& s, peer_identity& who) {
    const octets said = s.link->user_id();
    if (who.mechanism == "CURVE") {
        who.public_key = s.policy->how->peer_key();
        if (said.size() == curve_key::size) {
            std::copy(said.begin(), said.end(), who.public_key.emplace().octets.begin());
            who.user_id = to_z85(*who.public_key);
        }
    } else {
        who.user_id = as_text(said);
    }
    if (s.asked && !s.asked->answer.user_id.empty())
        who.user_id = s.asked->answer.user_id;
}

} // namespace

// --- Who they are ---

peer_identity socket_core::identity_of(const session& s) const {
    peer_identity who;
    if (s.phase == session_phase::handshaking || s.phase == session_phase::attached)
        who.id = s.peer;
    who.address = s.address;
    who.type = s.announced_type;
    who.routing_id = s.announced_id;
    if (s.link) {
        if (const auto type = s.link->peer_property("Socket-Type"))
            who.type = zmtp::socket_type_named(as_text(*type));
        who.routing_id = as_text(s.link->peer_routing_id());
        who.mechanism = s.config->mechanism->name();
        say_who(s, who);
    }
    if (type_ == zmtp::socket_type::router && s.phase == session_phase::attached)
        who.routing_id = s.routing_id;
    return who;
}

peer_info socket_core::describe(const session& s) const {
    peer_info about;
    static_cast<peer_identity&>(about) = identity_of(s);
    about.endpoint = s.endpoint;
    if (s.link)
        about.properties = application_properties(s.link->peer_metadata());
    if (s.asked)
        about.properties.insert(about.properties.end(), s.asked->answer.metadata.begin(),
                                s.asked->answer.metadata.end());
    about.since = s.since;
    about.traffic = s.traffic;
    about.receive_queue = {s.in.size() + s.mail.size(), s.in_octets + s.mail.octets()};
    about.send_queue = {s.out.size() + s.streamed, s.out_octets + s.streamed_octets};
    return about;
}

// So that whoever holds a message of the peer can still ask who that was.
void socket_core::remember(session& s) {
    try {
        peer_info gone = describe(s);
        gone.until = now_;
        gone.reason = s.why;
        gone_.add(std::move(gone), s.identity);
        s.traffic = {};
    } catch (const std::bad_alloc&) {
        s.traffic = {}; // then it is not known; nothing else depends on that
    }
}

std::vector<peer_info> socket_core::peers() const {
    std::vector<peer_info> all;
    all.reserve(peers_.size());
    for (const auto& [id, s] : peers_)
        all.push_back(describe(*s));
    std::sort(all.begin(), all.end(),
              [](const peer_info& a, const peer_info& b) { return a.id < b.id; });
    return all;
}

std::optional<peer_info> socket_core::peer(peer_id id) const {
    if (const session* s = find_peer(id))
        return describe(*s);
    if (const peer_info* gone = gone_.find(id))
        return *gone;
    return std::nullopt;
}

const peer_identity* socket_core::other_sender(peer_id id) {
    if (session* s = find_peer(id)) {
        if (!s->identity)
            s->identity = std::make_shared<const peer_identity>(identity_of(*s));
        last_sender_ = s->identity;
    } else {
        last_sender_ = gone_.identity_of(id);
    }
    return last_sender_.get();
}

// --- What is counted for them ---

// Of a message whose session may have ended, or has another connection by now.
void socket_core::count_for(peer_id who, std::uint64_t traffic_stats::* what) {
    if (session* s = find_peer(who))
        return count(*s, what);
    ++(stats.*what);
    if (traffic_stats* gone = gone_.traffic_of(who))
        ++(gone->*what);
}

// A message that waited has been taken or dropped.
void socket_core::message_left(const session& s, peer_id sender) {
    if (sender != s.peer)
        gone_.let_go_of_one(sender);
}

// How many messages of its connection wait for the program.
std::size_t socket_core::waiting_of(session& s) {
    std::size_t count = 0;
    s.in.for_each([&](const message& m) { count += m.peer() == s.peer ? 1U : 0U; });
    return count;
}

// --- What happens to them ---

void socket_core::put_notice(session& s, notice what) {
    if (!options.report_peers || abandoned_)
        return;
    message& told = s.in.emplace_back();
    told.set_peer(s.peer);
    told.set_peer_notice(what);
    readable_.add(s);
}

// So that the connection says how much had come.
void socket_core::note_end_of_stream(session& s) noexcept {
    if (s.link && s.why == zmtp::errc::end_of_stream)
        s.link->end_of_stream();
}

void socket_core::tell_monitors(event_kind what, const session& s, std::error_code why) noexcept {
    try {
        connection_event event;
        event.kind = what;
        event.at = now_;
        event.endpoint = s.endpoint;
        event.peer = identity_of(s);
        event.reason = why;
        event.detail = detail_of(s, why);
        if (s.link && !s.link->is_open()) {
            event.position = s.link->failed_at();
            if (why == zmtp::errc::refused_by_peer)
                event.refusal = s.link->refusal();
        }
        if (what == event_kind::retrying && s.retry_at)
            event.delay = std::chrono::duration_cast<milliseconds>(*s.retry_at - now_);
        events.put(event);
    } catch (const std::bad_alloc&) {
        events.lose();
    }
}

void socket_core::tell_of_listener(event_kind what, std::string_view endpoint, std::error_code why,
                                   time_point now) noexcept {
    if (!events.watched())
        return;
    try {
        connection_event event;
        event.kind = what;
        event.at = now;
        event.endpoint = endpoint;
        event.reason = why;
        events.put(event);
    } catch (const std::bad_alloc&) {
        events.lose();
    }
}

} // namespace mizzen::detail
