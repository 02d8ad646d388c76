// The client's shell: carries messages and time between its links and the core.
#include "secure.hpp"
#include "server_link.hpp"
#include "service_name.hpp"
#include "shell_client.hpp"
#include "shell_timer.hpp"
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>
#include <mizzen/patterns/freelance/client.hpp>

#include <asio/error.hpp>

#include <map>
#include <string>
#include <unordered_map>

namespace mizzen::freelance {

using patterns::clock_now;
using patterns::detail::pending_request;

class client_shell final : public server_link_owner,
                           public std::enable_shared_from_this<client_shell> {
public:
    client_shell(const asio::any_io_executor& executor, const client_options& options)
        : executor_{executor}, options_{options}, timer_{executor},
          core_{options, patterns::random_seed(), clock_now()} {
        patterns::check_security(executor_, options.security);
    }

    void connect(std::string_view endpoint, std::error_code& ec) {
        static_cast<void>(parse_endpoint(endpoint, endpoint_use::connect, ec));
        if (!ec && stopped_)
            ec = mizzen::errc::socket_closed;
        if (ec || servers_.contains(endpoint))
            return;
        const client_core::server_id server = core_.add_server();
        servers_.emplace(endpoint, server);
        endpoints_.emplace(server, endpoint);
        act();
    }
    void disconnect(std::string_view endpoint, std::error_code& ec) {
        const auto at = servers_.find(endpoint);
        if (at == servers_.end()) {
            ec = mizzen::errc::no_such_endpoint;
            return;
        }
        ec.clear();
        core_.remove_server(at->second, clock_now());
        endpoints_.erase(at->second);
        servers_.erase(at);
        act();
    }

    std::uint64_t enqueue(std::unique_ptr<pending_request> op, const service_name& to,
                          message&& body, std::optional<milliseconds> timeout) {
        std::error_code ec = asio::error::operation_aborted;
        if (!stopped_)
            ec = patterns::refused_service<errc>(to, options_.service);
        const std::uint64_t number =
            ec ? 0 : core_.request(std::move(body), timeout, clock_now(), ec);
        if (number == 0) {
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
        for (const auto& [server, link] : links_)
            link->close();
        links_.clear();
        for (const auto& [number, op] : operations_)
            op->complete(asio::error::operation_aborted, {});
        operations_.clear();
    }

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const client_stats& stats() const noexcept { return core_.stats(); }

    void link_up(client_core::server_id server) override {
        core_.up(server, clock_now());
        act();
    }
    void link_down(client_core::server_id server) override {
        core_.down(server, clock_now());
        act();
    }
    void received(client_core::server_id server, message&& m) override {
        core_.receive(server, std::move(m), clock_now());
        act();
    }

private:
    void act() {
        client_core::action next;
        while (!stopped_ && core_.next_action(next)) {
            switch (next.what) {
            case client_core::step::open: open(next.server); break;
            case client_core::step::send: send(next.server, std::move(next.m)); break;
            case client_core::step::reset:
                close(next.server);
                open(next.server);
                break;
            case client_core::step::close: close(next.server); break;
            case client_core::step::done: done(next); break;
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

    void open(client_core::server_id server) {
        const auto endpoint = endpoints_.find(server);
        if (endpoint == endpoints_.end())
            return; // removed since
        const auto made = make_link(options_, executor_, server, *this);
        links_[server] = made;
        made->open(endpoint->second);
    }
    void close(client_core::server_id server) {
        if (const auto at = links_.find(server); at != links_.end()) {
            at->second->close();
            links_.erase(at);
        }
    }
    void send(client_core::server_id server, message&& m) {
        if (const auto at = links_.find(server); at != links_.end())
            at->second->send(std::move(m));
    }

    // The handler is posted, and so cannot be in the way here.
    void done(client_core::action& last) {
        const auto at = operations_.find(last.request);
        if (at == operations_.end())
            return;
        const auto op = std::move(at->second);
        operations_.erase(at);
        if (last.ec == errc::cancelled)
            last.ec = asio::error::operation_aborted;
        op->complete(last.ec, std::move(last.m));
    }

    asio::any_io_executor executor_;
    client_options options_;
    patterns::shell_timer timer_;
    client_core core_;
    std::map<std::string, client_core::server_id, std::less<>> servers_;
    std::map<client_core::server_id, std::string> endpoints_;
    std::map<client_core::server_id, std::shared_ptr<server_link>> links_;
    std::unordered_map<std::uint64_t, std::unique_ptr<pending_request>> operations_;
    bool stopped_ = false;
};

void client::disconnect(std::string_view endpoint) {
    std::error_code ec;
    disconnect(endpoint, ec);
    if (ec)
        throw std::system_error{ec, "disconnect"};
}
void client::disconnect(std::string_view endpoint, std::error_code& ec) {
    shell().disconnect(endpoint, ec);
}
std::uint64_t client::enqueue(std::unique_ptr<pending_request> op, const service_name& to,
                              message what, std::optional<milliseconds> timeout) {
    return shell().enqueue(std::move(op), to, std::move(what), timeout);
}

} // namespace mizzen::freelance

template class mizzen::patterns::async_client<mizzen::freelance::client_shell,
                                              mizzen::freelance::client_options,
                                              mizzen::freelance::client_stats>;
