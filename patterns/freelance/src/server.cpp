// The server's shell: carries messages and time between a ROUTER and the core.
#include "shell_timer.hpp"
#include "turn.hpp"
#include <mizzen/option.hpp>
#include <mizzen/patterns/freelance/server.hpp>
#include <mizzen/router.hpp>

#include <asio/post.hpp>

#include <exception>

namespace mizzen::freelance {
namespace {

using patterns::clock_now;

} // namespace

class server::shell final : public patterns::answer_sink,
                            public std::enable_shared_from_this<server::shell> {
public:
    shell(const asio::any_io_executor& executor, const server_options& options,
          request_handler serve)
        : router_{executor}, timer_{executor}, serve_{std::move(serve)}, core_{options},
          names_itself_{options.how == model::complex} {
        router_.set(option::report_peers{true});
    }

    void start() { wait(); }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        timer_.cancel();
        router_.close();
        // The handler may hold what holds the server; it may also be what called.
        asio::post(router_.get_executor(), [self = shared_from_this()] { self->serve_ = nullptr; });
    }

    void reply(std::uint64_t request, message&& body) override {
        if (stopped_)
            return;
        core_.reply(request, std::move(body), clock_now());
        act();
    }
    void fail(std::uint64_t request, std::string_view why) override {
        if (stopped_)
            return;
        core_.fail(request, why, clock_now());
        act();
    }

    // No peer is told a name before the loop's next turn.
    std::string bind(std::string_view endpoint, std::string_view name, std::error_code& ec) {
        std::string bound = router_.bind(endpoint, ec);
        if (ec || !names_itself_)
            return bound;
        router_.set(option::routing_id{name.empty() ? bound : std::string{name}}, ec);
        if (ec) {
            std::error_code ignored;
            router_.unbind(bound, ignored);
            return {};
        }
        return bound;
    }

    [[nodiscard]] router& socket() noexcept { return router_; }
    [[nodiscard]] const server_core& core() const noexcept { return core_; }
    [[nodiscard]] std::uint64_t undeliverable() const noexcept { return undeliverable_; }

private:
    void wait() {
        router_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
            if (!ec)
                self->take_turn();
        });
    }

    void take_turn() {
        for (int i = 0; i < patterns::turn_length && !stopped_; ++i) {
            message m;
            if (!router_.try_receive_from(m))
                break;
            const peer_id from = m.peer();
            if (m.peer_notice() == zmtp::notice::peer_down)
                core_.peer_down(from, clock_now());
            else if (m.peer_notice() == zmtp::notice::none)
                core_.receive(from, std::move(m), clock_now());
            act();
        }
        if (!stopped_)
            wait();
    }

    // Not entered twice: a handler that answers at once gets its turn in the loop below.
    void act() {
        if (std::exchange(acting_, true))
            return;
        server_core::action next;
        while (!stopped_ && core_.next_action(next)) {
            std::error_code ec;
            if (next.what == server_core::step::handle_request)
                serve(std::move(next.m), responder{weak_from_this(), next.request});
            else if (!router_.try_send_to(next.to, next.m, ec))
                ++undeliverable_;
        }
        acting_ = false;
        if (!stopped_)
            timer_.set(core_.deadline(), [self = shared_from_this()] { self->on_time(); });
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
    patterns::shell_timer timer_;
    request_handler serve_;
    server_core core_;
    std::uint64_t undeliverable_ = 0;
    bool names_itself_;
    bool acting_ = false;
    bool stopped_ = false;
};

server::server(const asio::any_io_executor& executor, const server_options& options,
               request_handler serve)
    : shell_{std::make_shared<shell>(executor, options, std::move(serve))} {
    shell_->start();
}

server& server::operator=(server&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

server::~server() { stop(); }

server::executor_type server::get_executor() const noexcept {
    return shell_->socket().get_executor();
}
std::string server::bind(std::string_view endpoint, std::string_view name) {
    std::error_code ec;
    std::string bound = bind(endpoint, name, ec);
    if (ec)
        throw std::system_error{ec, "bind"};
    return bound;
}
std::string server::bind(std::string_view endpoint, std::string_view name, std::error_code& ec) {
    return shell_->bind(endpoint, name, ec);
}
void server::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const server_stats& server::stats() const noexcept { return shell_->core().stats(); }
socket_stats server::transport_stats() const { return shell_->socket().stats(); }
std::uint64_t server::undeliverable() const noexcept { return shell_->undeliverable(); }

} // namespace mizzen::freelance
