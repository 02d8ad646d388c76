// Waiting for several blocking sockets.
#include "context_state.hpp"
#include "socket_shell.hpp"
#include "waiting_call.hpp"
#include <mizzen/blocking.hpp>

#include <algorithm>
#include <deque>

namespace mizzen::detail {

// One look at each socket, and one wait for all.
class poll_round {
public:
    /// How many are ready.
    std::size_t look(std::span<blocking::poll_item> items, std::error_code& ec) {
        std::size_t ready = 0;
        for (blocking::poll_item& each : items) {
            const blocking_base::call now{*each.socket, ec};
            if (ec)
                return 0;
            const socket_core& core = each.socket->shell()->core();
            each.can_receive = each.receive && core.readable();
            each.can_send = each.send && core.sendable();
            ready += each.can_receive || each.can_send ? 1 : 0;
        }
        return ready;
    }
    void wait(std::span<blocking::poll_item> items, milliseconds limit, std::error_code& ec) {
        waker alarm;
        for (const blocking::poll_item& each : items) {
            const blocking_base::call now{*each.socket, ec};
            if (ec)
                break;
            if (each.receive)
                start(operation_kind::wait_receive, *each.socket, alarm);
            if (each.send)
                start(operation_kind::wait_send, *each.socket, alarm);
        }
        if (!ec)
            wait_for(alarm, limit);
        for (entry& each : entries_) {
            const std::lock_guard lock{*each.socket->gate_};
            if (!each.op.done)
                each.socket->shell()->cancel(each.op);
        }
        entries_.clear();
    }

private:
    struct entry {
        entry(operation_kind kind, blocking_base& from) : op{kind}, socket{&from} {}
        waiting_call op;
        blocking_base* socket;
    };
    void start(operation_kind kind, blocking_base& socket, waker& alarm) {
        entry& made = entries_.emplace_back(kind, socket);
        made.op.alarm = &alarm;
        socket.shell()->start(made.op);
    }

    void wait_for(waker& alarm, milliseconds limit) {
        const auto loop_of = [](const entry& each) { return &each.socket->gate_->loop(); };
        const bool one_loop =
            !entries_.empty() && std::ranges::all_of(entries_, [&](const entry& e) {
                return loop_of(e) == loop_of(entries_.front());
            });
        if (one_loop)
            loop_of(entries_.front())->wait(alarm, limit);
        else
            alarm.wait(limit);
    }

    std::deque<entry> entries_;
};

} // namespace mizzen::detail

namespace mizzen::blocking {

std::size_t poll(std::span<poll_item> items, milliseconds limit, std::error_code& ec) {
    mizzen::detail::poll_round round;
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const std::size_t ready = round.look(items, ec);
        if (ec || ready != 0 || limit == milliseconds::zero())
            return ready;
        milliseconds left{-1};
        if (limit > milliseconds::zero()) {
            left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
            if (left <= milliseconds::zero())
                return 0;
        }
        round.wait(items, left, ec);
        if (ec)
            return 0;
    }
}

std::size_t poll(std::span<poll_item> items, milliseconds limit) {
    std::error_code ec;
    const std::size_t ready = poll(items, limit, ec);
    if (ec)
        throw std::system_error(ec, "poll");
    return ready;
}

} // namespace mizzen::blocking
