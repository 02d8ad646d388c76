// What sockets of one process share.
#pragma once

#include <memory>

namespace mizzen {

namespace detail {
class inproc_names;
} // namespace detail

/// The space that inproc names live in: sockets see each other's if they are of the same context.
///
/// Threads  Safe from any.
class context {
public:
    context();
    ~context();
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    /// The one of sockets that are given none. Never destroyed.
    [[nodiscard]] static context& instance();

    [[nodiscard]] const std::shared_ptr<detail::inproc_names>& names() const noexcept {
        return names_;
    }

private:
    std::shared_ptr<detail::inproc_names> names_;
};

} // namespace mizzen
