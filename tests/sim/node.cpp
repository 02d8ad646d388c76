// A process of the simulated world: its turns and its timer.
#include "node.hpp"

#include <utility>

namespace mizzen::sim {

node::~node() { *alive_ = false; }

void node::set_ahead(milliseconds by) {
    ahead_ += by;
    timer_.reset();
    tick();
}

void node::read(bool on) {
    reading_ = on;
    if (on)
        post();
}

void node::post() {
    if (std::exchange(posted_, true))
        return;
    later(milliseconds{0}, [this] {
        posted_ = false;
        if (reading_)
            turn();
    });
}

// As the shells do it: one timer, which may fire early and look again.
void node::set_timer(std::optional<time_point> due) {
    if (!due)
        return;
    const time_point at = std::max(*due - ahead_, world_.now());
    if (timer_ && *timer_ <= at)
        return;
    timer_ = at;
    world_.at(at, host_, host_, [this, alive = alive_, at] {
        if (!*alive || timer_ != at)
            return;
        timer_.reset();
        tick();
    });
}

void node::later(milliseconds after, std::function<void()> what) {
    world_.at(world_.now() + after, host_, host_, [alive = alive_, what = std::move(what)] {
        if (*alive)
            what();
    });
}

std::unique_ptr<socket> node::make_socket(zmtp::socket_type type, host_id at) {
    auto made = std::make_unique<socket>(world_, type, at);
    made->changed = [this, s = made.get()] {
        if (wants_turn(*s))
            post();
    };
    return made;
}

} // namespace mizzen::sim
