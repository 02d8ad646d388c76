// One asynchronous request that waits for its end, with its handler's type erased.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/detail/handler_request.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace mizzen::majordomo {

/// Takes the parts of a reply's body that come before the last one, in order.
using partial_handler = std::function<void(message part)>;

} // namespace mizzen::majordomo

namespace mizzen::majordomo::detail {

class request_operation : public patterns::detail::pending_request {
public:
    explicit request_operation(partial_handler take) : take_part{std::move(take)} {}

    partial_handler take_part; ///< Empty if nobody wants them.
};

template <class Handler>
using handler_request = patterns::detail::handler_request<request_operation, Handler>;

/// Has parts handled where the reply itself will be, and so before it.
template <class Handler>
[[nodiscard]] partial_handler posted(partial_handler on_part, const Handler& handler,
                                     const asio::any_io_executor& io) {
    if (!on_part)
        return {};
    return [executor = asio::get_associated_executor(handler, io),
            call = std::make_shared<partial_handler>(std::move(on_part))](message part) {
        asio::post(executor,
                   [call, part = std::move(part)]() mutable { (*call)(std::move(part)); });
    };
}

} // namespace mizzen::majordomo::detail
