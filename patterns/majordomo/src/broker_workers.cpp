// A worker's life at the broker, from READY to its end.
#include "broker_state.hpp"

#include <utility>

namespace mizzen::majordomo {

using role = peer_record::role;

void broker_core::state::on_ready(peer_record& p, std::string_view service, time_point now) {
    if (p.registered() || !valid_service_name(service, options_.max_service_name) ||
        service.starts_with(mmi_prefix))
        return unexpected(p, now);
    service_record* s = open_service(service);
    if (s == nullptr)
        return unexpected(p, now);
    ++stats.registrations;
    ++stats.workers;
    ++s->workers;
    empty_services_.remove(*s);
    p.service = s;
    p.sent = now;
    p.beats_while_busy = false;
    if (options_.heartbeat.count() != 0)
        beats_.push_back(p);
    make_idle(p, now);
    dispatch(*s, now);
}

void broker_core::state::on_reply(peer_record& p, octets handle, std::size_t head, message&& m,
                                  time_point now) {
    if (p.what != role::busy)
        return unexpected(p, now);
    request_record& r = *p.current;
    const std::optional<reply_handle> to = decode_handle(handle);
    if (!to || to->handle != r.handle()) {
        ++stats.stale_replies;
        heard_from(p, now);
        return;
    }
    drop_frames(m, head);
    if (m.empty())
        m.push_back(octets{}); // the Guide's client aborts on a reply without a body
    p.current = nullptr;
    --stats.dispatched;
    complete(r, std::move(m), to->outcome);
    make_idle(p, now);
    dispatch(*p.service, now);
}

void broker_core::state::on_heartbeat(peer_record& p, time_point now) {
    if (!p.registered())
        return unexpected(p, now);
    // A heartbeat may have crossed the request on its way. One that comes an interval later was
    // sent in the middle of the job.
    if (p.what == role::busy && now - p.busy_since >= options_.heartbeat)
        p.beats_while_busy = true;
    heard_from(p, now);
}

void broker_core::state::on_disconnect(peer_record& p, time_point now) {
    if (p.registered())
        remove_worker(p, now);
    p.what = role::unregistered;
}

void broker_core::state::on_nonsense(peer_record& p, std::uint64_t& counter, time_point now) {
    ++counter;
    if (p.registered())
        disconnect(p, now);
}

void broker_core::state::unexpected(peer_record& p, time_point now) {
    ++stats.unexpected;
    disconnect(p, now);
}

void broker_core::state::send_to_worker(peer_record& w, message&& m, time_point now) {
    w.sent = now;
    if (w.beat_links.linked)
        beats_.move_to_back(w);
    send(w.id, std::move(m));
}

// Keeps `silences_` in order: whoever was heard of last stands last. Plain workers say nothing
// while they work, so a busy one is there only if it was seen to heartbeat.
void broker_core::state::heard_from(peer_record& w, time_point now) {
    w.heard = now;
    if (options_.heartbeat.count() == 0 || (w.what == role::busy && !w.beats_while_busy))
        return silences_.remove(w);
    silences_.move_to_back(w);
}

void broker_core::state::make_idle(peer_record& w, time_point now) {
    w.what = role::idle;
    w.service->idle.push_back(w);
    heard_from(w, now);
}

void broker_core::state::remove_worker(peer_record& w, time_point now) {
    service_record& s = *std::exchange(w.service, nullptr);
    s.idle.remove(w);
    beats_.remove(w);
    silences_.remove(w);
    --s.workers;
    --stats.workers;
    w.what = role::unregistered;
    if (request_record* r = std::exchange(w.current, nullptr))
        take_back(*r, now);
    if (!ended_)
        dispatch(s, now);
    note_if_empty(s, now);
}

void broker_core::state::disconnect(peer_record& w, time_point now) {
    if (w.registered())
        remove_worker(w, now);
    w.what = role::disconnected;
    ++stats.disconnects;
    send(w.id, make_disconnect());
}

} // namespace mizzen::majordomo
