// A process of the simulated world: what a pattern's Asio shell does for its core, without Asio.
#pragma once

#include "world.hpp"

#include <memory>
#include <optional>

namespace mizzen::sim {

/// Has a host, a clock of its own and a timer; destroying it is killing the process.
class node {
public:
    node(world& in, host_id host) : world_{in}, host_{host} {}
    virtual ~node();
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    [[nodiscard]] host_id host() const noexcept { return host_; }
    /// The node's clock, which may have been set ahead.
    [[nodiscard]] time_point now() const noexcept { return world_.now() + ahead_; }

    // What a history may do to it.

    /// The clock steps; a clock that never goes back can do nothing worse.
    void set_ahead(milliseconds by);
    /// It was suspended, and looks at the clock before anything else.
    void wake() { tick(); }
    /// Whether the process may stop to receive and go on with everything else.
    [[nodiscard]] virtual bool may_dawdle() const noexcept { return false; }
    void read(bool on);
    /// As on SIGTERM; the process is killed a little later.
    virtual void leave() {}
    virtual void lose_connection() = 0;
    /// Whether it has nothing left to do for itself.
    [[nodiscard]] virtual bool idle() const noexcept { return true; }

protected:
    /// Something may have come, or there may be room again.
    virtual void turn() = 0;
    /// The time asked for has come.
    virtual void tick() = 0;

    /// Whether what has become of the socket is of any interest now.
    [[nodiscard]] virtual bool wants_turn(socket& of) { return of.core().readable(); }
    [[nodiscard]] world& in() const noexcept { return world_; }
    [[nodiscard]] bool reading() const noexcept { return reading_; }
    /// A turn follows, later but in no time.
    void post();
    void set_timer(std::optional<time_point> due);
    /// Unless the process was killed by then.
    void later(milliseconds after, std::function<void()> what);
    /// A socket of this process whose changes lead to turns.
    [[nodiscard]] std::unique_ptr<socket> make_socket(zmtp::socket_type type) {
        return make_socket(type, host_);
    }
    /// At another network interface.
    [[nodiscard]] std::unique_ptr<socket> make_socket(zmtp::socket_type type, host_id at);

private:
    world& world_;
    host_id host_;
    milliseconds ahead_{0};
    bool reading_ = true;
    bool posted_ = false;
    std::optional<time_point> timer_; // as the world has it
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace mizzen::sim
