// Asynchronous operations that wait for their turn, with their handlers' types erased.
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

/// Lives from its start until complete, which posts the handler and destroys it.
template <class Result> class waiting_operation {
public:
    using result_type = Result;

    waiting_operation() = default;
    waiting_operation(const waiting_operation&) = delete;
    waiting_operation& operator=(const waiting_operation&) = delete;

    virtual void complete(std::error_code ec, Result result) = 0;

    waiting_operation* next = nullptr;
    waiting_operation* previous = nullptr;

protected:
    ~waiting_operation() = default;
};

/// First in, first out; any may be taken out.
template <class Operation> class operation_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] Operation* front() const noexcept { return static_cast<Operation*>(first_); }
    void push(Operation& op) noexcept {
        op.previous = last_;
        op.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &op;
        last_ = &op;
    }
    void remove(Operation& op) noexcept {
        (op.previous == nullptr ? first_ : op.previous->next) = op.next;
        (op.next == nullptr ? last_ : op.next->previous) = op.previous;
    }

private:
    waiting_operation<typename Operation::result_type>* first_ = nullptr;
    waiting_operation<typename Operation::result_type>* last_ = nullptr;
};

enum class operation_kind : std::uint8_t { send, receive, wait_send, wait_receive };

/// Of a socket.
class operation : public waiting_operation<message> {
public:
    operation_kind kind;
    message body; // to send

protected:
    explicit operation(operation_kind what) noexcept : kind{what} {}
    ~operation() = default;
};

/// An operation with its handler, which takes an error and, if `WithResult`, a result.
template <bool WithResult, class Handler, class Operation = operation>
class handler_operation final : public Operation {
    using result_type = typename Operation::result_type;
    using allocator_type = typename std::allocator_traits<
        asio::associated_allocator_t<Handler>>::template rebind_alloc<handler_operation>;
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

public:
    /// `about` is what the operation itself is made of.
    template <class... About>
    static handler_operation* create(Handler handler, const asio::any_io_executor& io,
                                     About... about) {
        allocator_type allocator{asio::get_associated_allocator(handler)};
        auto* memory = std::allocator_traits<allocator_type>::allocate(allocator, 1);
        return ::new (static_cast<void*>(memory))
            handler_operation{std::move(handler), io, about...};
    }

    void complete(std::error_code ec, result_type result) override {
        asio::get_associated_cancellation_slot(handler_).clear();
        Handler handler{std::move(handler_)};
        const auto socket_work = std::move(socket_work_);
        const auto handler_work = std::move(handler_work_);
        allocator_type allocator{asio::get_associated_allocator(handler)};
        this->~handler_operation();
        std::allocator_traits<allocator_type>::deallocate(allocator, this, 1);
        const executor_type executor = handler_work.get_executor();
        if constexpr (WithResult)
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
    template <class... About>
    handler_operation(Handler handler, const asio::any_io_executor& io, About... about)
        : Operation{about...}, handler_{std::move(handler)}, socket_work_{io},
          handler_work_{asio::get_associated_executor(handler_, io)} {}
    ~handler_operation() = default;

    Handler handler_;
    asio::executor_work_guard<asio::any_io_executor> socket_work_;
    asio::executor_work_guard<executor_type> handler_work_;
};

} // namespace mizzen::detail
