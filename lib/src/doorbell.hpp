// How other threads call a socket.
#pragma once

#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mizzen::detail {

class inproc_pipe;
class socket_shell;

/// A pipe whose other end has connected to a name that the socket bound.
struct arrival {
    std::shared_ptr<inproc_pipe> pipe;
    std::string endpoint;
};

/// A burst of calls wakes the socket once, and not at all while it is watching.
///
/// Threads  ring and arrive from any; the rest is the socket's own.
class doorbell {
public:
    doorbell(asio::any_io_executor executor, std::weak_ptr<socket_shell> owner);

    /// There is something for the session with that key.
    void ring(peer_id key);
    void arrive(arrival who);

    /// Whether somebody has rung since the last answer.
    [[nodiscard]] bool rung() const noexcept { return rung_.load(std::memory_order_acquire); }
    /// Who has called since the last time.
    void answer(std::vector<peer_id>& keys, std::vector<arrival>& arrivals);
    /// The socket watches no longer: the next call is to wake it. False if one has come meanwhile.
    [[nodiscard]] bool stop_watching();
    /// From now on nobody calls: its executor may go. Returns who had.
    [[nodiscard]] std::vector<arrival> remove();

private:
    void call();

    std::mutex guard_;
    asio::any_io_executor executor_;
    std::weak_ptr<socket_shell> owner_;
    std::vector<peer_id> keys_;
    std::vector<arrival> arrivals_;
    std::atomic<bool> rung_ = false;
    bool expected_ = false; // an answer is on its way, or the socket is watching
    bool removed_ = false;
};

} // namespace mizzen::detail
