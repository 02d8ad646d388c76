// A thread that waits for a socket.
#pragma once

#include <mizzen/detail/operation.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

namespace mizzen::detail {

/// Ends the sleep of whoever runs the loop. False if there is no memory for that.
[[nodiscard]] inline bool wake(asio::io_context& loop) noexcept {
    try {
        asio::post(loop, [] {});
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

/// Wakes one thread, once. Who rings holds the gate, which the woken one takes before it destroys
/// this.
class waker {
public:
    void ring() {
        rung_.store(true, std::memory_order_release);
        const std::lock_guard lock{guard_};
        if (loop_ == nullptr)
            woken_.notify_one();
        else if (!loop_->get_executor().running_in_this_thread())
            static_cast<void>(wake(*loop_)); // it looks again by itself
    }
    [[nodiscard]] bool rung() const noexcept { return rung_.load(std::memory_order_acquire); }
    /// The loop that the thread runs while it waits, if any.
    void runs(asio::io_context* loop) {
        const std::lock_guard lock{guard_};
        loop_ = loop;
    }
    /// Until it is rung, or that long; -1 has no end. It looks for a while before it sleeps: being
    /// woken takes longer than most answers.
    void wait(std::chrono::milliseconds limit) {
        const auto begin = std::chrono::steady_clock::now();
        constexpr std::chrono::microseconds awake{20};
        do {
            for (int look = 0; look < 32; ++look) {
                if (rung())
                    return;
#if defined(__x86_64__) || defined(__i386__)
                __builtin_ia32_pause();
#endif
            }
        } while (std::chrono::steady_clock::now() - begin < awake);
        std::unique_lock lock{guard_};
        if (limit < std::chrono::milliseconds::zero())
            woken_.wait(lock, [&] { return rung(); });
        else
            woken_.wait_until(lock, begin + limit, [&] { return rung(); });
    }

private:
    std::atomic<bool> rung_ = false;
    std::mutex guard_;
    std::condition_variable woken_;
    asio::io_context* loop_ = nullptr;
};

/// An operation on the stack of the thread that waits.
template <class Operation> class operation_in_place : public Operation {
public:
    template <class... About>
    explicit operation_in_place(About... about) noexcept : Operation{about...} {}
    ~operation_in_place() = default;

    void complete(std::error_code ec, typename Operation::result_type got) override {
        done = true;
        error = ec;
        result = std::move(got);
        if (alarm != nullptr)
            alarm->ring();
    }

    waker* alarm = nullptr;
    bool done = false;
    std::error_code error;
    typename Operation::result_type result;
};

class waiting_call final : public operation_in_place<operation> {
public:
    using operation_in_place::operation_in_place;
};

} // namespace mizzen::detail
