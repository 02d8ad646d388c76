// The processes of a Freelance history: servers, clients.
#pragma once

#include "roles.hpp"
#include <mizzen/patterns/freelance/client_core.hpp>
#include <mizzen/patterns/freelance/server_core.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::sim {

/// - A request comes once over a connection.
/// - No more requests run, and no more wait, than may.
class freelance_server final : public node {
public:
    freelance_server(world& in, host_id host, const freelance::server_options& options,
                     const std::string& endpoint, const handling& handles, ledger& book,
                     made_of& total);
    ~freelance_server() override;

    void lose_connection() override { socket_->lose_one(); }
    [[nodiscard]] const freelance::server_stats& stats() const noexcept { return core_.stats(); }

private:
    void turn() override;
    void tick() override;
    void act();
    void serve(std::uint64_t request, const message& body);
    void heard(const message& m);
    void check() const;

    freelance::server_options options_;
    freelance::server_core core_;
    handling handles_;
    ledger& book_;
    made_of& total_;
    std::set<std::pair<peer_id, std::string>> heard_; // by the body's first part
    std::set<std::uint64_t> running_;
    std::unique_ptr<socket> socket_;
};

/// What a client may count on from a server that nothing happens to.
struct promise {
    std::size_t server = 0; ///< Its place in the list.
    milliseconds answer{
        0}; ///< Within that, from when both the request and the connection are there.
};

/// - A server that lives and can be reached is not taken for dead, and answers within the bound.
/// - No more requests are under way than may be, none twice over a connection.
class freelance_client final : public asker {
public:
    freelance_client(world& in, host_id host, const freelance::client_options& options,
                     const std::vector<std::string>& endpoints, const asking& asks,
                     std::optional<promise> promised, ledger& book, made_of& total);
    ~freelance_client() override;

    void lose_connection() override;

private:
    using server_id = freelance::client_core::server_id;
    struct link {
        std::unique_ptr<socket> end;
        std::uint64_t came = 0; // DEALERs: connections that the core was told of,
        std::uint64_t went = 0; // and ends of them
        peer_id peer = 0;       // ROUTERs

        [[nodiscard]] bool is_new() const;
        [[nodiscard]] bool is_over() const;
    };

    [[nodiscard]] std::uint64_t start(message&& body) override;
    void act() override;
    void turn() override;
    void tick() override;
    [[nodiscard]] bool wants_turn(socket& of) override;
    void add(std::size_t endpoint);
    void change_servers();
    void open(server_id server);
    void send(server_id server, message&& m);
    void done(freelance::client_core::action& last);
    [[nodiscard]] bool take_one();
    [[nodiscard]] bool take_from_router(server_id server, link& from);
    [[nodiscard]] bool take_from_dealer(server_id server, link& from);
    void up(server_id server);
    void down(server_id server);

    freelance::client_options options_;
    freelance::client_core core_;
    std::vector<std::string> endpoints_;
    std::optional<promise> promised_;
    std::map<server_id, std::size_t> servers_; // those that were not removed
    std::map<server_id, link> links_;
    std::map<std::uint64_t, time_point> begun_;
    std::optional<time_point> promised_since_;
};

} // namespace mizzen::sim
