// A context's names, threads and blocking sockets.
#pragma once

#include "gate.hpp"
#include "inproc.hpp"
#include "shared_loop.hpp"

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace mizzen::detail {

class hosted_state;
class socket_shell;

/// Threads  Safe from any.
class context_state {
public:
    explicit context_state(std::size_t io_threads);
    ~context_state();
    context_state(const context_state&) = delete;
    context_state& operator=(const context_state&) = delete;

    const std::shared_ptr<inproc_names> names = std::make_shared<inproc_names>();

    /// For a new blocking socket, by turns on each thread; the first call starts them. Null once
    /// the context is closed.
    [[nodiscard]] std::shared_ptr<gate> make_gate();
    /// Closes the socket when the context closes. False if it is closed.
    [[nodiscard]] bool add(const std::shared_ptr<socket_shell>& shell, std::shared_ptr<gate> door);
    /// Ends what is on the loop when the context closes. False if it is closed.
    [[nodiscard]] bool add(const std::shared_ptr<hosted_state>& loop);
    [[nodiscard]] bool closed();
    /// Closes all sockets and waits until they have lingered.
    void close() noexcept;
    /// Whether this is another process than the one that made the context.
    [[nodiscard]] bool inherited() const noexcept;

private:
    struct member {
        std::weak_ptr<socket_shell> shell;
        std::shared_ptr<gate> door;
    };

    std::mutex guard_;
    const std::size_t wanted_;
    const pid_t owner_;
    std::vector<std::unique_ptr<shared_loop>> loops_;
    std::size_t turn_ = 0;
    std::vector<member> sockets_;
    std::vector<std::weak_ptr<hosted_state>> hosted_;
    bool closed_ = false;
};

} // namespace mizzen::detail
