// An asynchronous request that waits for its end, with its handler's type erased.
#pragma once

#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <system_error>
#include <utility>

namespace mizzen::patterns::detail {

/// Fits under any Base with a virtual `complete(std::error_code, message)`; what is left of the
/// arguments makes the Base.
template <class Base, class Handler> class handler_request final : public Base {
public:
    template <class... About>
    handler_request(Handler handler, const asio::any_io_executor& io, About&&... about)
        : Base{std::forward<About>(about)...}, handler_{std::move(handler)}, client_work_{io},
          handler_work_{asio::get_associated_executor(handler_, io)} {}

    void complete(std::error_code ec, message result) override {
        asio::get_associated_cancellation_slot(handler_).clear();
        const auto executor = handler_work_.get_executor();
        asio::post(executor,
                   [handler = std::move(handler_), ec, result = std::move(result)]() mutable {
                       std::move(handler)(ec, std::move(result));
                   });
    }

    [[nodiscard]] auto cancellation_slot() const noexcept {
        return asio::get_associated_cancellation_slot(handler_);
    }

private:
    Handler handler_;
    asio::executor_work_guard<asio::any_io_executor> client_work_;
    asio::executor_work_guard<asio::associated_executor_t<Handler, asio::any_io_executor>>
        handler_work_;
};

} // namespace mizzen::patterns::detail
