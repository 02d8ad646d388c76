// How a socket's transports come about: accepting and connecting.
#include "socket_shell.hpp"

#include <asio/error.hpp>

#include <utility>

namespace mizzen::detail {
namespace {

constexpr milliseconds accept_pause{100};

} // namespace

// --- Listening ---

void socket_shell::accept(const listener_ptr& from) {
    if (from->accepting || !from->acceptor.is_open() ||
        core_.handshaking() >= core_.options.max_handshakes)
        return; // under way already, or resume_accepting comes back
    from->accepting = true;
    from->acceptor.async_accept(
        [self = shared_from_this(), from](std::error_code ec, stream_protocol::socket peer) {
            from->accepting = false;
            if (self->closed_ || !from->acceptor.is_open())
                return;
            if (!ec) {
                self->accepted(from, std::move(peer));
                return self->accept(from);
            }
            // Out of descriptors or memory, most likely: the listener outlives that.
            self->core_.tell_of_listener(event_kind::accept_failed, from->endpoint, ec,
                                         std::chrono::steady_clock::now());
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

void socket_shell::accepted(const listener_ptr& from, stream_protocol::socket peer) {
    auto t = std::make_shared<channel>(executor_);
    t->socket = std::move(peer);
    const std::string address = peer_text(t->socket, from->endpoint);
    const auto now = std::chrono::steady_clock::now();
    if (!core_.may_accept(from->rules, from->endpoint, address, now))
        return; // the connection goes with the channel
    session& s = core_.add_accepted(from->endpoint, address, from->rules, now);
    s.transport = t;
    t->owner = &s;
    open_for_traffic(t, s);
    pump();
}

// --- Connecting ---

void socket_shell::start_connecting(session& s) {
    std::error_code ec;
    const endpoint where = parse_endpoint(s.endpoint, endpoint_use::connect, ec);
    if (where.via == transport::inproc)
        return connect_local(s, where.name);
    auto t = std::make_shared<channel>(executor_);
    s.transport = t;
    t->owner = &s;
    if (core_.options.connect_timeout > milliseconds::zero())
        core_.end_by(s, std::chrono::steady_clock::now() + core_.options.connect_timeout);
    if (where.source)
        t->source = local_address(*where.source, ec);
    if (ec)
        return connected(t, ec);
    if (where.via == transport::tcp)
        return resolve(t, where.tcp);
    t->candidates = {ipc_address(where.name)};
    connect_next(t);
}

void socket_shell::resolve(const channel_ptr& t, const host_and_port& where) {
    std::error_code no_number;
    const auto address = asio::ip::make_address(where.host, no_number);
    if (!no_number)
        t->candidates = {tcp_address({address, where.port})};
    else if (where.host == "localhost")
        t->candidates = {tcp_address({asio::ip::address_v6::loopback(), where.port}),
                         tcp_address({asio::ip::address_v4::loopback(), where.port})};
    if (!t->candidates.empty())
        return connect_next(t);
    // Names are looked up at each attempt: they may have moved.
    t->resolver = std::make_unique<asio::ip::tcp::resolver>(executor_);
    t->resolver->async_resolve(
        where.host, std::to_string(where.port),
        [self = shared_from_this(), t](std::error_code failed,
                                       const asio::ip::tcp::resolver::results_type& found) {
            if (failed || t->owner == nullptr)
                return self->connected(t, failed);
            for (const auto& entry : found)
                t->candidates.insert(t->candidates.begin(), tcp_address(entry.endpoint()));
            self->connect_next(t);
        });
}

void socket_shell::open_from(channel& t, const stream_protocol::endpoint& target,
                             std::error_code& ec) const {
    std::error_code ignored;
    t.socket.close(ignored); // what is left of the attempt before
    open(t.socket, target, core_.options.stream, ec);
    if (!ec && t.source) {
        t.socket.set_option(asio::socket_base::reuse_address{true}, ec);
        t.socket.bind(*t.source, ec);
    }
}

void socket_shell::connect_next(const channel_ptr& t) {
    const stream_protocol::endpoint target = t->candidates.back();
    t->candidates.pop_back();
    const auto done = [self = shared_from_this(), t](std::error_code ec) {
        if (ec && t->owner != nullptr && !t->candidates.empty())
            return self->connect_next(t);
        self->connected(t, ec);
    };
    std::error_code ec;
    open_from(*t, target, ec);
    if (ec)
        return done(ec);
    t->socket.async_connect(target, done);
}

void socket_shell::connected(const channel_ptr& t, std::error_code ec) {
    session* s = t->owner;
    if (s == nullptr)
        return;
    std::error_code ignored;
    // A port that nobody listens on may connect to itself when the kernel picks it for our end.
    if (!ec && t->socket.local_endpoint(ignored) == t->socket.remote_endpoint(ignored))
        ec = asio::error::connection_refused;
    const auto now = std::chrono::steady_clock::now();
    const std::string address = ec ? std::string{} : peer_text(t->socket, s->endpoint);
    if (!ec)
        core_.may_reach(*s, address, ec);
    if (ec) {
        lose(*s, ec);
    } else {
        core_.transport_open(*s, address, now);
        open_for_traffic(t, *s);
    }
    pump();
}

void socket_shell::open_for_traffic(const channel_ptr& t, session& s) {
    prepare(t->socket);
    wait_readable(t);
    flush(s); // the greeting
}

} // namespace mizzen::detail
