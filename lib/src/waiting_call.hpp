// A thread that waits for a socket.
#pragma once

#include <mizzen/detail/operation.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

namespace mizzen::detail {

/// Wakes one thread, once. Who rings holds the gate, which the woken one takes before it destroys
/// this.
class waker {
public:
    void ring() {
        rung_.store(true, std::memory_order_release);
        const std::lock_guard lock{guard_};
        woken_.notify_one();
    }
    /// Until it is rung, or that long; -1 has no end. It looks for a while before it sleeps: being
    /// woken takes longer than most answers.
    void wait(std::chrono::milliseconds limit) {
        const auto begin = std::chrono::steady_clock::now();
        constexpr std::chrono::microseconds awake{20};
        do {
            for (int look = 0; look < 32; ++look) {
                if (rung_.load(std::memory_order_acquire))
                    return;
#if defined(__x86_64__) || defined(__i386__)
                __builtin_ia32_pause();
#endif
            }
        } while (std::chrono::steady_clock::now() - begin < awake);
        std::unique_lock lock{guard_};
        const auto is_rung = [&] { return rung_.load(std::memory_order_acquire); };
        if (limit < std::chrono::milliseconds::zero())
            woken_.wait(lock, is_rung);
        else
            woken_.wait_until(lock, begin + limit, is_rung);
    }

private:
    std::atomic<bool> rung_ = false;
    std::mutex guard_;
    std::condition_variable woken_;
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
