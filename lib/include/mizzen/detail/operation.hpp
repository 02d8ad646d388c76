// One asynchronous operation that waits for its turn, with its handler's type erased.
#pragma once

#include <mizzen/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <cstdint>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace mizzen::detail {

enum class operation_kind : std::uint8_t { send, receive, wait_send, wait_receive };

/// Lives from its start until complete, which posts the handler and destroys it.
class operation {
public:
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    virtual void complete(std::error_code ec, message result) = 0;

    operation_kind kind;
    message body; // to send
    operation* next = nullptr;
    operation* previous = nullptr;

protected:
    explicit operation(operation_kind what) noexcept : kind{what} {}
    ~operation() = default;
};

template <bool WithMessage, class Handler> class handler_operation final : public operation {
    using allocator_type = typename std::allocator_traits<
        asio::associated_allocator_t<Handler>>::template rebind_alloc<handler_operation>;
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

public:
    static handler_operation* create(operation_kind what, Handler handler,
                                     const asio::any_io_executor& io) {
        allocator_type allocator{asio::get_associated_allocator(handler)};
        auto* memory = std::allocator_traits<allocator_type>::allocate(allocator, 1);
        return ::new (static_cast<void*>(memory)) handler_operation{what, std::move(handler), io};
    }

    void complete(std::error_code ec, message result) override {
        asio::get_associated_cancellation_slot(handler_).clear();
        Handler handler{std::move(handler_)};
        const auto socket_work = std::move(socket_work_);
        const auto handler_work = std::move(handler_work_);
        allocator_type allocator{asio::get_associated_allocator(handler)};
        this->~handler_operation();
        std::allocator_traits<allocator_type>::deallocate(allocator, this, 1);
        const executor_type executor = handler_work.get_executor();
        if constexpr (WithMessage)
            asio::post(executor,
                       [handler = std::move(handler), ec, result = std::move(result)]() mutable {
                           std::move(handler)(ec, std::move(result));
                       });
        else
            asio::post(executor,
                       [handler = std::move(handler), ec]() mutable { std::move(handler)(ec); });
    }

    [[nodiscard]] auto cancellation_slot() const noexcept {
        return asio::get_associated_cancellation_slot(handler_);
    }

private:
    handler_operation(operation_kind what, Handler handler, const asio::any_io_executor& io)
        : operation{what}, handler_{std::move(handler)}, socket_work_{io},
          handler_work_{asio::get_associated_executor(handler_, io)} {}
    ~handler_operation() = default;

    Handler handler_;
    asio::executor_work_guard<asio::any_io_executor> socket_work_;
    asio::executor_work_guard<executor_type> handler_work_;
};

} // namespace mizzen::detail
