// The broker's shell: carries messages and time between a ROUTER and the core.
#include "secure.hpp"
#include "shell_timer.hpp"
#include "turn.hpp"
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/router.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mizzen::majordomo {
namespace {

using patterns::clock_now;

} // namespace

class broker::shell : public std::enable_shared_from_this<broker::shell> {
public:
    shell(const asio::any_io_executor& executor, const broker_options& options)
        : router_{executor}, timer_{executor}, core_{options, clock_now(), patterns::random_seed()},
          max_envelope_{options.max_envelope} {
        patterns::secure(router_, options);
        router_.set(option::report_peers{true});
        router_.set(option::busy_poll{options.busy_poll});
        // Beyond, the core keeps what a peer does not take, and knows of it.
        router_.set(option::high_water_octets{options.max_client_octets});
    }

    void start() { wait(); }

    void stop() {
        core_.shutdown(clock_now());
        act();
    }
    void drain(milliseconds limit, std::function<void()> done) {
        on_stopped_ = std::move(done);
        core_.drain(limit, clock_now());
        act();
        set_timer();
    }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

    void stand_by(std::function<bool()>&& vote) {
        vote_ = std::move(vote);
        make_passive();
    }
    void make_passive() {
        core_.set_passive(true);
        act_soon();
    }
    void when_idle(std::function<void()>&& done) {
        on_idle_ = std::move(done);
        act_soon();
    }

    void serve_internal(std::string_view prefix, internal_service serve) {
        for (auto& [known, server] : services_) {
            if (known == prefix)
                return static_cast<void>(server = std::move(serve));
        }
        core_.add_internal(prefix);
        services_.emplace_back(prefix, std::move(serve));
    }
    void end_calls(std::string_view prefix) {
        core_.end_calls(prefix, clock_now());
        act_soon();
    }
    void answer(std::uint64_t call, message&& body, status outcome) {
        core_.answer(call, std::move(body), outcome, clock_now());
        act_soon();
    }
    void issue(std::string_view service, message&& body, broker_core::issue_limits limits,
               issue_handler done) {
        issued_.emplace(core_.issue(service, std::move(body), limits, clock_now()),
                        std::move(done));
        act_soon();
    }

    void replace_rules(std::shared_ptr<const access_rules>&& rules) {
        core_.replace_rules(std::move(rules), clock_now());
        act_soon();
    }
    void on_refusal(std::function<void(const broker_core::refusal&)>&& tell) {
        on_refusal_ = std::move(tell);
    }

    [[nodiscard]] router& socket() noexcept { return router_; }
    [[nodiscard]] const broker_core& core() const noexcept { return core_; }

private:
    void wait() {
        router_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
            if (!ec)
                self->take_turn();
        });
    }

    void take_turn() {
        const time_point at = clock_now();
        for (int i = 0; i < patterns::turn_length && !stopped_; ++i) {
            message m;
            if (!router_.try_receive_from(m)) {
                set_timer();
                return wait();
            }
            hand_in(std::move(m), at);
            act();
        }
        if (stopped_)
            return;
        set_timer();
        asio::post(router_.get_executor(), [self = shared_from_this()] { self->take_turn(); });
    }

    void hand_in(message&& m, time_point at) {
        const peer_id peer = m.peer();
        switch (m.peer_notice()) {
        case zmtp::notice::peer_up: core_.peer_up(peer, user_of(peer)); break;
        case zmtp::notice::peer_down: core_.peer_down(peer, at); break;
        case zmtp::notice::peer_writable: core_.peer_writable(peer, at); break;
        case zmtp::notice::none:
            if (vote_ && is_vote(peer, m))
                core_.set_passive(!vote_());
            core_.receive(peer, std::move(m), at);
            break;
        }
    }
    // The core judges it again, and may drop it after all.
    [[nodiscard]] bool is_vote(peer_id from, const message& m) const {
        const to_broker in = parse_to_broker(m, max_envelope_);
        return in.what == to_broker::kind::client_request && !in.service.starts_with(mmi_prefix) &&
               core_.may_call(from, in.service);
    }
    // Who is not known may do what everybody may.
    [[nodiscard]] std::string user_of(peer_id peer) const {
        const std::optional<peer_info> who = router_.peer(peer);
        return who ? who->user_id : std::string{};
    }

    // Does what the core says. Not entered twice: services inside may ask for more.
    void act() {
        if (stopped_ || std::exchange(acting_, true))
            return;
        broker_core::call call;
        broker_core::result result;
        broker_core::refusal refused;
        for (;;) {
            send_outputs();
            if (core_.next_call(call))
                serve(std::move(call));
            else if (core_.next_result(result))
                finish(std::move(result));
            else if (core_.next_refusal(refused))
                tell(refused);
            else
                break;
        }
        acting_ = false;
        if (core_.ended())
            close();
        else if (on_idle_ && core_.stats().dispatched == 0)
            asio::post(router_.get_executor(), std::exchange(on_idle_, nullptr));
    }

    void act_soon() {
        if (std::exchange(acting_soon_, true))
            return;
        asio::post(router_.get_executor(), [self = shared_from_this()] {
            self->acting_soon_ = false;
            self->act();
            self->set_timer();
        });
    }

    void send_outputs() {
        broker_core::output out;
        std::error_code ec;
        while (core_.next_output(out)) {
            switch (out.what) {
            case broker_core::step::send:
                if (!router_.try_send_to(out.to, out.m, ec)) {
                    // A connection that is gone is about to be told by its notice.
                    if (ec == mizzen::errc::would_block)
                        core_.refused(out.to, std::move(out.m));
                    else
                        core_.undelivered();
                }
                break;
            case broker_core::step::pause: router_.pause(out.to, ec); break;
            case broker_core::step::resume: router_.resume(out.to, ec); break;
            }
        }
    }

    void serve(broker_core::call&& call) {
        for (const auto& [prefix, service] : services_) {
            if (call.service.starts_with(prefix))
                return service(std::move(call));
        }
    }

    void finish(broker_core::result&& result) {
        const auto at = issued_.find(result.id);
        if (at == issued_.end())
            return;
        const auto done = std::move(at->second);
        issued_.erase(at);
        done(std::move(result));
    }

    void tell(const broker_core::refusal& refused) const {
        if (on_refusal_)
            on_refusal_(refused);
    }

    void close() {
        if (std::exchange(stopped_, true))
            return;
        timer_.cancel();
        router_.close();
        on_idle_ = nullptr;
        asio::post(router_.get_executor(), [self = shared_from_this()] {
            self->vote_ = nullptr;
            self->on_refusal_ = nullptr;
        });
        if (on_stopped_)
            asio::post(router_.get_executor(), std::exchange(on_stopped_, nullptr));
    }

    void set_timer() {
        if (stopped_)
            return;
        timer_.set(core_.deadline(), [self = shared_from_this()] {
            if (self->stopped_)
                return;
            self->core_.handle_timeout(clock_now());
            self->act();
            self->set_timer();
        });
    }

    router router_;
    patterns::shell_timer timer_;
    broker_core core_;
    std::size_t max_envelope_;
    std::function<bool()> vote_; // if it is half of a pair
    std::function<void()> on_idle_;
    std::function<void(const broker_core::refusal&)> on_refusal_;
    std::vector<std::pair<std::string, internal_service>> services_;
    std::unordered_map<std::uint64_t, issue_handler> issued_;
    std::function<void()> on_stopped_;
    bool acting_ = false;
    bool acting_soon_ = false;
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
void broker::drain(milliseconds limit, std::function<void()> done) {
    shell_->drain(limit, std::move(done));
}
void broker::stand_by(std::function<bool()> vote) { shell_->stand_by(std::move(vote)); }
void broker::make_passive() { shell_->make_passive(); }
void broker::when_idle(std::function<void()> done) { shell_->when_idle(std::move(done)); }
bool broker::stopped() const noexcept { return shell_->stopped(); }
void broker::serve_internal(std::string_view prefix, internal_service serve) {
    shell_->serve_internal(prefix, std::move(serve));
}
void broker::answer(std::uint64_t call, message body, status outcome) {
    shell_->answer(call, std::move(body), outcome);
}
void broker::end_calls(std::string_view prefix) { shell_->end_calls(prefix); }
void broker::issue(std::string_view service, message body, broker_core::issue_limits limits,
                   issue_handler done) {
    shell_->issue(service, std::move(body), limits, std::move(done));
}
void broker::replace_rules(std::shared_ptr<const access_rules> rules) {
    shell_->replace_rules(std::move(rules));
}
bool broker::may_call(std::string_view user, std::string_view service) const noexcept {
    return shell_->core().may_call(user, service);
}
void broker::on_refusal(std::function<void(const broker_core::refusal&)> tell) {
    shell_->on_refusal(std::move(tell));
}
const broker_stats& broker::stats() const noexcept { return shell_->core().stats(); }
socket_stats broker::transport_stats() const { return shell_->socket().stats(); }

} // namespace mizzen::majordomo
