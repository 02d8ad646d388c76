// What goes wrong in a history, by its seed.
#include "faults.hpp"

namespace mizzen::sim {

void faults::start(place& at) {
    if (!at.running)
        at.running = at.start();
}

// What it would have done once it went on is lost with it.
void faults::kill(place& at) {
    at.running.reset();
    at.suspended = false;
    world_.resume(at.host);
    for (const host_id each : at.also)
        world_.resume(each);
}

place* faults::unsafe() {
    place& at = places_[world_.draw(places_.size())];
    return at.is_safe || !at.running || at.suspended ? nullptr : &at;
}

void faults::happen() {
    const std::size_t what = world_.draw(12);
    if (what < 2 || (cut_ways && what == 10))
        return cut();
    place* const at = unsafe();
    if (at == nullptr)
        return;
    ++others_;
    switch (what) {
    case 2:
    case 3: return crash(*at);
    case 4: return leave(*at);
    case 5: return cut_ways ? crash(*at) : vanish(*at); // which cuts, too
    case 6:
    case 7: return suspend(*at);
    case 8: return dawdle(*at);
    case 9: return at->running->set_ahead(some_time());
    default: return at->running->lose_connection();
    }
}

void faults::crash(place& at) {
    --others_;
    ++crashes_;
    kill(at);
    world_.at(world_.now() + some_time(), [this, &at] { start(at); });
}

void faults::leave(place& at) {
    at.running->leave();
    world_.at(world_.now() + milliseconds{50}, [this, &at, was = at.running.get()] {
        if (at.running.get() == was)
            crash(at);
    });
}

// The host is off: nobody is told that its connections are gone before it is back.
void faults::vanish(place& at) {
    for (const place& other : places_) {
        world_.cut(at.host, other.host);
        world_.cut(other.host, at.host);
    }
    --others_;
    ++crashes_;
    kill(at);
    world_.at(world_.now() + some_time(), [this, &at] {
        for (const place& other : places_)
            heal(at.host, other.host);
        start(at);
    });
}

void faults::suspend(place& at) {
    at.suspended = true;
    world_.suspend(at.host);
    for (const host_id each : at.also)
        world_.suspend(each);
    world_.at(world_.now() + some_time(), [this, &at] { resume(at); });
}

// Whoever wakes up may look at the clock before it reads, or after.
void faults::resume(place& at) {
    if (!std::exchange(at.suspended, false))
        return;
    if (at.running && world_.draw(2) == 0)
        at.running->wake();
    world_.resume(at.host);
    for (const host_id each : at.also)
        world_.resume(each);
}

void faults::dawdle(place& at) {
    if (!at.running->may_dawdle())
        return suspend(at);
    at.running->read(false);
    world_.at(world_.now() + some_time(), [&at, was = at.running.get()] {
        if (at.running.get() == was)
            was->read(true);
    });
}

void faults::cut() {
    if (cut_ways) {
        ++others_;
        return cut_ways(longest_);
    }
    const place& a = places_[world_.draw(places_.size())];
    const place& b = places_[world_.draw(places_.size())];
    if (&a == &b || (a.is_safe && b.is_safe))
        return;
    ++others_;
    if (world_.draw(4) == 0) {
        world_.delay(a.host, b.host, some_time() / 10);
        return;
    }
    world_.cut(a.host, b.host);
    if (world_.draw(2) == 0)
        world_.cut(b.host, a.host);
    world_.at(world_.now() + some_time(), [this, from = a.host, to = b.host] { heal(from, to); });
}

void faults::heal(host_id a, host_id b) {
    world_.heal(a, b);
    world_.heal(b, a);
}

void faults::heal_all() {
    if (heal_ways)
        return heal_ways();
    for (const place& a : places_)
        for (const place& b : places_) {
            world_.heal(a.host, b.host);
            world_.delay(a.host, b.host, milliseconds{0});
        }
}

void faults::end() {
    heal_all();
    for (place& at : places_) {
        resume(at);
        if (at.running)
            at.running->read(true);
        else if (!at.held)
            start(at);
    }
}

} // namespace mizzen::sim
