// What blocking components are made of: an asynchronous one on a hosted loop, and threads that
// wait.
#pragma once

#include <mizzen/error.hpp>
#include <mizzen/hosted_loop.hpp>
#include <mizzen/message.hpp>

#include <asio/error.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <new>
#include <set>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace mizzen::patterns {

using std::chrono::milliseconds;

/// The base of a blocking component's state. Component is a client or a worker: it has connect,
/// stop and stats. All members may be called from any thread, save those that say otherwise.
template <class Component> class hosted {
public:
    using stats_type = std::decay_t<decltype(std::declval<const Component&>().stats())>;

    hosted(const hosted&) = delete;
    hosted& operator=(const hosted&) = delete;

    void connect(std::string_view endpoint, std::error_code& ec) {
        loop_.call([&] {
            ec = why_;
            if (!ec)
                component_->connect(endpoint, ec);
        });
    }
    void close() {
        loop_.call([&] { end(mizzen::errc::socket_closed); });
    }
    [[nodiscard]] stats_type stats() const {
        return loop_.call([&] { return component_ ? component_->stats() : last_stats_; });
    }
    [[nodiscard]] bool inherited() const noexcept { return loop_.inherited(); }

    /// Has the context's end be this one's. To be called once; `self` is this.
    template <class State> static void end_with_context(const std::shared_ptr<State>& self) {
        self->loop_.on_close([weak = std::weak_ptr<hosted>{self}] {
            if (const auto alive = weak.lock())
                alive->end(mizzen::errc::context_closed);
        });
    }

    /// Waits for the end of a request, which `start` begins: it gets the component and a handler.
    template <class Start> message request(Start start, std::error_code& ec) {
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
                start(*component_, [one](std::error_code error, message reply) {
                    one->ec = error;
                    one->reply = std::move(reply);
                    one->over.end();
                });
            },
            [&] {
                const bool interrupted = !one->ec || one->ec == asio::error::operation_aborted;
                ec = why_ && interrupted ? why_ : one->ec;
                return std::move(one->reply);
            });
    }

protected:
    template <class... About>
    explicit hosted(const context& shared, About&&... about)
        : loop_{shared}, component_{std::make_unique<Component>(loop_.get_executor(),
                                                                std::forward<About>(about)...)} {}
    ~hosted() = default;

    [[nodiscard]] const hosted_loop& loop() const noexcept { return loop_; }
    /// With the loop held up, and until it is closed.
    [[nodiscard]] Component& component() noexcept { return *component_; }
    /// With the loop held up: why it is closed.
    [[nodiscard]] std::error_code why_closed() const noexcept { return why_; }

    /// Waits for the first of `items`, for `limit` at most, and gives it to `take`. `no_more` says
    /// why nothing will come, if so; both are called with the loop held up.
    template <class Item, class NoMore, class Take>
    bool receive_first(std::deque<Item>& items, milliseconds limit, NoMore no_more, Take take,
                       std::error_code& ec) {
        hosted_loop::waiting something;
        return loop_.call(
            something, limit,
            [&] {
                if (!items.empty() || no_more() || why_)
                    something.end();
                else
                    receivers_.insert(&something);
            },
            [&] {
                receivers_.erase(&something);
                ec = why_;
                if (!ec && items.empty())
                    ec = no_more();
                if (!ec && items.empty())
                    ec = nothing_within(limit);
                if (ec)
                    return false;
                take(std::move(items.front()));
                items.pop_front();
                if (!items.empty() || no_more())
                    wake_one();
                return true;
            });
    }
    // With the loop held up, or on it:
    void wake_one() {
        if (!receivers_.empty())
            (*receivers_.begin())->end();
    }
    void wake_all() {
        for (hosted_loop::waiting* each : receivers_)
            each->end();
    }

private:
    /// The component is gone; what belongs to it is to go as well, while the loop is held up.
    virtual void let_go() {}

    static std::error_code nothing_within(milliseconds limit) {
        return limit == milliseconds::zero() ? make_error_code(mizzen::errc::would_block)
                                             : make_error_code(std::errc::timed_out);
    }

    void end(std::error_code why) {
        if (!component_)
            return;
        why_ = why;
        component_->stop();
        last_stats_ = component_->stats();
        component_.reset();
        let_go();
        wake_all();
    }

    hosted_loop loop_;
    std::unique_ptr<Component> component_; // until it is closed
    stats_type last_stats_{};
    std::error_code why_; // it is closed
    std::set<hosted_loop::waiting*> receivers_;
};

/// The state of a blocking component, to be closed by close_hosted.
template <class State, class... About> std::shared_ptr<State> make_hosted(About&&... about) {
    auto made = std::make_shared<State>(std::forward<About>(about)...);
    State::end_with_context(made);
    return made;
}

/// Does nothing to one that was moved from.
template <class State> void close_hosted(const std::shared_ptr<State>& state) noexcept {
    if (!state)
        return;
    if (state->inherited()) { // a thread that held the loop up may not exist here
        static_cast<void>(new (std::nothrow) std::shared_ptr<State>{state});
        return;
    }
    state->close();
}

inline void throw_if(std::error_code ec, const char* what) {
    if (ec)
        throw std::system_error{ec, what};
}

/// What `call` gives, unless it gives an error as well.
template <class Call> auto or_throw(const char* what, Call call) {
    std::error_code ec;
    if constexpr (std::is_void_v<decltype(call(ec))>) {
        call(ec);
        throw_if(ec, what);
    } else {
        auto result = call(ec);
        throw_if(ec, what);
        return result;
    }
}

} // namespace mizzen::patterns
