// What other threads have to say to a socket.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <mutex>
#include <optional>
#include <utility>

namespace mizzen::detail {

/// Posts to an executor until it is closed. Nothing is posted while or after that happens, so that
/// the executor's context may go then.
class post_box {
public:
    explicit post_box(asio::any_io_executor executor) : executor_{std::move(executor)} {}

    /// On any thread. Throws what asio::post does.
    template <class What> void post(What what) {
        const std::lock_guard lock{mutex_};
        if (executor_)
            asio::post(*executor_, std::move(what));
    }
    void close() noexcept {
        const std::lock_guard lock{mutex_};
        executor_.reset();
    }

private:
    std::mutex mutex_;
    std::optional<asio::any_io_executor> executor_;
};

} // namespace mizzen::detail
