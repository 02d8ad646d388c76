// What sockets of one process share.
#pragma once

#include <cstddef>
#include <memory>

namespace mizzen {

namespace detail {
class context_state;
} // namespace detail

/// The space that inproc names live in, and the threads that do the I/O of blocking sockets.
///
/// Threads  Safe from any. Those of the context start with its first blocking socket; asynchronous
///          sockets use none of them.
/// Fork     A child may destroy a context and the sockets that it inherited, which does nothing but
///          close its copies of their descriptors; whatever else it wants it makes anew.
class context {
public:
    /// At least one thread.
    explicit context(std::size_t io_threads = 1);
    /// As close.
    ~context();
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    /// The one of sockets that are given none. Never destroyed, and closed when the program exits.
    /// A forked child has one of its own.
    [[nodiscard]] static context& instance();

    /// Ends every blocking call of its sockets with errc::context_closed, closes them, and waits
    /// for as long as what they have queued takes, or their option::linger allows.
    void close() noexcept;

    [[nodiscard]] const std::shared_ptr<detail::context_state>& state() const noexcept {
        return state_;
    }

private:
    std::shared_ptr<detail::context_state> state_;
};

} // namespace mizzen
