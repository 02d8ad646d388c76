// The lane's shell: carries messages and time between a DEALER and the core.
#include "client_lane.hpp"

#include <mizzen/option.hpp>

#include <chrono>
#include <random>
#include <utility>

namespace mizzen::majordomo::detail {
namespace {

time_point now() noexcept { return std::chrono::steady_clock::now(); }

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

} // namespace

client_lane::client_lane(asio::any_io_executor executor, std::string endpoint,
                         const client_options& options, on_done done)
    : executor_{std::move(executor)}, timer_{executor_}, endpoint_{std::move(endpoint)},
      core_{options, random_seed()}, done_{std::move(done)} {}

void client_lane::request(std::string_view service, message&& body) {
    std::error_code ec;
    core_.request(service, std::move(body), now(), ec);
    if (ec)
        return done_(*this, ec, {});
    act();
}

void client_lane::cancel() {
    core_.cancel();
    act();
}

void client_lane::stop() {
    stopped_ = true;
    timer_.cancel();
    socket_.reset();
}

// Not entered twice: `done_` may start the next request, which the loop below then goes on with.
void client_lane::act() {
    if (std::exchange(acting_, true))
        return;
    client_core::action next;
    while (!stopped_ && core_.next_action(next)) {
        switch (next.what) {
        case client_core::step::open: open(); break;
        case client_core::step::send: send(std::move(next.m)); break;
        case client_core::step::close: socket_.reset(); break;
        case client_core::step::done: done_(*this, next.ec, std::move(next.m)); break;
        }
    }
    acting_ = false;
    set_timer();
}

void client_lane::open() {
    ++connection_;
    socket_ = std::make_unique<dealer>(executor_);
    socket_->set(option::linger{milliseconds{0}}); // whoever closes gave up what waits
    std::error_code ec;
    socket_->connect(endpoint_, ec); // was tried when the client was told of it
    if (!ec)
        wait_receive();
}

// One message waits in a socket at most, which it takes at once.
void client_lane::send(message&& m) {
    std::error_code ec;
    if (socket_)
        static_cast<void>(socket_->try_send(m, ec));
}

void client_lane::wait_receive() {
    socket_->async_wait_receive(
        [self = shared_from_this(), mine = connection_](std::error_code ec) {
            if (!ec && self->is_current(mine))
                self->take_replies();
        });
}

void client_lane::take_replies() {
    const std::uint64_t mine = connection_;
    for (;;) {
        message m;
        if (!socket_->try_receive(m))
            return wait_receive();
        core_.receive(std::move(m), now());
        act();
        if (!is_current(mine))
            return;
    }
}

void client_lane::set_timer() {
    const auto due = core_.deadline();
    if (!due || stopped_ || (timer_set_ && timer_.expiry() <= *due))
        return;
    timer_set_ = true;
    timer_.expires_at(*due);
    timer_.async_wait([self = shared_from_this()](std::error_code ec) {
        if (ec || self->stopped_)
            return;
        self->timer_set_ = false;
        self->core_.handle_timeout(now());
        self->act();
    });
}

} // namespace mizzen::majordomo::detail
