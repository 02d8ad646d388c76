// The thread that blocks on the disk.
#include "store_thread.hpp"

#include <asio/post.hpp>

#include <unistd.h>

#include <new>
#include <utility>

namespace mizzen::titanic {

store_thread::store_thread(asio::any_io_executor executor, std::chrono::microseconds busy_poll,
                           std::function<void()> ended)
    : executor_{std::move(executor)}, busy_poll_{busy_poll}, ended_{std::move(ended)},
      process_{::getpid()}, thread_{[this] { run(); }} {}

void store_thread::start(job&& what) {
    if (under_way_++ == 0)
        work_.emplace(executor_);
    bool wake = false;
    {
        const std::lock_guard hold{mutex_};
        wake = jobs_.empty();
        jobs_.push_back(std::move(what));
        anything_.store(true, std::memory_order_relaxed);
    }
    if (wake)
        something_.notify_one();
}

void store_thread::take(std::vector<outcome>& out) {
    out.clear();
    {
        const std::lock_guard hold{mutex_};
        std::swap(out, outcomes_);
    }
    under_way_ -= out.size();
    if (under_way_ == 0)
        work_.reset();
}

void store_thread::stop() noexcept {
    if (!thread_.joinable())
        return;
    if (::getpid() != process_) {
        thread_.detach();
        return;
    }
    {
        const std::lock_guard hold{mutex_};
        stopping_ = true;
        anything_.store(true, std::memory_order_relaxed);
    }
    something_.notify_one();
    thread_.join();
}

// To be woken takes longer than a fast disk's sync.
void store_thread::look() {
    if (busy_poll_.count() == 0 || !looks_.begin())
        return;
    const auto until = std::chrono::steady_clock::now() + busy_poll_;
    bool came = false;
    do {
        came = anything_.load(std::memory_order_relaxed);
    } while (!came && std::chrono::steady_clock::now() < until);
    looks_.end(came);
}

void store_thread::run() {
    std::vector<job> mine;
    for (;;) {
        mine.clear();
        look();
        bool stopping = false;
        {
            std::unique_lock hold{mutex_};
            something_.wait(hold, [this] { return stopping_ || !jobs_.empty(); });
            std::swap(mine, jobs_);
            anything_.store(stopping_, std::memory_order_relaxed);
            stopping = stopping_;
        }
        if (mine.empty())
            return;
        for (job& each : mine) {
            outcome end{each.commit != nullptr, each.read, {}, {}};
            if (each.commit != nullptr)
                each.commit->run();
            else if (stopping)
                continue;
            else
                try {
                    each.from.read(end.body, end.ec);
                } catch (const std::bad_alloc&) {
                    end.ec = std::make_error_code(std::errc::not_enough_memory);
                }
            bool wake = false;
            {
                const std::lock_guard hold{mutex_};
                wake = outcomes_.empty();
                outcomes_.push_back(std::move(end));
            }
            if (wake)
                asio::post(executor_, ended_);
        }
    }
}

} // namespace mizzen::titanic
