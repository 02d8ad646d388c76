// Blocking clients: threads that wait for an asynchronous one.
#include "hosted_client.hpp"
#include <mizzen/patterns/titanic/blocking.hpp>
#include <mizzen/patterns/titanic/client.hpp>

namespace mizzen::titanic::blocking {

class client_state final : public patterns::hosted<titanic::client> {
public:
    client_state(const client_options& options, const context& shared) : hosted{shared, options} {}
};

request_id client::submit(const service_name& service, message body, const request_options& wanted,
                          std::error_code& ec) {
    request_options mine = wanted;
    if (!mine.id)
        mine.id = make_request_id();
    const message result = state().request(
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
request_id client::submit(const service_name& service, message body,
                          const request_options& wanted) {
    return patterns::or_throw("submit", [&](std::error_code& ec) {
        return submit(service, std::move(body), wanted, ec);
    });
}

message client::poll(const request_id& id, std::error_code& ec) {
    return state().request(
        [&](titanic::client& asked, auto handler) { asked.async_poll(id, std::move(handler)); },
        ec);
}
message client::poll(const request_id& id) {
    return patterns::or_throw("poll", [&](std::error_code& ec) { return poll(id, ec); });
}

message client::wait(const request_id& id, milliseconds limit, std::error_code& ec) {
    return state().request([&](titanic::client& asked,
                               auto handler) { asked.async_wait(id, limit, std::move(handler)); },
                           ec);
}
message client::wait(const request_id& id, milliseconds limit) {
    return patterns::or_throw("wait", [&](std::error_code& ec) { return wait(id, limit, ec); });
}

void client::close(const request_id& id, std::error_code& ec) {
    static_cast<void>(state().request(
        [&](titanic::client& asked, auto handler) {
            asked.async_close(
                id, [handler = std::move(handler)](std::error_code error) { handler(error, {}); });
        },
        ec));
}
void client::close(const request_id& id) {
    patterns::or_throw("close", [&](std::error_code& ec) { close(id, ec); });
}

message client::request(const service_name& service, message body, const request_options& wanted,
                        std::error_code& ec) {
    return state().request(
        [&](titanic::client& asked, auto handler) {
            asked.async_request(service, std::move(body), wanted, std::move(handler));
        },
        ec);
}
message client::request(const service_name& service, message body, const request_options& wanted) {
    return patterns::or_throw("request", [&](std::error_code& ec) {
        return request(service, std::move(body), wanted, ec);
    });
}

} // namespace mizzen::titanic::blocking

template class mizzen::patterns::blocking_client<mizzen::titanic::blocking::client_state,
                                                 mizzen::titanic::client_options,
                                                 mizzen::majordomo::client_stats>;
