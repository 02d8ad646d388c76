// The server's shell: carries messages and time between a ROUTER and the core.
#include "shell_timer.hpp"
#include "turn.hpp"
#include <mizzen/patterns/lazy_pirate/server.hpp>
#include <mizzen/router.hpp>

#include <asio/post.hpp>

#include <exception>

namespace mizzen::lazy_pirate {
namespace {

using patterns::clock_now;

} // namespace

class server::shell final : public patterns::answer_sink,
                            public std::enable_shared_from_this<server::shell> {
public:
    shell(const asio::any_io_executor& executor, const server_options& options,
          request_handler serve)
        : router_{executor}, timer_{executor}, serve_{std::move(serve)}, core_{options} {}

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
    [[nodiscard]] const server_core& core() const noexcept { return core_; }
    [[nodiscard]] std::uint64_t undeliverable() const noexcept { return undeliverable_; }

private:
    // Clients that are not read are held up, each by its own connection.
    void wait() {
        if (stopped_ || !core_.wants_more() || std::exchange(waiting_, true))
            return;
        router_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
            self->waiting_ = false;
            if (!ec)
                self->take_turn();
        });
    }

    void take_turn() {
        for (int i = 0; i < patterns::turn_length && !stopped_ && core_.wants_more(); ++i) {
            message m;
            if (!router_.try_receive_from(m))
                break;
            const peer_id from = m.peer();
            core_.receive(from, std::move(m), clock_now());
            act();
        }
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
    bool waiting_ = false;
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
std::string server::bind(std::string_view endpoint) { return shell_->socket().bind(endpoint); }
std::string server::bind(std::string_view endpoint, std::error_code& ec) {
    return shell_->socket().bind(endpoint, ec);
}
void server::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const server_stats& server::stats() const noexcept { return shell_->core().stats(); }
socket_stats server::transport_stats() const { return shell_->socket().stats(); }
std::uint64_t server::undeliverable() const noexcept { return shell_->undeliverable(); }

} // namespace mizzen::lazy_pirate
