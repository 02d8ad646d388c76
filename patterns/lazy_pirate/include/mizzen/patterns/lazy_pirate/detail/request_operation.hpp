// One asynchronous request that waits for its end.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/detail/handler_request.hpp>

#include <cstdint>
#include <system_error>
#include <utility>

namespace mizzen::lazy_pirate::detail {

class request_operation {
public:
    request_operation(std::uint64_t which, message what) : number{which}, body{std::move(what)} {}
    request_operation(const request_operation&) = delete;
    request_operation& operator=(const request_operation&) = delete;
    virtual ~request_operation() = default;

    /// Posts the handler. Called once, before destruction.
    virtual void complete(std::error_code ec, message result) = 0;

    std::uint64_t number;
    message body;
};

template <class Handler>
using handler_request = patterns::detail::handler_request<request_operation, Handler>;

} // namespace mizzen::lazy_pirate::detail
