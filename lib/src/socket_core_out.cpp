// Messages on their way out: through the queue, or past it in a stream.
#include "socket_core.hpp"

#include <utility>

namespace mizzen::detail {
namespace {

constexpr milliseconds trim_after{1000};
// A queue of that length is a stream: it and what follows goes into the connection's batch at once,
// instead of through the queue. A batch takes memory, so that few peers have one at a time.
constexpr std::size_t length_of_stream = 16;
constexpr std::size_t most_streaming = 8;
// The peer wakes up for each batch, which costs the sender as much as 16 KiB of copying.
constexpr std::size_t batch_of_stream = std::size_t{248} * 1024; // fits the cache

} // namespace

std::span<const std::span<const std::byte>> socket_core::output(session& s) {
    if (!s.link)
        return {};
    stop_streaming(s);
    fill_link(s);
    reopen_out(s);
    return s.link->output();
}

void socket_core::fill_link(session& s) {
    std::error_code ec;
    while (!s.out.empty() && s.link->can_send()) {
        message& next = s.out.front();
        s.out_octets -= next.encoded_size();
        if (next.peer() == subscribing)
            s.link->subscribe(next.front(), ec);
        else if (next.peer() == cancelling)
            s.link->cancel(next.front(), ec);
        else
            s.link->send(std::move(next), ec);
        s.out.pop_front();
        if (ec)
            fail(s, ec);
    }
}

// The queue has become shorter.
void socket_core::reopen_out(session& s) {
    if (s.out_full && half_empty(s.out.size() + s.streamed, options.send_mark) &&
        2 * (s.out_octets + s.streamed_octets) <= options.mark_octets) {
        s.out_full = false;
        update_sendable(s);
        if (std::exchange(s.out_missed, false))
            put_notice(s, notice::peer_writable);
    }
    if (s.out.empty() && !trim_at_)
        trim_at_ = now_ + trim_after;
}

void socket_core::written(session& s, std::size_t size) {
    count(s, &traffic_stats::octets_out, size);
    s.link->consume(size);
    if (s.streamed != 0 && s.link->output().empty())
        forget_streamed(s);
    if (!s.link->is_open() && s.why != zmtp::errc::not_enough_memory) {
        std::error_code why;
        message none;
        static_cast<void>(s.link->next_event(none, why));
        fail(s, why);
    }
}

void socket_core::push_out(session& s, message&& m) {
    const std::size_t octets = m.encoded_size();
    count(s, &traffic_stats::messages_sent);
    if (!s.streaming || !stream(s, m, octets)) {
        m.set_peer(s.peer_there);
        m.set_peer_notice(notice::none);
        if (options.conflate && s.out.size() + s.post.size() != 0) {
            count(s, &traffic_stats::dropped_conflated, s.out.size() + s.post.size());
            s.out.clear();
            s.post.clear();
            s.out_octets = 0;
            forget_streamed(s);
        }
        s.out_octets += octets;
        s.out.emplace_back() = std::move(m);
        if (s.out.size() == length_of_stream)
            start_streaming(s);
    }
    mark_dirty(s);
    if (out_full(s)) {
        s.out_full = true;
        update_sendable(s);
    }
}

// What was sent in this turn is all that the connection has to write: what was not written before
// would be lost with it, and stays in the queue.
void socket_core::start_streaming(session& s) {
    if (options.conflate)
        return;
    if (s.pipe) {
        if (s.phase == session_phase::attached)
            fill_post(s);
        return;
    }
    if (!s.link || streaming_ == most_streaming || !s.link->can_send() || !s.link->output().empty())
        return;
    s.streaming = true;
    ++streaming_;
    s.link->gather(batch_of_stream);
    s.streamed += s.out.size();
    s.streamed_octets += s.out_octets;
    fill_link(s);
    s.streamed -= s.out.size();
    s.streamed_octets -= s.out_octets;
}

bool socket_core::stream(session& s, message& m, std::size_t octets) {
    if (!s.out.empty() || (s.link && !s.link->can_send()))
        return false;
    put_in_stream(s, m, octets);
    return true;
}

void socket_core::stop_streaming(session& s) noexcept {
    if (!std::exchange(s.streaming, false) || !s.link)
        return;
    --streaming_;
    s.link->gather(s.config->write_batch);
}

// All is written, or lost with the connection.
void socket_core::forget_streamed(session& s) noexcept {
    stop_streaming(s);
    s.streamed = 0;
    s.streamed_octets = 0;
}

void socket_core::update_sendable(session& s) {
    if (!round_robins())
        return;
    const bool takes = !s.out_full && !s.given_up && !s.removed &&
                       (s.phase == session_phase::attached ||
                        (s.connects && !options.immediate &&
                         (type_ != zmtp::socket_type::pair || peers_.empty())));
    if (takes)
        sendable_.add(s);
    else
        sendable_.remove(s);
}

} // namespace mizzen::detail
