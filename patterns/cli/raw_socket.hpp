// A socket of any type, as a command's option names it.
#pragma once

#include "cli11_forward.hpp"
#include "security_options.hpp"
#include <mizzen/detail/basic_socket.hpp>
#include <mizzen/message.hpp>
#include <mizzen/zmtp/socket_type.hpp>

#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::cli {

/// Where a socket's peers are, and how it deals with them: the options that are the same for all
/// types.
struct socket_options {
    std::vector<std::string> endpoints;
    bool bind = false;
    int high_water_mark = 1000;
    int linger_ms = -1;
    std::string routing_id;
    security_options security;
    option::security secured; ///< What make_secured makes of it.
};
void add_socket_options(CLI::App& app, zmtp::socket_type type, socket_options& options);

/// The eleven types behind one interface. What a type cannot do is errc::wrong_state.
class raw_socket {
public:
    using on_done = std::function<void(std::error_code)>;

    raw_socket() = default;
    raw_socket(const raw_socket&) = delete;
    raw_socket& operator=(const raw_socket&) = delete;
    virtual ~raw_socket() = default;

    /// What all types have: endpoints, close, stats.
    [[nodiscard]] virtual detail::basic_socket& base() = 0;
    [[nodiscard]] virtual bool try_send(mizzen::message& m, std::error_code& ec) = 0;
    virtual void send(mizzen::message m, on_done done) = 0;
    [[nodiscard]] virtual bool try_receive(mizzen::message& m) = 0;
    virtual void wait_receive(on_done done) = 0;
    /// SUB and XSUB.
    virtual void subscribe(std::string_view topic) = 0;
};

/// Makes one with its options set. Once closed it sends what is queued without end, unless
/// linger_ms is 0: whoever closes it has the time.
std::unique_ptr<raw_socket> make_raw_socket(asio::io_context& io, zmtp::socket_type type,
                                            const socket_options& options);

/// Binds or connects all endpoints; `bound` is told where each listens. Gives the exit status, and
/// says what is wrong when that is not 0.
int open_endpoints(raw_socket& socket, std::string_view name, const socket_options& options,
                   const std::function<void(const std::string&)>& bound);

} // namespace mizzen::cli
