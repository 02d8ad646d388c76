// The one thread of Titanic's: what blocks on the disk runs there, in the order in which it was
// given.
#pragma once

#include <mizzen/detail/seldom_in_vain.hpp>
#include <mizzen/patterns/titanic/store.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace mizzen::titanic {

/// Jobs go in and outcomes come out by one hand-off each: both sides take all that is there, and
/// are woken only if they had taken everything before. While a job is under way the loop has work
/// to wait for.
class store_thread {
public:
    struct job {
        commit_job* commit = nullptr; ///< Or else:
        std::uint64_t read = 0;
        body_reader from;
    };
    struct outcome {
        bool commit = false;
        std::uint64_t read = 0;
        std::vector<std::byte> body;
        std::error_code ec;
    };

    /// `ended` is called on the executor when there is something to take. For `busy_poll` the
    /// thread looks for more jobs before it sleeps, unless that was in vain the last few times.
    store_thread(asio::any_io_executor executor, std::chrono::microseconds busy_poll,
                 std::function<void()> ended);
    store_thread(const store_thread&) = delete;
    store_thread& operator=(const store_thread&) = delete;
    ~store_thread() { stop(); }

    void start(job&& what);
    /// Jobs that were started, and whose outcomes were not taken.
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_; }
    /// Replaces what is in `out`.
    void take(std::vector<outcome>& out);
    /// Returns once all jobs have run; those that only read may be left out.
    void stop() noexcept;

private:
    void run();
    void look();

    asio::any_io_executor executor_;
    std::chrono::microseconds busy_poll_;
    std::function<void()> ended_;
    std::size_t under_way_ = 0;
    std::optional<asio::executor_work_guard<asio::any_io_executor>> work_;

    std::mutex mutex_;
    std::condition_variable something_;
    std::vector<job> jobs_;
    std::vector<outcome> outcomes_;
    bool stopping_ = false;
    std::atomic<bool> anything_{false};    // of jobs_ and stopping_; changed below the mutex
    mizzen::detail::seldom_in_vain looks_; // of the thread

    int process_; ///< A child that was forked has no such thread.
    std::thread thread_;
};

} // namespace mizzen::titanic
