// What breaks in the networks of a Binary Star.
#include "star_ways.hpp"

#include <utility>

namespace mizzen::sim {
namespace {

// Until the halves hear each other again: a heartbeat, the slowest way, and another try to connect.
constexpr milliseconds until_heard{250};

} // namespace

star_ways::star_ways(world& in, layout how) : world_{in}, how_{how}, bad_link_{in.draw(links)} {
    for (auto& each : links_)
        for (host_id& one : each)
            one = in.add_host();
}

star_ways::way star_ways::a_way_of_clients() {
    way out{clients_[world_.draw(clients_.size())], halves_[world_.draw(halves)]};
    if (world_.draw(2) == 0)
        std::swap(out.from, out.to);
    return out;
}

star_ways::way star_ways::any_way() {
    if (world_.draw(3) == 0 && how_ != layout::one_network)
        return a_way_of_clients();
    const std::size_t from = world_.draw(halves);
    return {links_[from][bad_link_], links_[1 - from][bad_link_]};
}

void star_ways::break_something(milliseconds longest) {
    // Longer than others: a half has to be silent for long enough, and somebody has to ask.
    const milliseconds time{1 + world_.draw(3 * static_cast<std::size_t>(longest.count()))};
    if (world_.draw(4) == 0) {
        const way slow =
            how_ == layout::one_network && world_.draw(2) == 0 ? a_way_of_clients() : any_way();
        return world_.delay(slow.from, slow.to, time / 30);
    }
    if (how_ == layout::one_network)
        return cut_off(world_.draw(halves), time);
    const way first = any_way();
    if (world_.draw(2) == 0)
        cut({first, {first.to, first.from}}, time);
    else
        cut({first}, time);
}

void star_ways::cut_off(std::size_t half, milliseconds time) {
    std::vector<way> out;
    std::vector<way> in;
    for (std::size_t i = 0; i < links; ++i) {
        out.push_back({links_[half][i], links_[1 - half][i]});
        in.push_back({links_[1 - half][i], links_[half][i]});
    }
    for (const host_id each : clients_) {
        out.push_back({halves_[half], each});
        in.push_back({each, halves_[half]});
    }
    const std::size_t which = world_.draw(4);
    if (which != 0)
        cut(std::move(out), time);
    if (which != 1)
        cut(std::move(in), time);
    ++cut_off_[half];
    world_.at(world_.now() + time, [this, half] {
        if (--cut_off_[half] == 0)
            since_[half] = world_.now();
    });
}

void star_ways::cut(std::vector<way> ways, milliseconds time) {
    for (const way& each : ways)
        if (cuts_[{each.from, each.to}]++ == 0)
            world_.cut(each.from, each.to);
    world_.at(world_.now() + time, [this, ways = std::move(ways)] {
        for (const way& each : ways)
            end_of(each);
    });
}

void star_ways::end_of(const way& each) {
    int& left = cuts_[{each.from, each.to}];
    if (left != 0 && --left == 0)
        world_.heal(each.from, each.to);
}

void star_ways::heal_all() {
    std::vector<host_id> all = clients_;
    for (std::size_t i = 0; i < halves; ++i) {
        all.push_back(halves_[i]);
        all.insert(all.end(), links_[i].begin(), links_[i].end());
        if (cut_off_[i] != 0)
            since_[i] = world_.now();
    }
    cuts_.clear();
    for (const host_id a : all)
        for (const host_id b : all) {
            world_.heal(a, b);
            world_.delay(a, b, milliseconds{0});
        }
}

bool star_ways::is_cut_off(std::size_t half) const {
    return cut_off_[half] != 0 ||
           (since_[half] != time_point{} && world_.now() < since_[half] + until_heard);
}

} // namespace mizzen::sim
