// From a socket's core to the program that watches it.
#include "event_feed.hpp"
#include "socket_shell.hpp"
#include <mizzen/detail/basic_socket.hpp>
#include <mizzen/error.hpp>
#include <mizzen/monitor.hpp>

#include <asio/error.hpp>

#include <new>
#include <utility>

namespace mizzen {
namespace detail {

// --- The events of one monitor ---

void event_queue::put(const connection_event& event) noexcept {
    try {
        if (event_operation* const op = waiting_.front()) {
            connection_event copy = event;
            waiting_.remove(*op);
            return op->complete({}, std::move(copy));
        }
        events_.push_back(event);
        if (events_.size() <= capacity_)
            return;
        events_.pop_front();
        lose();
    } catch (const std::bad_alloc&) {
        lose(); // as if there were no room
    }
}

void event_queue::end() noexcept {
    ended_ = true;
    complete_all(errc::socket_closed);
}

void event_queue::complete_all(std::error_code ec) noexcept {
    while (event_operation* const op = waiting_.front()) {
        waiting_.remove(*op);
        try {
            op->complete(ec, {});
        } catch (const std::bad_alloc&) {
            continue; // the handler is gone, and there is no way to call it
        }
    }
}

bool event_queue::take(connection_event& event, std::error_code& ec) {
    if (events_.empty()) {
        ec = ended_ ? errc::socket_closed : errc::would_block;
        return false;
    }
    ec.clear();
    event = std::move(events_.front());
    events_.pop_front();
    return true;
}

void event_queue::start(event_operation& op) {
    connection_event event;
    std::error_code ec;
    if (take(event, ec) || ec != errc::would_block)
        return op.complete(ec, std::move(event));
    waiting_.push(op);
}

void event_queue::cancel(event_operation& op) {
    waiting_.remove(op);
    op.complete(asio::error::operation_aborted, {});
}

void event_queue::abandon() noexcept { complete_all(asio::error::operation_aborted); }

// --- The monitors of one socket ---

void event_feed::add(const std::shared_ptr<event_queue>& watcher) {
    if (ended_)
        return watcher->end();
    std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
    watchers_.push_back(watcher);
}

void event_feed::put(const connection_event& event) noexcept {
    std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
    for (const auto& each : watchers_)
        if (const auto watcher = each.lock())
            watcher->put(event);
}

void event_feed::lose() noexcept {
    for (const auto& each : watchers_)
        if (const auto watcher = each.lock())
            watcher->lose();
}

void event_feed::end() noexcept {
    ended_ = true;
    for (const auto& each : std::exchange(watchers_, {}))
        if (const auto watcher = each.lock())
            watcher->end();
}

} // namespace detail

// --- The program's handle ---

monitor::monitor(detail::basic_socket& socket, std::size_t capacity)
    : executor_{socket.get_executor()}, queue_{std::make_shared<detail::event_queue>(capacity)} {
    socket.shell_->core().events.add(queue_);
}

monitor& monitor::operator=(monitor&& other) noexcept {
    if (this != &other) {
        if (queue_)
            queue_->abandon();
        executor_ = std::move(other.executor_);
        queue_ = std::move(other.queue_);
    }
    return *this;
}

monitor::~monitor() {
    if (queue_)
        queue_->abandon();
}

bool monitor::try_receive_event(connection_event& event, std::error_code& ec) {
    return queue_->take(event, ec);
}

std::uint64_t monitor::dropped() const noexcept { return queue_->dropped(); }

void monitor::enqueue(detail::event_operation& op) { queue_->start(op); }

void monitor::cancel(const std::weak_ptr<detail::event_queue>& queue, detail::event_operation& op) {
    if (const auto alive = queue.lock())
        alive->cancel(op);
}

} // namespace mizzen
