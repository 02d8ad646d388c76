// Contexts: their threads, and how they end.
#include "context_state.hpp"
#include "socket_shell.hpp"
#include <mizzen/context.hpp>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

namespace mizzen {
namespace detail {
namespace {

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

void run(asio::io_context& loop) {
    for (;;) {
        try {
            loop.run();
            return;
        } catch (const std::bad_alloc&) {
            continue; // one handler's work is undone; its deadlines are not
        }
    }
}

} // namespace

context_state::context_state(std::size_t io_threads)
    : wanted_{std::max<std::size_t>(io_threads, 1)}, owner_{::getpid()} {}

context_state::~context_state() { close(); }

bool context_state::inherited() const noexcept { return owner_ != ::getpid(); }

void context_state::start_threads() {
    const signals_blocked inherited_by_the_new;
    while (threads_.size() < wanted_) {
        auto made = std::make_unique<io_thread>();
        made->thread = std::thread{[&loop = made->loop] { run(loop); }};
        threads_.push_back(std::move(made));
    }
}

std::shared_ptr<gate> context_state::make_gate() {
    const std::lock_guard lock{guard_};
    if (closed_ || inherited())
        return nullptr;
    if (threads_.size() < wanted_)
        start_threads();
    return std::make_shared<gate>(threads_[turn_++ % threads_.size()]->loop);
}

bool context_state::add(const std::shared_ptr<socket_shell>& shell, std::shared_ptr<gate> door) {
    const std::lock_guard lock{guard_};
    if (closed_)
        return false;
    std::erase_if(sockets_, [](const member& each) { return each.shell.expired(); });
    sockets_.push_back({shell, std::move(door)});
    return true;
}

bool context_state::closed() {
    const std::lock_guard lock{guard_};
    return closed_;
}

void context_state::close() noexcept {
    std::vector<member> sockets;
    {
        const std::lock_guard lock{guard_};
        closed_ = true;
        sockets.swap(sockets_);
    }
    for (const member& each : sockets) {
        const std::lock_guard lock{*each.door};
        if (const auto shell = each.shell.lock())
            shell->close();
    }
    for (const auto& each : threads_) {
        each->work.reset();
        if (each->thread.joinable())
            each->thread.join();
    }
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
