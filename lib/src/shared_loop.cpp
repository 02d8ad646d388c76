// Who runs the loop of blocking sockets.
#include "shared_loop.hpp"

#include <asio/post.hpp>

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <new>

namespace mizzen::detail {
namespace {

using clock = std::chrono::steady_clock;

// A program that calls again and again waits once more within that.
constexpr std::chrono::microseconds keep{500};

// The program's signals are for its own threads.
class signals_blocked {
public:
    signals_blocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_{};
};

} // namespace

shared_loop::shared_loop() {
    const signals_blocked inherited_by_the_new;
    thread_ = std::thread{[this] { run(); }};
}

void shared_loop::wait(waker& alarm, std::chrono::milliseconds limit) {
    if (take_lead()) {
        lead(alarm, limit);
        return give_up_lead();
    }
    alarm.wait(limit);
    const std::lock_guard lock{guard_};
    --waiting_;
}

void shared_loop::end() noexcept {
    {
        const std::lock_guard lock{guard_};
        ended_ = true;
        changed_.notify_all();
    }
    work_.reset();
    if (thread_.joinable())
        thread_.join();
}

// --- A thread of the program ---

bool shared_loop::take_lead() {
    std::unique_lock lock{guard_};
    // Where several wait, the loop's own thread has enough to do for all of them.
    bool can = !led_ && !ended_ && waiting_ == 0;
    if (can && !aside_) {
        lead_wanted_ = true;
        can = wake(loop_);
        lead_wanted_ = can;
    }
    if (!can) {
        ++waiting_;
        return false;
    }
    led_ = true;
    ++turns_;
    changed_.wait(lock, [&] { return aside_; });
    return true;
}

void shared_loop::give_up_lead() {
    const std::lock_guard lock{guard_};
    led_ = false;
    ++turns_;
    kept_until_ = clock::now() + keep;
    if (waiting_ != 0 || ended_ || fast_asleep_)
        changed_.notify_all();
}

void shared_loop::lead(waker& alarm, std::chrono::milliseconds limit) {
    constexpr std::chrono::seconds look_again{1}; // if there was no memory for a wake-up
    const bool endless = limit < std::chrono::milliseconds::zero();
    const auto end = clock::now() + limit;
    alarm.runs(&loop_);
    while (!alarm.rung() && !loop_.stopped()) {
        const auto now = clock::now();
        if (!endless && now >= end)
            break;
        try {
            loop_.run_one_until(endless ? now + look_again : std::min(end, now + look_again));
        } catch (const std::bad_alloc&) {
            continue; // one handler's work is undone; its deadlines are not
        }
    }
    alarm.runs(nullptr);
}

// --- The loop's own thread ---

void shared_loop::run() {
    for (;;) {
        try {
            while (!lead_wanted_)
                if (loop_.run_one() == 0)
                    return stand_aside();
            stand_aside();
        } catch (const std::bad_alloc&) {
            continue;
        }
    }
}

void shared_loop::stand_aside() {
    std::unique_lock lock{guard_};
    aside_ = true;
    changed_.notify_all();
    while (led_ || (!ended_ && waiting_ == 0 && clock::now() < kept_until_)) {
        const std::uint64_t before = turns_;
        if (fast_asleep_)
            changed_.wait(lock);
        else
            changed_.wait_for(lock, keep);
        fast_asleep_ = led_ && turns_ == before; // who leads is in no hurry
    }
    fast_asleep_ = false;
    aside_ = false;
    lead_wanted_ = false;
}

} // namespace mizzen::detail
