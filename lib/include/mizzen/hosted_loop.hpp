// What lets a program without an event loop use asynchronous components.
#pragma once

#include <mizzen/context.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace mizzen {

namespace detail {
class hosted_state;
class waker;
} // namespace detail

/// A serial executor whose work is done by a thread of a context, and now and then by one of the
/// program that waits: blocking components are made of asynchronous ones on such a loop.
///
/// Threads  All calls from any. What is on the executor is touched in call() and in its own
///          handlers only.
/// Fork     In a child that inherited it, inherited() is true, and nothing else is to be called.
class hosted_loop {
public:
    using executor_type = asio::any_io_executor;
    using milliseconds = std::chrono::milliseconds;

    /// Throws std::system_error with errc::context_closed.
    explicit hosted_loop(const context& shared = context::instance());
    hosted_loop(hosted_loop&&) noexcept = default;
    hosted_loop& operator=(hosted_loop&&) noexcept = default;
    hosted_loop(const hosted_loop&) = delete;
    hosted_loop& operator=(const hosted_loop&) = delete;
    ~hosted_loop() = default;

    [[nodiscard]] executor_type get_executor() const;
    [[nodiscard]] bool inherited() const noexcept;
    /// Whether the context has closed.
    [[nodiscard]] bool closed() const;

    /// Called once, with the loop held up, when the context closes: what is on the executor has to
    /// come to its end then. Replaces the one before.
    void on_close(std::function<void()> end);

    /// One thread's waiting for something that a handler on the executor will notice.
    class waiting {
    public:
        waiting();
        ~waiting();
        waiting(const waiting&) = delete;
        waiting& operator=(const waiting&) = delete;

        /// From a handler on the executor, or in call().
        void end();
        [[nodiscard]] bool ended() const noexcept;

    private:
        friend class hosted_loop;
        std::unique_ptr<detail::waker> alarm_;
    };

    /// Runs `what` on this thread while the loop is held up. Not from a handler on the executor.
    template <class Function> decltype(auto) call(Function&& what) const {
        const hold now{*this};
        return std::forward<Function>(what)();
    }
    /// Runs `begin` as call does, waits until `until` has ended or that long (-1 has no end), then
    /// runs `after` as call does, which may ask whether it ended.
    template <class Begin, class After>
    decltype(auto) call(waiting& until, milliseconds limit, Begin&& begin, After&& after) const {
        {
            const hold now{*this};
            std::forward<Begin>(begin)();
        }
        wait(until, limit);
        const hold now{*this};
        return std::forward<After>(after)();
    }

private:
    class hold {
    public:
        explicit hold(const hosted_loop& loop);
        ~hold();
        hold(const hold&) = delete;
        hold& operator=(const hold&) = delete;

    private:
        detail::hosted_state& state_;
    };

    void wait(waiting& until, milliseconds limit) const;

    std::shared_ptr<detail::hosted_state> state_;
};

} // namespace mizzen
