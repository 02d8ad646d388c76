// A socket's octets: reading, writing, and how transports end.
#include "socket_shell.hpp"
#include <mizzen/zmtp/error.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace mizzen::detail {
namespace {

constexpr milliseconds longest_drain{1000}; // for a peer to close after we did

// A connection's spans as Asio wants them. writev takes no more than this at once.
template <class Buffer, class Span> class buffer_list {
public:
    using value_type = Buffer;
    using const_iterator = const Buffer*;

    explicit buffer_list(std::span<const Span> spans) noexcept {
        for (const Span& span : spans.first(std::min(spans.size(), buffers_.size())))
            buffers_[count_++] = Buffer{span.data(), span.size()};
    }
    [[nodiscard]] const_iterator begin() const noexcept { return buffers_.data(); }
    [[nodiscard]] const_iterator end() const noexcept { return buffers_.data() + count_; }

private:
    std::array<Buffer, 64> buffers_;
    std::size_t count_ = 0;
};

// Where a connection wants its input, as far as it is not full yet.
class input_room {
public:
    explicit input_room(std::span<const std::span<std::byte>> spans) noexcept {
        std::copy_n(spans.begin(), std::min(spans.size(), spans_.size()), spans_.begin());
    }
    [[nodiscard]] bool empty() const noexcept { return spans_[0].empty() && spans_[1].empty(); }
    [[nodiscard]] std::span<const std::span<std::byte>> left() const noexcept { return spans_; }
    // How many octets there was room for.
    std::size_t fill(std::span<const std::byte> octets) noexcept {
        std::size_t total = 0;
        for (std::span<std::byte>& span : spans_) {
            const std::size_t size = std::min(span.size(), octets.size() - total);
            std::copy_n(octets.begin() + static_cast<std::ptrdiff_t>(total), size, span.begin());
            span = span.subspan(size);
            total += size;
        }
        return total;
    }

private:
    std::array<std::span<std::byte>, 2> spans_{};
};

// Whether what comes can be kept, though it is not looked at before the peer is let in.
bool has_room(session& s) {
    const bool any = !input_room{s.link->prepare()}.empty();
    s.link->commit(0, std::chrono::steady_clock::now());
    return any;
}

} // namespace

// --- Reading ---

// The first octets come with the news that there are some, since Asio asks the system nothing when
// a read that it knows to be in vain waits, but makes a call for everything else that waits.
void socket_shell::wait_readable(const channel_ptr& t) {
    if (t->read_waiting)
        return;
    t->read_waiting = true;
    t->socket.async_read_some(asio::buffer(t->first),
                              [self = shared_from_this(), t](std::error_code ec, std::size_t size) {
                                  t->read_waiting = false;
                                  if (t->owner == nullptr)
                                      return;
                                  if (!ec)
                                      return self->on_readable(t, size);
                                  if (t->draining)
                                      self->end(*t->owner);
                                  else
                                      self->lose_input(*t->owner, ec);
                                  self->pump();
                              });
}

void socket_shell::lose_input(session& s, std::error_code ec) {
    lose(s, ec == asio::error::eof ? zmtp::errc::end_of_stream : ec);
}

// `arrived` octets are in t->first; if it is full there may be more.
void socket_shell::on_readable(const channel_ptr& t, std::size_t arrived) {
    session& s = *t->owner;
    if (t->draining)
        return discard_input(t);
    input_room room{s.link->prepare()};
    if (room.empty()) {
        lose(s, zmtp::errc::not_enough_memory);
        return pump();
    }
    std::size_t size = room.fill(std::span{t->first}.first(arrived));
    bool more = arrived == 0 || arrived == t->first.size();
    if (more && !room.empty()) {
        const buffer_list<asio::mutable_buffer, std::span<std::byte>> buffers{room.left()};
        std::error_code ec;
        const std::size_t read = t->socket.read_some(buffers, ec);
        const bool none = ec == asio::error::would_block || ec == asio::error::try_again;
        if (none && size == 0) {
            s.link->commit(0, std::chrono::steady_clock::now());
            return wait_readable(t);
        }
        if (ec && !none && size == 0) {
            lose_input(s, ec);
            return pump();
        }
        more = (ec && !none) || (!ec && read == asio::buffer_size(buffers)); // an error comes again
        size += ec ? 0 : read;
    }
    core_.received(s, size, std::chrono::steady_clock::now());
    if (size < arrived && s.link->is_open()) { // a body that grows had room for no more
        std::copy(t->first.begin() + static_cast<std::ptrdiff_t>(size),
                  t->first.begin() + static_cast<std::ptrdiff_t>(arrived), t->first.begin());
        return on_readable(t, arrived - size);
    }
    if (s.phase == session_phase::handshaking)
        zmtp::wipe(t->first); // which may have had a password
    stay_awake(true);
    if (!receivers_.empty())
        serve_receivers();
    if (s.link->is_open())
        continue_reading_soon(t, more);
    if (core_.any_work() || !senders_.empty())
        pump();
    else
        arm_timer();
}

// Lets the program take what came, before more is decoded or read.
void socket_shell::continue_reading_soon(const channel_ptr& t, bool more_expected) {
    ++turns_posted_;
    asio::post(executor_, [self = shared_from_this(), t, more_expected] {
        --self->turns_posted_;
        if (self->core_.any_work())
            self->pump(); // answers first, reading after
        self->continue_reading(t, more_expected);
    });
}

void socket_shell::continue_reading(const channel_ptr& t, bool more_expected) {
    session* s = t->owner;
    if (s == nullptr || t->read_waiting || t->draining)
        return;
    if (s->undecoded && !core_.decode(*s, std::chrono::steady_clock::now()))
        return pump(); // the queue is full: the stream is left alone
    if (!s->link->is_open())
        return pump();
    if (s->asked && s->phase == session_phase::handshaking && !has_room(*s))
        return pump(); // goes on with the answer
    if (more_expected)
        on_readable(t, 0);
    else
        wait_readable(t);
    pump_soon();
}

// A loop that always has something to do does not sleep: it only looks whether there is more.
void socket_shell::note_activity(bool came) {
    active_at_ = std::chrono::steady_clock::now();
    if (awake_) {
        look_was_worth_it_ = look_was_worth_it_ || came;
        return;
    }
    if (!looks_.begin())
        return;
    awake_ = true;
    look_was_worth_it_ = false;
    asio::post(executor_, [self = shared_from_this()] { self->busy_turn(); });
}

void socket_shell::busy_turn() {
    awake_ = !closed_ && std::chrono::steady_clock::now() - active_at_ < core_.options.busy_poll;
    if (awake_)
        return asio::post(executor_, [self = shared_from_this()] { self->busy_turn(); });
    looks_.end(look_was_worth_it_);
}

// Closing while octets wait unread would reset the connection, and with it what is still on its way
// to the peer.
void socket_shell::discard_input(const channel_ptr& t) {
    std::array<std::byte, 4096> scratch;
    std::error_code ec;
    for (int round = 0; round < 16 && !ec; ++round)
        t->socket.read_some(asio::buffer(scratch), ec);
    if (!ec || ec == asio::error::would_block || ec == asio::error::try_again)
        return wait_readable(t);
    end(*t->owner);
    pump();
}

// --- Writing ---

void socket_shell::flush(session& s) {
    if (s.pipe)
        return core_.hand_over(s);
    const auto t = channel_of(s);
    if (t == nullptr || !s.link || t->write_waiting || t->draining)
        return;
    for (;;) {
        const auto spans = core_.output(s);
        if (spans.empty())
            break;
        std::error_code ec;
        const std::size_t size = t->socket.write_some(
            buffer_list<asio::const_buffer, std::span<const std::byte>>{spans}, ec);
        if (ec == asio::error::would_block || ec == asio::error::try_again)
            return wait_writable(t);
        if (ec) {
            if (s.removed)
                return lose(s, ec);
            t->write_waiting = true; // for good: what the peer sent before it left is read first
            return;
        }
        core_.written(s, size);
        stay_awake(false);
    }
    finish_if_flushed(s);
}

void socket_shell::wait_writable(const channel_ptr& t) {
    t->write_waiting = true;
    t->socket.async_wait(asio::socket_base::wait_write,
                         [self = shared_from_this(), t](std::error_code ec) {
                             t->write_waiting = false;
                             if (t->owner == nullptr)
                                 return;
                             if (ec)
                                 self->lose(*t->owner, ec);
                             else
                                 self->flush(*t->owner);
                             self->pump();
                         });
}

// --- The ends of transports ---

// The connection itself decided to close: what it has to say (an ERROR, say) goes out first. A peer
// that may no longer be here gets nothing more.
void socket_shell::finish_failed(session& s) {
    const std::error_code why = s.why;
    const auto t = why == errc::revoked ? nullptr : channel_of(s);
    if (t != nullptr && s.link && !t->write_waiting) {
        std::error_code ignored;
        const auto spans = s.link->output();
        if (!spans.empty())
            t->socket.write_some(buffer_list<asio::const_buffer, std::span<const std::byte>>{spans},
                                 ignored);
    }
    lose(s, why);
}

void socket_shell::let_go(session& s) {
    if (s.pipe)
        s.pipe->close(s.end, s.why);
    const auto t = channel_of(s);
    if (t == nullptr)
        return;
    t->owner = nullptr;
    if (t->resolver)
        t->resolver->cancel();
    std::error_code ignored;
    t->socket.shutdown(asio::socket_base::shutdown_send, ignored);
    t->socket.close(ignored);
}

void socket_shell::lose(session& s, std::error_code why) {
    let_go(s);
    core_.transport_lost(s, why, std::chrono::steady_clock::now());
    stop_when_done();
}

// Nothing is to keep the program's loop running once the last session of a closed socket is gone.
void socket_shell::stop_when_done() {
    if (!closed_ || core_.any_session())
        return;
    linger_timer_.cancel();
    arm_timer();
    core_.events.end();
    if (from_outside_)
        from_outside_->close();
}

void socket_shell::end(session& s) {
    let_go(s);
    core_.end(s, std::chrono::steady_clock::now());
    stop_when_done();
}

// A session that is to go does so once all is written and the peer has closed in turn.
void socket_shell::finish_if_flushed(session& s) {
    if (!s.removed || !core_.flushed(s))
        return;
    const auto t = channel_of(s);
    if (t == nullptr || s.phase != session_phase::attached)
        return end(s);
    if (std::exchange(t->draining, true))
        return;
    std::error_code ec;
    t->socket.shutdown(asio::socket_base::shutdown_send, ec);
    if (ec)
        return end(s);
    core_.end_by(s, std::chrono::steady_clock::now() + longest_drain);
    wait_readable(t);
}

} // namespace mizzen::detail
