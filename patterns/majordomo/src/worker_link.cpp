// What a registration does with its socket, its timer and the handler.
#include "worker_link.hpp"

#include "secure.hpp"
#include "turn.hpp"
#include <mizzen/option.hpp>

#include <asio/post.hpp>

#include <exception>
#include <utility>

namespace mizzen::majordomo::detail {
namespace {

using patterns::clock_now;

} // namespace

worker_link::worker_link(const asio::any_io_executor& executor, const worker_options& options,
                         std::shared_ptr<worker::handler> serve)
    : executor_{executor}, timer_{executor}, options_{options}, serve_{std::move(serve)},
      core_{options, clock_now(), patterns::random_seed()} {}

// The clock is looked at once for all messages of a turn.
time_point worker_link::turn_time() const noexcept { return in_turn_ ? turn_time_ : clock_now(); }

// --- The connection ---

void worker_link::connect(std::string_view endpoint, std::error_code& ec) {
    endpoint_ = endpoint;
    open(ec);
}

void worker_link::open(std::error_code& ec) {
    waiting_.clear();
    ++conversation_;
    events_.reset();
    socket_ = std::make_unique<dealer>(executor_);
    events_ = std::make_unique<monitor>(*socket_);
    patterns::secure(*socket_, options_);
    socket_->set(option::linger{options_.linger});
    const milliseconds first = std::max(options_.reconnect, milliseconds{1});
    socket_->set(option::reconnect_interval{first, std::max(options_.reconnect_max, first)});
    socket_->connect(endpoint_, ec);
    if (ec)
        return;
    watch();
    wait_receive();
}

void worker_link::reopen() {
    std::error_code ec;
    open(ec); // it was possible before
}

void worker_link::watch() {
    events_->async_receive_event([self = shared_from_this(), mine = conversation_](
                                     std::error_code ec, const connection_event& event) {
        if (ec || !self->is_current(mine))
            return;
        self->watch();
        if (event.kind == event_kind::handshake_succeeded)
            self->core_.connected(clock_now());
        else if (event.kind == event_kind::disconnected)
            self->core_.disconnected(clock_now());
        else
            return;
        self->act();
    });
}

// --- What comes ---

void worker_link::wait_receive() {
    socket_->async_wait_receive(
        [self = shared_from_this(), mine = conversation_](std::error_code ec) {
            if (!ec && self->is_current(mine))
                self->take_turn();
        });
}

void worker_link::take_turn() {
    const std::uint64_t mine = conversation_;
    in_turn_ = true;
    turn_time_ = clock_now();
    bool more = true;
    for (int i = 0; i < patterns::turn_length && more && is_current(mine); ++i) {
        message m;
        more = socket_->try_receive(m);
        if (!more)
            break;
        core_.receive(std::move(m), turn_time_);
        act();
    }
    in_turn_ = false;
    if (!is_current(mine))
        return;
    set_timer();
    if (!more)
        return wait_receive();
    asio::post(executor_, [self = shared_from_this(), mine] {
        if (self->is_current(mine))
            self->take_turn();
    });
}

void worker_link::reply(std::uint64_t request, message&& body) {
    core_.reply(request, std::move(body), turn_time());
    act();
}
void worker_link::partial(std::uint64_t request, message&& body) {
    core_.partial(request, std::move(body), turn_time());
    act();
}
void worker_link::fail(std::uint64_t request, std::string_view why) {
    core_.fail(request, why, turn_time());
    act();
}

// --- What the core wants ---

// Not entered twice: a handler that answers at once gets its turn in the loop below.
void worker_link::act() {
    if (closed_ || std::exchange(acting_, true))
        return;
    worker_core::action next;
    while (!closed_ && core_.next_action(next)) {
        switch (next.what) {
        case worker_core::step::send: send(std::move(next.m)); break;
        case worker_core::step::handle_request:
            serve(std::move(next.m), responder{weak_from_this(), next.request});
            break;
        case worker_core::step::reconnect: reopen(); break;
        }
    }
    acting_ = false;
    if (core_.ended() && waiting_.empty())
        return close();
    if (!in_turn_)
        set_timer();
}

void worker_link::serve(message&& body, responder answer) {
    try {
        (*serve_)(std::move(body), std::move(answer));
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): the responder said so
    }
}

void worker_link::send(message&& m) {
    if (!socket_ || (waiting_.empty() && socket_->try_send(m)))
        return;
    if (waiting_.size() >= options_.max_requests + options_.credit + 64) {
        core_.disconnected(clock_now()); // nobody has read for very long
        return reopen();
    }
    waiting_.push_back(std::move(m));
    if (waiting_.size() == 1)
        wait_send();
}

void worker_link::wait_send() {
    socket_->async_wait_send([self = shared_from_this(), mine = conversation_](std::error_code ec) {
        if (ec || !self->is_current(mine))
            return;
        while (!self->waiting_.empty() && self->socket_->try_send(self->waiting_.front()))
            self->waiting_.pop_front();
        if (!self->waiting_.empty())
            self->wait_send();
        else if (self->core_.ended())
            self->close();
    });
}

void worker_link::set_timer() {
    if (closed_)
        return;
    timer_.set(core_.deadline(), [self = shared_from_this()] {
        if (self->closed_)
            return;
        self->core_.handle_timeout(clock_now());
        self->act();
    });
}

// --- The end ---

void worker_link::drain(std::function<void()> ended) {
    if (closed_) {
        ended();
        return;
    }
    ended_ = std::move(ended);
    core_.drain(clock_now());
    act();
}

void worker_link::stop() {
    if (closed_)
        return;
    core_.shutdown(clock_now());
    worker_core::action next;
    while (core_.next_action(next)) {
        if (next.what == worker_core::step::send && socket_)
            static_cast<void>(waiting_.empty() && socket_->try_send(next.m));
    }
    close();
}

void worker_link::close() {
    if (std::exchange(closed_, true))
        return;
    timer_.cancel();
    waiting_.clear();
    events_.reset();
    socket_.reset(); // it lingers
    // The handler may hold what holds the worker; it may also be what called.
    asio::post(executor_, [self = shared_from_this()] { self->serve_.reset(); });
    if (const auto ended = std::exchange(ended_, nullptr))
        ended();
}

} // namespace mizzen::majordomo::detail
