// Contexts: their threads, and how they end.
#include "context_state.hpp"
#include "hosted_state.hpp"
#include "socket_security.hpp"
#include "socket_shell.hpp"
#include <mizzen/context.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

namespace mizzen {
namespace detail {
context_state::context_state(std::size_t io_threads)
    : wanted_{std::max<std::size_t>(io_threads, 1)}, owner_{::getpid()} {
    prepare_security();
}

context_state::~context_state() { close(); }

bool context_state::inherited() const noexcept { return owner_ != ::getpid(); }

std::shared_ptr<gate> context_state::make_gate() {
    const std::lock_guard lock{guard_};
    if (closed_ || inherited())
        return nullptr;
    while (loops_.size() < wanted_)
        loops_.push_back(std::make_unique<shared_loop>());
    return std::make_shared<gate>(*loops_[turn_++ % loops_.size()]);
}

bool context_state::add(const std::shared_ptr<socket_shell>& shell, std::shared_ptr<gate> door) {
    const std::lock_guard lock{guard_};
    if (closed_)
        return false;
    std::erase_if(sockets_, [](const member& each) { return each.shell.expired(); });
    sockets_.push_back({shell, std::move(door)});
    return true;
}

bool context_state::add(const std::shared_ptr<hosted_state>& loop) {
    const std::lock_guard lock{guard_};
    if (closed_)
        return false;
    std::erase_if(hosted_, [](const auto& each) { return each.expired(); });
    hosted_.push_back(loop);
    return true;
}

bool context_state::closed() {
    const std::lock_guard lock{guard_};
    return closed_;
}

void context_state::close() noexcept {
    std::vector<member> sockets;
    std::vector<std::weak_ptr<hosted_state>> hosted;
    {
        const std::lock_guard lock{guard_};
        closed_ = true;
        sockets.swap(sockets_);
        hosted.swap(hosted_);
    }
    for (const auto& each : hosted) {
        const auto loop = each.lock();
        if (!loop)
            continue;
        const std::lock_guard lock{*loop->door};
        if (!std::exchange(loop->closed, true) && loop->end)
            std::exchange(loop->end, nullptr)();
    }
    for (const member& each : sockets) {
        const std::lock_guard lock{*each.door};
        if (const auto shell = each.shell.lock())
            shell->close();
    }
    for (const auto& each : loops_)
        each->end();
}

} // namespace detail

context::context(std::size_t io_threads)
    : state_{std::make_shared<detail::context_state>(io_threads)} {}

context::~context() { close(); }

void context::close() noexcept {
    if (!state_->inherited())
        return state_->close();
    // Its threads are the parent's: there is nothing to wait for, and nothing to be destroyed.
    static_cast<void>(new (std::nothrow) std::shared_ptr<detail::context_state>{state_});
}

// Sockets may outlive whatever is destroyed at exit, so that it never is; but what they have queued
// is written.
context& context::instance() {
    static std::mutex guard;
    static context* shared = nullptr;
    const std::lock_guard lock{guard};
    if (shared == nullptr || shared->state_->inherited()) { // a child's own, then
        shared = new context;
        std::atexit([] { instance().close(); });
    }
    return *shared;
}

} // namespace mizzen
