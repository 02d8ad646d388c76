// Calls from other threads, gathered.
#include "doorbell.hpp"

#include "inproc.hpp"
#include "socket_shell.hpp"

#include <asio/post.hpp>

#include <utility>

namespace mizzen::detail {

doorbell::doorbell(asio::any_io_executor executor, std::weak_ptr<socket_shell> owner)
    : executor_{std::move(executor)}, owner_{std::move(owner)} {}

void doorbell::ring(peer_id key) {
    const std::lock_guard lock{guard_};
    if (keys_.empty() || keys_.back() != key)
        keys_.push_back(key);
    call();
}

void doorbell::arrive(arrival who) {
    {
        const std::lock_guard lock{guard_};
        if (!removed_) {
            arrivals_.push_back(std::move(who));
            return call();
        }
    }
    who.pipe->close(pipe_end::listener, {});
}

void doorbell::call() {
    if (removed_)
        return;
    rung_.store(true, std::memory_order_release);
    if (std::exchange(expected_, true))
        return;
    asio::post(executor_, [owner = owner_] {
        if (const auto alive = owner.lock())
            alive->answer_bell();
    });
}

void doorbell::answer(std::vector<peer_id>& keys, std::vector<arrival>& arrivals) {
    keys.clear();
    arrivals.clear();
    const std::lock_guard lock{guard_};
    rung_.store(false, std::memory_order_relaxed);
    keys.swap(keys_);
    arrivals.swap(arrivals_);
}

bool doorbell::stop_watching() {
    const std::lock_guard lock{guard_};
    expected_ = rung_.load(std::memory_order_relaxed);
    return !expected_;
}

std::vector<arrival> doorbell::remove() {
    const std::lock_guard lock{guard_};
    removed_ = true;
    keys_.clear();
    return std::exchange(arrivals_, {});
}

} // namespace mizzen::detail
