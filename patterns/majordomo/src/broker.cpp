// The broker's shell: carries messages and time between a ROUTER and the core.
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/router.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <utility>

namespace mizzen::majordomo {
namespace {

// Messages taken in a row before the loop has its turn to write what they led to.
constexpr int turn_length = 2000;

time_point now() noexcept { return std::chrono::steady_clock::now(); }

bool is_worker_request(const message& m) {
    return parse_to_worker(m).what == to_worker::kind::request;
}

} // namespace

class broker::shell : public std::enable_shared_from_this<broker::shell> {
public:
    shell(const asio::any_io_executor& executor, const broker_options& options)
        : router_{executor}, timer_{executor}, core_{options, now()} {
        router_.set(option::report_peers{true});
    }

    void start() { wait(); }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        core_.shutdown(now());
        send_outputs();
        timer_.cancel();
        router_.close();
    }

    [[nodiscard]] router& socket() noexcept { return router_; }
    [[nodiscard]] const broker_core& core() const noexcept { return core_; }
    [[nodiscard]] std::uint64_t undeliverable() const noexcept { return undeliverable_; }

private:
    void wait() {
        router_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
            if (!ec)
                self->take_turn();
        });
    }

    void take_turn() {
        if (stopped_)
            return;
        const time_point at = now();
        for (int i = 0; i < turn_length; ++i) {
            message m;
            if (!router_.try_receive_from(m)) {
                set_timer();
                return wait();
            }
            hand_in(std::move(m), at);
            send_outputs();
        }
        set_timer();
        asio::post(router_.get_executor(), [self = shared_from_this()] { self->take_turn(); });
    }

    void hand_in(message&& m, time_point at) {
        const peer_id peer = m.peer();
        switch (m.peer_notice()) {
        case zmtp::notice::peer_up: core_.peer_up(peer); break;
        case zmtp::notice::peer_down: core_.peer_down(peer, at); break;
        case zmtp::notice::none: core_.receive(peer, std::move(m), at); break;
        }
    }

    void send_outputs() {
        broker_core::output out;
        while (core_.next_output(out)) {
            std::error_code ec;
            if (router_.try_send_to(out.to, out.m, ec))
                continue;
            ++undeliverable_;
            // A worker whose queue is full does not read: another one gets the request. A lost
            // connection is about to be told by its notice.
            if (ec == mizzen::errc::would_block && is_worker_request(out.m))
                core_.peer_down(out.to, now());
        }
    }

    // The deadline moves with every message, mostly to later: one timer that fires early and looks
    // again costs less than one that is set anew each time.
    void set_timer() {
        const auto due = core_.deadline();
        if (!due || (timer_set_ && timer_.expiry() <= *due))
            return;
        timer_set_ = true;
        timer_.expires_at(*due);
        timer_.async_wait([self = shared_from_this()](std::error_code ec) {
            if (ec || self->stopped_)
                return;
            self->timer_set_ = false;
            self->core_.handle_timeout(now());
            self->send_outputs();
            self->set_timer();
        });
    }

    router router_;
    asio::steady_timer timer_;
    broker_core core_;
    std::uint64_t undeliverable_ = 0;
    bool timer_set_ = false;
    bool stopped_ = false;
};

broker::broker(const asio::any_io_executor& executor, const broker_options& options)
    : shell_{std::make_shared<shell>(executor, options)} {
    shell_->start();
}

broker& broker::operator=(broker&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

broker::~broker() { stop(); }

broker::executor_type broker::get_executor() const noexcept {
    return shell_->socket().get_executor();
}
std::string broker::bind(std::string_view endpoint) { return shell_->socket().bind(endpoint); }
std::string broker::bind(std::string_view endpoint, std::error_code& ec) {
    return shell_->socket().bind(endpoint, ec);
}
void broker::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const broker_stats& broker::stats() const noexcept { return shell_->core().stats(); }
socket_stats broker::transport_stats() const { return shell_->socket().stats(); }
std::uint64_t broker::undeliverable() const noexcept { return shell_->undeliverable(); }

} // namespace mizzen::majordomo
