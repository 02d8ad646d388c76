// The client's pool: which connection takes which request, and whether requests have a tag.
#include "client_lane.hpp"
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>
#include <mizzen/patterns/majordomo/client.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace mizzen::majordomo {

using detail::client_lane;
using detail::request_operation;

class client::shell : public std::enable_shared_from_this<client::shell> {
public:
    shell(asio::any_io_executor executor, const client_pool_options& options)
        : executor_{std::move(executor)}, options_{options}, probe_timer_{executor_} {
        options_.request.aware = false;
        options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
    }

    void connect(std::string_view endpoint, std::error_code& ec) {
        static_cast<void>(parse_endpoint(endpoint, endpoint_use::connect, ec));
        if (!ec)
            endpoint_ = endpoint;
    }

    void enqueue(std::unique_ptr<request_operation> op) {
        if (stopped_)
            return op->complete(asio::error::operation_aborted, {});
        if (endpoint_.empty())
            return op->complete(mizzen::errc::no_such_endpoint, {});
        if (!valid_service_name(op->service) || op->body.empty())
            return op->complete(errc::malformed_request, {});
        const std::uint64_t number = op->number;
        waiting_.emplace(number, std::move(op));
        if (knowledge_ == knowledge::none) {
            knowledge_ = knowledge::asked;
            hold_ = true;
            ask();
        }
        give_out();
    }

    void cancel(std::uint64_t number) {
        if (const auto at = waiting_.find(number); at != waiting_.end()) {
            const auto op = std::move(at->second);
            waiting_.erase(at);
            return op->complete(asio::error::operation_aborted, {});
        }
        for (const auto& lane : lanes_) {
            if (lane->operation && lane->operation->number == number)
                return lane->cancel();
        }
    }

    void stop() {
        if (std::exchange(stopped_, true))
            return;
        probe_timer_.cancel();
        for (const auto& lane : lanes_) {
            lane->stop();
            if (const auto op = std::exchange(lane->operation, nullptr))
                op->complete(asio::error::operation_aborted, {});
        }
        for (const auto& [number, op] : waiting_)
            op->complete(asio::error::operation_aborted, {});
        waiting_.clear();
    }

    [[nodiscard]] client_stats stats() const {
        client_stats sum;
        for (const auto& lane : lanes_) {
            const client_stats& one = lane->core().stats();
            sum.requests += one.requests;
            sum.resent += one.resent;
            sum.replies += one.replies;
            sum.malformed += one.malformed;
            sum.mismatched += one.mismatched;
        }
        return sum;
    }

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] std::uint64_t next_number() noexcept { return ++last_number_; }

private:
    enum class knowledge : std::uint8_t {
        none,
        asked,    // mmi.broker is on its way; with `hold_`, requests wait for the answer
        no_reply, // yet: asked again when there is a sign of life
        plain,
        aware,
    };

    [[nodiscard]] std::shared_ptr<client_lane> free_lane() {
        if (!idle_.empty()) {
            auto lane = std::move(idle_.back());
            idle_.pop_back();
            return lane;
        }
        if (lanes_.size() >= options_.max_connections)
            return nullptr;
        auto lane = std::make_shared<client_lane>(
            executor_, endpoint_, options_.request,
            [this](client_lane& l, std::error_code ec, message m) { done(l, ec, std::move(m)); });
        lane->set_aware(knowledge_ == knowledge::aware);
        lanes_.push_back(lane);
        return lane;
    }

    void give_out() {
        while (!hold_ && !waiting_.empty()) {
            const auto lane = free_lane();
            if (!lane)
                return;
            lane->operation = std::move(waiting_.begin()->second);
            waiting_.erase(waiting_.begin());
            lane->request(lane->operation->service, std::move(lane->operation->body));
        }
    }

    void done(client_lane& lane, std::error_code ec, message&& m) {
        idle_.push_back(lane.shared_from_this());
        if (&lane == probe_) {
            learn(ec, m);
        } else {
            const auto op = std::exchange(lane.operation, nullptr);
            if (ec == errc::cancelled)
                ec = asio::error::operation_aborted;
            op->complete(ec, std::move(m));
            if (knowledge_ == knowledge::no_reply && !ec) {
                knowledge_ = knowledge::asked;
                ask();
            }
        }
        give_out();
    }

    void ask() {
        const auto lane = free_lane();
        if (!lane) {
            knowledge_ = knowledge::no_reply;
            return;
        }
        probe_ = lane.get();
        probe_timer_.expires_after(options_.probe_timeout);
        probe_timer_.async_wait([self = shared_from_this()](std::error_code ec) {
            if (!ec && self->probe_ != nullptr && !self->stopped_)
                self->probe_->cancel();
        });
        lane->request("mmi.broker", message{octets{}});
    }

    void learn(std::error_code ec, const message& answer) {
        probe_ = nullptr;
        hold_ = false;
        probe_timer_.cancel();
        if (ec) {
            knowledge_ = knowledge::no_reply;
            return;
        }
        const bool knows_tags =
            answer.text(0) == "200" && std::any_of(answer.begin(), answer.end(), [](octets part) {
                return zmtp::as_text(part) == request_tag::prefix;
            });
        knowledge_ = knows_tags ? knowledge::aware : knowledge::plain;
        for (const auto& lane : lanes_)
            lane->set_aware(knows_tags);
    }

    asio::any_io_executor executor_;
    client_pool_options options_;
    asio::steady_timer probe_timer_;
    std::string endpoint_;
    std::vector<std::shared_ptr<client_lane>> lanes_;
    std::vector<std::shared_ptr<client_lane>> idle_;
    std::map<std::uint64_t, std::unique_ptr<request_operation>> waiting_; // in order of arrival
    client_lane* probe_ = nullptr;
    knowledge knowledge_ = knowledge::none;
    bool hold_ = false;
    bool stopped_ = false;
    std::uint64_t last_number_ = 0;
};

client::client(asio::any_io_executor executor, const client_pool_options& options)
    : shell_{std::make_shared<shell>(std::move(executor), options)} {}

client& client::operator=(client&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

client::~client() { stop(); }

client::executor_type client::get_executor() const noexcept { return shell_->executor(); }
void client::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    if (ec)
        throw std::system_error{ec, "connect"};
}
void client::connect(std::string_view endpoint, std::error_code& ec) {
    shell_->connect(endpoint, ec);
}
void client::stop() noexcept {
    if (shell_)
        shell_->stop();
}
client_stats client::stats() const { return shell_->stats(); }
std::uint64_t client::next_number() noexcept { return shell_->next_number(); }
void client::enqueue(std::unique_ptr<request_operation> op) { shell_->enqueue(std::move(op)); }
void client::cancel(const std::weak_ptr<shell>& pool, std::uint64_t number) {
    if (const auto alive = pool.lock())
        alive->cancel(number);
}

} // namespace mizzen::majordomo
