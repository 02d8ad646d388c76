// The program's side of a socket: operations, endpoints, closing.
#include "socket_shell.hpp"

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>

#include <random>
#include <stdexcept>
#include <typeinfo>
#include <utility>

namespace mizzen::detail {
namespace {

std::uint64_t fresh_seed() {
    std::random_device device;
    return device();
}

// As with libzmq, a second connect to the same endpoint adds nothing to these.
bool connects_once(zmtp::socket_type type) {
    return type == zmtp::socket_type::dealer || type == zmtp::socket_type::req ||
           type == zmtp::socket_type::pub || type == zmtp::socket_type::sub;
}

} // namespace

socket_shell::socket_shell(asio::any_io_executor executor, zmtp::socket_type type,
                           std::shared_ptr<inproc_names> names)
    : executor_{std::move(executor)}, core_{type, fresh_seed()}, timer_{executor_},
      linger_timer_{executor_}, late_turn_{executor_}, names_{std::move(names)} {
    // A pool runs handlers side by side, and a socket has no locks.
    if (executor_.target_type() == typeid(asio::thread_pool::executor_type))
        throw std::invalid_argument(
            "a socket needs a serial executor: wrap the pool's in a strand");
}

// --- Endpoints ---

std::string socket_shell::bind(std::string_view endpoint, std::error_code& ec) {
    if (closed_) {
        ec = errc::socket_closed;
        return {};
    }
    const auto where = parse_endpoint(endpoint, endpoint_use::bind, ec);
    if (ec)
        return {};
    auto made = std::make_shared<listener>(executor_);
    made->rules = core_.policy();
    if (where.via == transport::inproc) {
        names_->bind(where.name, bell(), ec);
        made->local_name = where.name;
        made->endpoint = endpoint;
    } else {
        bind_stream(*made, where, ec);
    }
    const auto now = std::chrono::steady_clock::now();
    if (ec) {
        core_.tell_of_listener(event_kind::bind_failed, endpoint, ec, now);
        return {};
    }
    listeners_.push_back(made);
    core_.tell_of_listener(event_kind::listening, made->endpoint, {}, now);
    accept(made);
    return made->endpoint;
}

void socket_shell::bind_stream(listener& made, const mizzen::endpoint& where,
                               std::error_code& ec) const {
    std::string path;
    stream_protocol::endpoint local;
    if (where.via == transport::ipc) {
        path = made.file.choose(where.name, ec);
        local = ipc_address(path);
    } else {
        local = local_address(where.tcp, ec);
    }
    if (!ec)
        open(made.acceptor, local, core_.options.stream, ec);
    if (!ec && where.via == transport::ipc)
        made.file.bind(made.acceptor, path, ec);
    else if (!ec)
        made.acceptor.bind(local, ec);
    if (!ec)
        made.acceptor.listen(core_.options.backlog, ec);
    if (!ec)
        made.endpoint = endpoint_text(made.acceptor.local_endpoint(ec));
}

void socket_shell::stop(listener& l) noexcept {
    if (!l.local_name.empty())
        names_->unbind(l.local_name, *bell_);
    std::error_code ignored;
    l.acceptor.close(ignored);
    l.retry.cancel();
    l.file.remove();
    core_.tell_of_listener(event_kind::listener_closed, l.endpoint, {},
                           std::chrono::steady_clock::now());
}

void socket_shell::unbind(std::string_view endpoint, std::error_code& ec) {
    ec = errc::no_such_endpoint;
    for (auto at = listeners_.begin(); at != listeners_.end(); ++at) {
        if ((*at)->endpoint != endpoint)
            continue;
        stop(**at);
        listeners_.erase(at);
        core_.for_each_session([&](session& s) {
            if (!s.connects && s.endpoint == endpoint)
                retire(s);
        });
        ec.clear();
        break;
    }
    pump_soon();
}

void socket_shell::connect(std::string_view endpoint, std::error_code& ec) {
    if (closed_) {
        ec = errc::socket_closed;
        return;
    }
    static_cast<void>(parse_endpoint(endpoint, endpoint_use::connect, ec));
    if (ec)
        return;
    if (connects_once(core_.type())) {
        bool known = false;
        core_.for_each_session([&](const session& s) {
            known = known || (s.connects && !s.removed && s.endpoint == endpoint);
        });
        if (known)
            return;
    }
    const auto now = std::chrono::steady_clock::now();
    std::string id = std::exchange(core_.options.connect_routing_id, {});
    if (id.empty())
        core_.add_connector(std::string{endpoint}, now);
    else if (core_.add_connector(std::string{endpoint}, std::move(id), now, ec) == nullptr)
        return;
    pump();
}

void socket_shell::disconnect(std::string_view endpoint, std::error_code& ec) {
    ec = errc::no_such_endpoint;
    core_.for_each_session([&](session& s) {
        if (!s.connects || s.removed || s.endpoint != endpoint)
            return;
        ec.clear();
        retire(s);
    });
    pump_soon();
}

// Ends the session once what is queued for its peer is on its way.
void socket_shell::retire(session& s) {
    s.removed = true;
    core_.refresh(s);
    if (s.pipe)
        leave_pipe(s);
    else
        finish_if_flushed(s);
}

void socket_shell::close() noexcept {
    if (std::exchange(closed_, true))
        return;
    if (owner_ != ::getpid())
        return abandon();
    try {
        const auto self = shared_from_this();
        for (operation_queue<operation>* queue : {&receivers_, &senders_}) {
            while (operation* op = queue->front()) {
                queue->remove(*op);
                op->complete(asio::error::operation_aborted, {});
            }
        }
        for (const auto& each : listeners_)
            stop(*each);
        listeners_.clear();
        leave_bell();
        core_.abandon_received();
        const bool at_once = core_.options.linger == milliseconds::zero();
        core_.for_each_session([&](session& s) {
            s.removed = true;
            if (s.pipe)
                leave_pipe(s);
            else if (at_once || (s.out.empty() && s.phase != session_phase::attached))
                end(s);
        });
        stop_when_done();
        if (at_once)
            return arm_timer();
        core_.for_each_session([&](session& s) { flush(s); });
        update_linger();
        arm_timer();
    } catch (...) { // no memory to linger with: the transports close as they are let go
        core_.for_each_session([&](session& s) { let_go(s); });
    }
}

// In a child that inherited the socket. The parent's loop shares whatever the system knows of its
// descriptors, so that nothing is told to it: the copies are closed, and the rest stays as it is.
void socket_shell::abandon() noexcept {
    for (const auto& each : listeners_)
        if (each->acceptor.is_open())
            ::close(each->acceptor.native_handle());
    for (const auto& [key, s] : core_.sessions())
        if (const auto t = s->pipe ? nullptr : channel_of(*s); t != nullptr && t->socket.is_open())
            ::close(t->socket.native_handle());
    forever_ = shared_from_this();
}

// Goes on for as long as a session has something to write, or its peer has not closed yet.
void socket_shell::update_linger() {
    if (core_.options.linger < milliseconds::zero() || !core_.any_session())
        return;
    linger_timer_.expires_after(core_.options.linger);
    linger_timer_.async_wait([self = shared_from_this()](std::error_code ec) {
        if (!ec)
            self->core_.for_each_session([&](session& s) { self->end(s); });
        self->arm_timer();
    });
}

// --- Operations ---

void socket_shell::start(operation& op) {
    if (closed_)
        return op.complete(asio::error::operation_aborted, {});
    const bool sends = op.kind == operation_kind::send || op.kind == operation_kind::wait_send;
    (sends ? senders_ : receivers_).push(op);
    if (sends)
        serve_senders();
    else
        serve_receivers();
    pump_soon();
}

void socket_shell::cancel(operation& op) {
    const bool sends = op.kind == operation_kind::send || op.kind == operation_kind::wait_send;
    (sends ? senders_ : receivers_).remove(op);
    op.complete(asio::error::operation_aborted, {});
}

void socket_shell::serve_receivers() {
    while (operation* op = receivers_.front()) {
        message got;
        std::error_code ec;
        if (op->kind == operation_kind::wait_receive) {
            if (!core_.readable())
                return;
        } else {
            core_.receive(got, ec);
            if (ec == errc::would_block)
                return;
        }
        receivers_.remove(*op);
        op->complete(ec, std::move(got));
    }
}

void socket_shell::serve_senders() {
    while (operation* op = senders_.front()) {
        std::error_code ec;
        if (op->kind == operation_kind::wait_send) {
            if (!core_.sendable())
                return;
        } else {
            core_.send(op->body, ec);
            if (ec == errc::would_block)
                return;
        }
        senders_.remove(*op);
        op->complete(ec, {});
    }
}

// --- Turns ---

void socket_shell::post_pump() {
    ++turns_posted_;
    asio::post(executor_, [self = shared_from_this()] {
        --self->turns_posted_;
        self->pump();
    });
}

void socket_shell::pump_within(std::chrono::microseconds time) {
    ++turns_posted_;
    late_turn_.expires_after(time);
    late_turn_.async_wait([self = shared_from_this()](std::error_code) {
        --self->turns_posted_;
        self->pump();
    });
}

void socket_shell::pump() {
    if (std::exchange(pumping_, true))
        return;
    unwritten_ = 0;
    do {
        while (session* s = core_.next_due())
            start_connecting(*s);
        while (session* s = core_.next_failed())
            finish_failed(*s);
        while (const session* s = core_.next_question())
            ask_soon(*s);
        while (session* s = core_.next_dirty())
            flush(*s);
        while (session* s = core_.next_resumed())
            if (s->pipe)
                tend(*s);
            else if (const auto t = channel_of(*s))
                continue_reading_soon(t, true);
        if (!receivers_.empty())
            serve_receivers();
        if (!senders_.empty())
            serve_senders();
    } while (core_.any_work());
    pumping_ = false;
    resume_accepting();
    arm_timer();
}

void socket_shell::arm_timer() {
    const auto due =
        closed_ && !core_.any_session() ? std::optional<time_point>{} : core_.deadline();
    if (due == armed_for_)
        return;
    armed_for_ = due;
    if (!due) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(*due);
    timer_.async_wait([self = shared_from_this(), due](std::error_code ec) {
        if (ec || self->armed_for_ != due)
            return;
        self->armed_for_.reset();
        self->core_.handle_timeout(std::chrono::steady_clock::now());
        self->pump();
    });
}

} // namespace mizzen::detail
