// The opening of a store that another process may have, on a thread that ends with it.
#pragma once

#include <mizzen/patterns/titanic/paired.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace mizzen::titanic {

class store_opening {
public:
    /// `ended` is called on the executor, which has work to wait for until then.
    store_opening(const asio::any_io_executor& executor, const store_source& source,
                  const paired_options& options, std::function<void()> ended);
    store_opening(const store_opening&) = delete;
    store_opening& operator=(const store_opening&) = delete;
    /// Waits for the thread.
    ~store_opening();

    /// Does not try again.
    void give_up() noexcept;
    /// What there is, once it has ended; for one call.
    [[nodiscard]] std::unique_ptr<store> take(std::error_code& ec);

private:
    void run();
    void try_once() noexcept;

    asio::executor_work_guard<asio::any_io_executor> work_;
    store_source source_;
    milliseconds wait_;
    milliseconds retry_;
    std::function<void()> ended_;

    std::mutex mutex_;
    std::condition_variable told_;
    bool giving_up_ = false;

    std::unique_ptr<store> opened_; // the thread's, until it has ended
    std::error_code error_;

    int process_; ///< A child that was forked has no such thread.
    std::thread thread_;
};

} // namespace mizzen::titanic
