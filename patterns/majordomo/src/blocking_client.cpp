// Blocking clients: threads that wait for an asynchronous one.
#include <mizzen/error.hpp>
#include <mizzen/hosted_loop.hpp>
#include <mizzen/patterns/majordomo/blocking.hpp>
#include <mizzen/patterns/majordomo/client.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <deque>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <utility>

namespace mizzen::majordomo::blocking {
namespace {

// Answers that nobody has received, before no more are read.
constexpr std::size_t most_answers = 1000;

} // namespace

class client::state : public std::enable_shared_from_this<client::state> {
public:
    state(const client_options& options, const context& shared)
        : loop_{shared}, client_{std::in_place, loop_.get_executor(), options} {}

    void start() {
        loop_.on_close([weak = weak_from_this()] {
            if (const auto self = weak.lock())
                self->end(mizzen::errc::context_closed);
        });
    }

    void connect(std::string_view endpoint, std::error_code& ec) {
        loop_.call([&] {
            ec = why_;
            if (!ec)
                client_->connect(endpoint, ec);
        });
    }

    message request(std::string_view service, message&& body, const request_options& wanted,
                    std::error_code& ec) {
        struct call {
            hosted_loop::waiting over;
            std::error_code ec;
            message reply;
        };
        const auto one = std::make_shared<call>();
        return loop_.call(
            one->over, milliseconds{-1},
            [&] {
                if (why_)
                    return one->over.end();
                client_->async_request(service, std::move(body), wanted,
                                       [one](std::error_code error, message reply) {
                                           one->ec = error;
                                           one->reply = std::move(reply);
                                           one->over.end();
                                       });
            },
            [&] {
                ec = why_ && (!one->ec || one->ec == asio::error::operation_aborted) ? why_
                                                                                     : one->ec;
                return std::move(one->reply);
            });
    }

    std::uint64_t submit(std::string_view service, message&& body, const request_options& wanted,
                         std::error_code& ec) {
        return loop_.call([&]() -> std::uint64_t {
            ec = why_;
            if (!ec && (!valid_service_name(service) || body.empty()))
                ec = majordomo::errc::malformed_request;
            if (ec)
                return 0;
            const std::uint64_t number = ++last_number_;
            const auto self = shared_from_this();
            client_->async_request(
                service, std::move(body), wanted,
                [self, number](message part) { self->add({number, {}, std::move(part), false}); },
                asio::bind_cancellation_slot(submitted_[number].slot(),
                                             [self, number](std::error_code error, message m) {
                                                 self->submitted_.erase(number);
                                                 self->add({number, error, std::move(m), true});
                                             }));
            return number;
        });
    }

    bool receive(answer& out, milliseconds limit, std::error_code& ec) {
        hosted_loop::waiting something;
        return loop_.call(
            something, limit,
            [&] {
                if (!answers_.empty() || submitted_.empty() || why_)
                    something.end();
                else
                    receivers_.insert(&something);
            },
            [&] {
                receivers_.erase(&something);
                ec = why_;
                if (!ec && answers_.empty())
                    ec = submitted_.empty() ? mizzen::errc::wrong_state : nothing_within(limit);
                if (ec)
                    return false;
                out = std::move(answers_.front());
                answers_.pop_front();
                if (answers_.size() < most_answers / 2 && std::exchange(held_, false))
                    client_->hold(false);
                if (!answers_.empty() || submitted_.empty())
                    wake_one();
                return true;
            });
    }

    void cancel(std::uint64_t number) {
        loop_.call([&] {
            if (const auto at = submitted_.find(number); at != submitted_.end())
                at->second.emit(asio::cancellation_type::total);
        });
    }

    void close() {
        loop_.call([&] { end(mizzen::errc::socket_closed); });
    }
    [[nodiscard]] client_stats stats() const {
        return loop_.call([&] { return client_ ? client_->stats() : last_stats_; });
    }
    [[nodiscard]] bool inherited() const noexcept { return loop_.inherited(); }

private:
    static std::error_code nothing_within(milliseconds limit) {
        return limit == milliseconds::zero() ? make_error_code(mizzen::errc::would_block)
                                             : make_error_code(std::errc::timed_out);
    }

    void add(answer&& what) {
        if (why_)
            return;
        answers_.push_back(std::move(what));
        if (client_ && answers_.size() >= most_answers && !std::exchange(held_, true))
            client_->hold(true);
        wake_one();
    }
    void wake_one() {
        if (!receivers_.empty())
            (*receivers_.begin())->end();
    }

    void end(std::error_code why) {
        if (!client_)
            return;
        why_ = why;
        last_stats_ = client_->stats();
        client_.reset();
        for (hosted_loop::waiting* each : receivers_)
            each->end();
    }

    hosted_loop loop_;
    std::optional<majordomo::client> client_; // until it is closed
    client_stats last_stats_;
    std::error_code why_; // it is closed
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, asio::cancellation_signal> submitted_;
    std::deque<answer> answers_;
    std::set<hosted_loop::waiting*> receivers_;
    bool held_ = false;
};

client::client(const client_options& options, const context& shared)
    : state_{std::make_shared<state>(options, shared)} {
    state_->start();
}

client& client::operator=(client&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

client::~client() { close(); }

void client::connect(std::string_view endpoint, std::error_code& ec) {
    state_->connect(endpoint, ec);
}
void client::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    if (ec)
        throw std::system_error{ec, "connect"};
}
message client::request(std::string_view service, message body, const request_options& wanted,
                        std::error_code& ec) {
    return state_->request(service, std::move(body), wanted, ec);
}
message client::request(std::string_view service, message body, const request_options& wanted) {
    std::error_code ec;
    message reply = request(service, std::move(body), wanted, ec);
    if (ec)
        throw std::system_error{ec, "request"};
    return reply;
}
std::uint64_t client::submit(std::string_view service, message body, const request_options& wanted,
                             std::error_code& ec) {
    return state_->submit(service, std::move(body), wanted, ec);
}
std::uint64_t client::submit(std::string_view service, message body,
                             const request_options& wanted) {
    std::error_code ec;
    const std::uint64_t number = submit(service, std::move(body), wanted, ec);
    if (ec)
        throw std::system_error{ec, "submit"};
    return number;
}
bool client::receive(answer& out, milliseconds limit, std::error_code& ec) {
    return state_->receive(out, limit, ec);
}
answer client::receive() {
    answer out;
    std::error_code ec;
    if (!receive(out, milliseconds{-1}, ec))
        throw std::system_error{ec, "receive"};
    return out;
}
void client::cancel(std::uint64_t request) { state_->cancel(request); }

void client::close() noexcept {
    if (!state_)
        return;
    if (state_->inherited()) { // a thread that held the loop up may not exist here
        static_cast<void>(new (std::nothrow) std::shared_ptr<state>{state_});
        return;
    }
    state_->close();
}
client_stats client::stats() const { return state_->stats(); }

} // namespace mizzen::majordomo::blocking
