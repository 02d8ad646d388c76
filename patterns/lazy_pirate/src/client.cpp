// The client's shell: carries messages and time between DEALERs and the core.
#include "secure.hpp"
#include "service_name.hpp"
#include "shell_client.hpp"
#include "shell_timer.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>
#include <mizzen/patterns/lazy_pirate/client.hpp>

#include <asio/error.hpp>

#include <string>
#include <unordered_map>
#include <vector>

namespace mizzen::lazy_pirate {

using patterns::clock_now;
using patterns::detail::pending_request;

class client_shell : public std::enable_shared_from_this<client_shell> {
public:
    client_shell(const asio::any_io_executor& executor, const client_options& options)
        : executor_{executor}, options_{options}, timer_{executor},
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
        core_.add_endpoint();
    }

    std::uint64_t enqueue(std::unique_ptr<pending_request> op, const service_name& to,
                          message&& body) {
        const std::uint64_t number = ++last_number_;
        std::error_code ec = asio::error::operation_aborted;
        if (!stopped_)
            ec = patterns::refused_service<errc>(to, options_.service);
        if (!ec)
            core_.request(number, std::move(body), clock_now(), ec);
        if (ec) {
            op->complete(ec, {});
            return 0;
        }
        operations_.emplace(number, std::move(op));
        act();
        return operations_.contains(number) ? number : 0;
    }

    void cancel(std::uint64_t number) {
        core_.cancel(number, clock_now());
        act();
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        timer_.cancel();
        lanes_.clear();
        for (const auto& [number, op] : operations_)
            op->complete(asio::error::operation_aborted, {});
        operations_.clear();
    }

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const client_stats& stats() const noexcept { return core_.stats(); }

private:
    struct lane {
        std::unique_ptr<dealer> socket;
        std::uint64_t connection = 0; // completions of an earlier one mean nothing
    };

    void act() {
        client_core::action next;
        while (!stopped_ && core_.next_action(next)) {
            if (next.what == client_core::step::done) {
                done(next.request, next.ec, std::move(next.m));
                continue;
            }
            if (next.lane >= lanes_.size())
                lanes_.resize(next.lane + 1);
            lane& l = lanes_[next.lane];
            std::error_code ec;
            switch (next.what) {
            case client_core::step::open: open(next.lane, endpoints_[next.endpoint]); break;
            case client_core::step::close: l.socket.reset(); break;
            default: // one message waits in a socket at most, which it takes at once
                if (l.socket)
                    static_cast<void>(l.socket->try_send(next.m, ec));
            }
        }
        if (!stopped_)
            timer_.set(core_.deadline(), [self = shared_from_this()] { self->on_time(); });
    }

    void on_time() {
        if (stopped_)
            return;
        core_.handle_timeout(clock_now());
        act();
    }

    // The handler is posted, and so cannot be in the way here.
    void done(std::uint64_t number, std::error_code ec, message&& m) {
        const auto at = operations_.find(number);
        if (at == operations_.end())
            return;
        const auto op = std::move(at->second);
        operations_.erase(at);
        if (ec == errc::cancelled)
            ec = asio::error::operation_aborted;
        op->complete(ec, std::move(m));
    }

    void open(std::size_t index, const std::string& endpoint) {
        lane& l = lanes_[index];
        l.connection = ++last_connection_;
        l.socket = std::make_unique<dealer>(executor_);
        patterns::secure(*l.socket, options_);
        l.socket->set(option::linger{milliseconds{0}}); // whoever closes gave up what waits
        std::error_code ec;
        l.socket->connect(endpoint, ec); // was tried when the client was told of it
        if (!ec)
            wait_receive(index);
    }

    void wait_receive(std::size_t index) {
        lane& l = lanes_[index];
        l.socket->async_wait_receive(
            [self = shared_from_this(), index, mine = l.connection](std::error_code ec) {
                if (!ec && self->is_current(index, mine))
                    self->take_replies(index);
            });
    }

    void take_replies(std::size_t index) {
        const std::uint64_t mine = lanes_[index].connection;
        for (;;) {
            message m;
            if (!lanes_[index].socket->try_receive(m))
                return wait_receive(index);
            core_.receive(index, std::move(m), clock_now());
            act();
            if (!is_current(index, mine))
                return;
        }
    }

    [[nodiscard]] bool is_current(std::size_t index, std::uint64_t connection) const noexcept {
        return !stopped_ && index < lanes_.size() && lanes_[index].socket &&
               lanes_[index].connection == connection;
    }

    asio::any_io_executor executor_;
    client_options options_;
    patterns::shell_timer timer_;
    client_core core_;
    std::vector<std::string> endpoints_;
    std::vector<lane> lanes_;
    std::unordered_map<std::uint64_t, std::unique_ptr<pending_request>> operations_;
    std::uint64_t last_number_ = 0;
    std::uint64_t last_connection_ = 0;
    bool stopped_ = false;
};

std::uint64_t client::enqueue(std::unique_ptr<pending_request> op, const service_name& to,
                              message what) {
    return shell().enqueue(std::move(op), to, std::move(what));
}

} // namespace mizzen::lazy_pirate

template class mizzen::patterns::async_client<mizzen::lazy_pirate::client_shell,
                                              mizzen::lazy_pirate::client_options,
                                              mizzen::lazy_pirate::client_stats>;
