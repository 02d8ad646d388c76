// A Lazy Pirate server: the shell that all servers have, around its own core.
#include "server_shell.hpp"
#include <mizzen/patterns/lazy_pirate/server.hpp>

namespace mizzen::lazy_pirate {

class server::shell final : public patterns::server_shell<server_core> {
public:
    using server_shell::server_shell;
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
std::string server::bind(std::string_view endpoint) { return shell_->socket().bind(endpoint); }
std::string server::bind(std::string_view endpoint, std::error_code& ec) {
    return shell_->socket().bind(endpoint, ec);
}
void server::stop() noexcept {
    if (shell_)
        shell_->stop();
}
const server_stats& server::stats() const noexcept { return shell_->core().stats(); }
socket_stats server::transport_stats() const { return shell_->socket().stats(); }
std::uint64_t server::undeliverable() const noexcept { return shell_->undeliverable(); }

} // namespace mizzen::lazy_pirate
