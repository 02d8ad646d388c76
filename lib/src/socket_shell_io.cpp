// The network's side of a socket: accepting, connecting, reading, writing.
#include "socket_shell.hpp"
#include <mizzen/zmtp/error.hpp>

#include <asio/connect.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <array>
#include <utility>

namespace mizzen::detail {
namespace {

constexpr milliseconds accept_pause{100};
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

} // namespace

// --- Listening ---

void socket_shell::accept(const listener_ptr& from) {
    if (from->accepting || core_.handshaking() >= core_.options.max_handshakes)
        return; // under way already, or resume_accepting comes back
    from->accepting = true;
    from->acceptor.async_accept(
        [self = shared_from_this(), from](std::error_code ec, asio::ip::tcp::socket peer) {
            from->accepting = false;
            if (self->closed_ || !from->acceptor.is_open())
                return;
            if (!ec) {
                self->accepted(from, std::move(peer));
                return self->accept(from);
            }
            // Out of descriptors or memory, most likely: the listener outlives that.
            from->accepting = true;
            from->retry.expires_after(accept_pause);
            from->retry.async_wait([self, from](std::error_code stopped) {
                from->accepting = false;
                if (!stopped && !self->closed_ && from->acceptor.is_open())
                    self->accept(from);
            });
        });
}

void socket_shell::resume_accepting() {
    for (const auto& each : listeners_)
        if (!each->accepting)
            accept(each);
}

void socket_shell::accepted(const listener_ptr& from, asio::ip::tcp::socket peer) {
    auto t = std::make_shared<transport>(executor_);
    t->socket = std::move(peer);
    session& s = core_.add_accepted(from->endpoint, std::chrono::steady_clock::now());
    s.transport = t;
    t->owner = &s;
    open_for_traffic(t, s);
    pump();
}

// --- Connecting ---

void socket_shell::start_connecting(session& s) {
    std::error_code ec;
    const auto where = parse_endpoint(s.endpoint, endpoint_use::connect, ec);
    auto t = std::make_shared<transport>(executor_);
    s.transport = t;
    t->owner = &s;
    const auto address = asio::ip::make_address(where.host, ec);
    if (!ec)
        return connect_to(t, {{address, where.port}});
    if (where.host == "localhost")
        return connect_to(t, {{asio::ip::address_v4::loopback(), where.port},
                              {asio::ip::address_v6::loopback(), where.port}});
    // Names are looked up at each attempt: they may have moved.
    t->resolver = std::make_unique<asio::ip::tcp::resolver>(executor_);
    t->resolver->async_resolve(
        where.host, std::to_string(where.port),
        [self = shared_from_this(), t](std::error_code failed,
                                       const asio::ip::tcp::resolver::results_type& found) {
            if (failed)
                return self->connected(t, failed);
            std::vector<asio::ip::tcp::endpoint> candidates;
            for (const auto& entry : found)
                candidates.push_back(entry.endpoint());
            self->connect_to(t, candidates);
        });
}

void socket_shell::connect_to(const transport_ptr& t,
                              const std::vector<asio::ip::tcp::endpoint>& candidates) {
    if (t->owner == nullptr)
        return;
    asio::async_connect(
        t->socket, candidates,
        [self = shared_from_this(), t](std::error_code ec, const asio::ip::tcp::endpoint&) {
            self->connected(t, ec);
        });
}

void socket_shell::connected(const transport_ptr& t, std::error_code ec) {
    session* s = t->owner;
    if (s == nullptr)
        return;
    std::error_code ignored;
    // A port that nobody listens on may connect to itself when the kernel picks it for our end.
    if (!ec && t->socket.local_endpoint(ignored) == t->socket.remote_endpoint(ignored))
        ec = asio::error::connection_refused;
    if (ec) {
        lose(*s, ec);
    } else {
        core_.transport_open(*s, std::chrono::steady_clock::now());
        open_for_traffic(t, *s);
    }
    pump();
}

void socket_shell::open_for_traffic(const transport_ptr& t, session& s) {
    std::error_code ec;
    t->socket.non_blocking(true, ec);
    t->socket.set_option(asio::ip::tcp::no_delay{true}, ec);
    wait_readable(t);
    flush(s); // the greeting
}

// --- Reading ---

void socket_shell::wait_readable(const transport_ptr& t) {
    if (t->read_waiting)
        return;
    t->read_waiting = true;
    t->socket.async_wait(asio::socket_base::wait_read,
                         [self = shared_from_this(), t](std::error_code ec) {
                             t->read_waiting = false;
                             if (t->owner == nullptr)
                                 return;
                             if (ec) {
                                 self->lose(*t->owner, ec);
                                 return self->pump();
                             }
                             self->on_readable(t);
                         });
}

void socket_shell::on_readable(const transport_ptr& t) {
    session& s = *t->owner;
    if (t->draining)
        return discard_input(t);
    const auto room = s.link->prepare();
    if (room.empty()) {
        lose(s, zmtp::errc::not_enough_memory);
        return pump();
    }
    const buffer_list<asio::mutable_buffer, std::span<std::byte>> buffers{room};
    std::error_code ec;
    const std::size_t size = t->socket.read_some(buffers, ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again) {
        s.link->commit(0, std::chrono::steady_clock::now());
        return wait_readable(t);
    }
    if (ec) {
        lose(s, ec == asio::error::eof ? zmtp::errc::end_of_stream : ec);
        return pump();
    }
    core_.received(s, size, std::chrono::steady_clock::now());
    if (!receivers_.empty())
        serve_receivers();
    if (s.link->is_open())
        continue_reading_soon(t, size == asio::buffer_size(buffers));
    if (core_.any_work() || !senders_.empty())
        pump();
    else
        arm_timer();
}

// Lets the program take what came, before more is decoded or read.
void socket_shell::continue_reading_soon(const transport_ptr& t, bool more_expected) {
    ++turns_posted_;
    asio::post(executor_, [self = shared_from_this(), t, more_expected] {
        --self->turns_posted_;
        if (self->core_.any_work())
            self->pump(); // answers first, reading after
        self->continue_reading(t, more_expected);
    });
}

void socket_shell::continue_reading(const transport_ptr& t, bool more_expected) {
    session* s = t->owner;
    if (s == nullptr || t->read_waiting || t->draining)
        return;
    if (s->undecoded && !core_.decode(*s, std::chrono::steady_clock::now()))
        return pump(); // the queue is full: the stream is left alone
    if (!s->link->is_open())
        return pump();
    if (more_expected)
        on_readable(t);
    else
        wait_readable(t);
    pump_soon();
}

// Closing while octets wait unread would reset the connection, and with it what is still on its way
// to the peer.
void socket_shell::discard_input(const transport_ptr& t) {
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
    const auto t = transport_of(s);
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
    }
    finish_if_flushed(s);
}

void socket_shell::wait_writable(const transport_ptr& t) {
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

// The connection itself decided to close: what it has to say (an ERROR, say) goes out first.
void socket_shell::finish_failed(session& s) {
    const std::error_code why = s.why;
    if (const auto t = transport_of(s); t != nullptr && s.link && !t->write_waiting) {
        std::error_code ignored;
        const auto spans = s.link->output();
        if (!spans.empty())
            t->socket.write_some(buffer_list<asio::const_buffer, std::span<const std::byte>>{spans},
                                 ignored);
    }
    lose(s, why);
}

void socket_shell::let_go(session& s) {
    const auto t = transport_of(s);
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
    const auto t = transport_of(s);
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
