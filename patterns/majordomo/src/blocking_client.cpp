// Blocking clients: threads that wait for an asynchronous one.
#include "hosted_client.hpp"
#include <mizzen/patterns/majordomo/blocking.hpp>
#include <mizzen/patterns/majordomo/client.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <deque>
#include <map>
#include <string>
#include <utility>

namespace mizzen::majordomo::blocking {
namespace {

// Answers that nobody has received, before no more are read.
constexpr std::size_t most_answers = 1000;

} // namespace

class client_state final : public patterns::hosted<majordomo::client>,
                           public std::enable_shared_from_this<client_state> {
public:
    client_state(const client_options& options, const context& shared)
        : hosted{shared, options}, service_{options.service} {}

    std::uint64_t submit(const service_name& service, message&& body, const request_options& wanted,
                         std::error_code& ec) {
        return loop().call([&]() -> std::uint64_t {
            ec = why_closed();
            if (!ec && (!valid_service_name(service.value_or(service_)) || body.empty()))
                ec = majordomo::errc::malformed_request;
            if (ec)
                return 0;
            const std::uint64_t number = ++last_number_;
            const auto self = shared_from_this();
            component().async_request(
                service, std::move(body), wanted,
                [self, number](message part) { self->add({number, {}, std::move(part), false}); },
                asio::bind_cancellation_slot(submitted_[number].slot(),
                                             [self, number](std::error_code error, message m) {
                                                 self->submitted_.erase(number);
                                                 self->add({number, error, std::move(m), true});
                                             }));
            return number;
        });
    }

    bool receive(answer& out, milliseconds limit, std::error_code& ec) {
        return receive_first(
            answers_, limit,
            [this] {
                return submitted_.empty() ? make_error_code(mizzen::errc::wrong_state)
                                          : std::error_code{};
            },
            [&](answer&& first) {
                out = std::move(first);
                if (answers_.size() <= most_answers / 2 && std::exchange(held_, false))
                    component().hold(false);
            },
            ec);
    }

    void cancel(std::uint64_t number) {
        loop().call([&] {
            if (const auto at = submitted_.find(number); at != submitted_.end())
                at->second.emit(asio::cancellation_type::total);
        });
    }

private:
    void add(answer&& what) {
        if (why_closed())
            return;
        answers_.push_back(std::move(what));
        if (answers_.size() >= most_answers && !std::exchange(held_, true))
            component().hold(true);
        wake_one();
    }

    std::string service_; // of requests that name none
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, asio::cancellation_signal> submitted_;
    std::deque<answer> answers_;
    bool held_ = false;
};

message client::request(const service_name& service, message body, const request_options& wanted,
                        std::error_code& ec) {
    return state().request(
        [&](majordomo::client& asked, auto handler) {
            asked.async_request(service, std::move(body), wanted, std::move(handler));
        },
        ec);
}
message client::request(const service_name& service, message body, const request_options& wanted) {
    return patterns::or_throw("request", [&](std::error_code& ec) {
        return request(service, std::move(body), wanted, ec);
    });
}
std::uint64_t client::submit(const service_name& service, message body,
                             const request_options& wanted, std::error_code& ec) {
    return state().submit(service, std::move(body), wanted, ec);
}
std::uint64_t client::submit(const service_name& service, message body,
                             const request_options& wanted) {
    return patterns::or_throw("submit", [&](std::error_code& ec) {
        return submit(service, std::move(body), wanted, ec);
    });
}
bool client::receive(answer& out, milliseconds limit, std::error_code& ec) {
    return state().receive(out, limit, ec);
}
answer client::receive() {
    return patterns::or_throw("receive", [&](std::error_code& ec) {
        answer out;
        static_cast<void>(receive(out, milliseconds{-1}, ec));
        return out;
    });
}
void client::cancel(std::uint64_t request) { state().cancel(request); }

} // namespace mizzen::majordomo::blocking

template class mizzen::patterns::blocking_client<mizzen::majordomo::blocking::client_state,
                                                 mizzen::majordomo::client_options,
                                                 mizzen::majordomo::client_stats>;
