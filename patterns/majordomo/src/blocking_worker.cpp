// Blocking workers: requests that wait for a thread of the program.
#include <mizzen/error.hpp>
#include <mizzen/hosted_loop.hpp>
#include <mizzen/patterns/majordomo/blocking.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/error.hpp>

#include <deque>
#include <new>
#include <optional>
#include <set>
#include <utility>

namespace mizzen::majordomo::blocking {

class worker::state : public std::enable_shared_from_this<worker::state> {
public:
    struct request {
        message body;
        responder answer;
    };

    state(const worker_options& options, const context& shared) : loop_{shared} {
        worker_.emplace(loop_.get_executor(), options, [this](message body, responder answer) {
            requests_.push_back({std::move(body), std::move(answer)});
            wake_one();
        });
    }

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
                worker_->connect(endpoint, ec);
        });
    }

    bool receive(message& body, std::unique_ptr<responder>& answer, milliseconds limit,
                 std::error_code& ec) {
        hosted_loop::waiting something;
        return loop_.call(
            something, limit,
            [&] {
                if (!requests_.empty() || draining_ || why_)
                    something.end();
                else
                    receivers_.insert(&something);
            },
            [&] {
                receivers_.erase(&something);
                ec = why_;
                if (!ec && requests_.empty() && draining_)
                    ec = mizzen::errc::socket_closed;
                else if (!ec && requests_.empty())
                    ec = limit == milliseconds::zero() ? make_error_code(mizzen::errc::would_block)
                                                       : make_error_code(std::errc::timed_out);
                if (ec)
                    return false;
                body = std::move(requests_.front().body);
                answer = std::make_unique<responder>(std::move(requests_.front().answer));
                requests_.pop_front();
                if (!requests_.empty())
                    wake_one();
                return true;
            });
    }

    bool drain(milliseconds limit, std::error_code& ec) {
        struct call {
            hosted_loop::waiting over;
            bool drained = false;
        };
        const auto one = std::make_shared<call>();
        return loop_.call(
            one->over, limit,
            [&] {
                if (why_)
                    return one->over.end();
                draining_ = true;
                wake_all();
                worker_->async_drain([one](std::error_code error) {
                    one->drained = !error;
                    one->over.end();
                });
            },
            [&] {
                ec.clear();
                if (!one->drained)
                    ec = why_ ? why_ : make_error_code(std::errc::timed_out);
                return !ec;
            });
    }

    void close() {
        loop_.call([&] { end(mizzen::errc::socket_closed); });
    }
    template <class Function> void call(Function&& what) {
        loop_.call(std::forward<Function>(what));
    }
    [[nodiscard]] worker_stats stats() const {
        return loop_.call([&] { return worker_ ? worker_->stats() : last_stats_; });
    }
    [[nodiscard]] bool inherited() const noexcept { return loop_.inherited(); }

private:
    void wake_one() {
        if (!receivers_.empty())
            (*receivers_.begin())->end();
    }
    void wake_all() {
        for (hosted_loop::waiting* each : receivers_)
            each->end();
    }
    void end(std::error_code why) {
        if (!worker_)
            return;
        why_ = why;
        worker_->stop();
        last_stats_ = worker_->stats();
        worker_.reset();
        requests_.clear();
        wake_all();
    }

    hosted_loop loop_;
    std::error_code why_; // it is closed
    bool draining_ = false;
    std::deque<request> requests_;
    std::set<hosted_loop::waiting*> receivers_;
    std::optional<majordomo::worker> worker_; // until it is closed
    worker_stats last_stats_;
};

// --- A request ---

class incoming::state {
public:
    state(std::shared_ptr<worker::state> worker, std::unique_ptr<responder> answer) noexcept
        : worker_{std::move(worker)}, answer_{std::move(answer)} {}

    template <class Function> void call(Function&& what) {
        worker_->call([&] { what(*answer_); });
    }
    void let_go() {
        worker_->call([&] { answer_.reset(); });
    }
    [[nodiscard]] bool inherited() const noexcept { return worker_->inherited(); }

private:
    std::shared_ptr<worker::state> worker_;
    std::unique_ptr<responder> answer_;
};

incoming::incoming() noexcept = default;
incoming::incoming(incoming&&) noexcept = default;
incoming& incoming::operator=(incoming&& other) noexcept {
    if (this != &other) {
        let_go();
        body = std::move(other.body);
        state_ = std::move(other.state_);
    }
    return *this;
}

incoming::~incoming() { let_go(); }

void incoming::let_go() noexcept {
    if (!state_)
        return;
    [[maybe_unused]] const auto* const inherited = // as with the worker
        state_->inherited() ? state_.release() : nullptr;
    if (state_)
        std::exchange(state_, nullptr)->let_go();
}

void incoming::reply(message answer) {
    if (state_)
        state_->call([&](responder& to) { to.reply(std::move(answer)); });
    let_go();
}
void incoming::partial(message part) {
    if (state_)
        state_->call([&](responder& to) { to.partial(std::move(part)); });
}
void incoming::fail(std::string_view why) {
    if (state_)
        state_->call([&](responder& to) { to.fail(why); });
    let_go();
}

// --- The handle ---

worker::worker(const worker_options& options, const context& shared)
    : state_{std::make_shared<state>(options, shared)} {
    state_->start();
}

worker& worker::operator=(worker&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

worker::~worker() { close(); }

void worker::connect(std::string_view endpoint, std::error_code& ec) {
    state_->connect(endpoint, ec);
}
void worker::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    if (ec)
        throw std::system_error{ec, "connect"};
}
bool worker::receive(incoming& out, milliseconds limit, std::error_code& ec) {
    message body;
    std::unique_ptr<responder> answer;
    if (!state_->receive(body, answer, limit, ec))
        return false;
    incoming next;
    next.body = std::move(body);
    next.state_ = std::make_unique<incoming::state>(state_, std::move(answer));
    out = std::move(next);
    return true;
}
incoming worker::receive() {
    incoming out;
    std::error_code ec;
    if (!receive(out, milliseconds{-1}, ec))
        throw std::system_error{ec, "receive"};
    return out;
}
bool worker::drain(milliseconds limit, std::error_code& ec) { return state_->drain(limit, ec); }

void worker::close() noexcept {
    if (!state_)
        return;
    if (state_->inherited()) { // a thread that held the loop up may not exist here
        static_cast<void>(new (std::nothrow) std::shared_ptr<state>{state_});
        return;
    }
    state_->close();
}
worker_stats worker::stats() const { return state_->stats(); }

} // namespace mizzen::majordomo::blocking
