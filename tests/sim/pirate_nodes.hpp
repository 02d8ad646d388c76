// The processes of a Simple or Paranoid Pirate history: a queue, workers, greedy clients.
#pragma once

#include "pirate_witness.hpp"
#include "roles.hpp"
#include <mizzen/patterns/paranoid_pirate/queue_core.hpp>
#include <mizzen/patterns/paranoid_pirate/worker_core.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace mizzen::sim {

class pirate_queue final : public node {
public:
    pirate_queue(world& in, host_id host, const paranoid_pirate::queue_options& options,
                 const std::string& front, const std::string& back, made_of& total);
    ~pirate_queue() override;

    void leave() override { core_.drain(); }
    void lose_connection() override;
    [[nodiscard]] const paranoid_pirate::queue_stats& stats() const noexcept {
        return core_.stats();
    }

private:
    void turn() override;
    void tick() override;
    void take(socket& side);
    void from_client(message&& m);
    void from_worker(message&& m);
    void act();
    void send_worker(peer_id to, message&& m);
    void check();

    paranoid_pirate::queue_core core_;
    pirate_witness witness_;
    made_of& total_;
    std::unique_ptr<socket> front_;
    std::unique_ptr<socket> back_;
};

class pirate_worker final : public node {
public:
    pirate_worker(world& in, host_id host, const paranoid_pirate::worker_options& options,
                  std::string endpoint, const handling& handles, ledger& book);

    void leave() override;
    void lose_connection() override {
        if (socket_)
            socket_->lose_one();
    }

private:
    [[nodiscard]] bool wants_turn(socket& of) override;
    void turn() override;
    void tick() override;
    void act();
    void open();
    void close();
    void send(message&& m);
    void serve(std::uint64_t request, const message& body);
    void take_events();

    paranoid_pirate::worker_core core_;
    std::string endpoint_;
    handling handles_;
    ledger& book_;
    std::unique_ptr<socket> socket_; // null while there is no connection to be had
    std::uint64_t conversation_ = 0;
    std::uint64_t came_ = 0; // connections that the core was told of
    std::uint64_t went_ = 0;
    std::deque<message> unsent_;
    bool left_for_good_ = false;
};

/// No client of ours: sends many requests on one connection, and does not try again.
class greedy_client final : public asker {
public:
    greedy_client(world& in, host_id host, milliseconds patience, const std::string& endpoint,
                  const asking& asks, ledger& book, made_of& total);

    void lose_connection() override { socket_->lose_one(); }

private:
    [[nodiscard]] std::uint64_t start(message&& body) override;
    void act() override { socket_->pump(); }
    void turn() override;
    void tick() override {}

    milliseconds patience_;
    std::unique_ptr<socket> socket_;
};

} // namespace mizzen::sim
