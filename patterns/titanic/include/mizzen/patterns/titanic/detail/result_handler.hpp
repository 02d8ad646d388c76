// A handler that gets what it wants out of a call's result.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/titanic/request_id.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>

#include <system_error>
#include <utility>

namespace mizzen::titanic::detail {

/// Has the executor, the allocator and the cancellation slot of `handler`.
template <class Handler, class Convert> class result_handler {
public:
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
    using allocator_type = asio::associated_allocator_t<Handler>;
    using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;

    result_handler(Handler handler, asio::any_io_executor home, Convert convert)
        : handler_{std::move(handler)}, home_{std::move(home)}, convert_{std::move(convert)} {}

    [[nodiscard]] executor_type get_executor() const noexcept {
        return asio::get_associated_executor(handler_, home_);
    }
    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return asio::get_associated_allocator(handler_);
    }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
        return asio::get_associated_cancellation_slot(handler_);
    }

    void operator()(std::error_code ec, const message& result) {
        auto then = [this](auto&&... results) {
            std::move(handler_)(std::forward<decltype(results)>(results)...);
        };
        convert_(then, ec, result);
    }

private:
    Handler handler_;
    asio::any_io_executor home_;
    Convert convert_;
};

/// The id that a submission has ended with, or else the one that it had.
[[nodiscard]] inline request_id id_in(const message& result, const request_id& otherwise) {
    return result.empty() ? otherwise : parse_request_id(result.text(0)).value_or(otherwise);
}

} // namespace mizzen::titanic::detail
