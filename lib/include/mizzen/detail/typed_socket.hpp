// What sockets of one type have in common with each other: how they are made, and their options.
#pragma once

#include <mizzen/detail/basic_socket.hpp>

#include <system_error>
#include <utility>

namespace mizzen::detail {

template <zmtp::socket_type Type> class typed_socket : public basic_socket {
public:
    /// `shared` is where inproc names are looked up; it may go before the socket.
    explicit typed_socket(asio::any_io_executor executor,
                          const context& shared = context::instance())
        : basic_socket{std::move(executor), Type, shared} {}
    explicit typed_socket(execution_context_like auto& io,
                          const context& shared = context::instance())
        : typed_socket{io.get_executor(), shared} {}

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
