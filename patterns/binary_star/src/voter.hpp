// The clients at one endpoint of a half: each of their requests is a vote.
#pragma once

#include "shell_timer.hpp"
#include <mizzen/patterns/binary_star/server.hpp>
#include <mizzen/router.hpp>

#include <memory>
#include <optional>

namespace mizzen::binary_star {

class voter final : public patterns::answer_sink, public std::enable_shared_from_this<voter> {
public:
    /// What several voters share, and what owns them.
    class owner {
    public:
        owner() = default;
        owner(const owner&) = delete;
        owner& operator=(const owner&) = delete;

        [[nodiscard]] virtual star::verdict vote() = 0;
        virtual void serve(message&& body, responder answer) = 0;
        /// A request is over.
        virtual void ended() = 0;

    protected:
        ~owner() = default;
    };

    voter(const asio::any_io_executor& executor, const lazy_pirate::server_options& options,
          std::weak_ptr<owner> of);

    void start() { wait(); }
    void stop();
    /// The request that is held may be voted for again.
    void decided();

    void reply(std::uint64_t request, message&& body) override;
    void fail(std::uint64_t request, std::string_view why) override;

    [[nodiscard]] router& socket() noexcept { return router_; }
    [[nodiscard]] std::size_t running() const noexcept { return core_.stats().running; }
    [[nodiscard]] const server_stats& stats() const noexcept { return stats_; }

private:
    void wait();
    void take_turn();
    void take(message&& m);
    void act();
    void on_time();

    router router_;
    patterns::shell_timer timer_;
    lazy_pirate::server_core core_;
    std::size_t max_envelope_;
    std::weak_ptr<owner> owner_;
    std::optional<message> held_; // its vote waits for the fence
    server_stats stats_;
    bool waiting_ = false;
    bool acting_ = false;
    bool stopped_ = false;
};

} // namespace mizzen::binary_star
