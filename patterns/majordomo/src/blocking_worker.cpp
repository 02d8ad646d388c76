// Blocking workers: requests that wait for a thread of the program.
#include "hosted.hpp"
#include <mizzen/patterns/majordomo/blocking.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>

#include <deque>
#include <memory>
#include <utility>

namespace mizzen::majordomo::blocking {

class worker::state final : public patterns::hosted<majordomo::worker> {
public:
    struct request {
        message body;
        responder answer;
    };

    state(const worker_options& options, const context& shared)
        : hosted{shared, options, [this](message body, responder answer) {
                     requests_.push_back({std::move(body), std::move(answer)});
                     wake_one();
                 }} {}

    bool receive(std::unique_ptr<request>& out, milliseconds limit, std::error_code& ec) {
        return receive_first(
            requests_, limit,
            [this] {
                return draining_ ? make_error_code(mizzen::errc::socket_closed) : std::error_code{};
            },
            [&](request&& first) { out = std::make_unique<request>(std::move(first)); }, ec);
    }

    bool drain(milliseconds limit, std::error_code& ec) {
        struct call {
            hosted_loop::waiting over;
            bool drained = false;
        };
        const auto one = std::make_shared<call>();
        return loop().call(
            one->over, limit,
            [&] {
                if (why_closed())
                    return one->over.end();
                draining_ = true;
                wake_all();
                component().async_drain([one](std::error_code error) {
                    one->drained = !error;
                    one->over.end();
                });
            },
            [&] {
                ec.clear();
                if (!one->drained)
                    ec = why_closed() ? why_closed() : make_error_code(std::errc::timed_out);
                return !ec;
            });
    }

    template <class Function> void call(Function&& what) {
        loop().call(std::forward<Function>(what));
    }

private:
    void let_go() override { requests_.clear(); }

    bool draining_ = false;
    std::deque<request> requests_;
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
    : state_{patterns::make_hosted<state>(options, shared)} {}

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
    patterns::throw_if(ec, "connect");
}
bool worker::receive(incoming& out, milliseconds limit, std::error_code& ec) {
    std::unique_ptr<state::request> request;
    if (!state_->receive(request, limit, ec))
        return false;
    incoming next;
    next.body = std::move(request->body);
    next.state_ = std::make_unique<incoming::state>(
        state_, std::make_unique<responder>(std::move(request->answer)));
    out = std::move(next);
    return true;
}
incoming worker::receive() {
    incoming out;
    std::error_code ec;
    static_cast<void>(receive(out, milliseconds{-1}, ec));
    patterns::throw_if(ec, "receive");
    return out;
}
bool worker::drain(milliseconds limit, std::error_code& ec) { return state_->drain(limit, ec); }

void worker::close() noexcept { patterns::close_hosted(state_); }
worker_stats worker::stats() const { return state_->stats(); }

} // namespace mizzen::majordomo::blocking
