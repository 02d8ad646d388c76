// What sockets of one type have in common with each other: how they are made, and their options.
#pragma once

#include <mizzen/detail/basic_socket.hpp>

#include <system_error>
#include <utility>

namespace mizzen::detail {

template <zmtp::socket_type Type> class typed_socket : public basic_socket {
public:
    explicit typed_socket(asio::any_io_executor executor)
        : basic_socket{std::move(executor), Type} {}
    explicit typed_socket(execution_context_like auto& context)
        : typed_socket{context.get_executor()} {}

    /// Sets an option. Errors: invalid_option. The form without `ec` throws std::system_error.
    template <class Option>
        requires(option::applies_to<Option>(Type))
    void set(const Option& value, std::error_code& ec) {
        apply(value, ec);
    }
    template <class Option>
        requires(option::applies_to<Option>(Type))
    void set(const Option& value) {
        std::error_code ec;
        apply(value, ec);
        raise(ec, "set");
    }
};

} // namespace mizzen::detail
