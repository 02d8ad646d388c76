// The client's shell: carries messages and time between links and the core, and ends operations.
#include "client_link.hpp"
#include "secure.hpp"
#include "shell_client.hpp"
#include "shell_timer.hpp"
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>
#include <mizzen/patterns/majordomo/client.hpp>
#include <mizzen/patterns/majordomo/client_core.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mizzen::majordomo {
namespace {

using patterns::clock_now;

} // namespace

using detail::client_link;
using detail::request_operation;

class client_shell final : public std::enable_shared_from_this<client_shell>,
                           private detail::client_link_owner {
public:
    client_shell(asio::any_io_executor executor, const client_options& options)
        : executor_{std::move(executor)}, options_{options}, timer_{executor_},
          core_{options, patterns::random_seed()} {
        patterns::check_security(executor_, options.security);
    }

    void connect(std::string_view endpoint, std::error_code& ec) {
        static_cast<void>(parse_endpoint(endpoint, endpoint_use::connect, ec));
        if (!ec && stopped_)
            ec = mizzen::errc::socket_closed;
        if (ec)
            return;
        endpoints_.emplace_back(endpoint);
        core_.add_broker();
    }

    std::uint64_t enqueue(std::unique_ptr<request_operation> op, const service_name& to,
                          message&& body, const request_options& wanted) {
        std::error_code ec;
        std::uint64_t number = 0;
        if (stopped_)
            ec = asio::error::operation_aborted;
        else if (endpoints_.empty())
            ec = mizzen::errc::no_such_endpoint;
        else
            number = core_.request(to.value_or(options_.service), std::move(body), wanted,
                                   turn_time(), ec);
        if (number == 0) {
            op->complete(ec, {});
            return 0;
        }
        const std::size_t slot = client_core::slot_of(number);
        if (slot >= operations_.size())
            operations_.resize(slot + 1);
        operations_[slot] = std::move(op);
        act();
        return number;
    }

    void cancel(std::uint64_t number) {
        if (stopped_)
            return;
        core_.cancel(number, clock_now());
        act();
    }

    void hold(bool on) {
        held_ = on;
        for (const auto& link : links_)
            if (link)
                link->hold(on);
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        timer_.cancel();
        for (const auto& link : links_)
            if (link)
                link->close();
        links_.clear();
        for (const auto& op : operations_)
            if (op)
                op->complete(asio::error::operation_aborted, {});
        operations_.clear();
    }

    [[nodiscard]] const client_stats& stats() const noexcept { return core_.stats(); }
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }

private:
    struct ended_request {
        std::unique_ptr<request_operation> op;
        std::error_code ec;
        message result;
    };

    // --- From the links ---

    void received(std::uint32_t link, message&& m) override {
        begin_turn();
        core_.receive(link, std::move(m), turn_time_);
        act();
    }
    void turn_over() override {
        in_turn_ = false;
        set_timer();
    }
    void lost(std::uint32_t link) override {
        core_.link_lost(link, clock_now());
        act();
    }
    void refused(std::uint32_t link) override {
        core_.link_refused(link, clock_now());
        act();
    }

    void begin_turn() noexcept {
        if (!std::exchange(in_turn_, true))
            turn_time_ = clock_now();
    }
    // The clock is looked at once for all messages of a turn.
    [[nodiscard]] time_point turn_time() const noexcept {
        return in_turn_ ? turn_time_ : clock_now();
    }

    // --- What the core wants ---

    void act() {
        client_core::action next;
        while (!stopped_ && core_.next_action(next)) {
            switch (next.what) {
            case client_core::step::open: open(next.link, next.broker); break;
            case client_core::step::send: links_[next.link]->send(std::move(next.m)); break;
            case client_core::step::close:
                links_[next.link]->close();
                links_[next.link].reset();
                break;
            case client_core::step::partial: take_part(next); break;
            case client_core::step::done: finish(next); break;
            }
        }
        if (!in_turn_)
            set_timer();
    }

    void open(std::uint32_t number, std::uint32_t broker) {
        if (number >= links_.size())
            links_.resize(number + 1);
        links_[number] = std::make_shared<client_link>(
            executor_, number, static_cast<client_link_owner&>(*this), options_);
        links_[number]->open(endpoints_[broker]);
        if (held_)
            links_[number]->hold(true);
    }

    void take_part(client_core::action& part) {
        const auto& op = operations_[client_core::slot_of(part.request)];
        if (op->take_part)
            op->take_part(std::move(part.m));
    }

    void finish(client_core::action& last) {
        auto op = std::move(operations_[client_core::slot_of(last.request)]);
        if (last.ec == errc::cancelled)
            last.ec = asio::error::operation_aborted;
        if (!op->at_home() || op->take_part) // parts are posted, and are to come first
            return op->complete(last.ec, std::move(last.m));
        ended_.push_back({std::move(op), last.ec, std::move(last.m)});
        if (ended_.size() == 1)
            post_handlers();
    }

    // Handlers that run here do so together, which costs a tenth of a post each. They take as long
    // as they like, so that what they ask for looks at the clock itself.
    void post_handlers() {
        asio::post(executor_, [self = shared_from_this()] { self->run_handlers(); });
    }
    void run_handlers() {
        struct rest { // whatever a handler throws
            client_shell& at;
            std::size_t done = 0;
            ~rest() {
                at.ended_.erase(at.ended_.begin(),
                                at.ended_.begin() + static_cast<std::ptrdiff_t>(done));
                if (!at.ended_.empty())
                    at.post_handlers();
            }
        } rest{*this};
        // What they ask for may end at once: that waits for the next time.
        for (const std::size_t all = ended_.size(); rest.done < all;) {
            auto [op, ec, result] = std::move(ended_[rest.done++]);
            auto& pending = *op;
            pending.run(std::move(op), ec, std::move(result));
        }
    }

    void set_timer() {
        if (stopped_)
            return;
        timer_.set(core_.deadline(), [self = shared_from_this()] {
            if (self->stopped_)
                return;
            self->core_.handle_timeout(clock_now());
            self->act();
        });
    }

    asio::any_io_executor executor_;
    client_options options_;
    patterns::shell_timer timer_;
    client_core core_;
    std::vector<std::string> endpoints_;
    std::vector<std::shared_ptr<client_link>> links_;            // by their numbers
    std::vector<std::unique_ptr<request_operation>> operations_; // by their slots
    std::vector<ended_request> ended_;                           // whose handlers are to run here
    time_point turn_time_{};
    bool in_turn_ = false; // messages are being received
    bool held_ = false;
    bool stopped_ = false;
};

void client::hold(bool on) { shell().hold(on); }
std::uint64_t client::enqueue(std::unique_ptr<request_operation> op, const service_name& to,
                              message what, const request_options& how) {
    return shell().enqueue(std::move(op), to, std::move(what), how);
}

} // namespace mizzen::majordomo

template class mizzen::patterns::async_client<mizzen::majordomo::client_shell,
                                              mizzen::majordomo::client_options,
                                              mizzen::majordomo::client_stats>;
