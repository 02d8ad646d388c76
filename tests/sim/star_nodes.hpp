// The processes of a Binary Star history: the two halves.
#pragma once

#include "ledger.hpp"
#include "node.hpp"
#include "roles.hpp"
#include <mizzen/patterns/binary_star/star_core.hpp>
#include <mizzen/patterns/lazy_pirate/server_core.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mizzen::sim {

class star_half final : public node {
public:
    /// One way to hear of the peer, and for it to hear of this half.
    struct link {
        host_id host = 0;
        std::string own;
        std::string peer;
    };
    struct hooks {
        std::function<void()> serves; ///< Whenever it takes a request.
        /// Whether the fence worked, for a fenced one; called less than longest_fence after it was
        /// asked for.
        std::function<bool(binary_star::reason)> fence;
    };
    static constexpr milliseconds longest_fence{150};

    star_half(world& in, host_id host, const binary_star::star_options& options,
              const std::string& clients, const std::vector<link>& links, const handling& handles,
              ledger& book, hooks tells);

    void lose_connection() override;
    void leave() override;
    [[nodiscard]] const binary_star::star_core& core() const noexcept { return star_; }
    [[nodiscard]] bool serves_now() const noexcept { return star_.serves(now()); }

private:
    void turn() override;
    void tick() override;
    /// Clients are left unread while one's request is held.
    [[nodiscard]] bool wants_turn(socket& of) override {
        return of.core().readable() && (!held_ || &of != clients_.get());
    }
    void hear();
    void take(message&& m);
    binary_star::star_core::verdict vote();
    void serve_request(message&& m);
    void act();
    void decided(); // perhaps
    void take(const binary_star::star_core::action& next);
    void serve(std::uint64_t request, const message& body);

    binary_star::star_core star_;
    lazy_pirate::server_core server_;
    handling handles_;
    ledger& book_;
    hooks tells_;
    std::optional<message> held_; // until it is decided whether this half goes active
    std::unique_ptr<socket> clients_;
    std::vector<std::unique_ptr<socket>> pubs_; // one each for every link
    std::vector<std::unique_ptr<socket>> subs_;
};

} // namespace mizzen::sim
