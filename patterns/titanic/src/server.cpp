// Between Titanic's services and the brokers that they are workers and clients of.
#include "service_shell.hpp"
#include <mizzen/patterns/majordomo/client.hpp>
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>
#include <mizzen/patterns/titanic/server.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

namespace mizzen::titanic {
namespace {

constexpr milliseconds no_limit{std::chrono::hours{24 * 365}};

majordomo::client_options client_options_of(const server_options& options) {
    majordomo::client_options out;
    out.retries = 0; // that is what Titanic is for
    out.protocol = options.protocol;
    out.max_outstanding = options.services.max_running + 100;
    out.max_octets = 2 * options.services.max_running_octets;
    out.max_connections = options.max_connections;
    out.probe_timeout = options.probe_timeout;
    out.security = options.security;
    out.on_handshake_failed = options.on_handshake_failed;
    return out;
}

majordomo::worker_options worker_options_of(const server_options& options, std::string_view service,
                                            std::uint32_t credit) {
    majordomo::worker_options out;
    out.service = service;
    out.protocol = options.protocol;
    out.credit = credit;
    out.heartbeat = options.heartbeat;
    out.liveness = options.liveness;
    out.reconnect = options.reconnect;
    out.reconnect_max = options.reconnect_max;
    out.security = options.security; // one tells of what fails: the client
    return out;
}

/// Whether a broker's answer to `mmi.broker` says that workers may have more than one request.
bool knows_credit(std::error_code ec, const message& answer) {
    if (ec || answer.empty() || answer.text(0) != "200")
        return false;
    return std::any_of(answer.begin(), answer.end(),
                       [](octets each) { return zmtp::as_text(each).starts_with("credit="); });
}

} // namespace

class server::shell final : public service_shell {
public:
    shell(const asio::any_io_executor& executor, std::unique_ptr<store> kept,
          const server_options& options)
        : service_shell{executor, std::move(kept), options.services}, options_{options},
          client_{executor, client_options_of(options)} {}
    shell(const shell&) = delete;
    shell& operator=(const shell&) = delete;
    ~shell() override = default;

    void connect(std::string_view endpoint, std::error_code& ec) {
        client_.connect(endpoint, ec);
        if (ec)
            return;
        for (const std::string_view name : titanic_services)
            add_worker(name, std::string{endpoint}, options_.credit);
        // A broker of another make gives each worker one call at a time: there are to be more.
        majordomo::client_options asking;
        asking.protocol = options_.protocol;
        asking.security = options_.security;
        auto& probe = probes_.emplace_back(executor(), asking);
        probe.connect(endpoint, ec);
        probe.async_request("mmi.broker", message{""},
                            [weak = weak(), at = std::string{endpoint}](std::error_code error,
                                                                        const message& answer) {
                                if (const auto self = weak.lock())
                                    self->heard_of_broker(at, error, answer);
                            });
    }

    void drain_all(std::function<void()> done) {
        on_drained_ = std::move(done);
        draining_ = workers_.size();
        drain();
        for (majordomo::worker& each : workers_)
            each.async_drain([weak = weak()](std::error_code) {
                if (const auto self = weak.lock()) {
                    --self->draining_;
                    self->moved();
                }
            });
        asio::post(executor(), [weak = weak()] {
            if (const auto self = weak.lock())
                self->moved();
        });
    }
    void end() noexcept {
        on_drained_ = nullptr;
        workers_.clear();
        probes_.clear();
        client_.stop();
        calls_.clear();
    }

private:
    std::weak_ptr<shell> weak() { return std::static_pointer_cast<shell>(shared_from_this()); }

    void add_worker(std::string_view service, const std::string& endpoint, std::uint32_t credit) {
        std::error_code ec; // a client of ours has connected there
        workers_
            .emplace_back(executor(), worker_options_of(options_, service, credit),
                          [weak = weak(), name = std::string{service}](message body,
                                                                       majordomo::responder to) {
                              const auto self = weak.lock();
                              if (!self || self->closed())
                                  return;
                              const std::uint64_t number = ++self->last_call_;
                              self->calls_.emplace(number, std::move(to));
                              self->call(number, name, std::move(body));
                          })
            .connect(endpoint, ec);
    }
    void heard_of_broker(const std::string& endpoint, std::error_code ec, const message& answer) {
        if (closed() || on_drained_ || knows_credit(ec, answer) ||
            ec == asio::error::operation_aborted)
            return;
        for (std::size_t i = 1; i < options_.registrations; ++i)
            for (const std::string_view name : titanic_services)
                add_worker(name, endpoint, 1);
    }

    void answer(service_core::answer&& what) override {
        const auto found = calls_.find(what.call);
        if (found == calls_.end())
            return;
        majordomo::responder to = std::move(found->second);
        calls_.erase(found);
        to.reply(std::move(what.body));
    }

    void dispatch(service_core::dispatch&& what) override {
        if (!what.unseen)
            return send(what.attempt, std::string{what.service}, std::move(what.body), what.limit);
        // A plain broker keeps what nobody serves, however often it is sent, until it is run as
        // often.
        const std::string service{what.service};
        ask_for_workers(service, [service, attempt = what.attempt, limit = what.limit,
                                  body = std::make_shared<message>(std::move(what.body))](
                                     shell& self, bool may_be_there) {
            if (may_be_there)
                self.send(attempt, service, std::move(*body), limit);
            else
                self.attempt_ended(attempt, attempt_end::not_tried, {});
        });
    }

    void send(std::uint64_t attempt, const std::string& service, message&& body,
              milliseconds limit) {
        majordomo::request_options wanted;
        wanted.timeout = limit.count() == 0 ? no_limit : limit;
        client_.async_request(service, std::move(body), wanted,
                              [weak = weak(), attempt, service](std::error_code ec, message reply) {
                                  if (const auto self = weak.lock())
                                      self->sent(attempt, service, ec, std::move(reply));
                              });
    }
    void sent(std::uint64_t attempt, const std::string& service, std::error_code ec,
              message&& reply) {
        using majordomo::errc;
        if (!ec)
            return attempt_ended(attempt, attempt_end::answered, std::move(reply));
        if (ec == make_error_code(errc::handler_failed) || ec == make_error_code(errc::given_up) ||
            ec == make_error_code(errc::interrupted))
            return attempt_ended(attempt, attempt_end::failed, std::move(reply));
        if (ec != make_error_code(errc::timed_out) && ec != make_error_code(errc::expired))
            return attempt_ended(attempt, attempt_end::not_tried, {});
        // It may have had no worker, or one that takes too long, or no broker.
        ask_for_workers(service, [attempt](shell& self, bool may_be_there) {
            self.attempt_ended(attempt, may_be_there ? attempt_end::failed : attempt_end::not_tried,
                               {});
        });
    }

    /// Calls `then` with whether the service may have a worker: a broker that does not know says
    /// nothing against it.
    template <class Function> void ask_for_workers(const std::string& service, Function then) {
        majordomo::request_options wanted;
        wanted.timeout = options_.probe_timeout;
        client_.async_request(
            "mmi.service", message{service}, wanted,
            [weak = weak(), then = std::move(then)](std::error_code ec, const message& answer) {
                if (const auto self = weak.lock())
                    then(*self, !ec && !answer.empty() && answer.text(0) != "404");
            });
    }

    void moved() override {
        if (on_drained_ && draining_ == 0 && idle())
            std::exchange(on_drained_, nullptr)();
    }

    server_options options_;
    majordomo::client client_;
    std::deque<majordomo::client> probes_;
    std::deque<majordomo::worker> workers_;
    std::unordered_map<std::uint64_t, majordomo::responder> calls_;
    std::uint64_t last_call_ = 0;
    std::function<void()> on_drained_;
    std::size_t draining_ = 0; // workers
};

server::server(const asio::any_io_executor& executor, std::unique_ptr<store> kept,
               const server_options& options)
    : shell_{std::make_shared<shell>(executor, std::move(kept), options)} {
    shell_->open();
}

server& server::operator=(server&& other) noexcept {
    if (this != &other) {
        const server before{std::move(*this)};
        shell_ = std::move(other.shell_);
    }
    return *this;
}

server::~server() {
    if (!shell_)
        return;
    shell_->end();
    shell_->abandon();
}

void server::connect(std::string_view endpoint, std::error_code& ec) {
    shell_->connect(endpoint, ec);
}
void server::drain(std::function<void()> done) { shell_->drain_all(std::move(done)); }
void server::stop(std::error_code& ec) {
    shell_->end();
    shell_->close(ec);
}
const service_stats& server::stats() const noexcept { return shell_->stats(); }
store_stats server::kept() const noexcept { return shell_->kept(); }
std::error_code server::failure() const noexcept { return shell_->failure(); }

} // namespace mizzen::titanic
