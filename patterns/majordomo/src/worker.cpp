// The worker's shell: carries messages and time between a DEALER and the core.
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <utility>

namespace mizzen::majordomo {
namespace {

constexpr int turn_length = 1000; // messages in a row before the loop has its turn

time_point now() noexcept { return std::chrono::steady_clock::now(); }

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

} // namespace

// A DEALER finds its way back by itself, but a conversation does not: each one has its own.
class worker_shell : public std::enable_shared_from_this<worker_shell> {
public:
    worker_shell(asio::any_io_executor executor, worker_options options, worker::handler serve)
        : executor_{std::move(executor)}, timer_{executor_},
          most_waiting_{options.max_requests + 64}, serve_{std::move(serve)},
          core_{std::move(options), now(), random_seed()} {}

    void connect(std::string_view endpoint, std::error_code& ec) {
        endpoint_ = endpoint;
        open(ec);
        if (!ec)
            act();
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        core_.shutdown(now());
        worker_core::action next;
        while (core_.next_action(next)) {
            if (next.what == worker_core::step::send)
                send(std::move(next.m));
        }
        timer_.cancel();
        waiting_.clear();
        socket_.reset();
        // The handler may hold what holds the worker; it may also be what called.
        asio::post(executor_, [self = shared_from_this()] { self->serve_ = nullptr; });
    }

    void reply(std::uint64_t request, message&& body) {
        if (stopped_)
            return;
        core_.reply(request, std::move(body), now());
        act();
    }
    void fail(std::uint64_t request, std::string_view why) {
        if (stopped_)
            return;
        core_.fail(request, why, now());
        act();
    }

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const worker_core& core() const noexcept { return core_; }

private:
    void open(std::error_code& ec) {
        waiting_.clear();
        ++conversation_;
        socket_ = std::make_unique<dealer>(executor_);
        socket_->connect(endpoint_, ec);
        if (ec)
            return;
        core_.connected(now()); // READY waits in the socket until the transport is up
        wait_receive();
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
        const time_point at = now();
        for (int i = 0; i < turn_length; ++i) {
            message m;
            if (!socket_->try_receive(m))
                return wait_receive();
            core_.receive(std::move(m), at);
            act();
            if (!is_current(mine))
                return;
        }
        asio::post(executor_, [self = shared_from_this(), mine] {
            if (self->is_current(mine))
                self->take_turn();
        });
    }

    // Not entered twice: a handler that answers at once gets its turn in the loop below.
    void act() {
        if (std::exchange(acting_, true))
            return;
        worker_core::action next;
        while (!stopped_ && core_.next_action(next)) {
            switch (next.what) {
            case worker_core::step::send: send(std::move(next.m)); break;
            case worker_core::step::handle_request:
                serve(std::move(next.m), responder{weak_from_this(), next.request});
                break;
            case worker_core::step::reconnect: reopen(); break;
            }
        }
        acting_ = false;
        set_timer();
    }

    void serve(message&& body, responder answer) {
        try {
            serve_(std::move(body), std::move(answer));
        } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): the responder said so
        }
    }

    void reopen() {
        std::error_code ec;
        open(ec); // it was possible before
    }

    void send(message&& m) {
        if (!socket_)
            return;
        if (waiting_.empty() && socket_->try_send(m))
            return;
        if (stopped_)
            return;
        if (waiting_.size() >= most_waiting_) { // nobody has read for very long
            core_.disconnected(now());
            return reopen();
        }
        waiting_.push_back(std::move(m));
        if (waiting_.size() == 1)
            wait_send();
    }

    void wait_send() {
        socket_->async_wait_send(
            [self = shared_from_this(), mine = conversation_](std::error_code ec) {
                if (!ec && self->is_current(mine))
                    self->send_waiting();
            });
    }

    void send_waiting() {
        while (!waiting_.empty() && socket_->try_send(waiting_.front()))
            waiting_.pop_front();
        if (!waiting_.empty())
            wait_send();
    }

    // As in the broker: one timer, which may fire early and look again.
    void set_timer() {
        const auto due = core_.deadline();
        if (!due || stopped_ || (timer_set_ && timer_.expiry() <= *due))
            return;
        timer_set_ = true;
        timer_.expires_at(*due);
        timer_.async_wait([self = shared_from_this()](std::error_code ec) {
            if (ec || self->stopped_)
                return;
            self->timer_set_ = false;
            self->core_.handle_timeout(now());
            self->act();
        });
    }

    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    std::size_t most_waiting_;
    worker::handler serve_;
    worker_core core_;
    std::string endpoint_;
    std::unique_ptr<dealer> socket_;
    std::uint64_t conversation_ = 0; // completions of an earlier one mean nothing
    std::deque<message> waiting_;    // for the socket to take them
    bool acting_ = false;
    bool timer_set_ = false;
    bool stopped_ = false;
};

responder::responder(std::weak_ptr<worker_shell> worker, std::uint64_t request) noexcept
    : worker_{std::move(worker)}, request_{request} {}

responder& responder::operator=(responder&& other) noexcept {
    if (this != &other) {
        fail("the handler gave no answer");
        worker_ = std::move(other.worker_);
        request_ = other.request_;
    }
    return *this;
}

responder::~responder() { fail("the handler gave no answer"); }

void responder::reply(message body) {
    if (const auto worker = std::exchange(worker_, {}).lock())
        worker->reply(request_, std::move(body));
}
void responder::fail(std::string_view why) {
    if (const auto worker = std::exchange(worker_, {}).lock())
        worker->fail(request_, why);
}

worker::worker(asio::any_io_executor executor, worker_options options, handler serve)
    : shell_{std::make_shared<worker_shell>(std::move(executor), std::move(options),
                                            std::move(serve))} {}

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
void worker::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const worker_stats& worker::stats() const noexcept { return shell_->core().stats(); }

} // namespace mizzen::majordomo
