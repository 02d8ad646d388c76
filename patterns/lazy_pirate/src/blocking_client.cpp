// Blocking clients: threads that wait for an asynchronous one.
#include "hosted.hpp"
#include <mizzen/patterns/lazy_pirate/blocking.hpp>
#include <mizzen/patterns/lazy_pirate/client.hpp>

#include <utility>

namespace mizzen::lazy_pirate::blocking {

class client::state final : public patterns::hosted<lazy_pirate::client> {
public:
    state(const client_options& options, const context& shared) : hosted{shared, options} {}
};

client::client(const client_options& options, const context& shared)
    : state_{patterns::make_hosted<state>(options, shared)} {}

client& client::operator=(client&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

client::~client() { close(); }

void client::connect(std::string_view endpoint, std::error_code& ec) {
    state_->connect(endpoint, ec);
}
void client::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    patterns::throw_if(ec, "connect");
}
message client::request(const service_name& service, message body, std::error_code& ec) {
    return state_->request(
        [&](lazy_pirate::client& asked, auto handler) {
            asked.async_request(service, std::move(body), std::move(handler));
        },
        ec);
}
message client::request(const service_name& service, message body) {
    std::error_code ec;
    message reply = request(service, std::move(body), ec);
    patterns::throw_if(ec, "request");
    return reply;
}
void client::close() noexcept { patterns::close_hosted(state_); }
client_stats client::stats() const { return state_->stats(); }

} // namespace mizzen::lazy_pirate::blocking
