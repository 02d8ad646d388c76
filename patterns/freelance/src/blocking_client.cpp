// Blocking clients: threads that wait for an asynchronous one.
#include "hosted.hpp"
#include <mizzen/patterns/freelance/blocking.hpp>
#include <mizzen/patterns/freelance/client.hpp>

#include <utility>

namespace mizzen::freelance::blocking {

class client::state final : public patterns::hosted<freelance::client> {
public:
    state(const client_options& options, const context& shared) : hosted{shared, options} {}

    void disconnect(std::string_view endpoint, std::error_code& ec) {
        loop().call([&] {
            ec = why_closed();
            if (!ec)
                component().disconnect(endpoint, ec);
        });
    }
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
void client::disconnect(std::string_view endpoint, std::error_code& ec) {
    state_->disconnect(endpoint, ec);
}
void client::disconnect(std::string_view endpoint) {
    std::error_code ec;
    disconnect(endpoint, ec);
    patterns::throw_if(ec, "disconnect");
}
message client::request(const service_name& service, message body, std::error_code& ec) {
    return state_->request(
        [&](freelance::client& asked, auto handler) {
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

} // namespace mizzen::freelance::blocking
