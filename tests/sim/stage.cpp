// The course of a history.
#include "stage.hpp"

namespace mizzen::sim {

void stage::play() {
    for (place& each : places)
        if (in.draw(4) != 0)
            trouble.start(each);
    for (place& each : places)
        in.at(in.now() + milliseconds{in.draw(300)}, [this, &each] { trouble.start(each); });
    const std::size_t count = in.draw(25);
    for (std::size_t i = 0; i < count; ++i) {
        in.advance(milliseconds{1 + in.draw(150)});
        trouble.happen();
    }
    trouble.end();
    in.advance(longest_fault + milliseconds{100}); // all are there again
    for (int i = 0; i < 600 && !all_idle(); ++i)
        in.advance(milliseconds{100});
    must(all_idle(), "every request ends");
    book.calm = true;
    in.advance(milliseconds{3000});
}

bool stage::all_idle() const {
    for (const place& each : places)
        if (!each.running || !each.running->idle())
            return false;
    return book.open() == 0;
}

void stage::must_serve(std::unique_ptr<node> fresh) {
    in.advance(milliseconds{4000});
    must(fresh->idle(), "after all faults everybody is served");
}

void stage::kill_all_behind(std::size_t first) {
    for (std::size_t i = first; i < places.size(); ++i)
        trouble.kill(places[i]);
    in.advance(milliseconds{2000});
}

made_of stage::sum() {
    for (place& each : places)
        trouble.kill(each);
    book.add_to(total);
    total.crashes = trouble.crashes();
    total.faults = trouble.others();
    return total;
}

} // namespace mizzen::sim
