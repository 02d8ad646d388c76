// An asynchronous request that waits for its end, with its handler's type erased.
#pragma once

#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace mizzen::patterns::detail {

/// Ends once, before its destruction, by either of two ways.
class pending_request {
public:
    pending_request() = default;
    pending_request(const pending_request&) = delete;
    pending_request& operator=(const pending_request&) = delete;
    virtual ~pending_request() = default;

    /// Posts the handler to its executor.
    virtual void complete(std::error_code ec, message result) = 0;

    /// Whether the handler's executor is the one of the object that was asked.
    [[nodiscard]] virtual bool at_home() const noexcept = 0;
    /// Calls the handler of one that is at home, from that executor, as if it had been posted;
    /// frees `self` before that.
    virtual void run(std::unique_ptr<pending_request> self, std::error_code ec, message result) = 0;
};

/// Fits under any Base that is a pending_request; what is left of the arguments makes the Base.
template <class Base, class Handler> class handler_request final : public Base {
public:
    template <class... About>
    handler_request(Handler handler, const asio::any_io_executor& io, About&&... about)
        : Base{std::forward<About>(about)...}, handler_{std::move(handler)}, home_work_{io} {
        const auto executor = asio::get_associated_executor(handler_, io);
        if constexpr (std::is_same_v<handler_executor, asio::any_io_executor>) {
            if (executor == io)
                return;
        }
        handler_work_.emplace(executor);
    }

    void complete(std::error_code ec, message result) override {
        asio::get_associated_cancellation_slot(handler_).clear();
        const auto post_to = [&](const auto& executor) {
            asio::post(executor,
                       [handler = std::move(handler_), ec, result = std::move(result)]() mutable {
                           std::move(handler)(ec, std::move(result));
                       });
        };
        if (handler_work_)
            post_to(handler_work_->get_executor());
        else
            post_to(home_work_.get_executor());
    }

    [[nodiscard]] bool at_home() const noexcept override { return !handler_work_; }

    void run(std::unique_ptr<pending_request> self, std::error_code ec, message result) override {
        asio::get_associated_cancellation_slot(handler_).clear();
        Handler handler{std::move(handler_)};
        self.reset();
        std::move(handler)(ec, std::move(result));
    }

    [[nodiscard]] auto cancellation_slot() const noexcept {
        return asio::get_associated_cancellation_slot(handler_);
    }

private:
    using handler_executor = asio::associated_executor_t<Handler, asio::any_io_executor>;

    Handler handler_;
    asio::executor_work_guard<asio::any_io_executor> home_work_;
    std::optional<asio::executor_work_guard<handler_executor>> handler_work_; // unless at home
};

} // namespace mizzen::patterns::detail
