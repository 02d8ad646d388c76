// The processes of a Majordomo history: a broker, workers, clients.
#pragma once

#include "ledger.hpp"
#include "majordomo_witness.hpp"
#include "node.hpp"
#include "roles.hpp"
#include <mizzen/patterns/majordomo/broker_core.hpp>
#include <mizzen/patterns/majordomo/client_core.hpp>
#include <mizzen/patterns/majordomo/worker_core.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mizzen::sim {

class majordomo_broker final : public node {
public:
    majordomo_broker(world& in, host_id host, const majordomo::broker_options& options,
                     const std::string& endpoint);

    void lose_connection() override { socket_->lose_one(); }
    [[nodiscard]] const majordomo::broker_stats& stats() const noexcept { return core_.stats(); }
    [[nodiscard]] std::size_t connections() { return socket_->core().peers().size(); }

private:
    void turn() override;
    void tick() override;
    void hand_in(message&& m);
    void send_outputs();
    void check();

    majordomo::broker_options options_;
    majordomo::broker_core core_;
    majordomo_witness witness_;
    std::unique_ptr<socket> socket_;
};

class majordomo_worker final : public node {
public:
    majordomo_worker(world& in, host_id host, const majordomo::worker_options& options,
                     std::string endpoint, const handling& handles, ledger& book);

    void leave() override;
    void lose_connection() override { socket_->lose_one(); }

private:
    [[nodiscard]] bool wants_turn(socket& of) override;
    void turn() override;
    void tick() override;
    void open();
    void act();
    void send(message&& m);
    void serve(std::uint64_t request, message&& body);

    majordomo::worker_core core_;
    std::string endpoint_;
    std::size_t credit_;
    handling handles_;
    ledger& book_;
    std::unique_ptr<socket> socket_;
    std::uint64_t conversation_ = 0;
    std::size_t at_handler_ = 0; ///< Of this conversation.
    std::deque<message> waiting_;
    bool left_for_good_ = false;
};

class majordomo_client : public asker {
public:
    majordomo_client(world& in, host_id host, const majordomo::client_options& options,
                     const std::vector<std::string>& brokers, const asking& asks, ledger& book,
                     made_of& total);
    ~majordomo_client() override;

    void lose_connection() override;

protected:
    /// Asks any service; act() is to follow.
    [[nodiscard]] std::uint64_t ask_for(std::string_view service, message&& body);
    void act() override;
    [[nodiscard]] std::uint64_t resent() const noexcept { return core_.stats().resent; }

private:
    struct link {
        std::unique_ptr<socket> at;
        std::deque<message> waiting;
        std::uint64_t lost = 0; // times that the core was told of it
    };

    [[nodiscard]] bool wants_turn(socket& of) override;
    void turn() override;
    void tick() override;
    [[nodiscard]] std::uint64_t start(message&& body) override;
    void open(std::uint32_t number, std::uint32_t broker);
    void flush(link& on);

    majordomo::client_core core_;
    std::vector<std::string> brokers_;
    std::map<std::uint32_t, link> links_;
};

} // namespace mizzen::sim
