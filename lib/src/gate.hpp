// What lets a program's thread work on a socket whose loop another thread runs.
#pragma once

#include "shared_loop.hpp"

#include <asio/execution/blocking.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace mizzen::detail {

/// Held for as long as a handler runs, or a call of the program: short times, so that who waits
/// looks a few times before it sleeps.
class gate {
public:
    explicit gate(shared_loop& loop) : loop_{loop} {}

    void lock() {
        constexpr int looks = 200;
        for (int look = 0; look < looks; ++look) {
            if (mutex_.try_lock())
                return;
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#endif
        }
        mutex_.lock();
    }
    void unlock() { mutex_.unlock(); }
    [[nodiscard]] shared_loop& loop() const noexcept { return loop_; }

private:
    std::mutex mutex_;
    shared_loop& loop_;
};

/// Runs functions on the gate's loop, one at a time, with the gate held. Never inside execute.
class gated_executor {
public:
    explicit gated_executor(std::shared_ptr<gate> door) noexcept : gate_{std::move(door)} {}

    template <class Function> void execute(Function&& function) const {
        asio::execution::execute(
            asio::require(gate_->loop().context().get_executor(), asio::execution::blocking.never),
            [door = gate_, run = std::forward<Function>(function)]() mutable {
                const std::lock_guard lock{*door};
                auto once = std::move(run); // and what it holds goes while the gate is held
                once();
            });
    }
    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept {
        return gate_->loop().context();
    }
    [[nodiscard]] static constexpr auto query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking_t{asio::execution::blocking.never};
    }
    [[nodiscard]] gated_executor require(asio::execution::blocking_t::never_t) const noexcept {
        return *this;
    }
    [[nodiscard]] friend bool operator==(const gated_executor& a,
                                         const gated_executor& b) noexcept {
        return a.gate_ == b.gate_;
    }
    [[nodiscard]] friend bool operator!=(const gated_executor& a,
                                         const gated_executor& b) noexcept {
        return !(a == b);
    }

private:
    std::shared_ptr<gate> gate_;
};

} // namespace mizzen::detail
