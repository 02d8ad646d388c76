// Blocking clients: threads that wait for an asynchronous one.
#include "hosted.hpp"
#include <mizzen/patterns/titanic/blocking.hpp>
#include <mizzen/patterns/titanic/client.hpp>

#include <utility>

namespace mizzen::titanic::blocking {

class client::state final : public patterns::hosted<titanic::client> {
public:
    state(const client_options& options, const context& shared) : hosted{shared, options} {}
};

client::client(const client_options& options, const context& shared)
    : state_{patterns::make_hosted<state>(options, shared)} {}

client& client::operator=(client&& other) noexcept {
    if (this != &other) {
        stop();
        state_ = std::move(other.state_);
    }
    return *this;
}

client::~client() { stop(); }

void client::connect(std::string_view endpoint, std::error_code& ec) {
    state_->connect(endpoint, ec);
}
void client::connect(std::string_view endpoint) {
    std::error_code ec;
    connect(endpoint, ec);
    patterns::throw_if(ec, "connect");
}

request_id client::submit(std::string_view service, message body, const request_options& wanted,
                          std::error_code& ec) {
    request_options mine = wanted;
    if (!mine.id)
        mine.id = make_request_id();
    const message result = state_->request(
        [&](titanic::client& asked, auto handler) {
            asked.async_submit(
                service, std::move(body), mine,
                [handler = std::move(handler)](std::error_code error, const request_id& id) {
                    handler(error, message{to_text(id)});
                });
        },
        ec);
    return detail::id_in(result, *mine.id);
}
request_id client::submit(std::string_view service, message body, const request_options& wanted) {
    std::error_code ec;
    const request_id id = submit(service, std::move(body), wanted, ec);
    patterns::throw_if(ec, "submit");
    return id;
}

message client::poll(const request_id& id, std::error_code& ec) {
    return state_->request(
        [&](titanic::client& asked, auto handler) { asked.async_poll(id, std::move(handler)); },
        ec);
}
message client::poll(const request_id& id) {
    std::error_code ec;
    message reply = poll(id, ec);
    patterns::throw_if(ec, "poll");
    return reply;
}

message client::wait(const request_id& id, milliseconds limit, std::error_code& ec) {
    return state_->request([&](titanic::client& asked,
                               auto handler) { asked.async_wait(id, limit, std::move(handler)); },
                           ec);
}
message client::wait(const request_id& id, milliseconds limit) {
    std::error_code ec;
    message reply = wait(id, limit, ec);
    patterns::throw_if(ec, "wait");
    return reply;
}

void client::close(const request_id& id, std::error_code& ec) {
    static_cast<void>(state_->request(
        [&](titanic::client& asked, auto handler) {
            asked.async_close(
                id, [handler = std::move(handler)](std::error_code error) { handler(error, {}); });
        },
        ec));
}
void client::close(const request_id& id) {
    std::error_code ec;
    close(id, ec);
    patterns::throw_if(ec, "close");
}

message client::request(std::string_view service, message body, const request_options& wanted,
                        std::error_code& ec) {
    return state_->request(
        [&](titanic::client& asked, auto handler) {
            asked.async_request(service, std::move(body), wanted, std::move(handler));
        },
        ec);
}
message client::request(std::string_view service, message body, const request_options& wanted) {
    std::error_code ec;
    message reply = request(service, std::move(body), wanted, ec);
    patterns::throw_if(ec, "request");
    return reply;
}

void client::stop() noexcept { patterns::close_hosted(state_); }
majordomo::client_stats client::stats() const { return state_->stats(); }

} // namespace mizzen::titanic::blocking
