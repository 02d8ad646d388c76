// A worker's registrations, and the answers to its requests.
#include "secure.hpp"
#include "worker_link.hpp"
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/error.hpp>

#include <utility>
#include <vector>

namespace mizzen::majordomo {

using detail::worker_link;

class worker::shell : public std::enable_shared_from_this<worker::shell> {
public:
    shell(asio::any_io_executor executor, worker_options options, handler serve)
        : executor_{std::move(executor)}, options_{std::move(options)},
          serve_{std::make_shared<handler>(std::move(serve))} {
        patterns::check_security(executor_, options_.security);
    }

    void connect(std::string_view endpoint, std::error_code& ec) {
        if (stopped_) {
            ec = asio::error::operation_aborted;
            return;
        }
        const auto link = std::make_shared<worker_link>(executor_, options_, serve_);
        link->connect(endpoint, ec);
        if (!ec)
            links_.push_back(link);
    }

    void drain(std::unique_ptr<detail::drain_operation> op) {
        if (stopped_)
            return op->complete(asio::error::operation_aborted, {});
        waiting_ = std::move(op);
        running_ = 1;
        const auto links = links_;
        for (const auto& link : links) {
            ++running_;
            link->drain([self = shared_from_this()] { self->one_ended(); });
        }
        one_ended();
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        const auto op = std::exchange(waiting_, nullptr);
        for (const auto& link : links_)
            link->stop();
        serve_.reset();
        if (op)
            op->complete(asio::error::operation_aborted, {});
    }

    [[nodiscard]] worker_stats stats() const {
        worker_stats sum;
        for (const auto& link : links_) {
            const worker_stats& one = link->core().stats();
            sum.requests += one.requests;
            sum.replies += one.replies;
            sum.partials += one.partials;
            sum.failures += one.failures;
            sum.late_replies += one.late_replies;
            sum.malformed += one.malformed;
            sum.unknown += one.unknown;
            sum.ignored += one.ignored;
            sum.overflowed += one.overflowed;
            sum.disconnects += one.disconnects;
            sum.lost_brokers += one.lost_brokers;
            sum.registrations += one.registrations;
        }
        return sum;
    }
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }

private:
    void one_ended() {
        if (--running_ != 0 || !waiting_)
            return;
        stopped_ = true;
        const auto op = std::exchange(waiting_, nullptr);
        op->complete({}, {});
    }

    asio::any_io_executor executor_;
    worker_options options_;
    std::shared_ptr<handler> serve_;
    std::vector<std::shared_ptr<worker_link>> links_;
    std::unique_ptr<detail::drain_operation> waiting_;
    std::size_t running_ = 0; // registrations that drain
    bool stopped_ = false;
};

// --- Answers ---

responder::responder(std::weak_ptr<worker_link> worker, std::uint64_t request) noexcept
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
void responder::partial(message body) {
    if (const auto worker = worker_.lock())
        worker->partial(request_, std::move(body));
}
void responder::fail(std::string_view why) {
    if (const auto worker = std::exchange(worker_, {}).lock())
        worker->fail(request_, why);
}

// --- The handle ---

worker::worker(asio::any_io_executor executor, worker_options options, handler serve)
    : shell_{std::make_shared<shell>(std::move(executor), std::move(options), std::move(serve))} {}

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
void worker::drain(std::unique_ptr<detail::drain_operation> op) { shell_->drain(std::move(op)); }
void worker::stop() noexcept {
    if (shell_)
        shell_->stop();
}
worker_stats worker::stats() const { return shell_->stats(); }

} // namespace mizzen::majordomo
