// One asynchronous request that waits for its end, with its handler's type erased.
#pragma once

#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace mizzen::majordomo::detail {

class request_operation {
public:
    request_operation(std::string to, message what)
        : service{std::move(to)}, body{std::move(what)} {}
    request_operation(const request_operation&) = delete;
    request_operation& operator=(const request_operation&) = delete;
    virtual ~request_operation() = default;

    /// Posts the handler. Called once, before destruction.
    virtual void complete(std::error_code ec, message result) = 0;

    std::uint64_t number = 0;
    std::string service;
    message body;
};

template <class Handler> class handler_request final : public request_operation {
public:
    handler_request(Handler handler, const asio::any_io_executor& io, std::string to, message what)
        : request_operation{std::move(to), std::move(what)}, handler_{std::move(handler)},
          client_work_{io}, handler_work_{asio::get_associated_executor(handler_, io)} {}

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

} // namespace mizzen::majordomo::detail
