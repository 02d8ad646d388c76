// The processes of a Titanic history that others do not have: the broker with Titanic inside, and
// the clients that rely on it.
#pragma once

#include "../support/titanic_disk.hpp"
#include "majordomo_nodes.hpp"
#include <mizzen/patterns/titanic/journal.hpp>
#include <mizzen/patterns/titanic/service_core.hpp>
#include <mizzen/patterns/titanic/wire.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace mizzen::sim {

struct titanic_settings {
    majordomo::broker_options broker;
    titanic::service_options services;
    titanic::journal_options store;
};

/// Dies in the middle of what it writes, and finds what the disk has kept of it.
class titanic_broker final : public node {
public:
    titanic_broker(world& in, host_id host, const titanic_settings& settings,
                   std::shared_ptr<titanic::test::pretended_disk> disk,
                   const std::string& endpoint);
    ~titanic_broker() override;

    void leave() override;
    void lose_connection() override { socket_->lose_one(); }
    [[nodiscard]] const titanic::service_stats& stats() const noexcept { return titanic_->stats(); }
    [[nodiscard]] titanic::store_stats kept() const noexcept { return store_->stats(); }

private:
    void turn() override;
    void tick() override;
    void hand_in(message&& m);
    void act();
    void send_outputs();
    [[nodiscard]] bool serve();
    [[nodiscard]] titanic::service_moment moment() const;

    std::shared_ptr<titanic::test::pretended_disk> disk_;
    std::unique_ptr<titanic::store> store_;
    std::unique_ptr<titanic::service_core> titanic_;
    majordomo::broker_core core_;
    std::map<std::uint64_t, std::uint64_t> attempts_; // by what they were issued as
    titanic::commit_job* job_ = nullptr;              // has not run
    std::unique_ptr<socket> socket_;
};

/// Submits, asks for the reply until it is there, and closes; asks again whatever has no answer.
///
/// What was acknowledged is never unknown, and answered in the end. What was closed is unknown,
/// unless it was sent again: a late copy may come behind the close.
class titanic_client final : public majordomo_client {
public:
    titanic_client(world& in, host_id host, const majordomo::client_options& options,
                   const std::string& broker, const asking& asks, ledger& book, made_of& total);

    [[nodiscard]] bool idle() const noexcept override {
        return under_way_ == 0 && majordomo_client::idle();
    }

private:
    enum class step : std::uint8_t { submit, fetch, close, verify };
    struct job {
        std::uint64_t first = 0; ///< What the book knows it by.
        titanic::request_id id{};
        step next = step::submit;
        std::shared_ptr<const message> body;
    };

    [[nodiscard]] std::uint64_t start(message&& body) override;
    void over(std::uint64_t request, ending how, const message& m) override;
    void take_answer(job& of, const message& m);
    [[nodiscard]] std::uint64_t send(job&& next);

    std::map<std::uint64_t, job> asked_; // by the call that is under way
    std::size_t under_way_ = 0;
};

} // namespace mizzen::sim
