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
#include <string>

namespace mizzen::sim {

class star_half final : public node {
public:
    struct names {
        std::string clients;
        std::string link;
        std::string peer;
    };

    /// `serves` is called whenever it takes a request.
    star_half(world& in, host_id host, const binary_star::star_options& options, const names& at,
              const handling& handles, ledger& book, std::function<void()> serves);

    void lose_connection() override;
    void leave() override;
    [[nodiscard]] const binary_star::star_core& core() const noexcept { return star_; }
    [[nodiscard]] bool serves_now() const noexcept { return star_.serves(now()); }

private:
    void turn() override;
    void tick() override;
    void hear();
    void take(message&& m);
    void act();
    void serve(std::uint64_t request, const message& body);

    binary_star::star_core star_;
    lazy_pirate::server_core server_;
    handling handles_;
    ledger& book_;
    std::function<void()> serves_;
    std::unique_ptr<socket> clients_;
    std::unique_ptr<socket> pub_;
    std::unique_ptr<socket> sub_;
};

} // namespace mizzen::sim
