// The course of a history.
#include "stage.hpp"

namespace mizzen::sim {

void stage::play() {
    for (place& each : places_)
        if (world_.draw(4) != 0)
            trouble_.start(each);
    for (place& each : places_)
        world_.at(world_.now() + milliseconds{world_.draw(300)},
                  [this, &each] { trouble_.start(each); });
    const std::size_t count = world_.draw(25);
    for (std::size_t i = 0; i < count; ++i) {
        world_.advance(milliseconds{1 + world_.draw(150)});
        trouble_.happen();
    }
    trouble_.end();
    world_.advance(longest_fault + milliseconds{100}); // all are there again
    for (int i = 0; i < 600 && !all_idle(); ++i)
        world_.advance(milliseconds{100});
    must(all_idle(), "every request ends");
    book_.calm = true;
    world_.advance(milliseconds{3000});
}

bool stage::all_idle() const {
    for (const place& each : places_)
        if (!each.running || !each.running->idle())
            return false;
    return book_.open() == 0;
}

void stage::must_serve(std::unique_ptr<node> fresh) {
    world_.advance(milliseconds{4000});
    must(fresh->idle(), "after all faults everybody is served");
}

void stage::kill_all_behind(std::size_t first) {
    for (std::size_t i = first; i < places_.size(); ++i)
        trouble_.kill(places_[i]);
    world_.advance(milliseconds{2000});
}

made_of stage::sum() {
    for (place& each : places_)
        trouble_.kill(each);
    book_.add_to(total_);
    total_.crashes = trouble_.crashes();
    total_.faults = trouble_.others();
    return total_;
}

} // namespace mizzen::sim
