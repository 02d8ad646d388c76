// What every history of a pattern is played on.
#pragma once

#include "faults.hpp"
#include "ledger.hpp"
#include "node.hpp"

#include <memory>
#include <vector>

namespace mizzen::sim {

/// A world with places in it, faults that befall them, and the book of all requests.
class stage {
protected:
    static constexpr milliseconds longest_fault{600};

    explicit stage(std::uint32_t seed) : in{seed}, trouble{in, places, longest_fault} {}
    ~stage() = default;

    /// All of them are added before play(). `make` makes the process, on the host it is given.
    template <class Make>
    void add(bool is_safe, const Make& make, const std::vector<host_id>& also = {}) {
        const host_id host = in.add_host();
        places.push_back({.host = host,
                          .start = [make, host] { return make(host); },
                          .is_safe = is_safe,
                          .also = also});
    }

    /// Everybody starts, things go wrong, and are well again; then every request ends, and
    /// handlers are quick.
    void play();
    /// A client of its own, which knows nothing of what was before and must be served.
    void must_serve(std::unique_ptr<node> fresh);
    /// All but those that were added first, and they have time to notice.
    void kill_all_behind(std::size_t first);
    /// When all have ended: what the history was made of.
    [[nodiscard]] made_of sum();

    // Processes end first.
    made_of total;
    world in;
    ledger book;
    std::vector<place> places;
    faults trouble;

private:
    [[nodiscard]] bool all_idle() const;
};

} // namespace mizzen::sim
