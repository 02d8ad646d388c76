// The networks that a Binary Star's halves and clients may have, and what breaks in them.
#pragma once

#include "world.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace mizzen::sim {

enum class layout : std::uint8_t {
    one_network, ///< A half that is cut off is so from everybody, one way or both.
    two_links,   ///< The halves have two links, of which one breaks; clients may lose any half.
    fenced,      ///< Anything breaks, and a half asks before it goes active.
    unsafe,      ///< Anything breaks.
};

class star_ways {
public:
    static constexpr std::size_t halves = 2;
    static constexpr std::size_t links = 2;

    star_ways(world& in, layout how);

    /// At what a half has its links; the second one is only used where there are two.
    [[nodiscard]] host_id link(std::size_t half, std::size_t which) const {
        return links_.at(half).at(which);
    }
    void set_half(std::size_t half, host_id host) { halves_.at(half) = host; }
    void add_client(host_id host) { clients_.push_back(host); }

    /// Something is cut, or slow, for a while.
    void break_something(milliseconds longest);
    void heal_all();

    /// Whether a half does not reach, or is not reached by, the other one and clients; or did not a
    /// short while ago, after which the halves may not have heard each other again.
    [[nodiscard]] bool is_cut_off(std::size_t half) const;

private:
    struct way {
        host_id from;
        host_id to;
    };
    void cut(std::vector<way> ways, milliseconds time);
    void cut_off(std::size_t half, milliseconds time);
    [[nodiscard]] way any_way();
    [[nodiscard]] way a_way_of_clients();
    void end_of(const way& each);

    world& world_;
    layout how_;
    std::array<host_id, halves> halves_{};
    std::array<std::array<host_id, links>, halves> links_{};
    std::size_t bad_link_ = 0; ///< The other one holds.
    std::vector<host_id> clients_;
    std::map<std::pair<host_id, host_id>, int> cuts_; ///< How often each way is cut just now.
    std::array<int, halves> cut_off_{};
    std::array<time_point, halves> since_{}; ///< When that ended.
};

} // namespace mizzen::sim
