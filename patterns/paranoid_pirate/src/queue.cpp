// The queue's shell: carries messages and time between two ROUTERs and the core.
#include "secure.hpp"
#include "shell_timer.hpp"
#include "turn.hpp"
#include <mizzen/option.hpp>
#include <mizzen/patterns/paranoid_pirate/queue.hpp>
#include <mizzen/router.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::paranoid_pirate {
namespace {

using patterns::clock_now;

} // namespace

class queue::shell : public std::enable_shared_from_this<queue::shell> {
public:
    shell(const asio::any_io_executor& executor, const queue_options& options)
        : front_{executor}, back_{executor}, timer_{executor}, core_{options, clock_now()} {
        patterns::secure(front_, options);
        patterns::secure(back_, options.worker_security.value_or(options.security),
                         options.on_handshake_failed);
        front_.set(option::report_peers{true});
        back_.set(option::report_peers{true});
        // What has been read of a client that is held up counts for nothing in the core.
        const std::size_t most = std::clamp<std::size_t>(options.max_waiting_per_client, 1, 1000);
        front_.set(option::receive_high_water_mark{most});
    }

    void start() {
        wait(front_);
        wait(back_);
    }

    void drain(std::function<void()> drained) {
        drained_ = std::move(drained);
        core_.drain();
        asio::post(front_.get_executor(), [self = shared_from_this()] { self->look_at_drain(); });
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        core_.shutdown();
        timer_.cancel();
        front_.close();
        back_.close();
        drained_ = nullptr;
    }

    [[nodiscard]] router& front() noexcept { return front_; }
    [[nodiscard]] router& back() noexcept { return back_; }
    [[nodiscard]] const queue_core& core() const noexcept { return core_; }
    [[nodiscard]] std::uint64_t undeliverable() const noexcept { return undeliverable_; }

private:
    void wait(router& side) {
        side.async_wait_receive([self = shared_from_this(), &side](std::error_code ec) {
            if (!ec)
                self->take_turn(side);
        });
    }

    void take_turn(router& side) {
        const time_point at = clock_now();
        for (int i = 0; i < patterns::turn_length && !stopped_; ++i) {
            message m;
            if (!side.try_receive_from(m))
                break;
            hand_in(side, std::move(m), at);
            act();
        }
        if (stopped_)
            return;
        set_timer();
        look_at_drain();
        wait(side);
    }

    void hand_in(const router& side, message&& m, time_point at) {
        const peer_id peer = m.peer();
        const bool client = &side == &front_;
        switch (m.peer_notice()) {
        case zmtp::notice::peer_up: // known once it says something
        case zmtp::notice::peer_writable: break;
        case zmtp::notice::peer_down:
            client ? core_.client_down(peer, at) : core_.worker_down(peer, at);
            break;
        case zmtp::notice::none:
            client ? core_.from_client(peer, std::move(m), at)
                   : core_.from_worker(peer, std::move(m), at);
            break;
        }
    }

    void act() {
        queue_core::action next;
        std::error_code ec;
        while (core_.next_action(next)) {
            switch (next.what) {
            case queue_core::step::pause: front_.pause(next.to, ec); break;
            case queue_core::step::resume: front_.resume(next.to, ec); break;
            case queue_core::step::send_client:
                if (!front_.try_send_to(next.to, next.m, ec))
                    ++undeliverable_;
                break;
            case queue_core::step::send_worker:
                if (back_.try_send_to(next.to, next.m, ec))
                    break;
                ++undeliverable_; // gone, or it has not read for very long
                core_.worker_down(next.to, clock_now());
                break;
            }
        }
    }

    void set_timer() {
        timer_.set(core_.deadline(), [self = shared_from_this()] { self->on_time(); });
    }

    void on_time() {
        if (stopped_)
            return;
        core_.handle_timeout(clock_now());
        act();
        set_timer();
        look_at_drain();
    }

    void look_at_drain() {
        if (!stopped_ && drained_ && core_.drained())
            std::exchange(drained_, nullptr)();
    }

    router front_;
    router back_;
    patterns::shell_timer timer_;
    queue_core core_;
    std::function<void()> drained_;
    std::uint64_t undeliverable_ = 0;
    bool stopped_ = false;
};

queue::queue(const asio::any_io_executor& executor, const queue_options& options)
    : shell_{std::make_shared<shell>(executor, options)} {
    shell_->start();
}

queue& queue::operator=(queue&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

queue::~queue() { stop(); }

queue::executor_type queue::get_executor() const noexcept { return shell_->front().get_executor(); }
std::string queue::bind_frontend(std::string_view endpoint) {
    return shell_->front().bind(endpoint);
}
std::string queue::bind_frontend(std::string_view endpoint, std::error_code& ec) {
    return shell_->front().bind(endpoint, ec);
}
std::string queue::bind_backend(std::string_view endpoint) { return shell_->back().bind(endpoint); }
std::string queue::bind_backend(std::string_view endpoint, std::error_code& ec) {
    return shell_->back().bind(endpoint, ec);
}
void queue::drain(std::function<void()> drained) { shell_->drain(std::move(drained)); }
void queue::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const queue_stats& queue::stats() const noexcept { return shell_->core().stats(); }
socket_stats queue::frontend_stats() const { return shell_->front().stats(); }
socket_stats queue::backend_stats() const { return shell_->back().stats(); }
std::uint64_t queue::undeliverable() const noexcept { return shell_->undeliverable(); }

} // namespace mizzen::paranoid_pirate
