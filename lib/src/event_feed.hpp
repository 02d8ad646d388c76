// Who is told of a socket's connections.
#pragma once

#include "event_queue.hpp"

#include <memory>
#include <vector>

namespace mizzen::detail {

/// Tells every monitor until that is destroyed.
class event_feed {
public:
    event_feed() = default;
    event_feed(const event_feed&) = delete;
    event_feed& operator=(const event_feed&) = delete;
    ~event_feed() { end(); }

    [[nodiscard]] bool watched() const noexcept { return !watchers_.empty(); }
    void add(const std::shared_ptr<event_queue>& watcher);
    void put(const connection_event& event) noexcept;
    /// There was no memory for an event.
    void lose() noexcept;
    /// The socket has nothing more to tell, whoever comes.
    void end() noexcept;

private:
    std::vector<std::weak_ptr<event_queue>> watchers_;
    bool ended_ = false;
};

} // namespace mizzen::detail
