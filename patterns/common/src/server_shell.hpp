// A server's shell: carries messages and time between a ROUTER and a core.
#pragma once

#include "secure.hpp"
#include "shell_timer.hpp"
#include "turn.hpp"
#include <mizzen/patterns/common/responder.hpp>
#include <mizzen/router.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <system_error>
#include <utility>

namespace mizzen::patterns {

/// Core is a server_core: it is given requests and answers, and says what is sent, and what the
/// handler is to have. One that tells whether it `wants_more` has clients left unread while it does
/// not, each held up by its own connection; one that is told of a `peer_down` gets the notices that
/// the socket was set to report.
template <class Core>
class server_shell : public answer_sink, public std::enable_shared_from_this<server_shell<Core>> {
public:
    template <class Options>
    server_shell(const asio::any_io_executor& executor, const Options& options,
                 request_handler serve)
        : router_{executor}, timer_{executor}, serve_{std::move(serve)}, core_{options} {
        secure(router_, options);
    }

    /// To be called once there is a shared owner.
    void start() { wait(); }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        timer_.cancel();
        router_.close();
        // The handler may hold what holds the server; it may also be what called.
        asio::post(router_.get_executor(),
                   [self = this->shared_from_this()] { self->serve_ = nullptr; });
    }

    void reply(std::uint64_t request, message&& body) override {
        if (stopped_)
            return;
        core_.reply(request, std::move(body), clock_now());
        act();
        wait();
    }
    void fail(std::uint64_t request, std::string_view why) override {
        if (stopped_)
            return;
        core_.fail(request, why, clock_now());
        act();
        wait();
    }

    [[nodiscard]] router& socket() noexcept { return router_; }
    [[nodiscard]] const Core& core() const noexcept { return core_; }
    [[nodiscard]] std::uint64_t undeliverable() const noexcept { return undeliverable_; }

private:
    [[nodiscard]] bool wants_more() const noexcept {
        if constexpr (requires { core_.wants_more(); })
            return core_.wants_more();
        else
            return true;
    }

    void wait() {
        if (stopped_ || !wants_more() || std::exchange(waiting_, true))
            return;
        router_.async_wait_receive([self = this->shared_from_this()](std::error_code ec) {
            self->waiting_ = false;
            if (!ec)
                self->take_turn();
        });
    }

    void take_turn() {
        for (int i = 0; i < turn_length && !stopped_ && wants_more(); ++i) {
            message m;
            if (!router_.try_receive_from(m))
                break;
            take(std::move(m));
            act();
        }
        wait();
    }

    void take(message&& m) {
        const zmtp::peer_id from = m.peer();
        if constexpr (requires { core_.peer_down(from, clock_now()); }) {
            if (m.peer_notice() == zmtp::notice::peer_down)
                return core_.peer_down(from, clock_now());
            if (m.peer_notice() != zmtp::notice::none)
                return;
        }
        core_.receive(from, std::move(m), clock_now());
    }

    // Not entered twice: a handler that answers at once gets its turn in the loop below.
    void act() {
        if (std::exchange(acting_, true))
            return;
        typename Core::action next;
        while (!stopped_ && core_.next_action(next)) {
            std::error_code ec;
            if (next.what == Core::step::handle_request)
                serve(std::move(next.m), responder{this->weak_from_this(), next.request});
            else if (!router_.try_send_to(next.to, next.m, ec))
                ++undeliverable_;
        }
        acting_ = false;
        if (!stopped_)
            timer_.set(core_.deadline(), [self = this->shared_from_this()] { self->on_time(); });
    }

    void serve(message&& body, responder answer) {
        try {
            serve_(std::move(body), std::move(answer));
        } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): the responder said so
        }
    }

    void on_time() {
        if (stopped_)
            return;
        core_.handle_timeout(clock_now());
        act();
    }

    router router_;
    shell_timer timer_;
    request_handler serve_;
    Core core_;
    std::uint64_t undeliverable_ = 0;
    bool waiting_ = false;
    bool acting_ = false;
    bool stopped_ = false;
};

} // namespace mizzen::patterns
