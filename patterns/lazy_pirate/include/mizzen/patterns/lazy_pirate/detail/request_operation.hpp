// One asynchronous request that waits for its end.
#pragma once

#include <mizzen/message.hpp>
#include <mizzen/patterns/common/detail/handler_request.hpp>

#include <cstdint>
#include <utility>

namespace mizzen::lazy_pirate::detail {

class request_operation : public patterns::detail::pending_request {
public:
    request_operation(std::uint64_t which, message what) : number{which}, body{std::move(what)} {}

    std::uint64_t number;
    message body;
};

template <class Handler>
using handler_request = patterns::detail::handler_request<request_operation, Handler>;

} // namespace mizzen::lazy_pirate::detail
