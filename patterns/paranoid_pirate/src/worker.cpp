// The worker's shell: carries messages and time between a DEALER and the core.
#include "secure.hpp"
#include "shell_timer.hpp"
#include "turn.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/endpoint.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/option.hpp>
#include <mizzen/patterns/paranoid_pirate/worker.hpp>

#include <asio/post.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <string>

namespace mizzen::paranoid_pirate {
namespace {

using patterns::clock_now;

} // namespace

// A DEALER finds its way back by itself; its monitor says when, so that READY goes first.
class worker::shell final : public patterns::answer_sink,
                            public std::enable_shared_from_this<worker::shell> {
public:
    shell(const asio::any_io_executor& executor, const worker_options& options,
          request_handler serve)
        : executor_{executor}, options_{options}, timer_{executor},
          most_unsent_{options.max_requests + 64}, serve_{std::move(serve)},
          core_{options, clock_now(), patterns::random_seed()} {
        patterns::check_security(executor_, options_.security);
    }

    void connect(std::string_view endpoint, std::error_code& ec) {
        static_cast<void>(parse_endpoint(endpoint, endpoint_use::connect, ec));
        if (ec || !endpoint_.empty())
            return;
        endpoint_ = endpoint;
        core_.start();
        act();
    }

    void drain(std::function<void()> drained) {
        if (stopped_)
            return;
        drained_ = std::move(drained);
        core_.drain(clock_now());
        act();
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        core_.shutdown();
        timer_.cancel();
        drained_ = nullptr;
        close();
        // The handler may hold what holds the worker; it may also be what called.
        asio::post(executor_, [self = shared_from_this()] { self->serve_ = nullptr; });
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

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const worker_core& core() const noexcept { return core_; }

private:
    void open() {
        ++conversation_;
        socket_ = std::make_unique<dealer>(executor_);
        patterns::secure(*socket_, options_);
        socket_->set(option::immediate{true}); // nothing said on one connection is for the next
        events_ = std::make_unique<monitor>(*socket_);
        std::error_code ec;
        socket_->connect(endpoint_, ec); // was tried when the worker was told of it
        if (ec)
            return;
        wait_receive();
        wait_event();
    }

    void close() {
        ++conversation_;
        unsent_.clear();
        events_.reset();
        socket_.reset();
    }

    void wait_event() {
        events_->async_receive_event([self = shared_from_this(), mine = conversation_](
                                         std::error_code ec, const connection_event& event) {
            if (!ec && self->is_current(mine))
                self->take_event(event.kind);
        });
    }

    void take_event(event_kind what) {
        const std::uint64_t mine = conversation_;
        if (what == event_kind::handshake_succeeded) {
            core_.connected(clock_now());
        } else if (what == event_kind::disconnected) {
            unsent_.clear();
            core_.disconnected(clock_now());
        }
        act();
        if (is_current(mine))
            wait_event();
    }

    void wait_receive() {
        socket_->async_wait_receive(
            [self = shared_from_this(), mine = conversation_](std::error_code ec) {
                if (!ec && self->is_current(mine))
                    self->take_turn();
            });
    }

    [[nodiscard]] bool is_current(std::uint64_t conversation) const noexcept {
        return !stopped_ && conversation == conversation_;
    }

    void take_turn() {
        const std::uint64_t mine = conversation_;
        const time_point at = clock_now();
        for (int i = 0; i < patterns::turn_length; ++i) {
            message m;
            if (!socket_->try_receive(m))
                break;
            core_.receive(std::move(m), at);
            act();
            if (!is_current(mine))
                return;
        }
        wait_receive();
    }

    // Not entered twice: a handler that answers at once gets its turn in the loop below.
    void act() {
        if (std::exchange(acting_, true))
            return;
        worker_core::action next;
        while (!stopped_ && core_.next_action(next)) {
            switch (next.what) {
            case worker_core::step::open: open(); break;
            case worker_core::step::close: close(); break;
            case worker_core::step::send: send(std::move(next.m)); break;
            case worker_core::step::handle_request:
                serve(std::move(next.m), responder{weak_from_this(), next.request});
                break;
            }
        }
        acting_ = false;
        end_if_drained();
        if (!stopped_)
            timer_.set(core_.deadline(), [self = shared_from_this()] { self->on_time(); });
    }

    // Once the last reply is with the socket, which lingers.
    void end_if_drained() {
        if (stopped_ || !core_.ended() || !unsent_.empty())
            return;
        const auto drained = std::exchange(drained_, nullptr);
        stop();
        if (drained)
            asio::post(executor_, drained);
    }

    void serve(message&& body, responder answer) {
        try {
            serve_(std::move(body), std::move(answer));
        } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): the responder said so
        }
    }

    void send(message&& m) {
        if (!socket_ || (unsent_.empty() && socket_->try_send(m)))
            return;
        if (unsent_.size() >= most_unsent_)
            return; // nobody has read for very long; silence will tell
        unsent_.push_back(std::move(m));
        if (unsent_.size() == 1)
            wait_send();
    }

    void wait_send() {
        socket_->async_wait_send(
            [self = shared_from_this(), mine = conversation_](std::error_code ec) {
                if (!ec && self->is_current(mine))
                    self->send_unsent();
            });
    }

    void send_unsent() {
        while (!unsent_.empty() && socket_->try_send(unsent_.front()))
            unsent_.pop_front();
        if (!unsent_.empty())
            return wait_send();
        end_if_drained();
    }

    void on_time() {
        if (stopped_)
            return;
        core_.handle_timeout(clock_now());
        act();
    }

    asio::any_io_executor executor_;
    worker_options options_;
    patterns::shell_timer timer_;
    std::size_t most_unsent_;
    request_handler serve_;
    worker_core core_;
    std::string endpoint_;
    std::unique_ptr<dealer> socket_;
    std::unique_ptr<monitor> events_;
    std::uint64_t conversation_ = 0; // completions of an earlier one mean nothing
    std::deque<message> unsent_;     // for the socket to take them
    std::function<void()> drained_;
    bool acting_ = false;
    bool stopped_ = false;
};

worker::worker(const asio::any_io_executor& executor, const worker_options& options,
               request_handler serve)
    : shell_{std::make_shared<shell>(executor, options, std::move(serve))} {}

worker& worker::operator=(worker&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

worker::~worker() { stop(); }

worker::executor_type worker::get_executor() const noexcept { return shell_->executor(); }
void worker::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    if (ec)
        throw std::system_error{ec, "connect"};
}
void worker::connect(std::string_view endpoint, std::error_code& ec) {
    shell_->connect(endpoint, ec);
}
void worker::drain(std::function<void()> drained) { shell_->drain(std::move(drained)); }
void worker::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const worker_stats& worker::stats() const noexcept { return shell_->core().stats(); }

} // namespace mizzen::paranoid_pirate
