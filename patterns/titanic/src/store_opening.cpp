// The thread that opens a store.
#include "store_opening.hpp"

#include <mizzen/patterns/titanic/error.hpp>

#include <asio/post.hpp>

#include <unistd.h>

#include <chrono>
#include <exception>
#include <new>
#include <utility>

namespace mizzen::titanic {

store_opening::store_opening(const asio::any_io_executor& executor, const store_source& source,
                             const paired_options& options, std::function<void()> ended)
    : work_{executor}, source_{source}, wait_{options.lock_wait}, retry_{options.lock_retry},
      ended_{std::move(ended)}, process_{::getpid()}, thread_{[this] { run(); }} {}

store_opening::~store_opening() {
    if (::getpid() != process_) {
        thread_.detach();
        return;
    }
    give_up();
    thread_.join();
}

void store_opening::give_up() noexcept {
    {
        const std::lock_guard hold{mutex_};
        giving_up_ = true;
    }
    told_.notify_one();
}

std::unique_ptr<store> store_opening::take(std::error_code& ec) {
    ec = error_;
    return std::move(opened_);
}

void store_opening::try_once() noexcept {
    error_.clear();
    try {
        opened_ = source_(error_);
    } catch (const std::bad_alloc&) {
        error_ = std::make_error_code(std::errc::not_enough_memory);
    } catch (const std::exception&) {
        error_ = std::make_error_code(std::errc::io_error);
    }
    if (!opened_ && !error_)
        error_ = std::make_error_code(std::errc::io_error);
}

void store_opening::run() {
    const auto end = std::chrono::steady_clock::now() + wait_;
    for (;;) {
        try_once();
        if (opened_ || error_ != make_error_code(errc::locked) ||
            std::chrono::steady_clock::now() >= end)
            break;
        std::unique_lock hold{mutex_};
        if (told_.wait_for(hold, retry_, [this] { return giving_up_; }))
            break;
    }
    asio::post(work_.get_executor(), ended_);
}

} // namespace mizzen::titanic
