// Blocking calls of monitors. The gate of the socket is that of its events as well.
#include "context_state.hpp"
#include "event_queue.hpp"
#include "socket_shell.hpp"
#include "waiting_call.hpp"
#include <mizzen/blocking_monitor.hpp>
#include <mizzen/error.hpp>

#include <asio/error.hpp>

#include <mutex>
#include <new>
#include <utility>

namespace mizzen::blocking {
namespace {

using waiting_event = mizzen::detail::operation_in_place<mizzen::detail::event_operation>;

} // namespace

monitor::monitor(mizzen::detail::blocking_base& socket, std::size_t capacity)
    : context_{socket.context_}, gate_{socket.gate_},
      queue_{std::make_shared<mizzen::detail::event_queue>(capacity)} {
    const std::lock_guard lock{*gate_};
    socket.shell()->core().events.add(queue_);
}

monitor& monitor::operator=(monitor&& other) noexcept {
    if (this != &other) {
        leave();
        context_ = std::move(other.context_);
        gate_ = std::move(other.gate_);
        queue_ = std::move(other.queue_);
    }
    return *this;
}

monitor::~monitor() { leave(); }

void monitor::leave() noexcept {
    if (!queue_)
        return;
    if (context_->inherited()) { // a thread that held the gate may not exist here
        static_cast<void>(new (std::nothrow) auto{std::move(context_)});
        return;
    }
    const std::lock_guard lock{*gate_};
    queue_.reset();
}

bool monitor::receive_event(connection_event& event, milliseconds limit, std::error_code& ec) {
    std::unique_lock lock{*gate_};
    waiting_event op;
    mizzen::detail::waker alarm;
    op.alarm = &alarm;
    if (!queue_->take(event, ec) && ec == errc::would_block && limit != milliseconds::zero()) {
        queue_->start(op);
        lock.unlock();
        gate_->loop().wait(alarm, limit);
        lock.lock();
        if (!op.done)
            queue_->cancel(op);
        ec = op.error;
        if (ec == asio::error::operation_aborted)
            ec = std::make_error_code(std::errc::timed_out);
        if (!ec)
            event = std::move(op.result);
    }
    return !ec;
}

connection_event monitor::receive_event() {
    connection_event event;
    std::error_code ec;
    if (!receive_event(event, milliseconds{-1}, ec))
        throw std::system_error(ec, "receive_event");
    return event;
}

std::uint64_t monitor::dropped() const {
    const std::lock_guard lock{*gate_};
    return queue_->dropped();
}

} // namespace mizzen::blocking
