// What goes wrong in a history, by its seed: processes that die, hang or dawdle, ways that are cut.
#pragma once

#include "ledger.hpp"
#include "node.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace mizzen::sim {

/// A place where a process runs, dies and is started again.
struct place {
    host_id host = 0;
    std::function<std::unique_ptr<node>()> start;
    bool is_safe = false;        ///< Nothing happens to it, nor between two of these.
    std::vector<host_id> also{}; ///< Further network interfaces of the same process.
    std::unique_ptr<node> running{};
    bool suspended = false;
    bool held = false; ///< Not started again before the end.
};

class faults {
public:
    /// The places outlive it. `longest` is how long a fault lasts at most.
    faults(world& in, std::vector<place>& places, milliseconds longest)
        : world_{in}, places_{places}, longest_{longest} {}

    /// What cuts and heals instead, where not any way may be cut.
    std::function<void(milliseconds longest)> cut_ways{};
    std::function<void()> heal_ways{};

    void start(place& at);
    void kill(place& at);
    /// One thing goes wrong, and is over in a while.
    void happen();
    /// Everything is well from now on: what is cut heals, what is dead starts.
    void end();

    [[nodiscard]] std::uint64_t crashes() const noexcept { return crashes_; }
    [[nodiscard]] std::uint64_t others() const noexcept { return others_; }

private:
    [[nodiscard]] milliseconds some_time() {
        return milliseconds{1 + world_.draw(static_cast<std::size_t>(longest_.count()))};
    }
    [[nodiscard]] place* unsafe();
    void crash(place& at);
    void leave(place& at);
    void vanish(place& at);
    void suspend(place& at);
    void resume(place& at);
    void dawdle(place& at);
    void cut();
    void heal(host_id a, host_id b);
    void heal_all();

    world& world_;
    std::vector<place>& places_;
    milliseconds longest_;
    std::uint64_t crashes_ = 0;
    std::uint64_t others_ = 0;
};

} // namespace mizzen::sim
