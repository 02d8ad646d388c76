// How requests end at the broker: with a reply, or with the reason why there is none.
#include "broker_state.hpp"

#include <utility>

namespace mizzen::majordomo {

// A plain client is not told of failures: it would take the words for a reply.
void broker_core::state::refuse(peer_record& p, std::string_view service, const return_path& back,
                                status why, std::string_view words) {
    if (back.tag)
        reply(p, message{words}, back, service, why);
}

void broker_core::state::reply(peer_record& p, message&& body, const return_path& back,
                               std::string_view service, status outcome) {
    frame_client_reply(body, service, back.spoken);
    ++stats.replies;
    send_back(p, std::move(body), back, outcome);
}

/// Puts what stood in front of the request in front of what goes to its client.
void broker_core::state::send_back(peer_record& p, message&& m, const return_path& back,
                                   status outcome) {
    if (back.tag)
        frame_tag(m, *back.tag, outcome);
    if (back.envelope) {
        for (std::size_t i = back.envelope->size(); i-- != 0;)
            m.push_front((*back.envelope)[i]);
    }
    send_or_hold(p, std::move(m));
}

/// A part of a reply, with more to come.
void broker_core::state::stream(request_record& r, message&& body) {
    if (r.back.spoken.number == dialect::version::mdp01) {
        ++stats.dropped_partials; // 0.1 knows one reply: the last part
        return;
    }
    r.streamed = true; // whoever asks again later has missed it
    if (r.client == nullptr) {
        ++stats.dropped_partials;
        return;
    }
    ++stats.partials;
    frame_client_partial(body, r.name(), r.back.spoken);
    send_back(*r.client, std::move(body), r.back, status::ok);
}

/// Tells whoever sent the request that there will be no reply.
void broker_core::state::tell(request_record& r, status why, std::string_view words) {
    if (std::exchange(r.issued, false))
        results_.push_back() = {r.handle(), why, message{words}, r.deliveries != 0};
    else if (r.client != nullptr)
        refuse(*r.client, r.name(), r.back, why, words);
}

void broker_core::state::fail(request_record& r, status why, std::string_view words) {
    tell(r, why, words);
    close_request(r);
}

void broker_core::state::complete(request_record& r, message&& body, status outcome,
                                  time_point now) {
    if (outcome != status::ok)
        ++stats.failed_replies;
    if (r.duplicate != duplicates::none) {
        duplicates_.finish(std::exchange(r.duplicate, duplicates::none),
                           r.streamed ? message{} : body.share(), outcome, now);
        stats.duplicates = duplicates_.kept();
    }
    if (r.issued)
        results_.push_back() = {r.handle(), outcome, std::move(body), true};
    else if (r.client == nullptr)
        ++stats.orphaned_replies;
    else if (outcome == status::ok || r.back.tag)
        reply(*r.client, std::move(body), r.back, r.name(), outcome);
    close_request(r);
}

/// Whether the request is one that was there before, and so is not run again. Its client may have
/// come back over a new connection: whoever asked last gets the reply.
bool broker_core::state::answer_duplicate(peer_record& p, const to_broker& in,
                                          const request_tag& tag, message& m, time_point now) {
    const duplicates::entry* const e = duplicates_.find(tag.id, in.service, owner_of_ids(p));
    if (e == nullptr)
        return false;
    if (e->running == nullptr && !e->reply.empty()) {
        ++stats.answered_duplicates;
        const std::string name{in.service};
        reply(p, e->reply.share(), take_return_path(in, m), name, e->outcome);
        return true;
    }
    if (e->running == nullptr || e->running->streamed) {
        ++stats.dropped_duplicates;
        refuse_new(p, in, std::move(m), status::given_up,
                   "was asked before, and answered in parts");
        return true;
    }
    ++stats.attached_duplicates;
    request_record& r = *e->running;
    let_go(r);
    r.back = take_return_path(in, m);
    take_on(p, r);
    set_deadline(r, milliseconds{tag.deadline_ms}, now);
    return true;
}

} // namespace mizzen::majordomo
