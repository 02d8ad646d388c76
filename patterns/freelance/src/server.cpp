// A Freelance server: the shell that all servers have, around its own core, and its name.
#include "server_shell.hpp"
#include <mizzen/option.hpp>
#include <mizzen/patterns/freelance/server.hpp>

namespace mizzen::freelance {

class server::shell final : public patterns::server_shell<server_core> {
public:
    shell(const asio::any_io_executor& executor, const server_options& options,
          request_handler serve)
        : server_shell{executor, options, std::move(serve)},
          names_itself_{options.how == model::complex} {
        socket().set(option::report_peers{true});
    }

    // No peer is told a name before the loop's next turn.
    std::string bind(std::string_view endpoint, std::string_view name, std::error_code& ec) {
        std::string bound = socket().bind(endpoint, ec);
        if (ec || !names_itself_)
            return bound;
        socket().set(option::routing_id{name.empty() ? bound : std::string{name}}, ec);
        if (ec) {
            std::error_code ignored;
            socket().unbind(bound, ignored);
            return {};
        }
        return bound;
    }

private:
    bool names_itself_;
};

server::server(const asio::any_io_executor& executor, const server_options& options,
               request_handler serve)
    : shell_{std::make_shared<shell>(executor, options, std::move(serve))} {
    shell_->start();
}

server& server::operator=(server&& other) noexcept {
    if (this != &other) {
        stop();
        shell_ = std::move(other.shell_);
    }
    return *this;
}

server::~server() { stop(); }

server::executor_type server::get_executor() const noexcept {
    return shell_->socket().get_executor();
}
std::string server::bind(std::string_view endpoint, std::string_view name) {
    std::error_code ec;
    std::string bound = bind(endpoint, name, ec);
    if (ec)
        throw std::system_error{ec, "bind"};
    return bound;
}
std::string server::bind(std::string_view endpoint, std::string_view name, std::error_code& ec) {
    return shell_->bind(endpoint, name, ec);
}
void server::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const server_stats& server::stats() const noexcept { return shell_->core().stats(); }
socket_stats server::transport_stats() const { return shell_->socket().stats(); }
std::uint64_t server::undeliverable() const noexcept { return shell_->undeliverable(); }

} // namespace mizzen::freelance
