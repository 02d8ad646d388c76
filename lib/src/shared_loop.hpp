// The loop of blocking sockets: a thread of its own runs it, or one of the program's that would do
// nothing but wait for that.
#pragma once

#include "waiting_call.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

namespace mizzen::detail {

/// One thread at a time runs it. To hand what has come from one thread to another takes longer than
/// to read it, so a thread that waits takes the lead: the loop's own stands aside until the program
/// has not waited for a while.
///
/// Threads  Safe from any.
class shared_loop {
public:
    /// Starts the thread.
    shared_loop();
    shared_loop(const shared_loop&) = delete;
    shared_loop& operator=(const shared_loop&) = delete;
    ~shared_loop() { end(); }

    [[nodiscard]] asio::io_context& context() noexcept { return loop_; }
    /// Until the alarm is rung, or that long; -1 has no end. The caller holds no gate.
    void wait(waker& alarm, std::chrono::milliseconds limit);
    /// Waits until there is nothing left to do.
    void end() noexcept;

private:
    [[nodiscard]] bool take_lead();
    void give_up_lead();
    void lead(waker& alarm, std::chrono::milliseconds limit);
    void run();
    void stand_aside();

    asio::io_context loop_{1}; // threads run it, but one at a time
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    std::atomic<bool> lead_wanted_ = false;
    std::mutex guard_; // of what follows
    std::condition_variable changed_;
    bool led_ = false;         // by a thread of the program
    bool aside_ = false;       // its own thread stands
    bool fast_asleep_ = false; // and it looks no more by itself
    bool ended_ = false;
    std::size_t waiting_ = 0; // threads of the program that do not lead
    std::uint64_t turns_ = 0; // has changed when the lead has
    std::chrono::steady_clock::time_point kept_until_;
    std::thread thread_;
};

} // namespace mizzen::detail
