// The processes of a Lazy Pirate history: servers, clients.
#pragma once

#include "lazy_witness.hpp"
#include "roles.hpp"
#include <mizzen/patterns/lazy_pirate/client_core.hpp>
#include <mizzen/patterns/lazy_pirate/server_core.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mizzen::sim {

class lazy_server final : public node {
public:
    lazy_server(world& in, host_id host, const lazy_pirate::server_options& options,
                const std::string& endpoint, const handling& handles, ledger& book, made_of& total);
    ~lazy_server() override;

    void lose_connection() override { socket_->lose_one(); }
    [[nodiscard]] const lazy_pirate::server_stats& stats() const noexcept { return core_.stats(); }

private:
    [[nodiscard]] bool wants_turn(socket& of) override {
        return core_.wants_more() && of.core().readable();
    }
    void turn() override;
    void tick() override;
    void act();
    void serve(std::uint64_t request, const message& body);
    void answer(std::uint64_t request, work& job);

    lazy_pirate::server_core core_;
    lazy_witness witness_;
    handling handles_;
    ledger& book_;
    made_of& total_;
    std::unique_ptr<socket> socket_;
};

/// Of a client in a history, any; but for the time-out, which is the history's affair.
[[nodiscard]] lazy_pirate::client_options drawn_options(world& in);

class lazy_client final : public asker {
public:
    lazy_client(world& in, host_id host, const lazy_pirate::client_options& options,
                const std::vector<std::string>& endpoints, const asking& asks, ledger& book,
                made_of& total);
    ~lazy_client() override;

    void lose_connection() override;

private:
    [[nodiscard]] bool wants_turn(socket& of) override { return of.core().readable(); }
    [[nodiscard]] std::uint64_t start(message&& body) override;
    void act() override;
    void turn() override;
    void tick() override;
    void open(std::size_t lane, std::size_t endpoint);
    [[nodiscard]] bool take_one();

    lazy_pirate::client_core core_;
    std::vector<std::string> endpoints_;
    std::vector<std::unique_ptr<socket>> lanes_; // null while it is closed
    std::uint64_t last_request_ = 0;
};

} // namespace mizzen::sim
